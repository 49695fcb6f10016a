/**
 * A thread's scheduler (kernel/scheduler.as.ts) as TypeScript drives it: the kernel takes, executes
 * and commits steps until it needs JavaScript, which is asked for what it wants. What the kernel
 * remembers lies in shared memory, so that a test can step several workers from one thread.
 */
import type { Arena } from '../state/arena.js';
import type { Clock } from '../state/base/ports.js';
import { instantiateOver } from '../state/cold/kernels.js';
import type { Region } from '../state/layout.js';
import type { Engine, ExecutionMode } from './engine.js';
import * as map from './kernel/scheduler-map.js';
import { WORKERS_AT } from './protocol-map.js';

export interface SchedulerKernel {
  enter(w: number, epoch: number): void;
  begun(w: number): void;
  executed(w: number, outcome: number, bytes: number): void;
  unexecuted(w: number): void;
  abandon(w: number): void;
  breakOff(w: number): void;
  /** @returns the state that needs the driver: LEFT, BEGIN or ASK */
  work(w: number): number;
  step(w: number): void;
}

/** What a block and its batch give to a worker. */
export interface BatchPlace {
  /** 20 bytes. */
  readonly coinbase: Uint8Array;
  /** Where its outcomes go. */
  readonly outcomes: Region;
}

export class Scheduler {
  private readonly kernel: SchedulerKernel;
  private readonly engine: Engine;
  private readonly bytes: Uint8Array;
  private readonly words: DataView;
  private readonly w: number;

  constructor(arena: Arena, engine: Engine, clock: Clock) {
    const { memory, thread, layout } = arena;
    this.engine = engine;
    this.bytes = arena.bytes;
    this.words = new DataView(memory.buffer);
    this.w = layout.control.base + WORKERS_AT + thread * map.WORKER_BYTES;
    this.bytes.fill(0, this.w, this.w + map.WORKER_BYTES);
    this.put(map.W_THREAD, thread);
    this.kernel = instantiateOver<SchedulerKernel>(arena, 'scheduler', {
      run: engine.inKernel?.runStep ?? (() => 0),
      clock: () => clock.monotonicMs(),
    });
  }

  /** Enters the batch that this epoch opened. */
  enter(epoch: number): void {
    this.kernel.enter(this.w, epoch);
  }

  /** LEFT, BEGIN or ASK (kernel/scheduler-map.ts); blocks while there is nothing to do. */
  work(): number {
    return this.kernel.work(this.w);
  }

  /** Takes part in the batch: nothing of it was looked at before. */
  begin({ coinbase, outcomes }: BatchPlace): void {
    this.put(map.W_MACHINE, this.engine.inKernel?.machine ?? 0);
    this.put(map.W_OUT_BASE, outcomes.base);
    this.put(map.W_OUT_NEXT, outcomes.base);
    this.put(map.W_OUT_END, outcomes.base + outcomes.bytes);
    this.bytes.set(coinbase, this.w + map.W_COINBASE);
    this.kernel.begun(this.w);
  }

  /** The step that is asked for. */
  get index(): number {
    return this.get(map.W_INDEX);
  }

  get mode(): ExecutionMode {
    return this.get(map.W_IS_HEAD) === 1 ? 'head' : 'speculative';
  }

  /** Where the outcome of the step that is asked for may go. */
  get place(): Uint8Array {
    return this.bytes.subarray(this.get(map.W_OUT_NEXT), this.get(map.W_OUT_END));
  }

  /** The outcome is in its place. */
  executed(outcome: Uint8Array, written: number): void {
    this.kernel.executed(this.w, outcome.byteOffset, written);
  }

  /** There was no room for the outcome. */
  unexecuted(): void {
    this.kernel.unexecuted(this.w);
  }

  /** Leaves after a failure; what it holds stays held, so that nobody commits. */
  abandon(): void {
    this.kernel.abandon(this.w);
    this.kernel.work(this.w);
  }

  /**
   * The same where the arena has no line for a cell (state/cold): other threads end their steps and
   * leave, and what was being applied is for the coordinator to take back.
   */
  abandonFull(): void {
    if (this.get(map.W_STATE) !== map.APPLY) {
      this.abandon();
      return;
    }
    this.kernel.breakOff(this.w);
    this.kernel.work(this.w);
  }

  private get(field: number): number {
    return this.words.getUint32(this.w + field, true);
  }

  private put(field: number, value: number): void {
    this.words.setUint32(this.w + field, value, true);
  }
}
