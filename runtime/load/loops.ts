/**
 * Compute loops: contracts that do one thing as many times as the first word of their call data
 * says (at least once) and return what came of it. They show what an instruction costs an engine
 * without state around it. Comments show the stack, its top to the left.
 */
import { keccak256 } from '../../state/base/keccak.js';
import { assembleProgram } from './assembler.js';

export interface Loop {
  readonly name: string;
  /** One line for the list. */
  readonly description: string;
  /** Hex without prefix. */
  readonly code: string;
  /** Gas of an iteration at most; the transaction's own is apart. */
  readonly gasPerIteration: number;
}

/** From Knuth's MMIX generator; any odd number would do. */
const ODD_64 = '6364136223846793005';
/** A word with bits everywhere: the fraction of pi. */
const ODD_256 = '0x243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89';
/** The prime of the curve BN254 (EIP-196): a modulus that real contracts use. */
const PRIME_254 = '0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47';
const MASK_64 = '0xffffffffffffffff';
/** n -> n - 1, and again unless it is 0. */
const AGAIN = '1 SWAP1 SUB DUP1 @loop JUMPI';
/** Returns the word below the counter. */
const RETURN_WORD = 'POP 0 MSTORE 32 0 RETURN';

/** [n b a] -> [n a+b b] */
const FIB = `
  0 1 0 CALLDATALOAD
  @loop:
    SWAP2 DUP2 ADD SWAP1 SWAP2
    ${AGAIN}
  ${RETURN_WORD}`;

/** [n x] -> [n, (x * c) xor (x >> 7)] */
const MIX = `
  1 0 CALLDATALOAD
  @loop:
    SWAP1 DUP1 7 SHR SWAP1 ${ODD_64} MUL XOR SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/** [n x] -> Marsaglia's xorshift of 64 bits: 13, 7, 17. */
const XORSHIFT = `
  88172645463325252 0 CALLDATALOAD
  @loop:
    SWAP1
    DUP1 13 SHL XOR ${MASK_64} AND
    DUP1 7 SHR XOR
    DUP1 17 SHL XOR ${MASK_64} AND
    SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/**
 * [n x]: y = x * c, d = (y >> 120) | 1, x = y / d + y mod d: 256 bits by 136.
 * [d y n] -> DUP1 DUP3 DIV: [q d y n] -> SWAP2 MOD: [r q n]
 */
const DIVISION = `
  1 0 CALLDATALOAD
  @loop:
    SWAP1 ${ODD_256} MUL
    DUP1 120 SHR 1 OR
    DUP1 DUP3 DIV SWAP2 MOD ADD
    SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/** [n x]: y = x * c, x = y mod ((y >> 60) | 1): 256 bits by 196. */
const MODULO = `
  1 0 CALLDATALOAD
  @loop:
    SWAP1 ${ODD_256} MUL
    DUP1 60 SHR 1 OR SWAP1 MOD
    SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/** [n x] -> [n, (x + c) mod p] or [n, (x * c) mod p]; the sum and the product are not cut off. */
const modular = (instruction: string): string => `
  1 0 CALLDATALOAD
  @loop:
    SWAP1 ${PRIME_254} SWAP1 ${ODD_256} ${instruction} SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/** [n x] -> keccak256 of x and a word of zeros. */
const HASH = `
  1 0 CALLDATALOAD
  @loop:
    SWAP1 0 MSTORE 64 0 KECCAK256 SWAP1
    ${AGAIN}
  ${RETURN_WORD}`;

/**
 * Bubble sort over 65 words of memory, a comparison an iteration: [n x p], p being the place.
 * Where a pass begins, a new number x = x * c + 1 is put in front. [b a n x p] are the two words
 * compared, a at p and b behind it. Returns the memory.
 */
const SORT = `
  0 1 0 CALLDATALOAD
  @loop:
    DUP3 @compare JUMPI
    SWAP1 ${ODD_64} MUL 1 ADD ${MASK_64} AND DUP1 0 MSTORE SWAP1
  @compare:
    DUP3 MLOAD DUP4 32 ADD MLOAD
    DUP1 DUP3 GT @exchange JUMPI
    POP POP @next JUMP
  @exchange:
    DUP5 MSTORE DUP4 32 ADD MSTORE
  @next:
    SWAP2 32 ADD 0x7ff AND SWAP2
    ${AGAIN}
  2080 0 RETURN`;

export const LOOPS: readonly Loop[] = [
  loop('loop-fib', 'Fibonacci numbers: addition and the stack', FIB, 60),
  loop('loop-mix', 'multiply, shift and xor of 256 bits', MIX, 65),
  loop('loop-xorshift', "Marsaglia's xorshift in 64 bits", XORSHIFT, 100),
  loop('loop-sort', 'bubble sort in memory, a comparison an iteration', SORT, 190),
  loop('loop-hash', 'keccak256 of 64 bytes', HASH, 100),
  loop('loop-div', 'division and modulo of 256 by 136 bits', DIVISION, 100),
  loop('loop-mod', 'modulo of 256 by 196 bits', MODULO, 70),
  loop('loop-addmod', 'ADDMOD with a known prime of 254 bits', modular('ADDMOD'), 60),
  loop('loop-mulmod', 'MULMOD with a known prime of 254 bits', modular('MULMOD'), 60),
];

/** Where a loop's contract is, for every seed. */
export function loopAddress(name: string): Uint8Array {
  return keccak256(Buffer.from(`deltacast load ${name}`)).slice(12);
}

function loop(name: string, description: string, program: string, gasPerIteration: number): Loop {
  return { name, description, code: assembleProgram(program), gasPerIteration };
}
