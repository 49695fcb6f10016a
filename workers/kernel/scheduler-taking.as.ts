/** Taking steps of a batch, executing them, and waiting where there are none (scheduler.as.ts). */
import { barrier } from "../../state/kernel/cells.as";
import { enterLane } from "./scheduler-lanes.as";
import { beginPace } from "./scheduler-pace.as";
import { keepNotes, placeNotes } from "./scheduler-notes.as";
import {
  CLAIM, DEFERRED, EFFECTS, EPOCH, EXECUTED, FAILED_OUTCOME_FULL, FAILURE, HEAD, KIND,
  KIND_CREDITS, KIND_TRANSACTION, LOADED, OUTCOME, OWNER, RECORD, SOLO, STATUS, TOKEN, WAITERS,
} from "../protocol-map";
import { publishEffects } from "./commit-effects.as";
import { M_EFFECTS } from "./map";
import { R_DATA } from "./record-map";
import {
  CALLS, CHUNK_MAX, CHUNK_MS, COUNT_AT_HEAD, COUNT_CHUNKS, COUNT_EXECUTIONS, COUNT_PARKS,
  LEARN_DIVISOR, PARK_NS, SPIN_MS,
} from "./scheduler-limits";
import {
  ASK, AWAIT_STEP, BEGIN_APPLYING, CHECK_FAILURE, CLAIM_STEPS, DECIDE, EXECUTE, LEAVE, NEXT,
  PEEK_STATUS, PUBLISH, READ_CLAIMED, READ_LOADED, READ_SOLO, TAKE_TOKEN, TRY_DIRECT, WAIT, W_CHUNK,
  W_CLAIMED, W_COUNT, W_EFFECTS, W_END, W_EPOCH, W_EXECUTE_MS, W_FIRST, W_HAS_CALLED, W_HEAD,
  W_HEAD_STATUS, W_INDEX, W_IS_DIRECT, W_IS_HEAD, W_IS_IDLE, W_LOADED, W_MACHINE, W_NEXT, W_OUTCOME,
  W_OUT_BASE, W_OUT_END, W_OUT_NEXT, W_PARKED_MS, W_SCRATCH, W_SINCE_MS, W_SOLO, W_STEP_MS, W_TAKEN,
  W_THREAD, W_WORKERS,
} from "./scheduler-map";
import {
  clock, count, epochTag, field, go, headOf, isOwn, isReady, wakeAll, word,
} from "./scheduler-words.as";

/**
 * The engine in the kernel (transaction.as.ts). @returns bytes written, NO_ROOM, or what only
 * JavaScript can go on with; what it read and writes is at M_EFFECTS
 */
@external("env", "run")
declare function run(
  m: usize, record: usize, out: usize, end: usize, epoch: u32, step: u32,
): i32;

const NO_ROOM: i32 = -1;

const OUTCOME_ALIGNMENT: usize = 64;

export function peekHead(w: usize): void {
  const head = headOf(atomic.load<i32>(word(HEAD)));
  store<u32>(w, head, W_HEAD);
  store<u32>(w, 0, W_IS_IDLE);
  go(w, head < load<u32>(w, W_COUNT) ? PEEK_STATUS : LEAVE);
}

/** What somebody else has executed is theirs to commit, unless there is nothing else to do. */
export function peekStatus(w: usize): void {
  go(w, isReady(w) && isOwn(w) ? TAKE_TOKEN : READ_CLAIMED);
}

export function readClaimed(w: usize): void {
  const claimed = atomic.load<u32>(word(CLAIM));
  store<u32>(w, claimed, W_CLAIMED);
  const loaded = load<u32>(w, W_LOADED), count_ = load<u32>(w, W_COUNT);
  const isKnown = loaded == count_ || load<u32>(w, W_HAS_CALLED) != 0;
  if (claimed < loaded && isKnown) go(w, READ_SOLO);
  else if (claimed < count_) go(w, READ_LOADED);
  else idle(w);
}

