/** A block's context as bytes: it goes to the workers once a block, through shared memory. */
import { fromHex, toHex } from '../state/base/bytes.js';
import type { BlockContext } from './engine.js';

export function encodeContext(context: BlockContext): Uint8Array {
  const plain = {
    ...context,
    coinbase: toHex(context.coinbase),
    prevRandao: toHex(context.prevRandao),
    baseFee: context.baseFee.toString(),
    difficulty: context.difficulty.toString(),
    excessBlobGas: context.excessBlobGas.toString(),
  };
  return new Uint8Array(Buffer.from(JSON.stringify(plain)));
}

/** The inverse; the bytes are our own, so nothing is checked. */
export function decodeContext(bytes: Uint8Array): BlockContext {
  const plain = JSON.parse(Buffer.from(bytes).toString()) as Record<keyof BlockContext, string>;
  return {
    ...(plain as unknown as BlockContext),
    coinbase: fromHex(plain.coinbase),
    prevRandao: fromHex(plain.prevRandao),
    baseFee: BigInt(plain.baseFee),
    difficulty: BigInt(plain.difficulty),
    excessBlobGas: BigInt(plain.excessBlobGas),
  };
}
