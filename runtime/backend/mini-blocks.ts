/**
 * Mini-blocks as subscriptions get them. What a mini-block changed is read off its stretch of the
 * undo ring, so the lists are to be asked for before the next mini-block: listeners are called
 * between the two.
 */
import type { RpcMiniBlock, RpcStateChange, StorageOverride } from '../../net/rpc/values.js';
import { type Arena, KIND_SLOT } from '../../state/arena.js';
import type { UndoRange } from '../../state/arena-changes.js';
import { toHex } from '../../state/base/bytes.js';
import type { Chain } from '../chain.js';
import type { MiniBlockEntry, TransactionPlace } from '../history.js';
import { StateReader } from './state-reader.js';
import { receiptAt, sumsOf, transactionAt } from './transactions.js';

/** Knows the stretch of the undo ring that the last mini-block filled. */
export class UndoStretch {
  private readonly chain: Chain;
  private from: number;
  private to: number;

  constructor(chain: Chain) {
    this.chain = chain;
    this.to = chain.openBlock?.to ?? chain.arena.undoPosition;
    this.from = this.to;
  }

  /** To be called at each mini-block, as a listener of the chain. */
  advance({ miniBlock }: MiniBlockEntry): void {
    const { openBlock } = this.chain;
    if (openBlock === null) return;
    this.from = miniBlock.indexInBlock === 0 ? openBlock.from : this.to;
    this.to = openBlock.to;
  }

  get range(): UndoRange {
    return { from: this.from, to: this.to };
  }
}

export function rpcMiniBlockOf(
  entry: MiniBlockEntry,
  range: UndoRange,
  arena: Arena,
): RpcMiniBlock {
  const { number, context, indexInBlock, transactions, sequence } = entry.miniBlock;
  const { gas } = sumsOf(transactions);
  const last = transactions.count - 1;
  return {
    number,
    blockNumber: context.number,
    blockTimestamp: context.timestamp,
    index: indexInBlock,
    // A frame's time is in milliseconds.
    timestampMicroseconds: BigInt(entry.timestampMs) * 1_000n,
    gasUsed: last < 0 ? 0 : (gas[last] ?? 0) + (transactions.gasUsed[last] ?? 0),
    transactions: () => placesIn(entry).map((place) => transactionAt(place, null)),
    receipts: () => placesIn(entry).map((place) => receiptAt(place, null)),
    stateChanges: () => changesIn(arena, range, sequence),
  };
}

function placesIn(entry: MiniBlockEntry): TransactionPlace[] {
  const { count } = entry.miniBlock.transactions;
  return Array.from({ length: count }, (_, index) => ({ entry, index }));
}

/**
 * Accounts in order of their first change.
 * @throws DeltacastError STATE_PRUNED where it is asked for too late
 */
function changesIn(arena: Arena, { from, to }: UndoRange, sequence: number): RpcStateChange[] {
  const { ids, count } = arena.changedBetween(from, to);
  const state = new StateReader(arena);
  const slotsOf = new Map<string, { address: Uint8Array; slots: Uint8Array[] }>();
  for (const id of ids.subarray(0, count)) {
    const { kind, address, slot } = arena.keyOf(id);
    const name = toHex(address);
    const account = slotsOf.get(name) ?? { address, slots: [] };
    slotsOf.set(name, account);
    if (kind === KIND_SLOT) account.slots.push(slot);
  }
  return Array.from(slotsOf.values(), ({ address, slots }) => ({
    address,
    nonce: state.nonce(address, sequence),
    balance: state.balance(address, sequence),
    storage: slots.map(
      (slot): StorageOverride => ({ slot, value: state.storage(address, slot, sequence) }),
    ),
  }));
}
