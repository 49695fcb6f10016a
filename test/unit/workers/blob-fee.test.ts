import { describe, expect, it } from 'vitest';
import { blobBaseFee } from '../../../workers/blob-fee.js';
import { executionBlock } from '../../../workers/header.js';
import { CONTEXT } from '../../helpers/random-block.js';

const BLOB_GAS = 131_072n;

describe.each(['cancun', 'prague', 'osaka'] as const)('the price of blob gas in %s', (fork) => {
  it.each([0n, 1n, 3n, 40n, 300n, 900n, 2_000n])('with an excess of %i blobs', (blobs) => {
    const context = { ...CONTEXT, fork, excessBlobGas: blobs * BLOB_GAS };
    expect(blobBaseFee(context)).toBe(executionBlock(context).header.getBlobGasPrice());
  });
});
