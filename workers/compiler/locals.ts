import type { FunctionType } from './wasm-module.js';

/** Parameters and fixed locals of every function that is made of EVM code. */
export const Local = {
  /** The machine (kernel/map.ts). */
  machine: 0,
  frame: 1,
  /** Which of the function's entries is wanted. */
  entry: 2,
  /** Pointer to the highest stack slot that this code uses. */
  base: 3,
  /** Pointer to the top of the stack as it was at the block's start. */
  top: 4,
  /** Pointer to the frame's memory. */
  memory: 5,
  next: 6,
  pointer: 7,
  gas: 10,
} as const;

/** i64 locals from here on are words' limbs. */
export const FIRST_LIMB_LOCAL = 11;
/** What lies before them behind the parameters: five i32, two v128, the gas. */
export const FIXED_LOCALS = [
  [5, 'i32'],
  [2, 'v128'],
] as const;

export const ENTRY_TYPE: FunctionType = { params: ['i32', 'i32', 'i32'], results: ['i32'] };
