/** A case from a seed: a world, code in its contracts, and transactions on it. */

import type { CodeBlock } from '../../bench/gas/code-writer.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import { isFrom } from '../../workers/fork.js';
import type { FuzzAccount, FuzzBlock, FuzzCase } from './case.js';
import { createBlocks } from './program.js';
import { createRecursion } from './recursion.js';
import { Rng } from './rng.js';
import { createTransactions } from './transactions.js';
import { createWorld, PEOPLE, type World } from './world.js';

const ETHER = 10n ** 18n;
/** One case in so many is about the depth of calls: it takes a hundred times as long. */
const RECURSION_EVERY = 500;
const DELEGATION_PREFIX = 'ef0100';

/** @param seed  an integer in [0, 2^53); the same seed gives the same case */
export function createCase(seed: number): FuzzCase {
  const rng = new Rng(seed);
  if (rng.below(RECURSION_EVERY) === 0) return createRecursion(rng, `recursion of seed ${seed}`);
  const world = createWorld(rng);
  const block = createBlock(rng, world);
  const accounts = [
    ...PEOPLE.map((address) => person(rng, world, address)),
    ...world.contracts.map((address, index) => {
      const callees = world.contracts.slice(index + 1);
      return contract(rng, { ...world, callees }, address);
    }),
    account(world.empty, 0n),
  ];
  const transactions = createTransactions(rng, world, block);
  return { origin: `seed ${seed}`, block, accounts, transactions };
}

export function createBlock(rng: Rng, { fork, number, coinbase }: World): FuzzBlock {
  return {
    fork,
    chainId: 31_337,
    number,
    timestamp: rng.between(1, 2 ** 31),
    coinbase,
    gasLimit: rng.chance(90) ? 30_000_000 : Number.MAX_SAFE_INTEGER,
    baseFee: String(rng.pick([0, 7, 7, 1_000_000_000])),
    prevRandao: toHex(toWord(rng.number(32))),
    excessBlobGas: isFrom(fork, 'cancun') ? String(rng.pick([0, 0, 393_216, 100_000_000])) : '0',
  };
}

/** @param blocks  its code */
export function account(
  address: string,
  balance: bigint,
  { nonce = 0, blocks = [] as readonly CodeBlock[], storage = {} } = {},
): FuzzAccount {
  return { address, balance: String(balance), nonce, blocks, storage };
}

/** Some have delegated to a contract before (EIP-7702). */
export function person(rng: Rng, world: World, address: string): FuzzAccount {
  const balance = rng.chance(98) ? 1_000n * ETHER : BigInt(rng.below(1_000_000));
  const nonce = rng.chance(80) ? 0 : rng.between(1, 200);
  if (!isFrom(world.fork, 'prague') || rng.chance(80)) return account(address, balance, { nonce });
  const target = rng.pick([...world.contracts, ...world.contracts, ...PEOPLE, world.empty]);
  const hex = DELEGATION_PREFIX + target.slice(2);
  return account(address, balance, { nonce, blocks: [{ kind: 'delegation', hex, fixups: [] }] });
}

export function contract(
  rng: Rng,
  world: World,
  address: string,
  blocks: readonly CodeBlock[] = createBlocks(rng, world, rng.between(2, 9)),
): FuzzAccount {
  const balance = rng.chance(60) ? BigInt(rng.below(10)) : ETHER;
  const storage: Record<string, string> = {};
  for (let slot = 0; slot < 4; slot += 1) {
    if (rng.chance(50))
      storage[slot] = String(rng.chance(50) ? BigInt(rng.between(1, 3)) : rng.word());
  }
  return account(address, balance, { nonce: rng.chance(90) ? 1 : 0, blocks, storage });
}