export function readLoaded(w: usize): void {
  const loaded = atomic.load<u32>(word(LOADED));
  store<u32>(w, loaded, W_LOADED);
  if (load<u32>(w, W_CLAIMED) < loaded) go(w, READ_SOLO);
  else idle(w);
}

/** How far execution runs ahead of the head: farther only reads staler cells. */
export function readSolo(w: usize): void {
  const solo = atomic.load<u32>(word(SOLO));
  store<u32>(w, solo, W_SOLO);
  if (isOthers(w, solo)) return go(w, WAIT);
  const ahead = load<u32>(w, W_CLAIMED) - load<u32>(w, W_HEAD);
  const window: u32 = (4 * load<u32>(w, W_WORKERS) + 4) * load<u32>(w, W_CHUNK);
  if (ahead == 0 || (solo == 0 && ahead < window)) go(w, CLAIM_STEPS);
  else idle(w);
}

/** Does another worker go on alone? @param solo  what the word SOLO said */
@inline
function isOthers(w: usize, solo: u32): bool {
  return solo != 0 && solo != load<u32>(w, W_THREAD) + 1;
}

/** Nothing to take: commit for another, or wait. */
function idle(w: usize): void {
  store<u32>(w, 1, W_IS_IDLE);
  const status = load<u32>(w, W_HEAD_STATUS);
  go(w, status == EXECUTED || status == DEFERRED ? TAKE_TOKEN : WAIT);
}

export function claimSteps(w: usize): void {
  const size = chunk(w);
  const start = atomic.add<u32>(word(CLAIM), size);
  const count_ = load<u32>(w, W_COUNT);
  if (start >= count_) return go(w, CHECK_FAILURE);
  count(w, COUNT_CHUNKS, 1);
  store<u32>(w, start, W_NEXT);
  store<u32>(w, start, W_FIRST);
  store<u32>(w, min(start + size, count_), W_END);
  store<u32>(w, min(size, count_ - start), W_TAKEN);
  store<f64>(w, clock(), W_SINCE_MS);
  if (load<u32>(w, W_WORKERS) > 1) touchSteps(w, start);
  if (!load<u32>(w, W_SOLO) && load<u32>(w, W_LOADED) == count_) callOthers(w);
  go(w, start == load<u32>(w, W_HEAD) ? TRY_DIRECT : NEXT);
}

/**
 * The coordinator's core has these lines, those of the first two arguments of a call among them:
 * loaded side by side they take a fraction of the time. The sum is for nobody.
 */
@inline
function touchSteps(w: usize, start: u32): void {
  const end = min(load<u32>(w, W_END), load<u32>(w, W_LOADED));
  let sum: u32 = 0;
  for (let index = start; index < end; index++) {
    const record = <usize>load<u32>(field(index, RECORD));
    sum += load<u32>(record) + load<u32>(record, 64) + load<u32>(record, 128)
      + load<u32>(record, 192);
    if (load<u32>(record, R_DATA + 4) != 0) sum += load<u32>(record, 256) + load<u32>(record, 320);
  }
  store<u32>(w, sum, W_SCRATCH);
}

/** The coordinator has loaded all, and leaves its core to one of them. */
function callOthers(w: usize): void {
  if (load<u32>(w, W_HAS_CALLED) != 0) return;
  store<u32>(w, 1, W_HAS_CALLED);
  atomic.notify(word(EPOCH), CALLS);
}

/** About CHUNK_MS of work, less near the end, so that all end at the same time. */
function chunk(w: usize): u32 {
  const stepMs = load<f64>(w, W_STEP_MS);
  const wanted: f64 = stepMs > 0 ? min<f64>(CHUNK_MS / stepMs, CHUNK_MAX) : 1;
  const size = max<u32>(<u32>wanted, 1);
  store<u32>(w, size, W_CHUNK);
  const loaded = load<u32>(w, W_LOADED) - load<u32>(w, W_CLAIMED);
  if (load<u32>(w, W_SOLO)) return min(size, loaded);
  const left = load<u32>(w, W_COUNT) - load<u32>(w, W_CLAIMED);
  return max(min(min(size, loaded), left / (2 * load<u32>(w, W_WORKERS))), 1);
}

