import type { Arena } from '../../state/arena.js';
import { toBigInt, toWord } from '../../state/base/bytes.js';
import { compileKernel } from '../../state/base/wasm.js';
import * as map from '../../workers/kernel/scheduler-map.js';
import {
  EMPTY_OUTCOME,
  type Outcome,
  readOutcome,
  STATUS_NEEDS_HEAD,
  STATUS_OK,
  writeOutcome,
} from '../../workers/outcome.js';
import type { Protocol } from '../../workers/protocol.js';
import {
  KIND_CREDITS,
  KIND_SYSTEM_CALL,
  KIND_TRANSACTION,
  WORKERS_AT,
} from '../../workers/protocol-map.js';
import type { SchedulerKernel } from '../../workers/scheduler.js';
import { encodeCredits } from '../../workers/steps.js';
import { compileMutant } from '../helpers/mutant.js';
import type { Parts } from './planted.js';
import { COINBASE, type FakeStep, resultOf, runInOrder, TinyCells } from './tiny.js';

/** Steps after which nothing has happened that another worker could see, or be hindered by. */
const PRIVATE = new Set([
  map.BEGIN,
  map.CHECK_EPOCH,
  map.CHECK_FAILURE,
  map.NEXT,
  map.EXECUTE,
  map.HOLD_HEAD,
  map.JUDGE,
  map.BEGIN_APPLYING,
  map.DECIDE,
  map.FINISH,
  map.LEAVE,
]);
const TAKEN = [map.W_FIRST, map.W_NEXT, map.W_END, map.W_LOADED];
const COMMITTED = [...TAKEN, map.W_HEAD, map.W_OUTCOME, map.W_IS_DIRECT, map.W_IS_IDLE];
/** Of a worker's memory, what decides what it does next, by state; nothing where it is not here. */
const FIELDS = new Map<number, readonly number[]>([
  [map.PEEK_STATUS, [map.W_HEAD]],
  [map.READ_CLAIMED, [map.W_HEAD, map.W_HEAD_STATUS, map.W_LOADED]],
  [map.READ_LOADED, [map.W_HEAD, map.W_HEAD_STATUS, map.W_CLAIMED]],
  [map.READ_SOLO, [map.W_HEAD, map.W_HEAD_STATUS, map.W_CLAIMED, map.W_LOADED]],
  [map.CLAIM_STEPS, [map.W_HEAD, map.W_CLAIMED, map.W_LOADED]],
  [map.TRY_DIRECT, TAKEN],
  [map.NEXT, [...TAKEN, map.W_IS_DIRECT]],
  [map.EXECUTE, [...COMMITTED, map.W_INDEX, map.W_IS_HEAD]],
  [map.ASK, [...COMMITTED, map.W_INDEX, map.W_IS_HEAD]],
  [map.PUBLISH, TAKEN],
  [map.TAKE_TOKEN, [map.W_IS_IDLE, map.W_HEAD, map.W_HEAD_STATUS]],
  [map.HOLD_HEAD, [map.W_IS_IDLE]],
  [map.HOLD_STATUS, [map.W_IS_IDLE, map.W_HEAD]],
  [map.JUDGE, [map.W_IS_IDLE, map.W_HEAD, map.W_HEAD_STATUS]],
  [map.BEGIN_APPLYING, COMMITTED],
  [map.APPLY, COMMITTED],
  [map.ADVANCE, COMMITTED],
]);
const OUTCOME_BYTES = 512;
/** Two credits. */
const CREDITS_BYTES = 128;
const FIRST = 2;
const address = (last: number): Uint8Array => {
  const bytes = new Uint8Array(20);
  bytes[19] = last;
  return bytes;
};

interface Read {
  readonly address: number;
  readonly value: number;
  readonly version: number;
}

/** Milliseconds that pass with each look at the clock: how many steps are taken at once. */
const time = { now: 0, passing: 0 };

/** The scheduler's kernel in an arena, with a bug where one is planted. */
export async function loadKernel(arena: Arena, { mutations }: Parts): Promise<SchedulerKernel> {
  const entry = 'workers/kernel/scheduler-index.as.ts';
  const module =
    mutations.length === 0
      ? compileKernel('scheduler')
      : await compileMutant('scheduler', entry, mutations);
  const clock = () => {
    time.now += time.passing;
    return time.now;
  };
  const env = { memory: arena.memory, run: () => 0, clock };
  return new WebAssembly.Instance(module, { env }).exports as unknown as SchedulerKernel;
}

export interface Setting {
  readonly arena: Arena;
  readonly kernel: SchedulerKernel;
  readonly parts: Parts;
}

/** One run: the real protocol, scheduler and cells; what is executed is made up. */
export class World {
  readonly arena: Arena;
  readonly protocol: Protocol;
  readonly workers: Worker[];
  readonly parts: Parts;
  steps: readonly FakeStep[] = [];
  claims: number[] = [];
  sequence = FIRST;
  /** What each outcome rests on: of each index ahead of its turn, and at the head. */
  written: string[] = [];

