/**
 * The interpreter with a fault at a named moment of a batch, as a plan in shared memory says: what
 * the coordinator writes there before the batch is struck once by whichever thread comes to that
 * moment first, at or after a given step. Between two steps of the scheduler a thread is met at its
 * clock, which it reads at known states.
 */
import { systemClock } from '../../../dist/state/base/ports.js';
import { CELL_BYTES, CELL_LOCK } from '../../../dist/state/kernel/map.js';
import { framesOf } from '../../../dist/state/layout.js';
import { InterpreterEngine } from '../../../dist/workers/interpreter-engine.js';
import * as map from '../../../dist/workers/kernel/scheduler-map.js';
import * as words from '../../../dist/workers/protocol-map.js';
import { FAULTS } from './faulty.mjs';

/** Words of the plan. */
export const MOMENT = 0;
export const FAULT = 1;
/** The step from which on it may strike; how many there are. */
export const FROM = 2;
export const COUNT = 3;
/** Times that it may strike. */
export const LEFT = 4;
/** 1: the coinbase's balance is locked, until the coordinator unlocks it. */
export const LOCKED = 5;
/** Places of this f64, milliseconds of the epoch: when it struck last. */
export const STRUCK_AT = 4;
export const PLAN_BYTES = 64;

export const ASLEEP = 'about to sleep, or woken';
/** While the scheduler reads the clock; none of them is inside an execution. */
const AT_CLOCK = {
  'steps taken, none begun': map.CLAIM_STEPS,
  'a piece of work done': map.NEXT,
  'the token just taken': map.TAKE_TOKEN,
  'the token about to be given back': map.RELEASE,
  [ASLEEP]: map.WAIT,
};
/** This one strikes a second thread too, if it comes there before the fault is found. */
export const TWICE = 'two threads at once';
/** At an execution: which, and whether before or after it. */
const AT_EXECUTION = {
  'the first step': { when: 'before', is: ({ step }) => step === 0 },
  'the last step': { when: 'before', is: ({ step, count }) => step === count - 1 },
  'ahead of its turn': { when: 'before', is: ({ isAhead }) => isAhead },
  'ahead of its turn, nothing published': { when: 'after', is: ({ isAhead }) => isAhead },
  'in its turn': { when: 'before', is: ({ isAhead, isDirect }) => !isAhead && isDirect },
  'in its turn, nothing committed': {
    when: 'after',
    is: ({ isAhead, isDirect }) => !isAhead && isDirect,
  },
  'repeated in its turn': { when: 'before', is: ({ isAhead, isDirect }) => !isAhead && !isDirect },
  'repeated in its turn, nothing committed': {
    when: 'after',
    is: ({ isAhead, isDirect }) => !isAhead && !isDirect,
  },
  [TWICE]: { when: 'before', is: () => true },
  'while another changes cells': { when: 'before', is: ({ isAhead }) => isAhead, locks: true },
};
const IN_SYSTEM_CALL = 'a system call';
export const MOMENTS = [IN_SYSTEM_CALL, ...Object.keys(AT_EXECUTION), ...Object.keys(AT_CLOCK)];
/** What the engine answers matters only where it is asked. */
export const isAnswered = (moment) => !(moment in AT_CLOCK);
/** Of all that faulty.mjs can do, one for each way in which a thread can be lost. */
export const STRIKES = [
  'throws',
  'exits',
  'loops',
  'loops in Wasm',
  'waits',
  'fills the heap',
  'overflows the stack',
  'answers nonsense',
];

/** Below NO_ROOM: the kernel asks JavaScript, which answers nonsense. */
const ASK_JAVASCRIPT = -1_000;
/** How long one waits for another to begin to change cells, in milliseconds, and looks again. */
const APPLYING_WAIT_MS = 20;
const LOOK_MS = 0.1;

export class Plan {
  constructor(arena) {
    // Nobody is the last thread of such an arena.
    const { base: at } = framesOf(arena.layout, arena.layout.threads - 1);
    this.words = new Int32Array(arena.memory.buffer, at, PLAN_BYTES / 4);
    this.times = new Float64Array(arena.memory.buffer, at, PLAN_BYTES / 8);
  }

  get(word) {
    return Atomics.load(this.words, word);
  }

  put(word, value) {
    Atomics.store(this.words, word, value);
  }

  get moment() {
    return this.get(LEFT) > 0 ? MOMENTS[this.get(MOMENT)] : undefined;
  }

  /** @returns true where it is ours to strike */
  take() {
    const left = this.get(LEFT);
    return left > 0 && Atomics.compareExchange(this.words, LEFT, left, left - 1) === left;
  }
}

