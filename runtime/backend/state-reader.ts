/**
 * Accounts and storage at a closing sequence. Always a snapshot, also of the head: the latest value
 * of a cell may be that of a mini-block that is still executing.
 */
import {
  type Arena,
  type CellKind,
  KIND_BALANCE,
  KIND_CODE,
  KIND_NONCE,
  KIND_SLOT,
  NO_CELL,
} from '../../state/arena.js';
import { toBigInt } from '../../state/base/bytes.js';

const EMPTY = new Uint8Array(0);

/** Every read throws DeltacastError STATE_PRUNED where the undo ring no longer reaches back. */
export class StateReader {
  private readonly arena: Arena;
  private readonly word = new Uint8Array(32);

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Wei. */
  balance(address: Uint8Array, sequence: number): bigint {
    return toBigInt(this.read(KIND_BALANCE, address, sequence));
  }

  nonce(address: Uint8Array, sequence: number): bigint {
    return toBigInt(this.read(KIND_NONCE, address, sequence));
  }

  code(address: Uint8Array, sequence: number): Uint8Array {
    // 0: no code; 1: no code, and the account exists although it is empty.
    const hash = this.read(KIND_CODE, address, sequence);
    return this.arena.getCode(hash) ?? EMPTY;
  }

  /** @returns 32 bytes of the caller's own */
  storage(address: Uint8Array, slot: Uint8Array, sequence: number): Uint8Array {
    return this.read(KIND_SLOT, address, sequence, slot).slice();
  }

  /** A view that the next read overwrites; zeros where there was no such cell. */
  private read(
    kind: CellKind,
    address: Uint8Array,
    sequence: number,
    slot?: Uint8Array,
  ): Uint8Array {
    const { arena, word } = this;
    const id = arena.find(kind, address, slot);
    if (id === NO_CELL) word.fill(0);
    else arena.readAt(id, sequence, word);
    return word;
  }
}
