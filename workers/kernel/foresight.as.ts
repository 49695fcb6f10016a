/**
 * Looking ahead: before a worker executes steps of a batch, the lines that the next ones will need
 * are loaded side by side, so that the misses of a large state overlap: index slots first, then key
 * and cell lines, of the accounts, and of the storage that the called functions are in the habit of
 * touching (habits.as.ts), whose places are hashed two at a time on the way; and the lines where
 * this thread would know them (known.as.ts), which many accounts take out of a core's cache, too.
 * What is loaded is thrown away: a wrong guess costs its time and nothing else.
 */
import { hashAddress, hashField, hashSlot, touchAll } from "../../state/kernel/keys.as";
import { H_CELL_COUNT, KIND_BALANCE, KIND_CODE, KIND_NONCE } from "../../state/kernel/map";
import { EPOCH, KIND, KIND_TRANSACTION, LOADED, RECORD } from "../protocol-map";
import { habitsOf, isOf, keyOf } from "./habits.as";
import { keccak256 } from "./keccak.as";
import { keccak256Pair } from "./keccak-pair.as";
import { accountLine, slotLine } from "./known.as";
import {
  HABIT_COUNT, HABIT_LINES_AT, KNOWN_CODE_CELL, M_AHEAD_END, M_AHEAD_EPOCH, M_MEMORY, M_MEMORY_END,
  PLACE_HASH,
} from "./map";
import { isPlaceOf, keepPlace, otherLine, placeLine, touchPlace } from "./places.as";
import { R_DATA, R_SENDER, R_TO } from "./record-map";
import { field, word } from "./scheduler-words.as";
import { copyAddress } from "./words.as";

/**
 * Steps looked at together: some 80 keys. Among 1M accounts half as many take 3% longer, twice as
 * many 2% less; but these do others' work where workers share a batch, and two take 20% longer.
 */
const AHEAD: u32 = 16;
/** A state with fewer cells, 4 MiB with their keys, mostly lies in a cache anyway. */
const CELLS_MIN: u32 = 32768;

/**
 * Where nothing of a frame lies between transactions: the hash of each key (u32); the places
 * touched, {line, record} each; those that have to be hashed, {line, message}; all messages.
 */
const PLACES_AT: usize = 512;
const UNKNOWN_AT: usize = 1024;
const MESSAGES_AT: usize = 1536;
const SCRATCH_BYTES: usize = 5632;
const MESSAGE_BYTES: usize = 64;
/** At most four of a step. */
const ITEM_BYTES: usize = 8;

/** Ends of the lists of hashes, places and messages. */
let hashesTop: usize = 0;
let placesTop: usize = 0;
let messagesTop: usize = 0;
/** So that the loads are not taken for useless. */
let touched: u32 = 0;

/** Called before each step. */
@inline
export function foresee(m: usize, step: u32): void {
  if (load<u32>(H_CELL_COUNT) >= CELLS_MIN) lookAhead(m, step);
}

function lookAhead(m: usize, step: u32): void {
  const epoch = atomic.load<u32>(word(EPOCH));
  const isSeen = load<u32>(m, M_AHEAD_EPOCH) == epoch
    && load<u32>(m, M_AHEAD_END) - 1 - step < AHEAD;
  const scratch = <usize>load<u32>(m, M_MEMORY);
  if (isSeen || scratch + SCRATCH_BYTES > <usize>load<u32>(m, M_MEMORY_END)) return;
  const end = min(step + AHEAD, atomic.load<u32>(word(LOADED)));
  store<u32>(m, epoch, M_AHEAD_EPOCH);
  store<u32>(m, end, M_AHEAD_END);
  hashesTop = scratch;
  placesTop = scratch + PLACES_AT;
  messagesTop = scratch + MESSAGES_AT;
  for (; step < end; step++) {
    if (load<u32>(field(step, KIND)) != KIND_TRANSACTION) continue;
    lookAt(m, <usize>load<u32>(field(step, RECORD)));
  }
  hashPlaces(m, scratch);
  for (let at = scratch + PLACES_AT; at < placesTop; at += ITEM_BYTES) {
    const to = <usize>load<u32>(at, 4) + R_TO, slot = <usize>load<u32>(at) + PLACE_HASH;
    lookFor(hashSlot(hashAddress(to), to, slot));
    const owner = load<u32>(accountLine(m, to), KNOWN_CODE_CELL);
    touched |= load<u32>(slotLine(m, owner, slot));
  }
  touched |= touchAll(scratch, hashesTop);
}