  /** @param passing  milliseconds between two looks at the clock; 0: steps are taken singly */
  constructor({ arena, kernel, parts }: Setting, workers: number, passing: number) {
    time.now = 0;
    time.passing = passing;
    this.arena = arena;
    this.parts = parts;
    this.protocol = new parts.protocol(arena);
    this.protocol.reset(workers);
    this.workers = Array.from(
      { length: workers },
      (_, worker) => new Worker(this, kernel, worker + 1),
    );
  }

  /**
   * All that the coordinator does to open a batch and to load it, piece by piece.
   * @param loadedFirst  steps that are there when it opens
   */
  *open(steps: readonly FakeStep[], loadedFirst = steps.length): Generator<void> {
    this.steps = steps;
    this.claims = steps.map(() => 0);
    this.written = steps.flatMap(() => ['', '']);
    this.protocol.prepare(steps.length, this.sequence);
    yield;
    for (const [index, { kind, write }] of steps.entries()) {
      const isOwn = kind === 'systemCall' || kind === 'credits';
      const code = kind === 'credits' ? KIND_CREDITS : KIND_SYSTEM_CALL;
      const record = this.protocol.batchIn.base + index * CREDITS_BYTES;
      if (kind === 'credits') this.arena.bytes.set(creditsRecord(index, write), record);
      this.protocol.setStep(index, isOwn ? code : KIND_TRANSACTION, record);
      yield;
      this.protocol.setLoaded(index + 1);
      yield;
      if (index + 1 !== loadedFirst) continue;
      this.protocol.turn();
      yield;
    }
  }

  /** Cells as the model has them. */
  get cells(): TinyCells {
    const { arena } = this;
    const cells = new TinyCells();
    const word = new Uint8Array(32);
    for (let id = 0; id < arena.cellCount; id += 1) {
      const version = arena.readLatest(id, word);
      cells.internAt(arena.keyOf(id).address[19] ?? 0);
      cells.put(id, Number(toBigInt(word)), version);
    }
    return cells;
  }

  /** Compares everything with the steps done in order from `before`. */
  check(before: TinyCells, committed: number): void {
    const { arena, protocol, steps } = this;
    const { results, next } = runInOrder(before, steps.slice(0, committed), this.sequence);
    if (this.cells.text !== before.text) {
      throw new Error(`cells differ: ${this.cells.text} instead of ${before.text}`);
    }
    const offsets = protocol.outcomeOffsets(0, results.length);
    for (const [index, expected] of results.entries()) {
      if (steps[index]?.kind === 'credits') continue;
      const outcome = readOutcome(arena.bytes.subarray(offsets[index]));
      const value = Number(toBigInt(outcome.writes[0]?.value ?? new Uint8Array(0)));
      const isIncluded = outcome.status === STATUS_OK;
      if (isIncluded !== expected.isIncluded || (isIncluded && value !== expected.value)) {
        throw new Error(`outcome ${index} is ${isIncluded} ${value}`);
      }
    }
    this.sequence = next;
  }
}

/** A worker thread as a sequence of atomic steps: waits for epochs, drives its scheduler. */
export class Worker {
  isDead = false;
  /** Cells read so far of what is being executed. */
  reads: Read[] = [];
  private readonly world: World;
  private readonly kernel: SchedulerKernel;
  private readonly memory: DataView;
  private readonly w: number;
  private seen: number;
  private epoch = 0;
  private late: (() => void)[] = [];
  private isLate = false;

  constructor(world: World, kernel: SchedulerKernel, thread: number) {
    const { arena, protocol } = world;
    this.world = world;
    this.kernel = kernel;
    this.memory = new DataView(arena.memory.buffer);
    this.w = arena.layout.control.base + WORKERS_AT + thread * map.WORKER_BYTES;
    arena.bytes.fill(0, this.w, this.w + map.WORKER_BYTES);
    this.put(map.W_THREAD, thread);
    arena.bytes.set(address(COINBASE), this.w + map.W_COINBASE);
    this.seen = protocol.epoch();
  }

  /** True where it has left the only batch that there is. */
  get isOver(): boolean {
    return this.state === map.LEFT && this.epoch === 0;
  }

  get isApplying(): boolean {
    return this.state === map.APPLY || this.state === map.ADVANCE;
  }

  step(): void {
    const { kernel, state, w } = this;
    if (this.isLate) this.writeLate();
    else if (state === map.LEFT) this.lookForBatch();
    else if (state === map.BEGIN) kernel.begun(w);
    else if (state === map.WAIT) this.put(map.W_STATE, map.CHECK_FAILURE);
    else if (state === map.ASK) this.execute();
    else if (state === map.AWAIT_STEP && !this.isLoaded) return;
    else kernel.step(w);
    if (state === map.CLAIM_STEPS) this.noteClaims();
    this.isLate = state === map.PUBLISH && this.late.length > 0;
  }

