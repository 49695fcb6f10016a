/**
 * The opcodes of the interpreter, London to Osaka, in one table. TypeScript packs a fork's view of
 * it into the kernel's memory, where the loop finds it. `gas` is the part that does not depend on
 * operands or state: for what EIP-2929 prices by warmth it is the warm price.
 */
import * as op from './opcodes.js';

/** Forks whose rules the interpreter has, oldest first; the index is the kernel's FORK_... */
export const INTERPRETED_FORKS = [
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
] as const;
export type InterpretedFork = (typeof INTERPRETED_FORKS)[number];

/** Code, name, words taken and given, gas, first fork (London: that or older), where it is from. */
type OpcodeRow = readonly [number, string, number, number, number, InterpretedFork, string];

/** PUSH, DUP, SWAP and LOG rows follow their pattern below. */
const ROWS: readonly OpcodeRow[] = [
  [op.OP_STOP, 'STOP', 0, 0, 0, 'london', 'YP H'],
  [op.OP_ADD, 'ADD', 2, 1, 3, 'london', 'YP H'],
  [op.OP_MUL, 'MUL', 2, 1, 5, 'london', 'YP H'],
  [op.OP_SUB, 'SUB', 2, 1, 3, 'london', 'YP H'],
  [op.OP_DIV, 'DIV', 2, 1, 5, 'london', 'YP H'],
  [op.OP_SDIV, 'SDIV', 2, 1, 5, 'london', 'YP H'],
  [op.OP_MOD, 'MOD', 2, 1, 5, 'london', 'YP H'],
  [op.OP_SMOD, 'SMOD', 2, 1, 5, 'london', 'YP H'],
  [op.OP_ADDMOD, 'ADDMOD', 3, 1, 8, 'london', 'YP H'],
  [op.OP_MULMOD, 'MULMOD', 3, 1, 8, 'london', 'YP H'],
  [op.OP_EXP, 'EXP', 2, 1, 10, 'london', 'EIP-160'],
  [op.OP_SIGNEXTEND, 'SIGNEXTEND', 2, 1, 5, 'london', 'YP H'],
  [op.OP_LT, 'LT', 2, 1, 3, 'london', 'YP H'],
  [op.OP_GT, 'GT', 2, 1, 3, 'london', 'YP H'],
  [op.OP_SLT, 'SLT', 2, 1, 3, 'london', 'YP H'],
  [op.OP_SGT, 'SGT', 2, 1, 3, 'london', 'YP H'],
  [op.OP_EQ, 'EQ', 2, 1, 3, 'london', 'YP H'],
  [op.OP_ISZERO, 'ISZERO', 1, 1, 3, 'london', 'YP H'],
  [op.OP_AND, 'AND', 2, 1, 3, 'london', 'YP H'],
  [op.OP_OR, 'OR', 2, 1, 3, 'london', 'YP H'],
  [op.OP_XOR, 'XOR', 2, 1, 3, 'london', 'YP H'],
  [op.OP_NOT, 'NOT', 1, 1, 3, 'london', 'YP H'],
  [op.OP_BYTE, 'BYTE', 2, 1, 3, 'london', 'YP H'],
  [op.OP_SHL, 'SHL', 2, 1, 3, 'london', 'EIP-145'],
  [op.OP_SHR, 'SHR', 2, 1, 3, 'london', 'EIP-145'],
  [op.OP_SAR, 'SAR', 2, 1, 3, 'london', 'EIP-145'],
  [op.OP_CLZ, 'CLZ', 1, 1, 5, 'osaka', 'EIP-7939'],
  [op.OP_KECCAK256, 'KECCAK256', 2, 1, 30, 'london', 'YP H'],
  [op.OP_ADDRESS, 'ADDRESS', 0, 1, 2, 'london', 'YP H'],
  [op.OP_BALANCE, 'BALANCE', 1, 1, 100, 'london', 'EIP-2929'],
  [op.OP_ORIGIN, 'ORIGIN', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CALLER, 'CALLER', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CALLVALUE, 'CALLVALUE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CALLDATALOAD, 'CALLDATALOAD', 1, 1, 3, 'london', 'YP H'],
  [op.OP_CALLDATASIZE, 'CALLDATASIZE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CALLDATACOPY, 'CALLDATACOPY', 3, 0, 3, 'london', 'YP H'],
  [op.OP_CODESIZE, 'CODESIZE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CODECOPY, 'CODECOPY', 3, 0, 3, 'london', 'YP H'],
  [op.OP_GASPRICE, 'GASPRICE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_EXTCODESIZE, 'EXTCODESIZE', 1, 1, 100, 'london', 'EIP-2929'],
  [op.OP_EXTCODECOPY, 'EXTCODECOPY', 4, 0, 100, 'london', 'EIP-2929'],
  [op.OP_RETURNDATASIZE, 'RETURNDATASIZE', 0, 1, 2, 'london', 'EIP-211'],
  [op.OP_RETURNDATACOPY, 'RETURNDATACOPY', 3, 0, 3, 'london', 'EIP-211'],
  [op.OP_EXTCODEHASH, 'EXTCODEHASH', 1, 1, 100, 'london', 'EIP-1052'],
  [op.OP_BLOCKHASH, 'BLOCKHASH', 1, 1, 20, 'london', 'YP H'],
  [op.OP_COINBASE, 'COINBASE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_TIMESTAMP, 'TIMESTAMP', 0, 1, 2, 'london', 'YP H'],
  [op.OP_NUMBER, 'NUMBER', 0, 1, 2, 'london', 'YP H'],
  [op.OP_PREVRANDAO, 'PREVRANDAO', 0, 1, 2, 'london', 'EIP-4399'],
  [op.OP_GASLIMIT, 'GASLIMIT', 0, 1, 2, 'london', 'YP H'],
  [op.OP_CHAINID, 'CHAINID', 0, 1, 2, 'london', 'EIP-1344'],
  [op.OP_SELFBALANCE, 'SELFBALANCE', 0, 1, 5, 'london', 'EIP-1884'],
  [op.OP_BASEFEE, 'BASEFEE', 0, 1, 2, 'london', 'EIP-3198'],
  [op.OP_BLOBHASH, 'BLOBHASH', 1, 1, 3, 'cancun', 'EIP-4844'],
  [op.OP_BLOBBASEFEE, 'BLOBBASEFEE', 0, 1, 2, 'cancun', 'EIP-7516'],
  [op.OP_POP, 'POP', 1, 0, 2, 'london', 'YP H'],
  [op.OP_MLOAD, 'MLOAD', 1, 1, 3, 'london', 'YP H'],
  [op.OP_MSTORE, 'MSTORE', 2, 0, 3, 'london', 'YP H'],
  [op.OP_MSTORE8, 'MSTORE8', 2, 0, 3, 'london', 'YP H'],
  [op.OP_SLOAD, 'SLOAD', 1, 1, 100, 'london', 'EIP-2929'],
  [op.OP_SSTORE, 'SSTORE', 2, 0, 0, 'london', 'EIP-2200, EIP-3529'],
  [op.OP_JUMP, 'JUMP', 1, 0, 8, 'london', 'YP H'],
  [op.OP_JUMPI, 'JUMPI', 2, 0, 10, 'london', 'YP H'],
  [op.OP_PC, 'PC', 0, 1, 2, 'london', 'YP H'],
  [op.OP_MSIZE, 'MSIZE', 0, 1, 2, 'london', 'YP H'],
  [op.OP_GAS, 'GAS', 0, 1, 2, 'london', 'YP H'],
  [op.OP_JUMPDEST, 'JUMPDEST', 0, 0, 1, 'london', 'YP H'],
  [op.OP_TLOAD, 'TLOAD', 1, 1, 100, 'cancun', 'EIP-1153'],
  [op.OP_TSTORE, 'TSTORE', 2, 0, 100, 'cancun', 'EIP-1153'],
  [op.OP_MCOPY, 'MCOPY', 3, 0, 3, 'cancun', 'EIP-5656'],
  [op.OP_PUSH0, 'PUSH0', 0, 1, 2, 'shanghai', 'EIP-3855'],
  [op.OP_CREATE, 'CREATE', 3, 1, 32000, 'london', 'YP H'],
  [op.OP_CALL, 'CALL', 7, 1, 100, 'london', 'EIP-2929'],
  [op.OP_CALLCODE, 'CALLCODE', 7, 1, 100, 'london', 'EIP-2929'],
  [op.OP_RETURN, 'RETURN', 2, 0, 0, 'london', 'YP H'],
  [op.OP_DELEGATECALL, 'DELEGATECALL', 6, 1, 100, 'london', 'EIP-7, EIP-2929'],
  [op.OP_CREATE2, 'CREATE2', 4, 1, 32000, 'london', 'EIP-1014'],
  [op.OP_STATICCALL, 'STATICCALL', 6, 1, 100, 'london', 'EIP-214, EIP-2929'],
  [op.OP_REVERT, 'REVERT', 2, 0, 0, 'london', 'EIP-140'],
  [op.OP_SELFDESTRUCT, 'SELFDESTRUCT', 1, 0, 5000, 'london', 'EIP-6780'],
];

export interface Opcode {
  readonly code: number;
  readonly name: string;
  /** Words taken from the stack, and put on it. */
  readonly takes: number;
  readonly gives: number;
  /** Gas that every use costs, whatever its operands. */
  readonly gas: number;
  readonly since: InterpretedFork;
  /** Yellow Paper appendix, or the EIP. */
  readonly source: string;
}

const PUSH_GAS = 3;
const LOG_GAS = 375;

/** Every defined opcode by its code. INVALID (0xfe) is defined by being undefined. */
export const OPCODES: readonly Opcode[] = [
  ...ROWS.map(opcodeOf),
  ...Array.from({ length: 32 }, (_, index) =>
    opcodeOf([op.OP_PUSH1 + index, `PUSH${index + 1}`, 0, 1, PUSH_GAS, 'london', 'YP H']),
  ),
  ...Array.from({ length: 16 }, (_, index) =>
    opcodeOf([
      op.OP_DUP1 + index,
      `DUP${index + 1}`,
      index + 1,
      index + 2,
      PUSH_GAS,
      'london',
      'YP H',
    ]),
  ),
  ...Array.from({ length: 16 }, (_, index) =>
    opcodeOf([
      op.OP_SWAP1 + index,
      `SWAP${index + 1}`,
      index + 2,
      index + 2,
      PUSH_GAS,
      'london',
      'YP H',
    ]),
  ),
  ...Array.from({ length: 5 }, (_, index) =>
    opcodeOf([
      op.OP_LOG0 + index,
      `LOG${index}`,
      index + 2,
      0,
      LOG_GAS * (index + 1),
      'london',
      'YP H',
    ]),
  ),
];

function opcodeOf(row: OpcodeRow): Opcode {
  const [code, name, takes, gives, gas, since, source] = row;
  return { code, name, takes, gives, gas, since, source };
}

const WORD_BYTES = 32;
const STACK_WORDS_MAX = 1_024;
/** More than any stack holds: an undefined opcode always lacks operands. */
const NEVER = 0xffff;

/**
 * The kernel's table for a fork: for each code gas u32, bytes of stack needed u16, and by how many
 * bytes the stack may be fuller than that, u16. One unsigned comparison then checks both ends.
 */
export function packOpcodes(fork: InterpretedFork): Uint8Array {
  const packed = new Uint8Array(256 * 8);
  const view = new DataView(packed.buffer);
  for (let code = 0; code < 256; code += 1) view.setUint16(code * 8 + 4, NEVER, true);
  const age = INTERPRETED_FORKS.indexOf(fork);
  for (const { code, takes, gives, gas, since } of OPCODES) {
    if (INTERPRETED_FORKS.indexOf(since) > age) continue;
    const growth = Math.max(gives - takes, 0);
    view.setUint32(code * 8, gas, true);
    view.setUint16(code * 8 + 4, takes * WORD_BYTES, true);
    view.setUint16(code * 8 + 6, (STACK_WORDS_MAX - growth - takes) * WORD_BYTES, true);
  }
  return packed;
}
