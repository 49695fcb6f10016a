/**
 * Contracts by several solc, legacy and by its intermediate language, with the optimiser and
 * without. What they make of our own sources is committed (compiled.json.gz), since it takes them
 * minutes: `node dist/test/contracts/compile.js` writes it, and a test compiles a part of it again.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface Variant {
  /** The package, as package.json names it. */
  readonly solc: 'solc-0.5' | 'solc-0.7' | 'solc';
  readonly isByIr: boolean;
  /** Runs of the optimiser; null: none. */
  readonly runs: number | null;
}

export interface Compiled {
  readonly abi: readonly object[];
  /** Hex, creation code. */
  readonly code: string;
}

interface Solc {
  compile(input: string, callbacks?: object): string;
}

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { readonly abi: object[]; readonly evm: { bytecode: { object: string } } }>
      >
    >
  >;
}

const NEW = [null, 1, 200].flatMap((runs) =>
  [false, true].map((isByIr) => ({ solc: 'solc', isByIr, runs }) as const),
);
const OLD = (['solc-0.5', 'solc-0.7'] as const).flatMap((solc) =>
  [null, 200].map((runs) => ({ solc, isByIr: false, runs }) as const),
);

interface Source {
  readonly file: string;
  /** Those that are deployed. */
  readonly contracts: readonly string[];
  readonly variants: readonly Variant[];
}

export const SOURCES: readonly Source[] = [
  { file: 'language.sol', contracts: ['Language'], variants: [...OLD, ...NEW] },
  { file: 'modern.sol', contracts: ['Modern'], variants: NEW },
  {
    file: 'tokens.sol',
    contracts: ['Votes20', 'Nft721', 'Multi1155', 'Vault4626'],
    variants: NEW,
  },
  // Without the optimiser the governor is longer than a code may be.
  {
    file: 'governor.sol',
    contracts: ['TestGovernor', 'TimelockController'],
    variants: NEW.filter(({ runs }) => runs !== null),
  },
  { file: 'pool-host.sol', contracts: ['PoolHost'], variants: NEW },
];

export function nameOf({ solc, isByIr, runs }: Variant): string {
  const optimised = runs === null ? 'no optimiser' : `optimiser ${runs}`;
  return `${solc}, ${isByIr ? 'viaIR' : 'legacy'}, ${optimised}`;
}

/** null where that solc is not installed. */
export function solcOf({ solc }: Variant): Solc | null {
  try {
    return require(solc) as Solc;
  } catch {
    return null;
  }
}

/** Contracts of a source file of ours. */
export function compileOurs(file: string, variant: Variant): Record<string, Compiled> {
  const text = readFileSync(new URL(`sources/${file}`, sourceRoot()), 'utf8');
  return compile(
    { name: file, text: variant.solc === 'solc-0.5' ? inOlderWords(text) : text },
    variant,
  );
}

/** @throws Error with what the compiler says */
export function compile(
  { name, text }: { readonly name: string; readonly text: string },
  variant: Variant,
): Record<string, Compiled> {
  const solc = solcOf(variant);
  if (solc === null) throw new Error(`${variant.solc} is not installed`);
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: text } },
    settings: {
      evmVersion: variant.solc === 'solc' ? 'cancun' : 'istanbul',
      optimizer: { enabled: variant.runs !== null, runs: variant.runs ?? 200 },
      ...(variant.isByIr ? { viaIR: true } : {}),
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const find = (file: string) => ({ contents: readFileSync(require.resolve(file), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find })) as Output;
  for (const { severity, formattedMessage } of output.errors ?? []) {
    if (severity === 'error') throw new Error(formattedMessage);
  }
  return Object.fromEntries(
    Object.values(output.contracts ?? {}).flatMap((contracts) =>
      Object.entries(contracts).map(([contract, { abi, evm }]) => [
        contract,
        { abi, code: evm.bytecode.object },
      ]),
    ),
  );
}

/** What 0.5 calls otherwise. */
function inOlderWords(text: string): string {
  return text
    .replace('constructor(uint256 given)', 'constructor(uint256 given) public')
    .replace('new Child{value: 0}', '(new Child).value(0)')
    .replace('{value: amount}', '.value(amount)')
    .replace('fallback()', 'function ()');
}

/** Sources are not built: they stay where they are in the tree. */
function sourceRoot(): URL {
  const isBuilt = import.meta.url.includes('/dist/');
  return new URL(isBuilt ? '../../../test/contracts/' : './', import.meta.url);
}
