import type { Arena } from '../../state/arena.js';
import { toBigInt, toWord } from '../../state/base/bytes.js';
import * as states from '../../workers/machine.js';
import {
  BatchMachine,
  BEGIN,
  EXECUTE,
  LEFT,
  type MachineParts,
  WAIT,
} from '../../workers/machine.js';
import {
  EMPTY_OUTCOME,
  type Outcome,
  readOutcome,
  STATUS_NEEDS_HEAD,
  STATUS_OK,
  writeOutcome,
} from '../../workers/outcome.js';
import {
  KIND_CREDITS,
  KIND_SYSTEM_CALL,
  KIND_TRANSACTION,
  Protocol,
} from '../../workers/protocol.js';
import { encodeCredits } from '../../workers/steps.js';
import { StepCommitter } from '../helpers/step-committer.js';
import { COINBASE, type FakeStep, resultOf, runInOrder, TinyCells } from './tiny.js';

/** What a test may replace to plant a bug. */
export interface Parts {
  readonly protocol: new (arena: Arena) => Protocol;
  readonly committer: new (...parts: ConstructorParameters<typeof StepCommitter>) => StepCommitter;
  readonly machine: new (parts: MachineParts) => BatchMachine;
  /** The outcome is written one step after it has been published. */
  readonly writesLate: boolean;
}

export const RIGHT: Parts = {
  protocol: Protocol,
  committer: StepCommitter,
  machine: BatchMachine,
  writesLate: false,
};

const PRIVATE = new Set([
  states.BEGIN,
  states.CHECK_EPOCH,
  states.CHECK_FAILURE,
  states.READ_WINDOW,
  states.HOLD_HEAD,
  states.JUDGE,
  states.PUBLISH_AGAIN,
  states.BEGIN_APPLYING,
  states.FINISH,
  states.LEAVE,
]);
const STEPS_MAX = 16;
const OUTCOME_BYTES = 512;
/** Two credits. */
const CREDITS_BYTES = 108;
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

/** The shared state of one run: the real protocol in a real arena's memory, cells beside it. */
export class World {
  readonly cells = new TinyCells();
  readonly outcomes: Uint8Array;
  readonly protocol: Protocol;
  readonly workers: Worker[];
  readonly parts: Parts;
  steps: readonly FakeStep[] = [];
  claims: number[] = [];
  sequence = FIRST;
  /** What each outcome rests on: of each index ahead of its turn, and at the head. */
  written: string[] = [];

  constructor(arena: Arena, workers: number, parts: Parts) {
    this.parts = parts;
    this.outcomes = new Uint8Array(STEPS_MAX * (2 * OUTCOME_BYTES + CREDITS_BYTES));
    this.protocol = new parts.protocol(arena);
    this.protocol.reset(workers);
    this.workers = Array.from({ length: workers }, (_, worker) => new Worker(this, arena, worker));
  }

  /** All that the coordinator does before it opens a batch, piece by piece. */
  *prepare(steps: readonly FakeStep[]): Generator<void> {
    this.steps = steps;
    this.claims = steps.map(() => 0);
    this.written = steps.flatMap(() => ['', '']);
    this.protocol.prepare(steps.length, this.sequence);
    yield;
    for (const [index, { kind, write }] of steps.entries()) {
      const isOwn = kind === 'systemCall' || kind === 'credits';
      const code = kind === 'credits' ? KIND_CREDITS : KIND_SYSTEM_CALL;
      const record = STEPS_MAX * 2 * OUTCOME_BYTES + index * CREDITS_BYTES;
      if (kind === 'credits') this.outcomes.set(creditsRecord(index, write), record);
      this.protocol.setStep(index, isOwn ? code : KIND_TRANSACTION, record);
      yield;
    }
  }

  /** Compares everything with the steps done in order from `before`. */
  check(before: TinyCells, committed: number): void {
    const { protocol, steps } = this;
    const { results, next } = runInOrder(before, steps.slice(0, committed), this.sequence);
    if (this.cells.text !== before.text) {
      throw new Error(`cells differ: ${this.cells.text} instead of ${before.text}`);
    }
    for (const [index, expected] of results.entries()) {
      if (steps[index]?.kind === 'credits') continue;
      const outcome = readOutcome(this.outcomes.subarray(protocol.outcomeOffset(index)));
      const value = Number(toBigInt(outcome.writes[0]?.value ?? new Uint8Array(0)));
      const isIncluded = outcome.status === STATUS_OK;
      if (isIncluded !== expected.isIncluded || (isIncluded && value !== expected.value)) {
        throw new Error(`outcome ${index} is ${isIncluded} ${value}`);
      }
    }
    this.sequence = next;
  }
}

/** A worker thread as a sequence of atomic steps: waits for epochs, drives its machine. */
export class Worker {
  readonly machine: BatchMachine;
  readonly protocol: Protocol;
  readonly committer: StepCommitter;
  isDead = false;
  /** Cells read so far of what is being executed. */
  reads: Read[] = [];
  private readonly world: World;
  private seen: number;
  private epoch = 0;
  private late: (() => void) | null = null;

