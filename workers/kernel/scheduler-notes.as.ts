/**
 * Where the notes of executions lie (effects-map.ts). They are needed until their step is
 * committed, which is soon: so they go round in two halves of a small place that stays in the
 * cache, each taken again when all its steps are committed. What is executed at the head has a
 * third part of its own, over and over. Where the halves are full the notes go behind the outcome
 * record.
 */
import { M_NOTES, M_NOTES_AT, M_NOTES_END, M_NOTES_LIMIT, M_NOTES_TOP } from "./map";
import { HEAD } from "../protocol-map";
import { NOTES_ROOM } from "./scheduler-limits";
import {
  W_INDEX, W_IS_HEAD, W_MACHINE, W_NOTES_HALF, W_NOTES_LAST, W_NOTES_NEXT,
} from "./scheduler-map";
import { headOf, word } from "./scheduler-words.as";

/** A third of the place: for the head, or a half. */
@inline
function part(m: usize, index: u32): usize {
  return <usize>load<u32>(m, M_NOTES) + <usize>index * partBytes(m);
}

@inline
function partBytes(m: usize): usize {
  return ((<usize>load<u32>(m, M_NOTES_END) - <usize>load<u32>(m, M_NOTES)) / 3) & ~63;
}

/** Nothing of the batch before is needed any more. */
export function beginNotes(w: usize): void {
  const m = <usize>load<u32>(w, W_MACHINE);
  if (m == 0) return;
  store<u32>(w, 0, W_NOTES_HALF);
  store<u64>(w, 0, W_NOTES_LAST);
  store<u32>(w, <u32>part(m, 1), W_NOTES_NEXT);
}

/** Says where the execution that follows may note. */
export function placeNotes(w: usize, m: usize): void {
  if (load<u32>(w, W_IS_HEAD)) return allow(m, part(m, 0), part(m, 1));
  const half = load<u32>(w, W_NOTES_HALF);
  const limit = part(m, half + 2);
  const next = <usize>load<u32>(w, W_NOTES_NEXT);
  if (next + NOTES_ROOM <= limit) return allow(m, next, limit);
  const other = 1 - half;
  const last = load<u32>(w + (<usize>other << 2), W_NOTES_LAST);
  if (last > headOf(atomic.load<i32>(word(HEAD)))) return allow(m, 0, 0);
  store<u32>(w, other, W_NOTES_HALF);
  store<u32>(w, <u32>part(m, other + 1), W_NOTES_NEXT);
  allow(m, part(m, other + 1), part(m, other + 2));
}

@inline
function allow(m: usize, at: usize, limit: usize): void {
  store<u32>(m, 0, M_NOTES_TOP);
  store<u32>(m, <u32>at, M_NOTES_AT);
  store<u32>(m, <u32>limit, M_NOTES_LIMIT);
}

/** The notes just made must stay, if there are any and they are in a half. */
export function keepNotes(w: usize, m: usize): void {
  if (load<u32>(w, W_IS_HEAD)) return;
  const half = load<u32>(w, W_NOTES_HALF);
  const top = (<usize>load<u32>(m, M_NOTES_TOP) + 63) & ~63;
  if (top <= part(m, half + 1) || top > part(m, half + 2)) return;
  store<u32>(w, <u32>top, W_NOTES_NEXT);
  store<u32>(w + (<usize>half << 2), load<u32>(w, W_INDEX) + 1, W_NOTES_LAST);
}
