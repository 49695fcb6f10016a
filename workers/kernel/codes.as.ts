/**
 * Code that a transaction makes: entries of the arena's shape in the thread's own area, with room
 * for their jump bitmap, chained so that the outcome can list them in the order of their making.
 */
import { codeBytes } from "../../state/kernel/code.as";
import { CODE_HEADER_BYTES, CODE_LENGTH, CODE_PADDING_BYTES } from "../../state/kernel/map";
import { giveUp } from "./access.as";
import { bitmapBytes } from "./jumps.as";
import { keccak256 } from "./keccak.as";
import {
  ABORT_WINDOW, CODE_IS_ANALYSED, CODE_JUMPS, CODE_LAST, M_CODES_END, M_CODES_TOP, M_LAST_CODE,
} from "./map";

/** Makes an entry of these bytes. @returns 0 where there is no room and the transaction ends */
export function newCode(m: usize, from: usize, length: u32): usize {
  const entry = <usize>load<u32>(m, M_CODES_TOP);
  const jumps = (<u32>codeBytes(entry) + length + CODE_PADDING_BYTES + 63) & ~63;
  const end = (jumps + bitmapBytes(length) + 63) & ~63;
  if (end > load<u32>(m, M_CODES_END)) {
    giveUp(m, ABORT_WINDOW);
    return 0;
  }
  memory.copy(codeBytes(entry), from, length);
  memory.fill(codeBytes(entry) + length, 0, CODE_PADDING_BYTES);
  memory.fill(entry, 0, CODE_HEADER_BYTES);
  keccak256(from, length, entry);
  store<u32>(entry, length, CODE_LENGTH);
  store<u32>(entry, jumps, CODE_JUMPS);
  store<u32>(entry, 0, CODE_IS_ANALYSED);
  store<u32>(entry, load<u32>(m, M_LAST_CODE), CODE_LAST);
  store<u32>(m, <u32>entry, M_LAST_CODE);
  store<u32>(m, end, M_CODES_TOP);
  return entry;
}
