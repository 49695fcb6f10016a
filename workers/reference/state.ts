/**
 * The state manager that @ethereumjs/evm runs on: an overlay over committed cells for the length of
 * one transaction, with checkpoints as an undo list. Accounts live in three cells (balance, nonce,
 * code); an account that exists although it is empty has the value 1 in its code cell. The fee of
 * the coinbase is kept apart while nothing else of the transaction touches that account.
 */
import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { Account, type Address } from '@ethereumjs/util';
import {
  compareBytes,
  equalBytes,
  fromHex,
  toBigInt,
  toHex,
  toWord,
} from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { CellWrite } from '../outcome.js';
import type { CellReader } from './cells.js';

const NO_CODE_HASH = keccak256(new Uint8Array(0));
/** Any root but that of the empty trie: the EVM only asks whether there is storage (EIP-7610). */
const SOME_STORAGE_ROOT = new Uint8Array(32).fill(1);
const ZERO_WORD = new Uint8Array(32);
const EXISTS_EMPTY = toWord(1n);

/** undefined: the account does not exist. */
type AccountState = { nonce: bigint; balance: bigint; codeHash: Uint8Array } | undefined;

export interface FeePolicy {
  /** The account whose fee is kept apart, or null (before EIP-161, and in calls). */
  readonly coinbase: Uint8Array | null;
}

