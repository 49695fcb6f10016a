/**
 * A state of which only some cells are known: an arena of its own that is filled from a source as
 * keys are asked for. What the source does not know is its error, never a zero. Accounts are whole:
 * balance, nonce and code, with the code's bytes, so that no engine's way of reading matters.
 */
import { Arena, type CellKey, NO_CELL } from '../../state/arena.js';
import { assert } from '../../state/base/assert.js';
import { compareBytes, fromHex, toHex } from '../../state/base/bytes.js';
import type { StateKey } from '../../state/proof.js';
import { accountKeys } from '../../state/verify.js';
import type { CellStore } from '../cell-store.js';
import type { WitnessAccount } from './format.js';

/** Where cells come from. All of it throws WITNESS_INCOMPLETE for what it does not know. */
export interface CellSource {
  /** 32 bytes; zeros where it is known that there is no such key. */
  value(key: StateKey): Uint8Array;
  code(hash: Uint8Array): Uint8Array;
  /** Slots that hold a value, of an account without code: only a genesis makes such. */
  slotsOf(address: Uint8Array): Iterable<Uint8Array>;
}

export interface CellName {
  readonly kind: CellKey['kind'];
  readonly address: Uint8Array;
  /** null unless the kind is 3. */
  readonly slot: Uint8Array | null;
}

/** Above this a code cell holds a hash; 1 is an account that exists although it is empty. */
const CODE_MARK_BYTES = 31;
const ZERO = new Uint8Array(32);
/** The sequence that what is known was written at. */
export const KNOWN_SEQUENCE = 1;
/** Address space; pages that are never touched cost nothing. */
const ARENA_MEGABYTES = 1_024;

interface KnownAccount {
  /** By their hex; true for those that are needed. */
  readonly slots: Map<string, boolean>;
  /** null where it had no code. */
  codeHash: Uint8Array | null;
  isNeeded: boolean;
}

export class KnownCells {
  readonly arena: Arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: 1 });
  /** The first error of the source: engines turn errors into outcomes. */
  failure: unknown = null;
  private readonly source: CellSource;
  /** By address in hex. */
  private readonly known = new Map<string, KnownAccount>();

  constructor(source: CellSource) {
    this.source = source;
  }

  /** Sees to it that a cell is known. @returns whether one that is not 0 came in */
  take(cell: CellName): boolean {
    try {
      return this.takeIn(cell);
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  /** A cell that the block cannot do without; it is known. */
  need({ address, slot }: CellName): void {
    const account = this.known.get(toHex(address));
    assert(account !== undefined, 'what is needed was taken');
    account.isNeeded = true;
    if (slot !== null) account.slots.set(toHex(slot), true);
  }

  /** All that is needed, in the order of a witness. */
  accounts(): WitnessAccount[] {
    return this.needed().map(([name, { slots }]) => ({
      address: fromHex(name),
      slots: [...slots]
        .flatMap(([slot, isNeeded]) => (isNeeded ? [slot] : []))
        .sort()
        .map(fromHex),
    }));
  }

  /** Of these accounts as they were, in the order of a witness. */
  codes(): Uint8Array[] {
    const codes = new Map<string, Uint8Array>();
    for (const [, { codeHash }] of this.needed()) {
      const code = codeHash === null ? undefined : this.arena.getCode(codeHash);
      if (codeHash !== null && code !== undefined) codes.set(toHex(codeHash), code);
    }
    return [...codes.values()].sort(compareBytes);
  }

  private needed(): [string, KnownAccount][] {
    return [...this.known]
      .filter(([, { isNeeded }]) => isNeeded)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private takeIn({ address, slot }: CellName): boolean {
    const name = toHex(address);
    const before = this.known.get(name);
    const account = before ?? { slots: new Map(), codeHash: null, isNeeded: false };
    let isNews = before === undefined && this.takeAccount(name, account, address);
    if (slot !== null && !account.slots.has(toHex(slot))) {
      isNews = this.takeSlot(account, address, slot, false) || isNews;
    }
    return isNews;
  }

  /** The value that a key has now. */
  value({ kind, address, slot }: StateKey): Uint8Array {
    const value = new Uint8Array(32);
    const id = this.arena.find(kind, address, slot);
    if (id !== NO_CELL) this.arena.readLatest(id, value);
    return value;
  }

  /** For an engine that reads through a store: cells come in when they are looked for. */
  get store(): CellStore {
    const { arena } = this;
    const store: CellStore = {
      find: (kind, address, slot) => {
        this.take({ kind, address: address.slice(), slot: slot?.slice() ?? null });
        return arena.find(kind, address, slot);
      },
      intern: (kind, address, slot) => arena.intern(kind, address, slot),
      readLatest: (id, out) => arena.readLatest(id, out),
      versionOf: (id) => arena.versionOf(id),
      write: (id, value, sequence) => arena.write(id, value, sequence),
      keyOf: (id) => arena.keyOf(id),
      slotsOf: (address) => arena.slotsOf(address),
      putCode: (hash, bytes) => arena.putCode(hash, bytes),
      getCode: (hash) => arena.getCode(hash),
    };
    return store;
  }

  private takeAccount(name: string, account: KnownAccount, address: Uint8Array): boolean {
    const { source, arena } = this;
    const values = accountKeys(address).map((key) => source.value(key));
    const [, nonce = ZERO, code = ZERO] = values;
    if (isNonZero(code.subarray(0, CODE_MARK_BYTES))) {
      arena.putCode(code, source.code(code));
      account.codeHash = code;
    }
    this.known.set(name, account);
    let isNews = false;
    for (const [kind, value] of values.entries()) {
      isNews = this.put({ kind: kind as 0 | 1 | 2, address, slot: null }, value) || isNews;
    }
    if (account.codeHash !== null || isNonZero(nonce)) return isNews;
    for (const slot of source.slotsOf(address)) {
      isNews = this.takeSlot(account, address, slot, true) || isNews;
    }
    return isNews;
  }

  // Four parameters: what is known of whom.
  private takeSlot(
    account: KnownAccount,
    address: Uint8Array,
    slot: Uint8Array,
    isNeeded: boolean,
  ): boolean {
    const value = this.source.value({ kind: 3, address, slot });
    account.slots.set(toHex(slot), isNeeded);
    return this.put({ kind: 3, address, slot }, value);
  }

  private put({ kind, address, slot }: CellName, value: Uint8Array): boolean {
    if (!isNonZero(value)) return false;
    const { arena } = this;
    arena.restore(arena.intern(kind, address, slot ?? undefined), value, KNOWN_SEQUENCE);
    return true;
  }
}

export function isNonZero(word: Uint8Array): boolean {
  return word.some((byte) => byte !== 0);
}

/** The keys of all cells of a witness, in its order. */
export function keysOf(accounts: readonly WitnessAccount[]): StateKey[] {
  return accounts.flatMap(({ address, slots }) => accountKeys(address, slots));
}