export function tryDirect(w: usize): void {
  if (atomic.cmpxchg<i32>(word(TOKEN), 0, 1) == 0) {
    store<u32>(w, 1, W_IS_DIRECT);
    if (load<u32>(w, W_NEXT) == 0) beginPace();
    count(w, COUNT_AT_HEAD, load<u32>(w, W_END) - load<u32>(w, W_NEXT));
  }
  go(w, NEXT);
}

/** The next of the steps that it has taken. */
export function next(w: usize): void {
  const index = load<u32>(w, W_NEXT);
  const isDirect = load<u32>(w, W_IS_DIRECT);
  if (index == load<u32>(w, W_END)) {
    learn(w);
    return go(w, isDirect ? DECIDE : PUBLISH);
  }
  if (index >= load<u32>(w, W_LOADED)) return go(w, AWAIT_STEP);
  store<u32>(w, index + 1, W_NEXT);
  store<u32>(w, index, W_INDEX);
  store<u32>(w, isDirect, W_IS_HEAD);
  const kind = load<u32>(field(index, KIND));
  if (isDirect) store<u32>(w, index, W_HEAD);
  const isTogether = load<u32>(w, W_WORKERS) > 1 && !load<u32>(w, W_SOLO);
  if (kind == KIND_TRANSACTION && isTogether && enterLane(w, index) && !isDirect) return defer(w);
  if (kind == KIND_TRANSACTION || (isDirect && kind != KIND_CREDITS)) return go(w, EXECUTE);
  if (isDirect) return go(w, BEGIN_APPLYING);
  defer(w);
}

/** Until the next step is loaded: another took what there was in the same moment. */
export function awaitStep(w: usize): void {
  const index = load<u32>(w, W_NEXT);
  let loaded: u32 = 0;
  const end = clock() + SPIN_MS;
  do {
    loaded = atomic.load<u32>(word(LOADED));
    if (index >= loaded) continue;
    store<u32>(w, loaded, W_LOADED);
    return go(w, NEXT);
  } while (clock() < end);
  if (atomic.load<i32>(word(FAILURE)) != 0) return go(w, LEAVE);
  atomic.add<i32>(word(WAITERS), 1);
  sleep(w, LOADED, <i32>loaded);
  atomic.sub<i32>(word(WAITERS), 1);
}

/** How long a step takes, lately: those that were left for the head took nothing. */
function learn(w: usize): void {
  const passedMs = clock() - load<f64>(w, W_SINCE_MS);
  store<f64>(w, load<f64>(w, W_EXECUTE_MS) + passedMs, W_EXECUTE_MS);
  if (load<u32>(w, W_TAKEN) == 0) return;
  const stepMs = passedMs / load<u32>(w, W_TAKEN);
  const before = load<f64>(w, W_STEP_MS);
  store<f64>(w, before > 0 ? before + (stepMs - before) / LEARN_DIVISOR : stepMs, W_STEP_MS);
}

function defer(w: usize): void {
  store<u32>(w, load<u32>(w, W_TAKEN) - 1, W_TAKEN);
  store<u32>(w, 0, W_OUTCOME);
  store<u32>(w, 0, W_EFFECTS);
  keep(w);
}

export function execute(w: usize): void {
  const index = load<u32>(w, W_INDEX);
  if (load<u32>(field(index, KIND)) == KIND_TRANSACTION) count(w, COUNT_EXECUTIONS, 1);
  const m = <usize>load<u32>(w, W_MACHINE);
  if (m == 0 || load<u32>(field(index, KIND)) != KIND_TRANSACTION) return go(w, ASK);
  const out = <usize>load<u32>(w, W_OUT_NEXT);
  const epoch = load<u32>(w, W_IS_HEAD) ? 0 : load<u32>(w, W_EPOCH);
  const record = <usize>load<u32>(field(index, RECORD));
  placeNotes(w, m);
  const bytes = run(m, record, out, <usize>load<u32>(w, W_OUT_END), epoch, index);
  if (bytes > 0) {
    store<u32>(w, load<u32>(m, M_EFFECTS), W_EFFECTS);
    keepNotes(w, m);
    settle(w, out, out + <usize>bytes);
  } else if (bytes == NO_ROOM) noPlace(w);
  else go(w, ASK);
}

