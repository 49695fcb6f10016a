/**
 * Together or alone: decided by what each took lately, in milliseconds per gas, for nothing else
 * says whether another worker gains more than notes, judging and cold cache lines cost. One way
 * goes on for a term, then the other is tried for a short while; each trial in vain doubles the
 * term. Where too many executions ahead of their turn are in vain, working together ends at once.
 * Only the token's holder is here, so nothing is atomic but SOLO itself, and nothing but time
 * depends on any of it.
 */
import {
  JUDGED, PACE_BEFORE, PACE_GAS, PACE_LEFT, PACE_PHASE, PACE_SINCE, PACE_SPENT, PACE_TERM, SOLO,
  STALE,
} from "../protocol-map";
import {
  JUDGED_MIN, SETTLING_MS, SETTLING_STEPS, STALE_SHARE, TERM_MAX, TERM_MIN, TOGETHER_GAIN,
  TRIAL_STEPS,
} from "./scheduler-limits";
import { W_COUNT, W_LOADED, W_THREAD } from "./scheduler-map";
import { clock, word } from "./scheduler-words.as";

/** Of PACE_SINCE: nothing counts. */
const PAUSED: f64 = 0;
/** Phases. While others wake up for a trial it does not count. */
const TERM: u32 = 0;
const SETTLING: u32 = 1;
const TRIAL: u32 = 2;

/**
 * The first step of a batch is about to run. What follows does not count as long as the coordinator
 * loads, on a core that is theirs afterwards: one of them would seem as fast as all.
 */
export function beginPace(): void {
  store<f64>(word(PACE_SINCE), PAUSED);
}

/** A step that took so much gas is committed. */
@inline
export function notePace(gas: u64): void {
  if (load<f64>(word(PACE_SINCE)) == PAUSED) return;
  store<f64>(word(PACE_GAS), load<f64>(word(PACE_GAS)) + <f64>gas);
  store<i32>(word(PACE_LEFT), load<i32>(word(PACE_LEFT)) - 1);
}

/** Until now it counts. */
export function pausePace(): void {
  if (load<f64>(word(PACE_SINCE)) == PAUSED) return;
  store<f64>(word(PACE_SPENT), spentUntil(clock()));
  store<f64>(word(PACE_SINCE), PAUSED);
}

@inline
function spentUntil(now: f64): f64 {
  return load<f64>(word(PACE_SPENT)) + now - load<f64>(word(PACE_SINCE));
}

/** Decides, where it is time to, whether to go on together or alone. */
export function decidePace(w: usize): void {
  const isAlone = atomic.load<i32>(word(SOLO)) != 0;
  const phase = load<u32>(word(PACE_PHASE));
  const left = load<i32>(word(PACE_LEFT));
  if (!isAlone && isStale()) {
    beginTerm(phase != TERM);
    return goOn(w, isAlone, true);
  }
  if (load<u32>(w, W_LOADED) != load<u32>(w, W_COUNT)) return;
  if (load<f64>(word(PACE_SINCE)) == PAUSED) store<f64>(word(PACE_SINCE), clock());
  const spent = spentUntil(clock());
  if (phase == SETTLING) {
    if (left <= 0 && spent >= SETTLING_MS) begin(TRIAL, TRIAL_STEPS);
    return;
  }
  if (left > 0 || load<f64>(word(PACE_GAS)) == 0) return;
  const pace = spent / load<f64>(word(PACE_GAS));
  if (phase == TERM) {
    store<f64>(word(PACE_BEFORE), pace);
    begin(SETTLING, SETTLING_STEPS);
    return goOn(w, isAlone, !isAlone);
  }
  const before = load<f64>(word(PACE_BEFORE));
  const isAloneBetter = isAlone ? pace < before * TOGETHER_GAIN : before < pace * TOGETHER_GAIN;
  beginTerm(isAloneBetter != isAlone);
  goOn(w, isAlone, isAloneBetter);
}

/** Was too much of what was judged lately executed in vain, or left for the head? */
function isStale(): bool {
  const judged = load<u32>(word(JUDGED));
  if (judged < <u32>JUDGED_MIN) return false;
  const stale = load<u32>(word(STALE));
  forget();
  return stale * 100 > judged * <u32>STALE_SHARE;
}

function forget(): void {
  store<u32>(word(JUDGED), 0);
  store<u32>(word(STALE), 0);
}

/** @param isInVain  after a trial that has shown nothing better */
function beginTerm(isInVain: bool): void {
  const term = isInVain ? min(2 * load<i32>(word(PACE_TERM)), TERM_MAX) : TERM_MIN;
  store<i32>(word(PACE_TERM), term);
  begin(TERM, term);
}

function begin(phase: u32, steps: i32): void {
  store<u32>(word(PACE_PHASE), phase);
  store<i32>(word(PACE_LEFT), steps);
  store<f64>(word(PACE_GAS), 0);
  store<f64>(word(PACE_SPENT), 0);
  if (load<f64>(word(PACE_SINCE)) != PAUSED) store<f64>(word(PACE_SINCE), clock());
  forget();
}

function goOn(w: usize, isAlone: bool, isAloneNext: bool): void {
  if (isAlone == isAloneNext) return;
  atomic.store<i32>(word(SOLO), isAloneNext ? load<u32>(w, W_THREAD) + 1 : 0);
  if (isAlone) atomic.notify(word(SOLO));
}
