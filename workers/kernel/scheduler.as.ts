/**
 * A worker's part in a batch, as a machine whose every step is at most one atomic operation of the
 * protocol (protocol-map.ts), or one execution, or one commit. It takes some consecutive steps of
 * the batch, executes them against what is committed and pending now, publishes what came out of
 * them together, and commits its own in order once the head is there. An execution whose reads no
 * longer stand is repeated at the head, where nothing else writes; so the result is that of
 * sequential execution in the given order, for any number of workers. Where nothing lies between
 * the head and what it takes, it executes at the head at once and notes no reads: alone, a worker
 * does only that. When too much ahead of its turn turns out stale, all leave the work to one for a
 * while.
 */
import { H_CELL_COUNT, NO_CELL } from "../../state/kernel/map";
import { beginNotes } from "./scheduler-notes.as";
import { ACTIVE, COUNT, EPOCH, FAILURE, HEAD, WORKERS } from "../protocol-map";
import {
  advance, apply, beginApplying, decide, finish, giveUp, holdHead, holdStatus, judge, release,
  takeToken,
} from "./scheduler-commit.as";
import { COUNT_COMMIT_US, COUNT_EXECUTE_US, COUNT_PARKED_US } from "./scheduler-limits";
import {
  ADVANCE, APPLY, ASK, AWAIT_STEP, BEGIN, BEGIN_APPLYING, CHECK_EPOCH, CHECK_FAILURE, CLAIM_STEPS,
  DECIDE, EXECUTE, FINISH, GIVE_UP, HOLD_HEAD, HOLD_STATUS, JUDGE, LEAVE, LEFT, NEXT, PEEK_HEAD,
  PEEK_STATUS, PUBLISH, READ_CLAIMED, READ_LOADED, READ_SOLO, RELEASE, TAKE_TOKEN, TRY_DIRECT, WAIT,
  W_CELLS, W_CHUNK, W_COINBASE_CELL, W_COMMIT_MS, W_COUNT, W_EFFECTS, W_END, W_EPOCH, W_EXECUTE_MS,
  W_HAS_CALLED, W_IS_DIRECT, W_IS_IDLE, W_LOADED, W_NEXT, W_PARKED_MS, W_STATE, W_WORKERS,
} from "./scheduler-map";
import {
  awaitStep, claimSteps, execute, next, noPlace, peekHead, peekStatus, publish, readClaimed,
  readLoaded, readSolo, settle, tryDirect, wait,
} from "./scheduler-taking.as";
import { count, go, word } from "./scheduler-words.as";

/** Enters the batch that this epoch opened. */
export function enter(w: usize, epoch: u32): void {
  atomic.add<i32>(word(ACTIVE), 1);
  store<u32>(w, epoch, W_EPOCH);
  go(w, CHECK_EPOCH);
}

/** Only from here on may the driver look at the batch: before, it may have closed long ago. */
export function begun(w: usize): void {
  store<u32>(w, atomic.load<u32>(word(COUNT)), W_COUNT);
  store<u32>(w, atomic.load<u32>(word(WORKERS)), W_WORKERS);
  store<u32>(w, 0, W_NEXT);
  store<u32>(w, 0, W_LOADED);
  store<u32>(w, 0, W_END);
  store<u32>(w, 0, W_IS_DIRECT);
  store<u32>(w, 0, W_IS_IDLE);
  store<u32>(w, 0, W_HAS_CALLED);
  store<u32>(w, NO_CELL, W_COINBASE_CELL);
  store<u32>(w, cellsAtBeginning(), W_CELLS);
  store<u32>(w, max(load<u32>(w, W_CHUNK), 1), W_CHUNK);
  beginNotes(w);
  go(w, CHECK_FAILURE);
}

/** How many cells there were; NO_CELL where somebody has begun to change them. */
function cellsAtBeginning(): u32 {
  const cells = atomic.load<u32>(H_CELL_COUNT);
  return atomic.load<i32>(word(HEAD)) == 0 ? cells : NO_CELL;
}

/** The driver executed W_INDEX; its outcome record lies there and says what it read and writes. */
export function executed(w: usize, outcome: usize, bytes: u32): void {
  store<u32>(w, 0, W_EFFECTS);
  settle(w, outcome, outcome + <usize>bytes);
}

/** The driver could not: it must wait for its turn; and where this is its turn, all is over. */
export function unexecuted(w: usize): void {
  noPlace(w);
}

/** After a failure of the driver. Where it holds the token it keeps it: nobody is to commit. */
export function abandon(w: usize): void {
  go(w, LEAVE);
}

/** Steps until the driver is needed: the state is then LEFT, BEGIN or ASK. */
export function work(w: usize): u32 {
  while (true) {
    const state = load<u32>(w, W_STATE);
    if (state <= <u32>ASK) return state;
    step(w);
  }
}

/** One step; the state must be above ASK. */
export function step(w: usize): void {
  switch (load<u32>(w, W_STATE)) {
    case WAIT: return wait(w);
    case CHECK_EPOCH: return checkEpoch(w);
    case CHECK_FAILURE: return go(w, atomic.load<i32>(word(FAILURE)) == 0 ? PEEK_HEAD : LEAVE);
    case PEEK_HEAD: return peekHead(w);
    case PEEK_STATUS: return peekStatus(w);
    case READ_CLAIMED: return readClaimed(w);
    case READ_LOADED: return readLoaded(w);
    case READ_SOLO: return readSolo(w);
    case CLAIM_STEPS: return claimSteps(w);
    case TRY_DIRECT: return tryDirect(w);
    case NEXT: return next(w);
    case AWAIT_STEP: return awaitStep(w);
    case EXECUTE: return execute(w);
    case PUBLISH: return publish(w);
    case TAKE_TOKEN: return takeToken(w);
    case HOLD_HEAD: return holdHead(w);
    case HOLD_STATUS: return holdStatus(w);
    case JUDGE: return judge(w);
    case BEGIN_APPLYING: return beginApplying(w);
    case APPLY: return apply(w);
    case ADVANCE: return advance(w);
    case DECIDE: return decide(w);
    case FINISH: return finish(w);
    case RELEASE: return release(w);
    case GIVE_UP: return giveUp(w);
    case LEAVE: return leave(w);
    default: unreachable();
  }
}

/** Closed between the load and the entering: whoever closed it must not find us at work. */
function checkEpoch(w: usize): void {
  go(w, atomic.load<u32>(word(EPOCH)) == load<u32>(w, W_EPOCH) ? BEGIN : LEAVE);
}

/** Who came too late for a batch adds nothing: the next one's counters may be there already. */
function leave(w: usize): void {
  countTime(w, COUNT_PARKED_US, w + W_PARKED_MS);
  countTime(w, COUNT_COMMIT_US, w + W_COMMIT_MS);
  countTime(w, COUNT_EXECUTE_US, w + W_EXECUTE_MS);
  atomic.sub<i32>(word(ACTIVE), 1);
  atomic.notify(word(ACTIVE));
  go(w, LEFT);
}

/** Once: the time begins again with 0. */
function countTime(w: usize, counter: i32, ms: usize): void {
  count(w, counter, <i32>(load<f64>(ms) * 1000));
  store<f64>(ms, 0);
}
