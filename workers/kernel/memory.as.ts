/**
 * The memory of a frame: a window of the machine's memory area that begins where the caller's ends.
 * It grows in words, is zero-filled as it grows, and ends before the return data at the far end of
 * the area. Growth that gas does not pay ends the frame; growth that it pays and the window does
 * not hold gives the transaction up (the reference engine takes it).
 */
import { giveUp } from "./access.as";
import { fitsU32 } from "./convert.as";
import { copyBytes } from "./words.as";
import {
  ABORT_WINDOW, F_MEMORY, F_MEMORY_SIZE, M_MEMORY_END, M_RETURN, M_RETURN_LENGTH,
} from "./map";

/** Memory up to 4 GiB costs less than this: 2^27 words squared, by 512, and 3 gas each. */
const HUGE_MEMORY_GAS: i64 = 1 << 46;

/** The square of so many words, by 512, is 1. */
const FIRST_SQUARE_WORDS: u64 = 23;

/**
 * Charges for the range [offset, offset + length) and makes it readable.
 * @param offset,length  pointers to words of the stack
 * @returns gas left, below 0 where the frame ends. Source: Yellow Paper, appendix H (C_mem).
 */
@inline
export function touchRange(m: usize, frame: usize, gas: i64, offset: usize, length: usize): i64 {
  if (!fitsU32(length)) return tooFar(m, gas);
  const bytes = load<u64>(length);
  if (bytes == 0) return gas;
  if (!fitsU32(offset)) return tooFar(m, gas);
  const end = load<u64>(offset) + bytes;
  return end <= <u64>load<u32>(frame, F_MEMORY_SIZE) ? gas : growMemory(m, frame, gas, end);
}

/** The same for a fixed number of bytes. */
@inline
export function touchBytes(m: usize, frame: usize, gas: i64, offset: usize, bytes: u64): i64 {
  if (!fitsU32(offset)) return tooFar(m, gas);
  const end = load<u64>(offset) + bytes;
  return end <= <u64>load<u32>(frame, F_MEMORY_SIZE) ? gas : growMemory(m, frame, gas, end);
}

export function tooFar(m: usize, gas: i64): i64 {
  return gas < HUGE_MEMORY_GAS ? -1 : giveUp(m, ABORT_WINDOW);
}

export function growMemory(m: usize, frame: usize, gas: i64, end: u64): i64 {
  return growInline(m, frame, gas, end);
}

/** The same for compiled code, which calls one function for growth and nothing else. */
@inline
export function growInline(m: usize, frame: usize, gas: i64, end: u64): i64 {
  const size = load<u32>(frame, F_MEMORY_SIZE);
  const words = (end + 31) >> 5;
  const before = <u64>size >> 5;
  gas -= <i64>(words - before) * 3;
  // Up to there squares come to nothing.
  if (words >= FIRST_SQUARE_WORDS) {
    gas -= <i64>((words * words) >> 9) - <i64>((before * before) >> 9);
  }
  if (gas < 0) return -1;
  const base = load<u32>(frame, F_MEMORY);
  if (<u64>base + (words << 5) > <u64>load<u32>(m, M_RETURN)) return giveUp(m, ABORT_WINDOW);
  clear(<usize>base + size, <usize>base + (<usize>words << 5));
  store<u32>(frame, <u32>words << 5, F_MEMORY_SIZE);
  return gas;
}

/** A loop of stores: memory.fill costs more for the few words that most growth is. */
@inline
function clear(from: usize, to: usize): void {
  if (to - from > 512) memory.fill(from, 0, to - from);
  else {
    for (; from < to; from += 32) {
      v128.store(from, i64x2.splat(0));
      v128.store(from, i64x2.splat(0), 16);
    }
  }
}

/** Return data of the last message: from here on the memories end before it. */
export function setReturn(m: usize, from: usize, length: u32): void {
  const to = load<u32>(m, M_MEMORY_END) - length;
  copyBytes(to, from, length);
  store<u32>(m, to, M_RETURN);
  store<u32>(m, length, M_RETURN_LENGTH);
}

/** No return data. */
@inline
export function clearReturn(m: usize): void {
  store<u32>(m, load<u32>(m, M_MEMORY_END), M_RETURN);
  store<u32>(m, 0, M_RETURN_LENGTH);
}