class FaultyInterpreter extends InterpreterEngine {
  constructor(arena, blockHash) {
    super(arena, blockHash);
    this.plan = new Plan(arena);
    this.arena = arena;
    const { control } = arena.layout;
    this.shared = new Int32Array(arena.memory.buffer, control.base, words.COUNTERS_BASE);
    this.worker = control.base + words.WORKERS_AT + arena.thread * map.WORKER_BYTES;
    this.memory = new DataView(arena.memory.buffer);
    const { monotonicMs } = systemClock;
    systemClock.monotonicMs = () => {
      this.atClock();
      return monotonicMs();
    };
  }

  get inKernel() {
    const { machine, runStep } = super.inKernel;
    return { machine, runStep: (...step) => this.run(runStep, step) };
  }

  beginBlock(context) {
    this.coinbase = context.coinbase;
    return super.beginBlock(context);
  }

  /** Only what `run` has sent here comes here, and what the kernel cannot do. */
  execute(...request) {
    if (!this.isNonsense) return super.execute(...request);
    this.isNonsense = false;
    return FAULTS['answers nonsense']();
  }

  systemCall(to, data, outcome) {
    const { plan } = this;
    if (plan.moment === IN_SYSTEM_CALL && plan.take()) return this.strike(outcome);
    return super.systemCall(to, data, outcome);
  }

  run(runStep, step) {
    const { plan } = this;
    const moment = AT_EXECUTION[plan.moment];
    if (moment === undefined) return runStep(...step);
    const written = moment.when === 'after' ? runStep(...step) : 0;
    if (!this.isMoment(moment, step) || !plan.take()) return written || runStep(...step);
    if (moment.locks && !this.untilApplying()) return runStep(...step);
    const answer = this.strike(this.arena.bytes.subarray(step[2] >>> 0, step[3] >>> 0));
    return typeof answer === 'number' ? answer : ASK_JAVASCRIPT;
  }

  isMoment({ is }, [, , , , epoch, step]) {
    const { plan } = this;
    const count = plan.get(COUNT);
    const isDirect = this.remembered(map.W_IS_DIRECT) === 1;
    const isPlace = is({ step, count, isAhead: epoch !== 0, isDirect });
    const isEdge = plan.moment === 'the first step' || plan.moment === 'the last step';
    return isPlace && (isEdge || step >= plan.get(FROM));
  }

  atClock() {
    const { plan } = this;
    const state = AT_CLOCK[plan.moment];
    if (state === undefined || this.remembered(map.W_STATE) !== state) return;
    const at = Math.max(this.remembered(map.W_HEAD), this.remembered(map.W_NEXT));
    if (at >= plan.get(FROM) && plan.take()) this.strike(new Uint8Array(64));
  }

  strike(place) {
    const { plan } = this;
    const name = STRIKES[plan.get(FAULT)];
    plan.times[STRUCK_AT] = performance.timeOrigin + performance.now();
    this.isNonsense = name === 'answers nonsense';
    return FAULTS[name](place);
  }

  /**
   * Holds whoever adds a fee, and waits until somebody does; asleep, since on a busy machine that
   * needs this very core. @returns whether anybody did; if not, another step may be luckier
   */
  untilApplying() {
    const { plan } = this;
    const cell = this.arena.layout.cells.base + this.arena.find(0, this.coinbase) * CELL_BYTES;
    plan.put(LOCKED, 1);
    this.arena.bytes[cell + CELL_LOCK] |= 1;
    const endMs = performance.now() + APPLYING_WAIT_MS;
    while (performance.now() < endMs && !this.areOthersWaiting()) {
      if (Atomics.load(this.shared, words.HEAD) & words.HEAD_APPLYING) return true;
      Atomics.wait(plan.words, LOCKED, 1, LOOK_MS);
    }
    this.arena.bytes[cell + CELL_LOCK] &= ~1;
    plan.put(LOCKED, 0);
    plan.put(LEFT, 1);
    return false;
  }

  /** None of them will commit anything before this step is there. */
  areOthersWaiting() {
    const others = Array.from({ length: this.remembered(map.W_WORKERS) }, (_, index) => index + 1);
    return others.every((thread) => {
      const worker = this.worker + (thread - this.arena.thread) * map.WORKER_BYTES;
      const isUs = thread === this.arena.thread;
      return isUs || this.memory.getUint32(worker + map.W_STATE, true) === map.WAIT;
    });
  }

  remembered(field) {
    return this.memory.getUint32(this.worker + field, true);
  }
}

export function createEngine(arena, blockHash) {
  return new FaultyInterpreter(arena, blockHash);
}
