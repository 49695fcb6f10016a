/**
 * Memory that outcomes are copied into, used again once it is given back. A fresh piece for each
 * batch costs a page fault for every 4 KiB of it, and V8 a collection of the whole heap for every
 * 32 MiB or so: together that was a sixth of the time of a batch of hot tokens.
 */

/** Pieces are powers of two; smaller ones are not worth keeping. */
const PIECE_BYTES_MIN = 65_536;
/** Kept at most while nobody uses it: what a round of two workers needs, and some more. */
const FREE_BYTES_MAX = 67_108_864;

export class OutcomeMemory {
  private readonly free = new Map<number, Uint8Array[]>();
  private freeBytes = 0;

  /** At least so many bytes; what they hold means nothing. */
  take(bytes: number): Uint8Array {
    if (bytes < PIECE_BYTES_MIN) return fresh(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const piece = this.free.get(size)?.pop();
    if (piece === undefined) return fresh(size);
    this.freeBytes -= size;
    return piece;
  }

  /** @param piece  as `take` gave it; whoever gives it back has no view of it any more */
  giveBack(piece: Uint8Array): void {
    const size = piece.length;
    if (size < PIECE_BYTES_MIN || this.freeBytes + size > FREE_BYTES_MAX) return;
    this.freeBytes += size;
    const pieces = this.free.get(size);
    if (pieces === undefined) this.free.set(size, [piece]);
    else pieces.push(piece);
  }
}

/** Not zeroed: page by page that takes longer than to copy. */
function fresh(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
