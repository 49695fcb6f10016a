/**
 * A hundred programs in one case: each is a contract of its own (or creation code) with the
 * transaction that runs it, and calls some of those before it. One world, one block: what a case
 * costs beside its programs is paid once for all of them.
 */
import type { CodeBlock } from '../../bench/gas/code-writer.js';
import type { FuzzAccount, FuzzBlock, FuzzCase, FuzzTransaction } from './case.js';
import { account, contract, createBlock, person } from './generate.js';
import { createBlocks, createWild } from './program.js';
import { createRecursion } from './recursion.js';
import { Rng } from './rng.js';
import { createSound, createTransaction } from './transactions.js';
import { createWorld, type FuzzFork, PEOPLE, type World } from './world.js';

export const BATCH_PROGRAMS = 100;
/** Seeds of batches lie apart from those of cases. */
const BATCH_SEEDS = 2 ** 42;
/** One batch in so many is about the depth of calls instead: each program takes some 20 ms. */
const RECURSION_EVERY = 20;
/** Percent; curves and pairings take milliseconds, all else together half of one. */
const HEAVY_PERCENT = 1;
const FRIENDS_MAX = 3;
/** Engines know code by its hash: some is at two addresses. */
const TWIN_PERCENT = 3;

/**
 * @param seed  an integer in [0, 2^40); the same seed and fork give the same batch
 * @param fork  null: whichever the seed gives
 */
export function createBatch(seed: number, fork: FuzzFork | null): FuzzCase {
  const rng = new Rng(BATCH_SEEDS + seed);
  const wanted = fork === null ? {} : { fork };
  // Osaka's cap on a transaction's gas does not allow that deep.
  if (fork !== 'osaka' && rng.below(RECURSION_EVERY) === 0) {
    return createRecursion(rng, `recursion of batch ${seed}`, fork ?? undefined);
  }
  const world = createWorld(rng, {
    ...wanted,
    contracts: BATCH_PROGRAMS,
    heavyPercent: HEAVY_PERCENT,
  });
  const block = createBlock(rng, world);
  const accounts = PEOPLE.map((address) => person(rng, world, address));
  const transactions: FuzzTransaction[] = [];
  for (const [index, address] of world.contracts.entries()) {
    const own = surroundings(rng, world, index);
    const twin = index > 0 && rng.chance(TWIN_PERCENT) ? accounts.at(-1)?.blocks : undefined;
    accounts.push(program(rng, own, address, twin));
    transactions.push(run(rng, own, block, address));
  }
  accounts.push(account(world.empty, 0n));
  return { origin: `batch ${seed}`, block, accounts, transactions };
}

/** A few of those before; what has none of them to call ends every chain of calls. */
function surroundings(rng: Rng, world: World, index: number): World {
  const before = world.contracts.slice(0, index);
  const count = index === 0 || rng.chance(45) ? 0 : rng.between(1, FRIENDS_MAX);
  const callees = Array.from({ length: count }, () => rng.pick(before));
  // Itself only rarely: it would go on for as long as there is gas.
  const others = callees.length === 0 ? world.missing : callees;
  const contracts = rng.chance(1) ? [...others, world.contracts[index]!] : others;
  return { ...world, contracts, callees };
}

/** @param twin  the code of another, where it is to be the same */
function program(
  rng: Rng,
  world: World,
  address: string,
  twin: readonly CodeBlock[] | undefined,
): FuzzAccount {
  const fresh = rng.chance(5)
    ? createWild(rng, world)
    : createBlocks(rng, world, rng.between(1, 4));
  return contract(rng, world, address, twin ?? fresh);
}

function run(rng: Rng, world: World, block: FuzzBlock, address: string): FuzzTransaction {
  // Some that may be refused, or that go elsewhere.
  if (rng.chance(3)) return createTransaction(rng, world, block);
  return createSound(rng, world, block, rng.chance(94) ? address : null);
}