export function noPlace(w: usize): void {
  if (!load<u32>(w, W_IS_HEAD)) return defer(w);
  atomic.cmpxchg<i32>(word(FAILURE), 0, FAILED_OUTCOME_FULL);
  wakeAll();
  go(w, LEAVE);
}

export function settle(w: usize, outcome: usize, end: usize): void {
  const isOnlyStep = load<u32>(w, W_COUNT) == 1;
  const after = (end + OUTCOME_ALIGNMENT - 1) & ~(OUTCOME_ALIGNMENT - 1);
  store<u32>(w, isOnlyStep ? load<u32>(w, W_OUT_BASE) : <u32>after, W_OUT_NEXT);
  store<u32>(w, <u32>outcome, W_OUTCOME);
  if (!load<u32>(w, W_IS_HEAD)) {
    const effects = <usize>load<u32>(w, W_EFFECTS);
    if (effects != 0) publishEffects(effects, load<u32>(w, W_EPOCH));
    return keep(w);
  }
  store<u32>(field(load<u32>(w, W_INDEX), OUTCOME), <u32>outcome);
  go(w, BEGIN_APPLYING);
}

/** Says in the step's line what came of it; nobody reads it before it is published. */
function keep(w: usize): void {
  const index = load<u32>(w, W_INDEX);
  store<u32>(field(index, OUTCOME), load<u32>(w, W_OUTCOME));
  store<u32>(field(index, EFFECTS), load<u32>(w, W_EFFECTS));
  store<u32>(field(index, OWNER), load<u32>(w, W_THREAD));
  go(w, NEXT);
}

/**
 * Makes all that it has taken visible: one barrier, which waits for the lines of the outcomes, then
 * the statuses. The first step's comes last: until then others see none that is at the head.
 */
export function publish(w: usize): void {
  const tag = epochTag(w), first = load<u32>(w, W_FIRST);
  barrier(w + W_SCRATCH);
  for (let index = load<u32>(w, W_END); index > first; index--) {
    const isDeferred = load<u32>(field(index - 1, OUTCOME)) == 0;
    store<u32>(field(index - 1, STATUS), tag + (isDeferred ? DEFERRED : EXECUTED));
  }
  go(w, CHECK_FAILURE);
}

/** Until the head moves, or what is at the head is ready; it is looked at again in any case. */
export function wait(w: usize): void {
  waitForHead(w);
  go(w, CHECK_FAILURE);
}

function waitForHead(w: usize): void {
  const solo = load<u32>(w, W_SOLO);
  if (isOthers(w, solo)) return sleep(w, SOLO, <i32>solo);
  const seen = load<u32>(w, W_HEAD);
  const loaded = load<u32>(w, W_LOADED), claimed = load<u32>(w, W_CLAIMED);
  const isStarved = claimed >= loaded && claimed < load<u32>(w, W_COUNT);
  const end = clock() + SPIN_MS;
  do {
    if (headOf(atomic.load<i32>(word(HEAD))) != seen) return;
    if (isReady(w) && atomic.load<i32>(word(TOKEN)) == 0) return;
    if (isStarved && atomic.load<u32>(word(LOADED)) != loaded) return;
  } while (clock() < end);
  atomic.add<i32>(word(WAITERS), 1);
  const word_ = atomic.load<i32>(word(HEAD));
  if (headOf(word_) == seen) sleep(w, HEAD, word_);
  atomic.sub<i32>(word(WAITERS), 1);
}

/** While one works alone the others do not even look at the head: its line is the one's own. */
function sleep(w: usize, index: i32, seen: i32): void {
  const since = clock();
  count(w, COUNT_PARKS, 1);
  atomic.wait<i32>(word(index), seen, PARK_NS);
  store<f64>(w, load<f64>(w, W_PARKED_MS) + clock() - since, W_PARKED_MS);
}
