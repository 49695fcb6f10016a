/**
 * Contracts as their authors published them on npm: bytecode and ABI, of whatever of these packages
 * is installed. They are development packages; their code is not ours to carry.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Package, and the folder of its artifacts: solc 0.5.16 and 17, 0.6.6, 0.6.12, 0.7.6 and 0.8. */
const FOLDERS = [
  ['@uniswap/v2-core', 'build'],
  ['@uniswap/v2-periphery', 'build'],
  ['@uniswap/v3-core', 'artifacts/contracts'],
  ['openzeppelin-2', 'build/contracts'],
  ['openzeppelin-3', 'build/contracts'],
  ['openzeppelin-4', 'build/contracts'],
  ['@openzeppelin/contracts', 'build/contracts'],
] as const;
/** What is smaller is a library that was inlined. */
const CODE_BYTES_MIN = 100;

export interface Artifact {
  /** Package and contract. */
  readonly name: string;
  readonly abi: readonly object[];
  /** Hex without prefix. */
  readonly creation: string;
  readonly deployed: string;
}

interface ArtifactJson {
  readonly abi?: readonly object[];
  readonly bytecode?: string | { readonly object: string };
  readonly deployedBytecode?: string | { readonly object: string };
  readonly evm?: { readonly deployedBytecode?: { readonly object: string } };
}

/** In the order of the packages; each code once. */
export function loadArtifacts(): Artifact[] {
  const found = new Map<string, Artifact>();
  for (const [name, folder] of FOLDERS) {
    for (const artifact of artifactsOf(name, folder)) {
      if (!found.has(artifact.deployed)) found.set(artifact.deployed, artifact);
    }
  }
  return [...found.values()];
}

function artifactsOf(name: string, folder: string): Artifact[] {
  const require = createRequire(import.meta.url);
  try {
    const root = join(dirname(require.resolve(`${name}/package.json`)), folder);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
    const json = files.filter((file) => file.endsWith('.json') && !file.endsWith('.dbg.json'));
    return json.flatMap((file) => artifactOf(join(root, file), name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return [];
    throw error;
  }
}

/** None where the file holds an interface, or a code with libraries still to be linked. */
function artifactOf(path: string, from: string): Artifact[] {
  const { abi, bytecode, deployedBytecode, evm } = JSON.parse(
    readFileSync(path, 'utf8'),
  ) as ArtifactJson;
  const creation = hexOf(bytecode);
  const deployed = hexOf(deployedBytecode ?? evm?.deployedBytecode);
  const isWhole = /^[0-9a-f]+$/i.test(creation) && /^[0-9a-f]+$/i.test(deployed);
  if (abi === undefined || !isWhole || deployed.length < 2 * CODE_BYTES_MIN) return [];
  const contract = /([^/\\]*)\.json$/.exec(path)?.[1] ?? path;
  return [{ name: `${from} ${contract}`, abi, creation, deployed }];
}

function hexOf(code: string | { readonly object: string } | undefined): string {
  const hex = typeof code === 'string' ? code : (code?.object ?? '');
  return hex.replace(/^0x/, '');
}
