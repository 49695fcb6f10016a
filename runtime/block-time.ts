/**
 * From one block to the next: number, time, base fee. Everything that a block's context holds is
 * known the moment the block before ends, without its roots.
 */
import type { BlockContext } from '../workers/engine.js';
import { isFrom } from '../workers/fork.js';

/** EIP-1559. */
const ELASTICITY = 2n;
const BASE_FEE_DENOMINATOR = 8n;

/**
 * @param parent      the block before
 * @param gasUsed     of that block
 * @param nowSeconds  the clock; time never goes back, even where the clock does
 * @param prevRandao  32 bytes: a random word, as there is no beacon chain
 */
export function nextContext(
  parent: BlockContext,
  gasUsed: number,
  nowSeconds: number,
  prevRandao: Uint8Array,
): BlockContext {
  return {
    ...parent,
    number: parent.number + 1,
    timestamp: Math.max(parent.timestamp, nowSeconds),
    baseFee: isFrom(parent.fork, 'london') ? nextBaseFee(parent, gasUsed) : 0n,
    prevRandao,
  };
}

/** Wei per gas of the block after `parent`. Source: EIP-1559. */
export function nextBaseFee({ baseFee, gasLimit }: BlockContext, gasUsed: number): bigint {
  const target = BigInt(gasLimit) / ELASTICITY;
  const used = BigInt(gasUsed);
  if (used === target) return baseFee;
  const distance = used > target ? used - target : target - used;
  const change = (baseFee * distance) / target / BASE_FEE_DENOMINATOR;
  if (used < target) return baseFee - change;
  return baseFee + (change > 1n ? change : 1n);
}
