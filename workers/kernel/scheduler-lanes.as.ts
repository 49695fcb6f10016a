/**
 * Lanes: steps that call the same function of the same contract. Where these turned out stale more
 * often than not, they most likely write the same cells, as swaps in one pool do. A step of such a
 * hot lane is executed ahead of its turn only if the step before it in the lane has been; else it
 * is left for the head. So nothing is executed in vain, while other steps flow round the lane. All
 * of this is guessing: nothing but time depends on it, so lanes that share a line, and a word that
 * two workers write, need no care.
 */
import { CONTROL_BASE } from "../../state/kernel/map";
import {
  EXECUTED, HEAD, KIND, KIND_TRANSACTION, LANES, LANES_AT, LANE_BYTES, OUTCOME, RECORD, STATUS,
} from "../protocol-map";
import { R_DATA, R_TO } from "./record-map";
import { HEAT_MAX, HEAT_SHIFT, HOT, HOT_SHIFT } from "./scheduler-limits";
import { W_EPOCH, W_FIRST } from "./scheduler-map";
import { epochTag, field, headOf, word } from "./scheduler-words.as";

/** Odd, from the golden ratio: spreads what differs anywhere over the top bits. */
const SPREAD: u64 = 0x9e3779b97f4a7c15;
const LANE_BITS: u64 = 10;
/** In a line: the heat; the last step, below its batch. */
const LAST: usize = 4;

@inline
function laneOf(step: u32): usize {
  const record = <usize>load<u32>(field(step, RECORD));
  const to = record + R_TO;
  let key = load<u64>(to) ^ load<u64>(to, 12);
  if (load<u32>(record, R_DATA + 4) >= 4) {
    key ^= <u64>load<u32>(record + <usize>load<u32>(record, R_DATA)) << 16;
  }
  const line = <usize>((key * SPREAD) >> (64 - LANE_BITS)) & (LANES - 1);
  return <usize>CONTROL_BASE + LANES_AT + line * LANE_BYTES;
}

/** Notes that the step is about to run. @returns true where it should be left for the head */
export function enterLane(w: usize, step: u32): bool {
  const lane = laneOf(step);
  if (load<u32>(lane) <= <u32>HOT) return false;
  const batch = load<u32>(w, W_EPOCH) << 16;
  const word_ = atomic.load<u32>(lane, LAST);
  atomic.store<u32>(lane, batch | (step + 1), LAST);
  const last = (word_ & 0xffff) - 1;
  if ((word_ & 0xffff0000) != batch || last >= step) return false;
  if (last < headOf(atomic.load<i32>(word(HEAD)))) return false;
  // One of its own is published with this one.
  if (last >= load<u32>(w, W_FIRST)) return load<u32>(field(last, OUTCOME)) == 0;
  return <u32>atomic.load<i32>(field(last, STATUS)) - epochTag(w) != EXECUTED;
}

@inline
function shiftOf(heat: u32): u32 {
  return heat > <u32>HOT ? HOT_SHIFT : HEAT_SHIFT;
}

/** Learns from a step that was judged; `isStale` also stands for nothing where it was left. */
export function learnLane(step: u32, isStale: bool): void {
  if (load<u32>(field(step, KIND)) != KIND_TRANSACTION) return;
  const lane = laneOf(step);
  const heat = load<u32>(lane);
  if (isStale) store<u32>(lane, heat + ((HEAT_MAX - heat) >> HEAT_SHIFT));
  // Down to nothing, and then the line is left to those who look at it.
  else if (heat != 0) store<u32>(lane, heat - max(heat >> shiftOf(heat), 1));
}
