/** Committing what was executed, in order, by whoever holds the token (scheduler.as.ts). */
import { learnLane } from "./scheduler-lanes.as";
import { CONTROL_BASE, FULL_UNDO, H_CELL_COUNT } from "../../state/kernel/map";
import {
  DEFERRED, EFFECTS, FAILED_ARENA_FULL, FAILED_UNDO_FULL, FAILURE, HEAD, HEAD_APPLYING, HEAD_SHIFT,
  JUDGED, KIND, KIND_CREDITS, KIND_TRANSACTION, OUTCOME, RECORD, SEQUENCE_AT, STALE, TOKEN, WAITERS,
} from "../protocol-map";
import { applyCredits, applyOutcome, staleRead } from "./commit.as";
import { applyEffects, staleEffect, unlockEffects } from "./commit-effects.as";
import { decidePace, notePace, pausePace } from "./scheduler-pace.as";
import { O_GAS, O_STATUS, STATUS_NEEDS_HEAD, STATUS_OK } from "./record-map";
import { ABORTS_AT_HEAD, ABORTS_DEFERRED, COUNT_STOLEN, JUDGED_MIN } from "./scheduler-limits";
import {
  ADVANCE, APPLY, BEGIN_APPLYING, CHECK_FAILURE, DECIDE, EXECUTE, FINISH, GIVE_UP, HOLD_HEAD,
  HOLD_STATUS, JUDGE, LEAVE, NEXT, READ_CLAIMED, RELEASE, WAIT, W_CELLS, W_COINBASE, W_COMMIT_MS,
  W_COUNT, W_EFFECTS, W_HEAD, W_HEAD_STATUS, W_INDEX, W_IS_DIRECT, W_IS_HEAD, W_IS_IDLE, W_OUTCOME,
  W_REFUSAL, W_SCRATCH, W_SINCE_MS, W_WORKERS,
} from "./scheduler-map";
import {
  clock, count, field, go, headOf, isOwn, isReady, wakeAll, word,
} from "./scheduler-words.as";

/** Taken: its holder looks again after releasing it, and sees what we have published. */
export function takeToken(w: usize): void {
  const isTaken = atomic.cmpxchg<i32>(word(TOKEN), 0, 1) == 0;
  if (isTaken) store<f64>(w, clock(), W_SINCE_MS);
  go(w, isTaken ? HOLD_HEAD : load<u32>(w, W_IS_IDLE) ? WAIT : READ_CLAIMED);
}

export function holdHead(w: usize): void {
  const head = headOf(atomic.load<i32>(word(HEAD)));
  store<u32>(w, head, W_HEAD);
  go(w, head < load<u32>(w, W_COUNT) ? HOLD_STATUS : DECIDE);
}

export function holdStatus(w: usize): void {
  const isMine = isReady(w) && (load<u32>(w, W_IS_IDLE) != 0 || isOwn(w));
  go(w, isMine ? JUDGE : DECIDE);
}

/** Does what was executed ahead of its turn stand? Only we write now. */
export function judge(w: usize): void {
  const index = load<u32>(w, W_HEAD);
  store<u32>(w, index, W_INDEX);
  store<u32>(w, load<u32>(field(index, OUTCOME)), W_OUTCOME);
  store<u32>(w, load<u32>(field(index, EFFECTS)), W_EFFECTS);
  if (!isOwn(w)) count(w, COUNT_STOLEN, 1);
  const kind = load<u32>(field(index, KIND));
  if (kind == KIND_CREDITS) return go(w, BEGIN_APPLYING);
  const abort = abortCause(w);
  learn(w, index, abort);
  if (abort < 0) return go(w, BEGIN_APPLYING);
  store<u32>(w, 1, W_IS_HEAD);
  go(w, EXECUTE);
}

/** What was left for the head was not done in vain, but it was not done together either. */
@inline
function learn(w: usize, index: u32, abort: i32): void {
  if (load<u32>(field(index, KIND)) != KIND_TRANSACTION) return;
  learnLane(index, abort >= 0 && abort != ABORTS_DEFERRED);
  store<u32>(word(JUDGED), load<u32>(word(JUDGED)) + 1);
  if (abort < 0) return;
  store<u32>(word(STALE), load<u32>(word(STALE)) + 1);
  count(w, abort, 1);
}

