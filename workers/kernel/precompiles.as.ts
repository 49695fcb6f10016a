/**
 * Precompiles: IDENTITY is here; all others are a crossing to JavaScript (workers/precompiles.ts),
 * which reads the input where it lies and writes the output where return data goes.
 */
import { giveUp } from "./access.as";
import { setReturn } from "./memory.as";
import {
  ABORT_FAULT, ABORT_LATER, ABORT_WINDOW, M_RETURN, M_RETURN_LENGTH, MSG_INPUT, MSG_INPUT_LENGTH,
  MSG_MEMORY,
} from "./map";

const IDENTITY: u32 = 4;
const NO_WINDOW: f64 = -2;
const FAULT: f64 = -3;
const LATER: f64 = -4;

/**
 * Runs a precompile. @param low,end  where its output may lie; it ends at `end`
 * @returns gas used; -1 it failed; -2 the output does not fit; -3 it broke; -4 it answers later.
 *          The output's length is stored as u32 at `lengthAt`.
 */
@external("env", "precompile")
declare function precompile(
  number: u32, input: usize, length: u32, gas: f64, low: usize, end: usize, lengthAt: usize,
): f64;

/** @returns gas left, or below 0 where it failed */
export function runPrecompile(m: usize, number: u32, gas: i64): i64 {
  const input = <usize>load<u32>(m, MSG_INPUT);
  const length = load<u32>(m, MSG_INPUT_LENGTH);
  const low = load<u32>(m, MSG_MEMORY);
  const end = load<u32>(m, M_RETURN);
  if (number == IDENTITY) {
    gas -= 15 + 3 * ((<i64>length + 31) >> 5);
    if (gas < 0) return -1;
    if (length > end - low) return giveUp(m, ABORT_WINDOW);
    setReturn(m, input, length);
    return gas;
  }
  const used = precompile(number, input, length, <f64>gas, low, end, m + M_RETURN_LENGTH);
  if (used == NO_WINDOW) return giveUp(m, ABORT_WINDOW);
  if (used == FAULT) return giveUp(m, ABORT_FAULT);
  if (used == LATER) return giveUp(m, ABORT_LATER);
  if (used < 0) {
    store<u32>(m, 0, M_RETURN_LENGTH);
    return -1;
  }
  store<u32>(m, end - load<u32>(m, M_RETURN_LENGTH), M_RETURN);
  return gas - <i64>used;
}
