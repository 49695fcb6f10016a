/**
 * Precompiles: those that are cheap a byte or a round are here (IDENTITY, MODEXP, BLAKE2F); the
 * others are a crossing to JavaScript (workers/precompiles.ts), which reads the input where it lies
 * and writes the output where return data goes.
 */
import { giveUp } from "./access.as";
import {
  BLAKE2_OUTPUT_BYTES, BLAKE2_SCRATCH_BYTES, blake2Compress, blake2Rounds, isBlake2Input,
} from "./blake2.as";
import { setReturn } from "./memory.as";
import { MODEXP_CALL_BYTES, modexpRoom, parseModexp, runModexp } from "./modexp.as";
import {
  ABORT_FAULT, ABORT_WINDOW, M_FORK, M_RETURN, M_RETURN_LENGTH, MSG_INPUT, MSG_INPUT_LENGTH,
  MSG_MEMORY,
} from "./map";

const IDENTITY: u32 = 4;
const MODEXP: u32 = 5;
const BLAKE2F: u32 = 9;
const NO_WINDOW: f64 = -2;
const FAULT: f64 = -3;

/**
 * Runs a precompile. @param low,end  where its output may lie; it ends at `end`
 * @returns gas used; -1 it failed; -2 the output does not fit; -3 it broke.
 *          The output's length is stored as u32 at `lengthAt`.
 */
@external("env", "precompile")
declare function precompile(
  number: u32, input: usize, length: u32, gas: f64, low: usize, end: usize, lengthAt: usize,
): f64;

/** @returns gas left, or below 0 where it failed */
export function runPrecompile(m: usize, number: u32, gas: i64): i64 {
  if (number == IDENTITY) return identity(m, gas);
  if (number == MODEXP) return modexp(m, gas);
  if (number == BLAKE2F) return blake2f(m, gas);
  const input = <usize>load<u32>(m, MSG_INPUT);
  const length = load<u32>(m, MSG_INPUT_LENGTH);
  const low = load<u32>(m, MSG_MEMORY);
  const end = load<u32>(m, M_RETURN);
  const used = precompile(number, input, length, <f64>gas, low, end, m + M_RETURN_LENGTH);
  if (used == NO_WINDOW) return giveUp(m, ABORT_WINDOW);
  if (used == FAULT) return giveUp(m, ABORT_FAULT);
  if (used < 0) return fail(m);
  store<u32>(m, end - load<u32>(m, M_RETURN_LENGTH), M_RETURN);
  return gas - <i64>used;
}

function fail(m: usize): i64 {
  store<u32>(m, 0, M_RETURN_LENGTH);
  return -1;
}

function identity(m: usize, gas: i64): i64 {
  const length = load<u32>(m, MSG_INPUT_LENGTH);
  gas -= 15 + 3 * ((<i64>length + 31) >> 5);
  if (gas < 0) return -1;
  if (length > load<u32>(m, M_RETURN) - load<u32>(m, MSG_MEMORY)) return giveUp(m, ABORT_WINDOW);
  setReturn(m, <usize>load<u32>(m, MSG_INPUT), length);
  return gas;
}

/** This and MODEXP compute in the memory that the next frame would have. */
function blake2f(m: usize, gas: i64): i64 {
  const input = <usize>load<u32>(m, MSG_INPUT), end = load<u32>(m, M_RETURN);
  if (!isBlake2Input(input, load<u32>(m, MSG_INPUT_LENGTH))) return fail(m);
  gas -= <i64>blake2Rounds(input);
  if (gas < 0) return fail(m);
  const low = load<u32>(m, MSG_MEMORY);
  if (end - low < BLAKE2_SCRATCH_BYTES + BLAKE2_OUTPUT_BYTES) return giveUp(m, ABORT_WINDOW);
  blake2Compress(input, <usize>low, <usize>(end - BLAKE2_OUTPUT_BYTES));
  return returned(m, end, BLAKE2_OUTPUT_BYTES, gas);
}

function modexp(m: usize, gas: i64): i64 {
  const input = <usize>load<u32>(m, MSG_INPUT), length = load<u32>(m, MSG_INPUT_LENGTH);
  const call = (<usize>load<u32>(m, MSG_MEMORY) + 15) & ~15, end = load<u32>(m, M_RETURN);
  const room = <u64>end - <u64>call;
  if (end < <u32>call || room < <u64>MODEXP_CALL_BYTES) return giveUp(m, ABORT_WINDOW);
  const price = parseModexp(call, input, length, load<u32>(m, M_FORK));
  if (price > <u64>gas) return fail(m);
  if (modexpRoom(call) > room) return giveUp(m, ABORT_WINDOW);
  return returned(m, end, runModexp(call, <usize>end), gas - <i64>price);
}

/** The output lies before `end`. */
function returned(m: usize, end: u32, length: u32, gas: i64): i64 {
  store<u32>(m, end - length, M_RETURN);
  store<u32>(m, length, M_RETURN_LENGTH);
  return gas;
}
