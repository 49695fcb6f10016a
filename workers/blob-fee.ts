/** The price of blob gas (EIP-4844), without the libraries that make headers. */
import type { BlockContext } from './engine.js';
import { isFrom } from './fork.js';

const PRICE_MIN = 1n;
/** How slowly the price follows the excess: EIP-4844, and EIP-7691 from Prague on. */
const UPDATE_FRACTION = 3_338_477n;
const UPDATE_FRACTION_PRAGUE = 5_007_716n;

/** Wei per blob gas in this block, which is from Cancun on. */
export function blobBaseFee({ fork, excessBlobGas }: BlockContext): bigint {
  const fraction = isFrom(fork, 'prague') ? UPDATE_FRACTION_PRAGUE : UPDATE_FRACTION;
  return fakeExponential(PRICE_MIN, excessBlobGas, fraction);
}

/** factor * e ** (numerator / denominator) by its Taylor series. Source: EIP-4844. */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n;
  let term = factor * denominator;
  for (let index = 1n; term > 0n; index += 1n) {
    sum += term;
    term = (term * numerator) / (denominator * index);
  }
  return sum / denominator;
}
