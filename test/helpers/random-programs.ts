/**
 * Small contracts that read and write what conflicts are made of, for random blocks; the word of
 * their input is a slot, an amount or a salt.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex } from '../../state/base/bytes.js';

/** With an odd input it destroys itself in favour of the coinbase, else slot[0] += 1. */
const CHILD = '60003560011660135760005460010160005500 5b41ff'.replace(' ', '');
/** slot[1] += 1, whatever an account that was here before left there; then CHILD is its code. */
const CHILD_INIT = `60015460010160015575${CHILD}6000526016600af3`;
/** Puts CHILD_INIT into memory, 40 bytes, and makes an account of it by the salt of the input. */
const MAKE = [
  `7f${CHILD_INIT.slice(0, 64)}600052`,
  `67${CHILD_INIT.slice(64)}60c01b602052`,
  '600035 6028 6000 6000 f5',
].join('');

export const PROGRAMS = {
  /** slot[input] += 1; logs the new value. */
  counter: '6000358054600101806000529055602060 00a000',
  /** One counter for all. */
  shared: '600054600101600055 00',
  /** A pool: slot[0] grows by the input and one, slot[1] falls by what that buys. */
  pool: '60003560010160005460015481830183820204900360015501600055 00',
  /** slot[0] = balance of the coinbase: every fee before it matters. */
  coinbaseReader: '413160005500',
  /** Creates an empty account with code nothing; its address depends on the contract's nonce. */
  creator: '600060006000f05000',
  /** Makes a child, and notes where. */
  maker: `${MAKE}60005500`,
  /** Makes a child that destroys itself in the same transaction. */
  blinker: `${MAKE}6001600052 60006000602060006000855af1 00`,
  /** Writes, then reverts. */
  reverter: '600160005560006000fd',
  /** Sends its whole balance to the coinbase. */
  tipper: '6000600060006000474161c350f15000',
  /** SELFDESTRUCT to the coinbase: moves the balance, and before Cancun ends the account. */
  destroyer: '41ff',
} as const;
export type Program = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as Program[];

export const codeOf = (program: Program): Uint8Array => {
  return fromHex(PROGRAMS[program].replaceAll(' ', ''));
};

export const addressOf = (program: Program): Uint8Array => {
  return keccak_256(new TextEncoder().encode(program)).slice(12);
};

/** Where a maker's child of this salt is (EIP-1014). @param salt  32 bytes */
export function childOf(maker: 'maker' | 'blinker', salt: Uint8Array): Uint8Array {
  const init = keccak_256(fromHex(CHILD_INIT));
  return keccak_256(concatBytes(Uint8Array.of(0xff), addressOf(maker), salt, init)).slice(12);
}
