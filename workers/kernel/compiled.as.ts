/**
 * Which codes are compiled: a table of this thread, by code entry, that leads to functions in the
 * table of functions. What it does not know it asks JavaScript for, once. Without a compiler
 * (M_COMPILED_TABLE is 0) everything is interpreted.
 */
import { copyWord, sameWord } from "./words.as";
import {
  COMPILED_ENTRY, COMPILED_HASH, COMPILED_INDEX, COMPILED_LINE_BYTES, COMPILED_USE, M_COMPILED_MASK,
  M_COMPILED_TABLE,
} from "./map";

/** @returns place in the table of functions, or 0: to be interpreted */
@external("env", "compiled")
declare function compiled(entry: usize): u32;

/** The line of a code entry, which has its place in the table of functions; 0: no compiler. */
export function compiledLine(m: usize, entry: usize): usize {
  const table = <usize>load<u32>(m, M_COMPILED_TABLE);
  if (table == 0) return 0;
  const at = (entry >>> 6) & <usize>load<u32>(m, M_COMPILED_MASK);
  const line = table + at * COMPILED_LINE_BYTES;
  if (isOf(line, entry)) return line;
  // A second place for each, so that two hot codes do not drive each other out.
  const second = table + (at ^ 1) * COMPILED_LINE_BYTES;
  if (isOf(second, entry)) return second;
  memory.copy(second, line, COMPILED_LINE_BYTES);
  store<u32>(line, <u32>entry, COMPILED_ENTRY);
  store<u32>(line, compiled(entry), COMPILED_INDEX);
  store<f64>(line, 0, COMPILED_USE);
  copyWord(entry, line + COMPILED_HASH);
  return line;
}

/** A place may have held another code: the whole hash is compared. */
@inline
function isOf(line: usize, entry: usize): bool {
  return load<u32>(line, COMPILED_ENTRY) == <u32>entry && sameWord(line + COMPILED_HASH, entry);
}
