/**
 * How large a limb can be that is no known number: it is below 2^bits. Sums of what is bounded stay
 * bounded, so carries, masks and checks that cannot matter are not written.
 *
 * A counter, which a loop makes larger by a little each time, would have no bound at all: it has
 * one by gas. Compiled frames begin with less than 2^COMPILED_GAS_BITS gas and an ADD costs 3, so
 * what begins below 2^SMALL_BITS, and to which only carries and numbers below 2^STEP_BITS are
 * added, stays at or below 2^SMALL_BITS + gas charged * 2^STEP_BITS / 3, less than 2^COUNTER_BITS.
 * That is what COUNTER_BITS stands for, so numbers known to have 45 to 50 bits for another reason
 * count as one bit more.
 */
import { COMPILED_GAS_BITS } from '../kernel/map.js';

export const LIMB_BITS = 64;
const STEP_BITS = 10;
const SMALL_BITS = 44;
export const COUNTER_BITS = COMPILED_GAS_BITS + STEP_BITS;
/** What bounds that grow from visit to visit are raised to, so that they soon stop. */
const STAGES = [32, COUNTER_BITS, LIMB_BITS] as const;

const HALF_END = 2n ** 32n;

/** Bounds of the four limbs of a word, lowest first. */
export type Bits = readonly number[];

export const NOTHING_KNOWN: Bits = [LIMB_BITS, LIMB_BITS, LIMB_BITS, LIMB_BITS];

/** The length of a number below 2^64 in bits; 0 has none. */
export function bitLength(value: bigint): number {
  if (value < HALF_END) return 32 - Math.clz32(Number(value));
  return LIMB_BITS - Math.clz32(Number(value >> 32n));
}

/** The bound to keep for a limb that is below 2^bits for any reason but counting. */
export function bound(bits: number): number {
  if (bits <= SMALL_BITS) return bits;
  return bits <= COUNTER_BITS ? COUNTER_BITS + 1 : Math.min(bits, LIMB_BITS);
}

/** The bound of a sum of limbs that does not wrap around, and of one with a carry. */
export function boundOfSum(x: number, y: number): number {
  const larger = Math.max(x, y) + 1;
  const isCount = Math.min(x, y) <= STEP_BITS && larger <= COUNTER_BITS + 1;
  return larger > SMALL_BITS && isCount ? COUNTER_BITS : bound(larger);
}

/** A bound that holds for both and is not raised often. */
export function raised(before: number, now: number): number {
  return now <= before ? before : STAGES.find((stage) => stage >= now)!;
}
