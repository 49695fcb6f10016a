/**
 * What the commit kernel does, in TypeScript and one change a call of `next`, over any cell store:
 * the model that the kernel is compared with, and what puts readers between two changes in the
 * interleaving tests.
 */
import { NO_CELL } from '../../state/arena.js';
import { assert } from '../../state/base/assert.js';
import { toBigInt, toWord } from '../../state/base/bytes.js';
import type { CellStore } from '../../workers/cell-store.js';
import { STATUS_AT, STATUS_FAILED, STATUS_OK } from '../../workers/outcome.js';
import type { OutcomeCommitter } from './kernel-committer.js';

const OUTCOME_FEE = 16;
const OUTCOME_LISTS = 69;
/** Hash and length before the bytes of a code. */
const OUTCOME_CODE_BYTES = 36;
const KIND_SLOT = 3;
/** Kind and address; a slot of 32 bytes follows where the kind is 3. */
const KEY_BYTES = 21;
const WORD_BYTES = 32;
const VERSION_BYTES = 8;
/** Address and wei. */
const CREDIT_BYTES = 52;

/** What `next` does. */
const DONE = 0;
const CODES = 1;
const WRITES = 2;
const FEE = 3;
const CREDITS = 4;

export class StepCommitter implements OutcomeCommitter {
  private readonly store: CellStore;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly address = new Uint8Array(20);
  private readonly word = new Uint8Array(WORD_BYTES);
  private readonly slot = new Uint8Array(WORD_BYTES);
  private coinbase: Uint8Array = new Uint8Array(20);
  private sequence = 0;
  private stage = DONE;
  private outcome = 0;
  /** Where the next code or write is, how many are left, and where the writes begin. */
  private at = 0;
  private left = 0;
  private writesAt = 0;

