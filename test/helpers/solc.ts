import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import solc from 'solc';

const require = createRequire(import.meta.url);
/** Leaves a line of 100 columns with its quotes. */
const HEX_LINE_CHARACTERS = 90;

interface AbiEntry {
  readonly type: string;
  readonly name?: string;
  readonly inputs?: readonly { readonly type: string; readonly indexed?: boolean }[];
  readonly outputs?: readonly { readonly type: string }[];
  readonly stateMutability?: string;
}

interface CompiledContract {
  readonly abi: readonly AbiEntry[];
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
  readonly storageLayout: { readonly storage: readonly { label: string; slot: string }[] };
}

/** Compiles one of our contracts and writes it as the TypeScript module that is committed. */
export function contractModule(path: string, contract: string): string {
  const { abi, evm, storageLayout } = compile(path, contract);
  const slots = storageLayout.storage.map(({ label, slot }) => `  ${label}: ${slot},`);
  const signatures = abi.map((entry) => `  '${humanReadable(entry)}',`).sort();
  const version = solc.version().split('+')[0];
  return [
    '/**',
    ` * ${basename(path)} as solc ${version} compiles it for Cancun: optimizer 200, no metadata.`,
    ' * Generated, not edited: a test compiles again and compares, and with `-u` it writes.',
    ' */',
    '',
    '/** Names in the source and their storage slots. */',
    `export const SLOTS = {`,
    ...slots,
    '} as const;',
    '',
    'export const ABI = [',
    ...signatures,
    '] as const;',
    '',
    '/** Creation code; the ABI-encoded arguments of the constructor follow it. */',
    `export const CREATION_CODE =`,
    `${hexLines(evm.bytecode.object)};`,
    '',
    '/** The code of the account. */',
    `export const CODE =`,
    `${hexLines(evm.deployedBytecode.object)};`,
    '',
  ].join('\n');
}

function compile(path: string, contract: string): CompiledContract {
  const name = basename(path);
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: readFileSync(path, 'utf8') } },
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: {
        '*': {
          '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'storageLayout'],
        },
      },
    },
  };
  const find = (file: string) => ({ contents: readFileSync(require.resolve(file), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find })) as {
    errors?: readonly { severity: string; formattedMessage: string }[];
    contracts: Record<string, Record<string, CompiledContract>>;
  };
  for (const { severity, formattedMessage } of output.errors ?? []) {
    if (severity === 'error') throw new Error(formattedMessage);
  }
  const compiled = output.contracts[name]?.[contract];
  if (compiled === undefined) throw new Error(`${name} has no contract ${contract}`);
  return compiled;
}

/** As ethers and viem parse it. */
function humanReadable({ type, name, inputs, outputs, stateMutability }: AbiEntry): string {
  const takes = (inputs ?? []).map((input) => `${input.type}${input.indexed ? ' indexed' : ''}`);
  const head = `${type}${name === undefined ? '' : ` ${name}`}(${takes.join(', ')})`;
  const isPlain = stateMutability === undefined || stateMutability === 'nonpayable';
  const gives = outputs?.map((output) => output.type).join(', ') ?? '';
  const mutability = isPlain ? '' : ` ${stateMutability}`;
  return `${head}${mutability}${gives === '' ? '' : ` returns (${gives})`}`;
}

function hexLines(hex: string): string {
  const lines = hex.match(new RegExp(`.{1,${HEX_LINE_CHARACTERS}}`, 'g')) ?? [];
  return lines.map((line) => `  '${line}'`).join(' +\n');
}