  constructor(world: World, arena: Arena, worker: number) {
    this.world = world;
    this.protocol = countingClaims(new world.parts.protocol(arena), world);
    this.committer = new world.parts.committer(world.cells.asStore(), world.outcomes);
    this.machine = new world.parts.machine({
      protocol: this.protocol,
      committer: this.committer,
      thread: worker + 1,
    });
    this.machine.coinbase = address(COINBASE);
    this.seen = this.protocol.epoch();
  }

  /** True where it has left the only batch that there is. */
  get isOver(): boolean {
    return this.machine.state === LEFT && this.epoch === 0;
  }

  step(): void {
    const { machine } = this;
    const isPublishing = machine.state === states.PUBLISH || machine.state === states.PUBLISH_AGAIN;
    if (this.late !== null && !isPublishing) {
      this.late();
      this.late = null;
    } else if (machine.state === LEFT) this.lookForBatch();
    else if (machine.state === BEGIN) machine.begun();
    else if (machine.state === WAIT) machine.waited();
    else if (machine.state === EXECUTE) this.execute();
    else machine.step();
  }

  /**
   * True where the next step reads and writes nothing that another worker writes or reads before
   * the batch ends: its place among the steps of others makes no difference.
   */
  get isNextPrivate(): boolean {
    const { machine, world } = this;
    if (machine.state === LEFT) return this.epoch !== 0;
    if (machine.state !== EXECUTE) return PRIVATE.has(machine.state);
    return this.reads.length === world.steps[machine.index]?.reads.length;
  }

  /** Everything of this worker that decides what it will do next. */
  get text(): string {
    const { machine } = this;
    if (machine.state === LEFT) return `${this.epoch}`;
    const { state, index, mode, head, headStatus, outcome, outcomeStatus } =
      machine as unknown as Record<string, number | string>;
    const execution = this.reads.map(({ value, version }) => `${value}@${version}`);
    const own = `${state},${index},${mode},${head},${headStatus},${outcome},${outcomeStatus}`;
    if (!machine.isApplying) return `${own}/${execution}`;
    const { stage, left } = this.committer as unknown as Record<string, number>;
    return `${own}/${stage},${left}`;
  }

  private lookForBatch(): void {
    if (this.epoch !== 0) {
      this.machine.enter(this.epoch);
      this.epoch = 0;
      return;
    }
    const epoch = this.protocol.epoch();
    if (epoch !== this.seen && this.protocol.isOpen(epoch)) this.epoch = epoch;
    this.seen = epoch;
  }

  /** One cell a step; then the outcome. */
  private execute(): void {
    const { world, machine, reads } = this;
    const step = world.steps[machine.index];
    if (step === undefined) throw new Error(`nothing to execute at ${machine.index}`);
    const next = step.reads[reads.length];
    if (next === undefined) {
      this.settle(step);
      return;
    }
    const id = world.cells.addresses.indexOf(next);
    const [value = 0, version = 0] = [world.cells.values[id], world.cells.versions[id]];
    reads.push({ address: next, value, version });
  }

  private settle(step: FakeStep): void {
    const { world, machine, reads } = this;
    this.reads = [];
    const { index, mode } = machine;
    if (mode === 'speculative' && step.kind === 'tooLarge') {
      machine.deferred();
      return;
    }
    const turn = index * 2 + (mode === 'head' ? 1 : 0);
    const place = turn * OUTCOME_BYTES;
    world.written[turn] = `${reads.map(({ value, version }) => `${value}@${version}`)}.`;
    const write = () =>
      writeFake(step, index, mode === 'speculative', reads, world.outcomes, place);
    if (world.parts.writesLate) this.late = write;
    else write();
    machine.executed(place);
  }
}

function creditsRecord(index: number, write: number): Uint8Array {
  return encodeCredits([
    { address: address(write), amount: BigInt(index + 1) },
    { address: address(COINBASE), amount: 1n },
  ]);
}

function writeFake(
  step: FakeStep,
  index: number,
  isSpeculative: boolean,
  seen: readonly Read[],
  bytes: Uint8Array,
  place: number,
): void {
  const reads = seen.map((read) => {
    return { kind: 0, address: address(read.address), slot: null, version: read.version } as const;
  });
  const values = seen.map(({ value }) => value);
  const { isIncluded, value } = resultOf(step, index, values);
  const needsHead = step.kind === 'needsHead' && isSpeculative;
  const outcome: Outcome = needsHead
    ? { ...EMPTY_OUTCOME, status: STATUS_NEEDS_HEAD, reads }
    : { ...EMPTY_OUTCOME, reads, ...(isIncluded ? included(step, value) : {}) };
  writeOutcome(outcome, bytes.subarray(place, place + OUTCOME_BYTES));
}

function included(step: FakeStep, value: number): Partial<Outcome> {
  const write = { address: address(step.write), slot: null, value: toWord(BigInt(value)) };
  return { status: STATUS_OK, feeDelta: BigInt(step.fee), writes: [{ kind: 0, ...write }] };
}

function countingClaims(protocol: Protocol, world: World): Protocol {
  const claim = protocol.claim.bind(protocol);
  protocol.claim = () => {
    const index = claim();
    if (index < world.claims.length) world.claims[index] = (world.claims[index] ?? 0) + 1;
    return index;
  };
  return protocol;
}