@inline
function lookFor(hash: u32): void {
  store<u32>(hashesTop, hash);
  hashesTop += 4;
}

function lookAt(m: usize, record: usize): void {
  const sender = record + R_SENDER, sum = hashAddress(sender);
  lookFor(hashField(sum, sender, KIND_BALANCE));
  lookFor(hashField(sum, sender, KIND_NONCE));
  lookFor(hashField(sum, sender, KIND_CODE));
  if (load<u32>(record, R_DATA + 4) == 0) {
    const to = record + R_TO, toSum = hashAddress(to);
    lookFor(hashField(toSum, to, KIND_BALANCE));
    lookFor(hashField(toSum, to, KIND_CODE));
    return;
  }
  touched |= load<u32>(accountLine(m, sender));
  const habits = habitsOf(m, record);
  if (!isOf(habits, record)) return;
  const end = habits + HABIT_LINES_AT + (<usize>load<u32>(habits, HABIT_COUNT) << 3);
  for (let at = habits + HABIT_LINES_AT; at < end; at += 8) {
    const key = keyOf(record, load<u32>(at));
    if (key != 0) lookAtPlace(m, record, key, load<u32>(at, 4));
  }
}

/** @param slot  its last four bytes */
function lookAtPlace(m: usize, record: usize, key: usize, slot: u32): void {
  const message = messagesTop;
  for (let at: usize = 0; at < MESSAGE_BYTES; at += 16) v128.store(message + at, i64x2.splat(0));
  copyAddress(key, message + 12);
  store<u32>(message, slot, 60);
  store<u32>(placesTop, <u32>placeLine(m, message));
  store<u32>(placesTop, <u32>record, 4);
  placesTop += ITEM_BYTES;
  messagesTop += MESSAGE_BYTES;
}

/** Hashes the places that are not known; the lines that tell are loaded side by side, too. */
function hashPlaces(m: usize, scratch: usize): void {
  const places = scratch + PLACES_AT, unknown = scratch + UNKNOWN_AT;
  for (let at = places; at < placesTop; at += ITEM_BYTES) {
    touched |= touchPlace(m, <usize>load<u32>(at));
  }
  let message = scratch + MESSAGES_AT, top = unknown;
  for (let at = places; at < placesTop; at += ITEM_BYTES) {
    let line = <usize>load<u32>(at);
    if (!isPlaceOf(line, message)) line = otherLine(m, line, message);
    store<u32>(at, <u32>line);
    if (!isPlaceOf(line, message)) {
      store<u32>(top, <u32>line);
      store<u32>(top, <u32>message, 4);
      top += ITEM_BYTES;
    }
    message += MESSAGE_BYTES;
  }
  hashAll(unknown, top);
}

/** A line that two messages want is left to the second: its key and its hash. */
function hashAll(item: usize, end: usize): void {
  for (; item + ITEM_BYTES < end; item += 2 * ITEM_BYTES) {
    const line = <usize>load<u32>(item), message = <usize>load<u32>(item, 4);
    const otherLine = <usize>load<u32>(item, 8), other = <usize>load<u32>(item, 12);
    keccak256Pair(message, other, <u32>MESSAGE_BYTES, line + PLACE_HASH, otherLine + PLACE_HASH);
    keepPlace(line, message);
    keepPlace(otherLine, other);
  }
  if (item == end) return;
  const line = <usize>load<u32>(item), message = <usize>load<u32>(item, 4);
  keccak256(message, <u32>MESSAGE_BYTES, line + PLACE_HASH);
  keepPlace(line, message);
}
