/**
 * Jump destinations: one bit for each byte of code that is a JUMPDEST and not data of a PUSH. The
 * bitmaps of code in the arena are kept from one transaction to the next, found by the code's
 * entry and checked by its hash; initcode is analysed for the one frame that runs it.
 */
import { codeBytes, codeLength } from "../../state/kernel/code.as";
import { giveUp } from "./access.as";
import { copyWord, sameWord } from "./words.as";
import {
  ABORT_WINDOW, CODE_IS_ANALYSED, CODE_JUMPS, F_CODE, F_CODE_LENGTH, F_ENTRY, F_JUMPS, JUMP_BITMAP,
  JUMP_HASH, JUMP_LENGTH, JUMP_LINE_BYTES, M_JUMP_MASK, M_JUMP_TABLE, M_JUMPS, M_JUMPS_END,
  M_JUMPS_TOP,
} from "./map";
import { OP_JUMPDEST, OP_PUSH1, OP_PUSH32 } from "./opcodes";

/** Bytes of a bitmap, with room for the 8-byte store at its end. */
@inline
export function bitmapBytes(length: u32): u32 {
  return ((length >> 3) + 16) & ~7;
}

/** The frame's bitmap, made now if need be; 0 where the transaction was given up. */
export function jumpsOf(m: usize, frame: usize): usize {
  const entry = <usize>load<u32>(frame, F_ENTRY);
  let jumps: usize;
  if (entry == 0) {
    // Initcode: its place lies behind the bytes and their padding.
    const code = <usize>load<u32>(frame, F_CODE);
    const length = load<u32>(frame, F_CODE_LENGTH);
    jumps = (code + length + 40) & ~7;
    analyse(code, length, jumps);
  } else if (load<u32>(entry, CODE_JUMPS) != 0) {
    jumps = <usize>load<u32>(entry, CODE_JUMPS);
    if (!load<u32>(entry, CODE_IS_ANALYSED)) analyse(codeBytes(entry), codeLength(entry), jumps);
    store<u32>(entry, 1, CODE_IS_ANALYSED);
  } else jumps = cached(m, entry);
  store<u32>(frame, <u32>jumps, F_JUMPS);
  return jumps;
}

/** Forgets all bitmaps when half of their place is used: only before a transaction. */
export function tidyJumps(m: usize): void {
  const base = load<u32>(m, M_JUMPS);
  if (load<u32>(m, M_JUMPS_TOP) - base <= (load<u32>(m, M_JUMPS_END) - base) >> 1) return;
  store<u32>(m, base, M_JUMPS_TOP);
  const lines = <usize>load<u32>(m, M_JUMP_MASK) + 1;
  memory.fill(<usize>load<u32>(m, M_JUMP_TABLE), 0, lines * JUMP_LINE_BYTES);
}

function cached(m: usize, entry: usize): usize {
  const at = (<u32>entry >> 6) & load<u32>(m, M_JUMP_MASK);
  const line = <usize>load<u32>(m, M_JUMP_TABLE) + <usize>at * JUMP_LINE_BYTES;
  const length = codeLength(entry);
  // A code taken back by a rollback may have left its place to another.
  if (
    load<u32>(line) == <u32>entry && load<u32>(line, JUMP_LENGTH) == length
    && sameWord(line + JUMP_HASH, entry)
  ) return <usize>load<u32>(line, JUMP_BITMAP);
  const jumps = <usize>load<u32>(m, M_JUMPS_TOP);
  const bytes = bitmapBytes(length);
  if (jumps + bytes > <usize>load<u32>(m, M_JUMPS_END)) {
    giveUp(m, ABORT_WINDOW);
    return 0;
  }
  store<u32>(m, <u32>jumps + bytes, M_JUMPS_TOP);
  analyse(codeBytes(entry), length, jumps);
  store<u32>(line, <u32>entry);
  store<u32>(line, <u32>jumps, JUMP_BITMAP);
  store<u32>(line, length, JUMP_LENGTH);
  copyWord(entry, line + JUMP_HASH);
  return jumps;
}

function analyse(code: usize, length: u32, jumps: usize): void {
  memory.fill(jumps, 0, bitmapBytes(length));
  let at: u32 = 0;
  while (at < length) {
    const op = <u32>load<u8>(code + at);
    if (op == OP_JUMPDEST) {
      const byte = jumps + (at >> 3);
      store<u8>(byte, load<u8>(byte) | (<u8>1 << <u8>(at & 7)));
    }
    at += op - OP_PUSH1 <= <u32>(OP_PUSH32 - OP_PUSH1) ? op - OP_PUSH1 + 2 : 1;
  }
}
