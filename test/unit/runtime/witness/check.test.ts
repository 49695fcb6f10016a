import { describe, expect, test } from 'vitest';
import { checkWitness, type Trusted } from '../../../../runtime/witness/check.js';
import { concatBytes, equalBytes, toHex } from '../../../../state/base/bytes.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { systemClock } from '../../../../state/base/ports.js';
import { encodeWitness, type Witness } from '../../../../workers/witness/format.js';
import { Rng } from '../../../fuzz/rng.js';
import { createWitnessBlock, type WitnessBlock } from '../../../helpers/witness-block.js';

/**
 * Generated blocks: their witness passes whoever made it and whoever checks it, and nothing that is
 * taken away or altered does.
 */

const SEED = Number(process.env['SEED'] ?? 1);
const RUNS = Number(process.env['RUNS'] ?? 12);
const SEEDS = Array.from({ length: RUNS }, (_, index) => SEED + index);
const ENGINES = ['reference', 'interpreter'] as const;

function check(block: WitnessBlock, bytes: Uint8Array, engine: string, trusted?: Trusted) {
  const { fork, chainId, parentRoot, parentHash, hash } = block;
  const known = trusted ?? { parentRoot, parentHash, hash };
  return checkWitness(bytes, known, { fork, chainId, engine, clock: systemClock });
}

/** The code of the error that refuses it; anything but an error of ours is a fault. */
async function refusalOf(block: WitnessBlock, bytes: Uint8Array, engine = 'interpreter') {
  try {
    await check(block, bytes, engine);
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const REFUSALS = ['WITNESS_INVALID', 'WITNESS_INCOMPLETE', 'BLOCK_WRONG'];

describe.each(SEEDS)('the block of seed %i', (seed) => {
  const rng = new Rng(seed ^ 0x5eed);

  test('passes with every engine, and gives the naive root', async () => {
    const block = await createWitnessBlock(seed, ENGINES);
    const bytes = encodeWitness(block.witness);
    for (const engine of ENGINES) {
      const { hash, stateRoot, transactions } = await check(block, bytes, engine);
      expect(toHex(hash)).toBe(toHex(block.hash));
      expect(toHex(stateRoot)).toBe(toHex(block.stateRoot));
      expect(transactions).toBe(block.witness.transactions.length);
    }
    const { parentRoot } = block;
    await check(block, bytes, 'interpreter', { parentRoot });
  });

  test('lacks something without any of its cells, codes or headers', async () => {
    const block = await createWitnessBlock(seed, ['interpreter']);
    const { witness } = block;
    for (const cut of cutsOf(block, rng)) {
      expect(await refusalOf(block, encodeWitness(cut))).toBe('WITNESS_INCOMPLETE');
    }
    const empty: Witness = { ...witness, ancestors: [] };
    expect(await refusalOf(block, encodeWitness(empty))).toBe('WITNESS_INVALID');
  });

  test('is refused where a bit is turned, words are exchanged, or bytes are missing', async () => {
    const block = await createWitnessBlock(seed, ['interpreter']);
    const good = encodeWitness(block.witness);
    for (let tries = 0; tries < 30; tries += 1) {
      const bad = broken(good, block.witness, rng);
      if (equalBytes(bad, good)) continue;
      expect(REFUSALS).toContain(await refusalOf(block, bad));
    }
  });
});

/** Without one account, one slot, one code or the oldest header, all else being honest. */
function cutsOf({ witness, withCells }: WitnessBlock, rng: Rng): Witness[] {
  const { accounts, codes, ancestors } = witness;
  const cuts: Witness[] = [];
  const account = rng.below(accounts.length);
  if (accounts.length > 1) cuts.push(withCells(accounts.filter((_, index) => index !== account)));
  for (const [index, { address, slots }] of accounts.entries()) {
    if (slots.length === 0 || rng.chance(50)) continue;
    const gone = rng.below(slots.length);
    const fewer = { address, slots: slots.filter((_, at) => at !== gone) };
    cuts.push(withCells(accounts.with(index, fewer)));
  }
  if (codes.length > 0) cuts.push({ ...witness, codes: codes.slice(1) });
  if (ancestors.length > 1) cuts.push({ ...witness, ancestors: ancestors.slice(0, -1) });
  return cuts;
}

function broken(good: Uint8Array, witness: Witness, rng: Rng): Uint8Array {
  const bad = good.slice();
  const kind = rng.below(6);
  if (kind === 0) return good.subarray(0, rng.below(good.length));
  if (kind === 1) return concatBytes(good, rng.bytes(1 + rng.below(40)));
  if (kind === 2) {
    const proofAt = good.length - witness.proof.length;
    const words = Math.floor(witness.proof.length / 32) - 1;
    const [a, b] = [rng.below(words), rng.below(words)].map(
      (word) => good.length - 32 * (word + 1),
    );
    if (a! < proofAt || b! < proofAt) return bad;
    bad.copyWithin(a!, b!, b! + 32);
    bad.set(good.subarray(a, a! + 32), b);
    return bad;
  }
  if (kind === 3) return encodeWitness({ ...witness, transactions: witness.transactions.slice(1) });
  const count = kind === 4 ? 1 : 1 + rng.below(4);
  for (let left = count; left > 0; left -= 1) bad[rng.below(bad.length)]! ^= 1 << rng.below(8);
  return bad;
}