export class OverlayState implements StateManagerInterface {
  /** Wei for the coinbase that no cell of this overlay holds. */
  feeDelta = 0n;
  /** True once the message has run: from then on the coinbase is only credited. */
  feePhase = false;
  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> =>
      stripZeros(this.cells.read(3, address.bytes, key)),
    clear: () => undefined,
  };

  private cells!: CellReader;
  private coinbase: string | null = null;
  private readonly accounts = new Map<string, AccountState>();
  private readonly storage = new Map<string, Uint8Array>();
  private readonly codes = new Map<string, Uint8Array>();
  /** Accounts whose committed storage is gone. */
  private readonly cleared = new Set<string>();
  private readonly undo: (() => void)[] = [];
  private readonly marks: number[] = [];

  /** Starts a transaction over these cells; nothing of the one before remains. */
  begin(cells: CellReader, policy: FeePolicy): void {
    this.cells = cells;
    this.coinbase = policy.coinbase === null ? null : toHex(policy.coinbase);
    this.feeDelta = 0n;
    this.feePhase = false;
    this.accounts.clear();
    this.storage.clear();
    this.codes.clear();
    this.cleared.clear();
    this.undo.length = 0;
    this.marks.length = 0;
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const key = address.toString();
    if (this.isFeeAccount(address, key)) return undefined;
    const state = this.accountState(key, address.bytes);
    if (state === undefined) return undefined;
    const { nonce, balance, codeHash } = state;
    const mayCollide = nonce === 0n && equalBytes(codeHash, NO_CODE_HASH);
    const storageRoot = mayCollide && this.hasStorage(address) ? SOME_STORAGE_ROOT : undefined;
    return new Account(nonce, balance, storageRoot, codeHash);
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    const key = address.toString();
    if (account !== undefined && this.isFeeAccount(address, key)) {
      this.feeDelta += account.balance;
      return;
    }
    this.setAccount(key, address.bytes, account && pick(account));
  }

  async deleteAccount(address: Address): Promise<void> {
    // The journal sweeps touched accounts that it sees as absent; the fee stays apart from that.
    if (this.isFeeAccount(address, address.toString())) return;
    this.setAccount(address.toString(), address.bytes, undefined);
    await this.clearStorage(address);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const key = address.toString();
    const before = this.accountState(key, address.bytes);
    this.setAccount(key, address.bytes, {
      nonce: fields.nonce ?? before?.nonce ?? 0n,
      balance: fields.balance ?? before?.balance ?? 0n,
      codeHash: fields.codeHash ?? before?.codeHash ?? NO_CODE_HASH,
    });
  }

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const codeHash = keccak256(value);
    if (value.length > 0) this.codes.set(toHex(codeHash), value);
    await this.modifyAccountFields(address, { codeHash });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const state = this.accountState(address.toString(), address.bytes);
    if (state === undefined || equalBytes(state.codeHash, NO_CODE_HASH)) return new Uint8Array(0);
    const code = this.codes.get(toHex(state.codeHash)) ?? this.cells.code(state.codeHash);
    if (code === undefined) throw new Error(`no code for hash ${toHex(state.codeHash)}`);
    return code;
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return stripZeros(this.slotValue(address.toString(), address.bytes, key));
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const word = new Uint8Array(32);
    word.set(value, 32 - value.length);
    this.setSlot(address.toString() + toHex(key), word);
  }

  async clearStorage(address: Address): Promise<void> {
    const key = address.toString();
    const occupied = this.cleared.has(key) ? [] : this.cells.occupiedSlots(address.bytes);
    for (const slot of occupied) this.cells.read(3, address.bytes, slot);
    for (const name of this.storage.keys()) {
      if (name.startsWith(key)) this.setSlot(name, ZERO_WORD);
    }
    for (const slot of occupied) this.setSlot(key + toHex(slot), ZERO_WORD);
    if (!this.cleared.has(key)) {
      this.cleared.add(key);
      this.undo.push(() => this.cleared.delete(key));
    }
  }

  async checkpoint(): Promise<void> {
    this.marks.push(this.undo.length);
  }

  async commit(): Promise<void> {
    this.marks.pop();
  }

  async revert(): Promise<void> {
    const mark = this.marks.pop() ?? 0;
    while (this.undo.length > mark) this.undo.pop()?.();
  }

  /** What the transaction changed, sorted by address, kind and slot. */
  writes(): CellWrite[] {
    const writes: CellWrite[] = [];
    for (const [key, state] of this.accounts) this.accountWrites(fromHex(key), state, writes);
    for (const [name, value] of this.storage) {
      const address = fromHex(name.slice(0, 42));
      const slot = fromHex(name.slice(42));
      if (!equalBytes(this.cells.read(3, address, slot), value)) {
        writes.push({ kind: 3, address, slot, value });
      }
    }
    return writes.sort(compareWrites);
  }

  /** Code of accounts that the transaction leaves with it. */
  newCodes(): { hash: Uint8Array; bytes: Uint8Array }[] {
    const codes: { hash: Uint8Array; bytes: Uint8Array }[] = [];
    const wanted = new Set<string>();
    for (const state of this.accounts.values()) if (state) wanted.add(toHex(state.codeHash));
    for (const [hash, bytes] of this.codes) {
      if (wanted.has(hash)) codes.push({ hash: fromHex(hash), bytes });
    }
    return codes;
  }

  /** Asked for receipts before Byzantium, whose intermediate roots an arena does not have. */
  getStateRoot(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(32));
  }

  setStateRoot(): Promise<void> {
    return Promise.reject(new Error('the arena cannot go to a root'));
  }

  hasStateRoot(): Promise<boolean> {
    return Promise.resolve(false);
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    const copy = new OverlayState();
    copy.begin(this.cells, { coinbase: null });
    return copy;
  }

  private isFeeAccount(address: Address, key: string): boolean {
    return (
      this.feePhase &&
      key === this.coinbase &&
      !this.accounts.has(key) &&
      !this.cells.hasRead(0, address.bytes)
    );
  }

  private accountState(key: string, address: Uint8Array): AccountState {
    if (this.accounts.has(key)) return this.accounts.get(key);
    const balance = toBigInt(this.cells.read(0, address, null));
    const nonce = toBigInt(this.cells.read(1, address, null));
    const code = this.cells.read(2, address, null);
    const hasCode = !equalBytes(code, ZERO_WORD) && !equalBytes(code, EXISTS_EMPTY);
    const exists = balance !== 0n || nonce !== 0n || !equalBytes(code, ZERO_WORD);
    return exists ? { nonce, balance, codeHash: hasCode ? code : NO_CODE_HASH } : undefined;
  }

  private setAccount(key: string, address: Uint8Array, state: AccountState): void {
    const had = this.accounts.has(key);
    const before = this.accounts.get(key);
    // The committed cells are the base of the write set, so they are part of the read set.
    if (!had) this.accountState(key, address);
    this.accounts.set(key, state);
    this.undo.push(() => (had ? this.accounts.set(key, before) : this.accounts.delete(key)));
  }

  private slotValue(key: string, address: Uint8Array, slot: Uint8Array): Uint8Array {
    const own = this.storage.get(key + toHex(slot));
    if (own !== undefined) return own;
    return this.cleared.has(key) ? ZERO_WORD : this.cells.read(3, address, slot);
  }

  private setSlot(name: string, value: Uint8Array): void {
    const before = this.storage.get(name);
    this.storage.set(name, value);
    this.undo.push(() =>
      before === undefined ? this.storage.delete(name) : this.storage.set(name, before),
    );
  }

  private hasStorage(address: Address): boolean {
    const key = address.toString();
    for (const [name, value] of this.storage) {
      if (name.startsWith(key) && !equalBytes(value, ZERO_WORD)) return true;
    }
    if (this.cleared.has(key)) return false;
    return this.cells
      .occupiedSlots(address.bytes)
      .some((slot) => !this.storage.has(key + toHex(slot)));
  }

  private accountWrites(address: Uint8Array, state: AccountState, writes: CellWrite[]): void {
    const isEmpty =
      state !== undefined &&
      state.balance === 0n &&
      state.nonce === 0n &&
      equalBytes(state.codeHash, NO_CODE_HASH);
    const hasCode = state !== undefined && !equalBytes(state.codeHash, NO_CODE_HASH);
    const code = hasCode ? state.codeHash : isEmpty ? EXISTS_EMPTY : ZERO_WORD;
    // @ethereumjs/evm adds without a limit where an account destroys itself; geth's words wrap.
    const balance = BigInt.asUintN(256, state?.balance ?? 0n);
    const values = [toWord(balance), toWord(state?.nonce ?? 0n), code];
    for (const kind of [0, 1, 2] as const) {
      const value = values[kind] ?? ZERO_WORD;
      if (equalBytes(this.cells.read(kind, address, null), value)) continue;
      writes.push({ kind, address, slot: null, value });
    }
  }
}

function pick(account: Account): AccountState {
  return { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash };
}

function stripZeros(word: Uint8Array): Uint8Array {
  let start = 0;
  while (start < word.length && word[start] === 0) start += 1;
  return word.slice(start);
}

function compareWrites(a: CellWrite, b: CellWrite): number {
  return (
    compareBytes(a.address, b.address) ||
    a.kind - b.kind ||
    compareBytes(a.slot ?? ZERO_WORD, b.slot ?? ZERO_WORD)
  );
}