  /**
   * True where the next step reads and writes nothing that another worker writes or reads before
   * the batch ends: its place among the steps of others makes no difference.
   */
  get isNextPrivate(): boolean {
    const { state, world } = this;
    if (state === map.LEFT) return this.epoch !== 0;
    if (state !== map.ASK) return PRIVATE.has(state);
    return this.reads.length === world.steps[this.get(map.W_INDEX)]?.reads.length;
  }

  /** Everything of this worker that decides what it will do next. */
  get text(): string {
    if (this.state === map.LEFT) return `${this.epoch}`;
    const own = FIELDS.get(this.state)?.map((field) => this.get(field)) ?? [];
    return `${this.state},${own}/${this.reads.map(({ value, version }) => `${value}@${version}`)}`;
  }

  private get isLoaded(): boolean {
    return this.get(map.W_NEXT) < this.world.protocol.loaded();
  }

  private get state(): number {
    return this.get(map.W_STATE);
  }

  private get(field: number): number {
    return this.memory.getUint32(this.w + field, true);
  }

  private put(field: number, value: number): void {
    this.memory.setUint32(this.w + field, value, true);
  }

  private writeLate(): void {
    for (const write of this.late) write();
    this.late = [];
  }

  private noteClaims(): void {
    const { claims } = this.world;
    if (this.state === map.CHECK_FAILURE) return;
    for (let index = this.get(map.W_NEXT); index < this.get(map.W_END); index += 1) {
      claims[index] = (claims[index] ?? 0) + 1;
    }
  }

  private lookForBatch(): void {
    if (this.epoch !== 0) {
      this.kernel.enter(this.w, this.epoch);
      this.epoch = 0;
      return;
    }
    const { protocol } = this.world;
    const epoch = protocol.epoch();
    if (epoch !== this.seen && protocol.isOpen(epoch)) this.epoch = epoch;
    this.seen = epoch;
  }

  /** One cell a step; then the outcome. */
  private execute(): void {
    const { world, reads } = this;
    const index = this.get(map.W_INDEX);
    const step = world.steps[index];
    if (step === undefined) throw new Error(`nothing to execute at ${index}`);
    const { protocol } = world;
    if (!protocol.isOpen(protocol.epoch())) throw new Error('executes while no batch is open');
    const next = step.reads[reads.length];
    if (next === undefined) {
      this.settle(step, index);
      return;
    }
    const { arena } = world;
    const word = new Uint8Array(32);
    const id = arena.find(0, address(next));
    const version = id < 0 ? 0 : arena.readLatest(id, word);
    reads.push({ address: next, value: Number(toBigInt(word)), version });
  }

  private settle(step: FakeStep, index: number): void {
    const { world, kernel, reads, w } = this;
    this.reads = [];
    const isHead = this.get(map.W_IS_HEAD) === 1;
    if (!isHead && step.kind === 'tooLarge') {
      kernel.unexecuted(w);
      return;
    }
    const turn = index * 2 + (isHead ? 1 : 0);
    const place = world.protocol.batchOut.base + turn * OUTCOME_BYTES;
    world.written[turn] = `${reads.map(({ value, version }) => `${value}@${version}`)}.`;
    const write = () => writeFake(step, { index, isHead, reads }, world.arena.bytes, place);
    if (world.parts.writesLate && !isHead) this.late.push(write);
    else write();
    kernel.executed(w, place, OUTCOME_BYTES);
  }
}

function creditsRecord(index: number, write: number): Uint8Array {
  return encodeCredits([
    { address: address(write), amount: BigInt(index + 1) },
    { address: address(COINBASE), amount: 1n },
  ]);
}

interface Execution {
  readonly index: number;
  readonly isHead: boolean;
  readonly reads: readonly Read[];
}

function writeFake(
  step: FakeStep,
  { index, isHead, reads: seen }: Execution,
  bytes: Uint8Array,
  place: number,
): void {
  const reads = seen.map((read) => {
    return { kind: 0, address: address(read.address), slot: null, version: read.version } as const;
  });
  const values = seen.map(({ value }) => value);
  const { isIncluded, value } = resultOf(step, index, values);
  const needsHead = step.kind === 'needsHead' && !isHead;
  const outcome: Outcome = needsHead
    ? { ...EMPTY_OUTCOME, status: STATUS_NEEDS_HEAD, reads }
    : { ...EMPTY_OUTCOME, reads, ...(isIncluded ? included(step, value) : {}) };
  writeOutcome(outcome, bytes.subarray(place, place + OUTCOME_BYTES));
}

function included(step: FakeStep, value: number): Partial<Outcome> {
  const write = { address: address(step.write), slot: null, value: toWord(BigInt(value)) };
  return { status: STATUS_OK, feeDelta: BigInt(step.fee), writes: [{ kind: 0, ...write }] };
}
