/**
 * Rounds of measuring. Several ways of running the same transactions (lanes) take turns, so that
 * what else the machine does hits all of them alike, and the median round of each counts. A round
 * runs the transactions again and again from the same state until it is long enough for a clock.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Clock } from '../state/base/ports.js';
import { addCounts, noCounts } from '../workers/batch.js';
import type { AllocEntry } from './chain.js';
import type { Batch, BatchFigures, Runner, StartRunner } from './path.js';
import type { Prepared } from './prepare.js';
import { type TieringFigures, tieringFigures } from './tiering.js';

const PASSES_MAX = 100_000;
/** Of warming up, in rounds: V8 has optimised the kernel by then. */
const WARM_UP_ROUNDS = 2;

/** What all lanes run. */
export interface Course {
  readonly alloc: readonly AllocEntry[];
  readonly prepared: Prepared;
  /** What is given to the executor at once, in order. */
  readonly batches: readonly Batch[];
  /** Senders are recovered within the time, where the path can do it. */
  readonly isSigned: boolean;
  readonly isPinned: boolean;
  readonly isTogether: boolean;
  readonly start: StartRunner;
  readonly clock: Clock;
  /**
   * Told after every pass its gas, and after the first of a round the state it left, too: a hash of
   * that takes longer than the pass. @throws where one is not right
   */
  readonly judge: (gas: number, digest: string | null) => void;
}

/** Figures of all passes of a round together. */
export interface Round extends BatchFigures {
  readonly passes: number;
  readonly txs: number;
}

export class Lane {
  readonly engine: string;
  readonly workers: number;
  readonly rounds: Round[] = [];
  /** Microseconds from giving a batch to the executor until it is committed. */
  latency: RecordableHistogram = createHistogram();
  private readonly course: Course;
  /** Milliseconds of each batch, and of what follows the last, where it was fastest. */
  private readonly fastest: number[] = [];
  private runner: Runner | null = null;
  /** Of the last pass. */
  tiering: TieringFigures | null = null;

  constructor(course: Course, engine: string, workers: number) {
    this.course = course;
    this.engine = engine;
    this.workers = workers;
  }

  /**
   * Passes that do not count: memory is touched, code compiled. V8's compilers have threads of
   * their own, which take a core from the workers.
   * @param seconds  that it takes at least
   */
  async warmUp(seconds: number): Promise<void> {
    let { milliseconds } = await this.pass(true);
    for (let passes = 1; milliseconds < seconds * 1_000 && passes < PASSES_MAX; passes += 1) {
      milliseconds += (await this.pass(false)).milliseconds;
    }
    this.latency = createHistogram();
  }

  /** @param seconds  that it takes at least */
  async round(seconds: number): Promise<void> {
    const lengths = this.course.batches.map(({ records }) => records.length);
    const length = lengths.reduce((sum, count) => sum + count, 0);
    let sum = await this.pass(true);
    let passes = 1;
    while (sum.milliseconds < seconds * 1_000 && passes < PASSES_MAX) {
      sum = added(sum, await this.pass(false));
      passes += 1;
    }
    this.rounds.push({ ...sum, passes, txs: passes * length });
  }

  /** That with the median speed. */
  get median(): Round {
    const pace = ({ milliseconds, txs }: Round) => milliseconds / txs;
    const sorted = [...this.rounds].sort((a, b) => pace(a) - pace(b));
    return sorted[Math.floor(sorted.length / 2)]!;
  }

  /** Milliseconds of a pass whose batches had all been as fast as each has ever been. */
  get bestMs(): number {
    return this.fastest.reduce((sum, milliseconds) => sum + milliseconds, 0);
  }

  async stop(): Promise<void> {
    const { runner } = this;
    this.runner = null;
    await runner?.stop();
  }

  private async pass(isFirst: boolean): Promise<BatchFigures> {
    const { course, latency } = this;
    this.runner ??= await this.begin();
    const { runner } = this;
    const parts: BatchFigures[] = [];
    for (const batch of course.batches) {
      const figures = await runner.run(batch);
      latency.record(Math.max(1, Math.round(figures.milliseconds * 1_000)));
      parts.push(figures);
    }
    parts.push(await runner.finish());
    for (const [index, { milliseconds }] of parts.entries()) {
      this.fastest[index] = Math.min(milliseconds, this.fastest[index] ?? milliseconds);
    }
    const pass = parts.reduce(added);
    this.tiering = tieringFigures(runner.tiering);
    course.judge(pass.gas, isFirst ? runner.digest() : null);
    if (!runner.rewind()) await this.stop();
    return pass;
  }

  private async begin(): Promise<Runner> {
    const { start, prepared, alloc, clock, isSigned, isPinned, isTogether } = this.course;
    const { engine, workers } = this;
    const batch = Math.max(...this.course.batches.map(({ records }) => records.length));
    const hows = { isSigned, isPinned, isTogether, batch };
    const runner = await start({ engine, workers, alloc, clock, ...hows });
    try {
      await runner.run(prepared.warmUp);
      await runner.finish();
    } catch (error) {
      await runner.stop();
      throw error;
    }
    await runner.mark();
    return runner;
  }
}

/** Warms all up, then lets them take turns. @param said  what is under way */
export async function takeTurns(
  lanes: readonly Lane[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  said: (lane: Lane, round: number) => void,
): Promise<void> {
  try {
    for (const lane of lanes) {
      said(lane, 0);
      await lane.warmUp(WARM_UP_ROUNDS * seconds);
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const lane of lanes) {
        said(lane, round);
        await lane.round(seconds);
      }
    }
  } finally {
    for (const lane of lanes) await lane.stop();
  }
}

function added(a: BatchFigures, b: BatchFigures): BatchFigures {
  const counts = noCounts();
  addCounts(counts, a.counts);
  addCounts(counts, b.counts);
  const stages = { ...a.stages };
  for (const [name, ms] of Object.entries(b.stages)) stages[name] = (stages[name] ?? 0) + ms;
  return {
    milliseconds: a.milliseconds + b.milliseconds,
    cpuMilliseconds: a.cpuMilliseconds + b.cpuMilliseconds,
    gas: a.gas + b.gas,
    counts,
    restarts: a.restarts + b.restarts,
    stages,
  };
}
