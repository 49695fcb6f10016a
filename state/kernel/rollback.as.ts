/**
 * Going back to a mark: cell lines from the undo ring newest first, then keys and codes in reverse
 * order of their making, so that ids, index, chains and code are bit for bit what they were. Only
 * seqlocks and the index generation, which count events, are not taken back. Writer only; readers
 * in other threads may go on, snapshot readers wait for the end.
 */
import { cellPointer } from "./arena.as";
import { writeLine } from "./cells.as";
import { dropCodes } from "./code.as";
import { uninternTo } from "./keys.as";
import { forgetHome, homePointer, isHot, lineOf } from "./lines.as";
import {
  CELL_UNDO, CELL_VERSION, H_CLOSED_SEQUENCE, H_OPEN_SEQUENCE, H_OPEN_UNDO, H_ROLLBACKS,
  H_UNDO_EPOCH, H_UNDO_HEAD, PRUNED, UNDO_POSITION,
} from "./map";
import { reaches, undoCell, undoPointer } from "./undo.as";

/**
 * Takes back every cell value, key and code made since a mark with these four counts.
 * @returns 0, or PRUNED with nothing changed when the ring no longer reaches `undo`
 */
export function rollbackTo(undo: u64, cells: u32, codeEnd: u32): i32 {
  if (!reaches(undo)) return PRUNED;
  const rollbacks = atomic.load<u64>(H_ROLLBACKS);
  assert(!(rollbacks & 1));
  atomic.xchg<u64>(H_ROLLBACKS, rollbacks + 1);
  undoCells(undo);
  uninternTo(cells);
  dropCodes(codeEnd);
  atomic.store<u64>(H_ROLLBACKS, rollbacks + 2);
  return 0;
}

/** Puts back which mini-block was open, where in the ring it began, and which closed last. */
export function restoreMiniBlock(open: u64, openUndo: u64, closed: u64): void {
  assert(open == 0 || open > closed);
  assert(openUndo <= load<u64>(H_UNDO_HEAD));
  store<u64>(H_OPEN_SEQUENCE, open);
  atomic.store<u64>(H_OPEN_UNDO, openUndo);
  store<u64>(H_CLOSED_SEQUENCE, closed);
}

function undoCells(undo: u64): void {
  const headBefore = load<u64>(H_UNDO_HEAD);
  for (let position = headBefore; position > undo; position--) {
    const node = undoPointer(position - 1);
    assert(load<u64>(node, UNDO_POSITION) == position);
    if (isDefined(COLD)) assert(isHot(undoCell(position - 1)));
    const cell = cellPointer(undoCell(position - 1));
    assert(load<u64>(cell, CELL_UNDO) == position);
    writeLine(cell, node, load<u64>(node, CELL_VERSION), load<u64>(node, CELL_UNDO));
    // What is written next may have the version and the place of what a record holds.
    if (isDefined(COLD)) forgetHome(homePointer(lineOf(undoCell(position - 1))));
  }
  atomic.store<u64>(H_UNDO_HEAD, undo);
  store<u64>(H_UNDO_EPOCH, undo);
}
