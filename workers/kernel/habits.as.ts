/**
 * Which mapping elements a contract's function asks for: of its caller, or of an argument, in which
 * of its mappings. It is learnt where a place had to be hashed, by looking for the key among what
 * the transaction says, and used to look ahead (foresight.as.ts). A habit is a guess: it decides
 * what is loaded early and nothing else.
 */
import { isAddress } from "./access.as";
import {
  F_SELF, HABITS, HABIT_BYTES, HABIT_COUNT, HABIT_LINES_AT, HABIT_SELECTOR, M_HABITS, M_RECORD,
} from "./map";
import { R_DATA, R_SENDER, R_TO } from "./record-map";

/** A source of keys: 0 the sender, then the arguments, so many. */
const ARGUMENTS: u32 = 4;
/** Habits of one function: {source u32, slot's last four bytes as they are} each. */
const HABITS_EACH: u32 = 4;
const SELECTOR_BYTES: usize = 4;

/** The line for what a transaction calls; it may be another's (isOf). */
@inline
export function habitsOf(m: usize, record: usize): usize {
  const mixed = load<u64>(record, R_TO + 12) ^ <u64>selectorOf(record);
  const at = <usize>((mixed * 0x9e3779b97f4a7c15) >>> 32) & (HABITS - 1);
  return <usize>load<u32>(m, M_HABITS) + at * HABIT_BYTES;
}

@inline
export function isOf(line: usize, record: usize): bool {
  return isAddress(line, record + R_TO) && load<u32>(line, HABIT_SELECTOR) == selectorOf(record);
}

@inline
function selectorOf(record: usize): u32 {
  if (load<u32>(record, R_DATA + 4) < <u32>SELECTOR_BYTES) return 0;
  return load<u32>(record + <usize>load<u32>(record, R_DATA));
}

/** Pointer to the 20 bytes that a source gives, or 0. */
@inline
export function keyOf(record: usize, source: u32): usize {
  if (source == 0) return record + R_SENDER;
  const end = SELECTOR_BYTES + (<usize>source << 5);
  if (<usize>load<u32>(record, R_DATA + 4) < end) return 0;
  return record + <usize>load<u32>(record, R_DATA) + end - 20;
}

/** Learns from a place of the frame's contract that had to be hashed. @param message  64 bytes */
export function learnHabit(m: usize, frame: usize, message: usize): void {
  const record = <usize>load<u32>(m, M_RECORD);
  if (record == 0 || !isAddress(<usize>load<u32>(frame, F_SELF), record + R_TO)) return;
  let source: u32 = 0;
  for (; source <= ARGUMENTS; source++) {
    const key = keyOf(record, source);
    if (key == 0) return;
    if (isAddress(key, message + 12)) break;
  }
  if (source <= ARGUMENTS) note(habitsOf(m, record), record, source, load<u32>(message, 60));
}

function note(line: usize, record: usize, source: u32, slot: u32): void {
  if (!isOf(line, record)) {
    memory.copy(line, record + R_TO, 20);
    store<u32>(line, selectorOf(record), HABIT_SELECTOR);
    store<u32>(line, 0, HABIT_COUNT);
  }
  const count = load<u32>(line, HABIT_COUNT);
  const end = line + HABIT_LINES_AT + (<usize>count << 3);
  for (let at = line + HABIT_LINES_AT; at < end; at += 8) {
    if (load<u32>(at) == source && load<u32>(at, 4) == slot) return;
  }
  if (count == HABITS_EACH) return;
  store<u32>(end, source);
  store<u32>(end, slot, 4);
  store<u32>(line, count + 1, HABIT_COUNT);
}
