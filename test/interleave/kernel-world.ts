/**
 * Whole batches by the real interpreter and the real scheduler, several workers stepped from one
 * thread in an order that a seed decides: everything that threads could do to each other, except
 * for what they could see in the middle of one execution or one commit.
 */
import { Arena } from '../../state/arena.js';
import { compileKernel } from '../../state/base/wasm.js';
import { encodeContext } from '../../workers/context.js';
import type { BlockContext } from '../../workers/engine.js';
import { InterpreterEngine } from '../../workers/interpreter-engine.js';
import { TERM_MAX } from '../../workers/kernel/scheduler-limits.js';
import * as map from '../../workers/kernel/scheduler-map.js';
import { outcomeShare } from '../../workers/outcomes.js';
import { type Counter, Protocol } from '../../workers/protocol.js';
import { KIND_TRANSACTION, PACE_LEFT, SOLO, WORKERS_AT } from '../../workers/protocol-map.js';
import { loadSteps } from '../../workers/rounds.js';
import type { SchedulerKernel } from '../../workers/scheduler.js';
import { recordView } from '../../workers/steps.js';
import { Dice } from './dice.js';

/** More than any batch here takes. */
const STEPS_MAX = 2_000_000;
/** Of the batches: in the rest one worker may go on alone, as it happens. */
const TOGETHER_SHARE = 0.9;

interface Worker {
  readonly w: number;
  readonly kernel: SchedulerKernel;
  readonly engine: InterpreterEngine;
  readonly thread: number;
}

export class KernelWorld {
  readonly arena: Arena;
  private readonly protocol: Protocol;
  private readonly workers: readonly Worker[];
  private readonly memory: DataView;
  private context: BlockContext | undefined;
  private dice = new Dice(0);
  private nowMs = 0;

  /** @param module  a scheduler with a bug; the right one by default */
  constructor(arena: Arena, workers: number, module = compileKernel('scheduler')) {
    this.arena = arena;
    this.memory = new DataView(arena.memory.buffer);
    this.protocol = new Protocol(arena);
    this.protocol.reset(workers);
    this.workers = Array.from({ length: workers }, (_, index) => this.worker(index + 1, module));
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.context = context;
    this.protocol.setContext(encodeContext(context));
    for (const { engine } of this.workers) await engine.beginBlock(context);
  }

  /** @returns the outcome records; cells are as after it */
  async run(records: readonly Uint8Array[], sequence: number, seed: number) {
    const { arena, protocol } = this;
    this.dice = new Dice(seed);
    if (this.dice.roll() < TOGETHER_SHARE) this.goTogether();
    loadSteps(arena, protocol, { kind: KIND_TRANSACTION, records }, sequence, () => {});
    protocol.turn();
    for (const { kernel, w } of this.workers) kernel.enter(w, protocol.epoch());
    const stickiness = [0, 0.8, 0.97][this.dice.below(3)] ?? 0;
    let current = this.workers[0] as Worker;
    for (let steps = 0; this.isAnyInside(); steps += 1) {
      if (steps > STEPS_MAX) throw new Error('the batch does not end');
      if (this.dice.roll() >= stickiness) current = this.any();
      await this.step(current);
    }
    protocol.turn();
    if (protocol.head() !== records.length) throw new Error(`${protocol.head()} committed`);
    const offsets = [...protocol.outcomeOffsets(0, records.length)];
    return offsets.map((at) => recordView(arena.bytes, at).slice());
  }

  /** For a while, whatever the clock of this world has shown until now. */
  private goTogether(): void {
    const { base } = this.arena.layout.control;
    this.memory.setInt32(base + 4 * SOLO, 0, true);
    this.memory.setInt32(base + 4 * PACE_LEFT, TERM_MAX, true);
  }

  counter(counter: Counter): number {
    return this.workers.reduce((sum, one) => sum + this.protocol.counter(one.thread, counter), 0);
  }

  private worker(thread: number, module: WebAssembly.Module): Worker {
    const arena = Arena.attach(this.arena.memory, thread);
    const unknown = () => Promise.reject(new Error('no hash is asked for'));
    const engine = new InterpreterEngine(arena, unknown);
    // Time passes by chance: pieces of all sizes are taken.
    const clock = () => {
      this.nowMs += this.dice.roll() * 0.02;
      return this.nowMs;
    };
    const env = { memory: arena.memory, run: engine.inKernel.runStep, clock };
    const kernel = new WebAssembly.Instance(module, { env }).exports as unknown as SchedulerKernel;
    const w = arena.layout.control.base + WORKERS_AT + thread * map.WORKER_BYTES;
    arena.bytes.fill(0, w, w + map.WORKER_BYTES);
    this.memory.setUint32(w + map.W_THREAD, thread, true);
    return { w, kernel, engine, thread };
  }

  private any(): Worker {
    return this.workers[this.dice.below(this.workers.length)] as Worker;
  }

  private isAnyInside(): boolean {
    return this.workers.some(({ w }) => this.get(w, map.W_STATE) !== map.LEFT);
  }

  private async step(worker: Worker): Promise<void> {
    const { w, kernel } = worker;
    const state = this.get(w, map.W_STATE);
    if (state === map.LEFT) return;
    if (state === map.BEGIN) this.begin(worker);
    else if (state === map.WAIT) this.put(w, map.W_STATE, map.CHECK_FAILURE);
    else if (state === map.ASK) await this.execute(worker);
    else kernel.step(w);
  }

  private begin({ w, kernel, engine, thread }: Worker): void {
    const { batchOut } = this.protocol;
    const { base, bytes } = outcomeShare(batchOut, this.workers.length);
    const from = base + (thread - 1) * bytes;
    this.put(w, map.W_MACHINE, engine.inKernel.machine);
    this.put(w, map.W_OUT_BASE, from);
    this.put(w, map.W_OUT_NEXT, from);
    this.put(w, map.W_OUT_END, from + bytes);
    if (this.context === undefined) throw new Error('no block has begun');
    this.arena.bytes.set(this.context.coinbase, w + map.W_COINBASE);
    kernel.begun(w);
  }

  private async execute({ w, kernel, engine }: Worker): Promise<void> {
    const { arena, protocol } = this;
    const record = recordView(arena.bytes, protocol.recordOffset(this.get(w, map.W_INDEX)));
    const place = arena.bytes.subarray(this.get(w, map.W_OUT_NEXT), this.get(w, map.W_OUT_END));
    const mode = this.get(w, map.W_IS_HEAD) === 1 ? 'head' : 'speculative';
    const written = await engine.execute(record, place, mode);
    if (written < 0) kernel.unexecuted(w);
    else kernel.executed(w, place.byteOffset, written);
  }

  private get(w: number, field: number): number {
    return this.memory.getUint32(w + field, true);
  }

  private put(w: number, field: number, value: number): void {
    this.memory.setUint32(w + field, value, true);
  }
}
