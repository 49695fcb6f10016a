/**
 * What compiled code calls in the kernel (workers/kernel/compiled-api.as.ts), with the types of
 * each. Every module imports all of them, so a function's number is its place here.
 */
import type { FunctionType, ImportedFunction, ValueType } from './wasm-module.js';

/** Parameters and result: `i` is i32, `I` is i64. */
const SIGNATURES = {
  sload: 'iiiI:I',
  sstore: 'iiiI:I',
  tload: 'iii:',
  tstore: 'iiiI:I',
  balance: 'iiI:I',
  selfBalance: 'ii:',
  extCodeSize: 'iiI:I',
  extCodeHash: 'iiI:I',
  extCodeCopy: 'iiiI:I',
  blockHash: 'iiI:I',
  blobHash: 'ii:',
  log: 'iiiIi:I',
  selfDestruct: 'iiiI:I',
  callOpcode: 'iiiIi:I',
  createOpcode: 'iiiIi:I',
  hashMessage: 'iiiii:',
  touch: 'iiIII:I',
  callDataWord: 'iIi:',
  callDataCopy: 'iiiI:I',
  codeCopy: 'iiiI:I',
  returnDataCopy: 'iiiI:I',
  memoryCopy: 'iiiI:I',
  exp: 'iii:',
  div: 'iii:',
  sdiv: 'iii:',
  mod: 'iii:',
  smod: 'iii:',
  addmod: 'iiii:',
  mulmod: 'iiii:',
  signExtend: 'iii:',
  clz: 'ii:',
} as const;

export type KernelName = keyof typeof SIGNATURES;

export const KERNEL_NAMES = Object.keys(SIGNATURES) as readonly KernelName[];

export const KERNEL_IMPORTS: readonly ImportedFunction[] = KERNEL_NAMES.map((name) => ({
  name,
  type: typeOf(SIGNATURES[name]),
}));

/** The number by which a module calls each. */
export const KERNEL_NUMBERS = Object.fromEntries(
  KERNEL_NAMES.map((name, index) => [name, index]),
) as Readonly<Record<KernelName, number>>;

function typeOf(signature: string): FunctionType {
  const [params = '', results = ''] = signature.split(':');
  const types = (letters: string): ValueType[] =>
    [...letters].map((letter) => (letter === 'i' ? 'i32' : 'i64'));
  return { params: types(params), results: types(results) };
}
