/** Seeded calls of contracts by their ABI, each on all engines, with what they did counted. */
import { FunctionFragment, Interface, type InterfaceAbi } from 'ethers';
import type { Rng } from '../fuzz/rng.js';
import { anyCall, type Known } from './arguments.js';
import { type Agreed, type Call, Disagreement, type Panel, PEOPLE } from './panel.js';

const VALUE_PERCENT = 15;
const TIGHT_PERCENT = 20;
/** A selector that is nobody's, or no selector. */
const STRANGE_PERCENT = 6;
const GAS_LIMIT = 4_000_000;

export interface Subject {
  readonly address: string;
  readonly abi: InterfaceAbi;
}

export interface Driven {
  calls: number;
  succeeded: number;
}

export async function drive(
  panel: Panel,
  subjects: readonly Subject[],
  known: Known,
  { calls, rng }: { readonly calls: number; readonly rng: Rng },
): Promise<Driven> {
  const driven = { calls: 0, succeeded: 0 };
  const functions = subjects.flatMap(({ address, abi }) =>
    new Interface(abi).fragments.filter(FunctionFragment.isFragment).map((of) => ({ address, of })),
  );
  while (driven.calls < calls) {
    const of = rng.chance(STRANGE_PERCENT) ? undefined : pick(functions, rng);
    const data = of === undefined ? strange(rng) : anyCall(of.of, known, rng);
    const isPayable = of?.of.payable ?? true;
    const value = rng.chance(isPayable ? 50 : VALUE_PERCENT) ? BigInt(rng.below(1_000)) : 0n;
    const to = of?.address ?? rng.pick(subjects).address;
    const call = { from: rng.pick(PEOPLE), to, data, value, gasLimit: GAS_LIMIT };
    const { isOk } = await turn(panel, call, rng, of?.of.format() ?? 'a strange call');
    driven.calls += 1;
    if (isOk) driven.succeeded += 1;
  }
  return driven;
}

/** undefined where a contract has no functions, as proxies. */
function pick<Item>(items: readonly Item[], rng: Rng): Item | undefined {
  return items[rng.below(items.length)];
}

/** For the fallback. */
function strange(rng: Rng): string {
  return `0x${Buffer.from(rng.bytes(rng.below(40))).toString('hex')}`;
}

/** Once as it is, and sometimes before that with gas that ends on its way. */
export async function turn(panel: Panel, call: Call, rng: Rng, name: string): Promise<Agreed> {
  let tried: Call = call;
  try {
    if (rng.chance(TIGHT_PERCENT)) {
      const { gasUsed } = await panel.try(call);
      tried = { ...call, gasLimit: rng.chance(30) ? gasUsed : rng.between(21_000, gasUsed) };
      await panel.try(tried);
    }
    tried = call;
    return await panel.send(call);
  } catch (error) {
    if (!(error instanceof Disagreement)) throw error;
    throw new Disagreement(`${error.message}; ${name}: ${JSON.stringify(tried, asText)}`);
  }
}

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
