/**
 * State root updates a second: batches of several sizes over one size of state, with one thread
 * and with two, the best of some rounds each; beside @ethereumjs/mpt in the same run.
 */
import { createMPT } from '@ethereumjs/mpt';
import type { BenchOptions } from '../../runtime/roles/bench.js';
import { type Clock, sleep } from '../../state/base/ports.js';
import { round } from '../report.js';
import type { RunTools } from '../run.js';
import { PUBLISHED, type RootLine } from './line.js';
import { createSubject, type Subject } from './subject.js';
import { Times } from './times.js';

const MPT_BATCH = 1_000;
const MPT_ROUNDS = 3;
/** A thread starts in 0.2 to 1.4 s; it takes part from then on. */
const HELPER_START_MS = 3_000;

export interface Plan {
  readonly batches: readonly number[];
  readonly roundUpdates: number;
  /** The best one counts. */
  readonly rounds: number;
  /** Keys of @ethereumjs/mpt. */
  readonly mptKeys: number;
}

const PLAN: Plan = {
  batches: [100, 2_000, 20_000, 200_000],
  roundUpdates: 200_000,
  rounds: 10,
  // More would take minutes to put in; its cost grows with the number, so this favours it.
  mptKeys: 10_000,
};

interface Figures {
  cpuNs: number;
  wallNs: number;
  busiestNs: number | null;
}

/** A linear congruence (Numerical Recipes): the same keys for the same seed. */
export class Numbers {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }

  fill(out: Uint32Array, bound: number): Uint32Array {
    for (let index = 0; index < out.length; index++) out[index] = this.next(bound);
    return out;
  }
}

/** Lines as they come, first all of one thread. */
export async function* measureRoot(
  { accounts: keys, workers, seed, peers }: BenchOptions,
  { clock, progress }: RunTools,
  plan = PLAN,
): AsyncGenerator<RootLine> {
  const mpt = peers ? await mptMicroseconds(clock, plan.mptKeys) : null;
  const subject = createSubject(keys);
  const numbers = new Numbers(seed);
  try {
    progress(`filling ${keys} keys`);
    subject.fill(keys, (run) => run());
    const alone = new Map<number, Figures>();
    for (const helpers of [...new Set(workers)].sort((a, b) => a - b).slice(0, 2)) {
      if (helpers > 0) {
        subject.startHelper();
        await sleep(clock, HELPER_START_MS);
      }
      for (const batch of plan.batches) {
        progress(`batches of ${batch}, helpers: ${helpers}`);
        const best = bestOf(subject, keys, batch, { numbers, clock, plan });
        if (helpers === 0) alone.set(batch, best);
        const what = { keys, source: subject.source, threads: helpers > 0 ? 2 : 1, batch };
        const bytesPerKey = round(subject.bytes / keys, 1);
        const more = helpers > 0 ? gainOf(best, alone.get(batch)) : {};
        yield { workload: 'root', ...what, bytesPerKey, ...lineOf(best, mpt, plan), ...more };
      }
    }
  } finally {
    await subject.stop();
  }
}

interface Tools {
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly plan: Plan;
}

function bestOf(subject: Subject, keys: number, batch: number, tools: Tools): Figures {
  const best: Figures = { cpuNs: Infinity, wallNs: Infinity, busiestNs: null };
  const slots = new Uint32Array(batch);
  const values = new Uint32Array(batch);
  for (let index = 0; index < tools.plan.rounds; index++) {
    const times = new Times(tools.clock);
    let updates = 0;
    while (updates < tools.plan.roundUpdates) {
      tools.numbers.fill(slots, keys);
      tools.numbers.fill(values, 2 ** 32);
      updates += subject.update(slots, values, (run) => times.add(run));
    }
    const per = 1e6 / updates;
    best.cpuNs = Math.min(best.cpuNs, times.cpuMs * per);
    best.wallNs = Math.min(best.wallNs, times.wallMs * per);
    const { busiestMs } = times;
    if (busiestMs !== null) best.busiestNs = Math.min(best.busiestNs ?? Infinity, busiestMs * per);
  }
  return best;
}

function lineOf({ cpuNs, wallNs }: Figures, mpt: number | null, { mptKeys }: Plan) {
  const peer =
    mpt === null
      ? {}
      : {
          '@ethereumjs/mpt': {
            keys: mptKeys,
            microseconds: round(mpt, 1),
            ratio: Math.round((mpt * 1e3) / cpuNs),
          },
        };
  return {
    cpuNanosecondsPerUpdate: Math.round(cpuNs),
    updatesPerCpuSecond: Math.round(1e9 / cpuNs),
    updatesPerSecond: Math.round(1e9 / wallNs),
    versus: peer,
    published: PUBLISHED,
  };
}

function gainOf(best: Figures, alone: Figures | undefined) {
  if (alone === undefined) return {};
  const speedup = round(alone.wallNs / best.wallNs, 2);
  if (alone.busiestNs === null || best.busiestNs === null) return { speedup };
  return { speedup, shared: round(alone.busiestNs / best.busiestNs, 2) };
}

/** Microseconds of CPU an update, the root after each batch included. */
async function mptMicroseconds(clock: Clock, count: number): Promise<number> {
  const trie = await createMPT({ useKeyHashing: true });
  const numbers = new Numbers(7);
  const keyOf = (number: number): Uint8Array => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(28, number);
    return key;
  };
  for (let number = 0; number < count; number++) await trie.put(keyOf(number), keyOf(number));
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index < MPT_ROUNDS; index++) {
    const keys = Array.from({ length: MPT_BATCH }, () => keyOf(numbers.next(count)));
    const before = process.cpuUsage();
    for (const key of keys) await trie.put(key, keyOf(clock.nowMs() % 2 ** 32));
    trie.root();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / MPT_BATCH);
  }
  return best;
}