  /** @param bytes  where outcome records lie: the arena, or a buffer of the caller's */
  constructor(store: CellStore, bytes: Uint8Array) {
    this.store = store;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  status(outcome: number): number {
    return this.bytes[outcome + STATUS_AT] ?? 0;
  }

  /** True where the outcome belongs into a block and takes a sequence. */
  isIncluded(outcome: number): boolean {
    const status = this.status(outcome);
    return status === STATUS_OK || status === STATUS_FAILED;
  }

  /**
   * The kind of the first cell that no longer has the version which the outcome read, or -1.
   * A key that was absent has version 0, and still has where it was interned without a write.
   */
  staleRead(outcome: number): number {
    let at = outcome + OUTCOME_LISTS;
    const count = this.u32(at);
    at += 4;
    for (let index = 0; index < count; index += 1) {
      const kind = this.bytes[at] ?? 0;
      const id = this.find(kind, at);
      at += keyBytes(kind);
      const version = id === NO_CELL ? 0 : this.store.versionOf(id);
      if (version !== this.u64(at)) return kind;
      at += VERSION_BYTES;
    }
    return -1;
  }

  /** Prepares to apply an included outcome; `next` does it, step by step. */
  begin(outcome: number, coinbase: Uint8Array, sequence: number): void {
    assert(this.stage === DONE, 'one outcome is applied at a time');
    assert(this.isIncluded(outcome), 'only what is included is applied');
    this.outcome = outcome;
    this.coinbase = coinbase;
    this.sequence = sequence;
    this.writesAt = this.afterKeys(outcome + OUTCOME_LISTS, VERSION_BYTES);
    this.at = this.afterKeys(this.writesAt, WORD_BYTES);
    this.left = this.u32(this.at);
    this.at += 4;
    this.stage = CODES;
  }

  /** The same for credits to accounts: withdrawals and rewards. */
  beginCredits(record: number, sequence: number): void {
    assert(this.stage === DONE, 'one outcome is applied at a time');
    this.at = record + 4;
    this.left = (this.u32(record) - 4) / CREDIT_BYTES;
    this.sequence = sequence;
    this.stage = CREDITS;
  }

  /**
   * Changes one code, cell or balance. @returns false when nothing is left to do
   * @throws DeltacastError ARENA_FULL, that one change not made; the rest is then given up
   */
  next(): boolean {
    if (this.stage === CODES && this.left === 0) this.beginWrites();
    if (this.stage === WRITES && this.left === 0) this.stage = FEE;
    const { stage } = this;
    this.stage = DONE;
    if (stage === DONE || (stage === CREDITS && this.left === 0)) return false;
    if (stage === FEE) return this.addFee();
    this.left -= 1;
    if (stage === CODES) this.putCode();
    else if (stage === WRITES) this.write();
    else this.addCredit();
    this.stage = stage;
    return true;
  }

  /** All that was begun. @throws DeltacastError ARENA_FULL; the caller rolls back */
  finish(): void {
    while (this.next());
  }

  private beginWrites(): void {
    this.stage = WRITES;
    this.left = this.u32(this.writesAt);
    this.at = this.writesAt + 4;
  }

  private putCode(): void {
    const hash = this.bytes.slice(this.at, this.at + WORD_BYTES);
    const length = this.u32(this.at + WORD_BYTES);
    const start = this.at + OUTCOME_CODE_BYTES;
    this.store.putCode(hash, this.bytes.slice(start, start + length));
    this.at = start + length;
  }

  private write(): void {
    const kind = (this.bytes[this.at] ?? 0) as 0 | 1 | 2 | 3;
    this.loadKey(kind, this.at);
    const id = this.store.intern(kind, this.address, kind === KIND_SLOT ? this.slot : undefined);
    this.at += keyBytes(kind);
    this.load(this.word, this.at);
    this.store.write(id, this.word, this.sequence);
    this.at += WORD_BYTES;
  }

  private addCredit(): void {
    this.load(this.address, this.at);
    this.load(this.word, this.at + 20);
    this.at += CREDIT_BYTES;
    addBalance(this.store, this.address, toBigInt(this.word), this.sequence);
  }

  private addFee(): boolean {
    this.load(this.word, this.outcome + OUTCOME_FEE);
    const fee = toBigInt(this.word);
    if (fee === 0n) return false;
    addBalance(this.store, this.coinbase, fee, this.sequence);
    return true;
  }

  /** @returns the offset after a counted list of keys, each followed by `valueBytes` */
  private afterKeys(list: number, valueBytes: number): number {
    let at = list + 4;
    for (let left = this.u32(list); left > 0; left -= 1) {
      at += keyBytes(this.bytes[at] ?? 0) + valueBytes;
    }
    return at;
  }

  private find(kind: number, at: number): number {
    this.loadKey(kind, at);
    const slot = kind === KIND_SLOT ? this.slot : undefined;
    return this.store.find(kind as 0 | 1 | 2 | 3, this.address, slot);
  }

  private loadKey(kind: number, at: number): void {
    this.load(this.address, at + 1);
    if (kind === KIND_SLOT) this.load(this.slot, at + KEY_BYTES);
  }

  /** Byte by byte: for so few, a loop is faster than a view and `set`. */
  private load(target: Uint8Array, at: number): void {
    for (let index = 0; index < target.length; index += 1) {
      target[index] = this.bytes[at + index] ?? 0;
    }
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** Below 2^53, as sequences are. */
  private u64(at: number): number {
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 0x1_0000_0000;
  }
}

function keyBytes(kind: number): number {
  return kind === KIND_SLOT ? KEY_BYTES + WORD_BYTES : KEY_BYTES;
}

/** Adds wei to an account: fees, withdrawals, rewards. @throws DeltacastError ARENA_FULL */
function addBalance(store: CellStore, address: Uint8Array, amount: bigint, sequence: number): void {
  const id = store.intern(0, address);
  const value = new Uint8Array(WORD_BYTES);
  store.readLatest(id, value);
  if (toBigInt(value) === 0n && amount > 0n) clearMark(store, address, sequence);
  // geth's balances wrap too; only a genesis could come near 2^256.
  store.write(id, toWord(BigInt.asUintN(256, toBigInt(value) + amount)), sequence);
}

/** With a balance it does not exist as an empty account any more: the 1 in its code cell goes. */
function clearMark(store: CellStore, address: Uint8Array, sequence: number): void {
  const id = store.find(2, address);
  const value = new Uint8Array(WORD_BYTES);
  if (id === NO_CELL) return;
  store.readLatest(id, value);
  if (toBigInt(value) === 1n) store.write(id, toWord(0n), sequence);
}
