/**
 * Calls by chance of a code of mainnet over the state of its block: with the selectors that it
 * compares with, and words that may mean something.
 */
import { expect } from 'vitest';
import { type MainnetBlock, type MainnetCode, selectorsOf } from '../../bench/compile/mainnet.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { Rng } from '../fuzz/rng.js';
import { anyWords, type Known } from './arguments.js';
import { turn } from './drive.js';
import { type Panel, PEOPLE } from './panel.js';
import { refusalOf } from './watched.js';

const GAS_LIMIT = 3_000_000;

interface Course {
  readonly block: MainnetBlock;
  readonly calls: number;
  readonly rng: Rng;
  /** For people. */
  readonly name: string;
}

/** On a panel that has the block's state. @returns calls that succeeded */
export async function callByChance(
  panel: Panel,
  { address, code }: MainnetCode,
  { block, calls, rng, name }: Course,
): Promise<number> {
  const selectors = selectorsOf(code);
  const known = knownOf(block, rng);
  let succeeded = 0;
  for (let left = calls; left > 0; left -= 1) {
    const selector = rng.chance(90) && selectors.length > 0 ? rng.pick(selectors) : '0x';
    const data = anyWords(selector, known, rng);
    const from = senderOf(block, rng.pick([...PEOPLE, ...known.addresses.slice(0, 8)]));
    const value = rng.chance(15) ? BigInt(rng.below(1_000)) : 0n;
    const call = { from, to: address, data, value, gasLimit: GAS_LIMIT };
    const { isOk } = await turn(panel, call, rng, `${address} of ${name}`);
    if (isOk) succeeded += 1;
  }
  return succeeded;
}

/** In tier 1 where that was asked for, and in tier 2 where its analysis takes the code. */
export function expectCompiled(panel: Panel, { address, code }: MainnetCode): void {
  const bytes = fromHex(code);
  const hash = toHex(keccak256(bytes));
  expect(panel.first.fates.get(hash), address).toBe('tier 1');
  const refusal = refusalOf(bytes);
  if (refusal !== null) expect(panel.both.fates.get(hash), `${address}: ${refusal}`).toBe('tier 1');
  else expect(panel.both.fates.get(hash), address).toMatch(/^tier [12]$/);
}

/** @returns so many of them, each once, by chance */
export function pickSome<Item>(items: readonly Item[], count: number, rng: Rng): Item[] {
  const left = [...items];
  const taken: Item[] = [];
  while (taken.length < count && left.length > 0)
    taken.push(...left.splice(rng.below(left.length), 1));
  return taken;
}

function knownOf({ alloc }: MainnetBlock, rng: Rng): Known {
  const addresses = [...PEOPLE, ...pickSome(Object.keys(alloc), 40, rng)];
  return { addresses, numbers: [10n ** 6n, 10n ** 18n, 2n ** 96n] };
}

/** Accounts with code do not send (EIP-3607). */
function senderOf({ alloc }: MainnetBlock, address: string): string {
  return (alloc[address]?.code ?? '0x').length > 2 ? PEOPLE[0]! : address;
}