/** Index of a counter, or -1 where it stands. */
function abortCause(w: usize): i32 {
  if (load<u32>(w, W_HEAD_STATUS) == DEFERRED) return ABORTS_DEFERRED;
  const outcome = <usize>load<u32>(w, W_OUTCOME);
  if (load<u8>(outcome, O_STATUS) == STATUS_NEEDS_HEAD) return ABORTS_AT_HEAD;
  const effects = <usize>load<u32>(w, W_EFFECTS);
  if (effects == 0) return staleRead(outcome, w + W_SCRATCH);
  const isComplete = load<u32>(H_CELL_COUNT) == load<u32>(w, W_CELLS);
  return staleEffect(effects, isComplete, w + W_SCRATCH);
}

/** Refused: the threads are about to be ended. The token stays taken, nobody is to commit. */
export function beginApplying(w: usize): void {
  const word_ = <i32>(load<u32>(w, W_HEAD) << HEAD_SHIFT);
  const seen = atomic.cmpxchg<i32>(word(HEAD), word_, word_ | HEAD_APPLYING);
  go(w, seen == word_ ? APPLY : LEAVE);
}

/** A step that is not included changes nothing and takes no sequence. */
export function apply(w: usize): void {
  const index = load<u32>(w, W_HEAD);
  const isCredits = load<u32>(field(index, KIND)) == KIND_CREDITS;
  const outcome = <usize>load<u32>(w, W_OUTCOME);
  let status: i32 = 0;
  if (isCredits || <i32>load<u8>(outcome, O_STATUS) <= STATUS_OK) {
    const at = <usize>CONTROL_BASE + SEQUENCE_AT;
    const sequence = load<f64>(at);
    store<f64>(at, sequence + 1);
    notePace(isCredits ? 0 : load<u64>(outcome, O_GAS));
    status = isCredits
      ? applyCredits(<usize>load<u32>(field(index, RECORD)), sequence, w + W_SCRATCH)
      : applyExecuted(w, outcome, sequence);
  }
  if (status == 0) return go(w, ADVANCE);
  store<i32>(w, status, W_REFUSAL);
  go(w, GIVE_UP);
}

@inline
function applyExecuted(w: usize, outcome: usize, sequence: f64): i32 {
  const effects = <usize>load<u32>(w, W_EFFECTS);
  const coinbase = w + W_COINBASE, scratch = w + W_SCRATCH;
  if (effects != 0) return applyEffects(effects, coinbase, <u64>sequence, scratch);
  return applyOutcome(outcome, coinbase, sequence, scratch);
}

/** The step at the head is committed: one addition ends applying too. */
export function advance(w: usize): void {
  const added: i32 = (1 << HEAD_SHIFT) - HEAD_APPLYING;
  const head = load<u32>(w, W_HEAD) + 1;
  atomic.add<i32>(word(HEAD), added);
  store<u32>(w, head, W_HEAD);
  if (head == load<u32>(w, W_COUNT)) return go(w, FINISH);
  if (load<u32>(w, W_IS_DIRECT)) return go(w, NEXT);
  // Or one who commits what is left for the head would go on and on before anybody decides.
  go(w, load<u32>(word(JUDGED)) < <u32>JUDGED_MIN ? HOLD_STATUS : DECIDE);
}

/** The holder decides, before it releases the token, whether to go on together. */
export function decide(w: usize): void {
  if (load<u32>(w, W_WORKERS) > 1) decidePace(w);
  go(w, RELEASE);
}

export function finish(w: usize): void {
  pausePace();
  wakeAll();
  go(w, DECIDE);
}

/** Whoever waits is woken here and not at each step: there is something to take, or to commit. */
export function release(w: usize): void {
  if (!load<u32>(w, W_IS_DIRECT)) {
    store<f64>(w, load<f64>(w, W_COMMIT_MS) + clock() - load<f64>(w, W_SINCE_MS), W_COMMIT_MS);
  }
  store<u32>(w, 0, W_IS_DIRECT);
  atomic.store<i32>(word(TOKEN), 0);
  if (atomic.load<i32>(word(WAITERS)) > 0) atomic.notify(word(HEAD));
  go(w, CHECK_FAILURE);
}

/** No line was free for a cell that was to be written: applying it has ended in the middle. */
export function breakOff(w: usize): void {
  const effects = <usize>load<u32>(w, W_EFFECTS);
  if (effects != 0) unlockEffects(effects, w + W_COINBASE);
  go(w, GIVE_UP);
}

/** The arena is full. What was changed before is rolled back by the coordinator. */
export function giveUp(w: usize): void {
  const failure = load<i32>(w, W_REFUSAL) == FULL_UNDO ? FAILED_UNDO_FULL : FAILED_ARENA_FULL;
  atomic.and<i32>(word(HEAD), ~HEAD_APPLYING);
  atomic.cmpxchg<i32>(word(FAILURE), 0, failure);
  wakeAll();
  go(w, LEAVE);
}
