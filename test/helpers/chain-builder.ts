/**
 * A chain by hand, for tests of what reads one: real arena, frames and history; transactions are
 * really signed, but what they change is written by the test instead of an engine.
 */
import { signerOf } from '../../net/p2p/keys.js';
import type { TransactionRequest } from '../../net/rpc/values.js';
import { type Account, fillAccount } from '../../runtime/alloc.js';
import { signTransaction } from '../../runtime/backend/sign-transaction.js';
import { nextContext } from '../../runtime/block-time.js';
import { Chain } from '../../runtime/chain.js';
import { type FrameStore, MemoryFrameStore } from '../../runtime/frame-store.js';
import type { UnsealedBlock } from '../../runtime/growing-block.js';
import { History, type MiniBlockEntry } from '../../runtime/history.js';
import { DEFAULT_MNEMONIC, type DevAccount, deriveAccounts } from '../../runtime/wallet.js';
import { Arena } from '../../state/arena.js';
import { concatBytes, toWord } from '../../state/base/bytes.js';
import { type Clock, systemRandom } from '../../state/base/ports.js';
import { orderedTrieRoot } from '../../workers/block-roots.js';
import type { BlockContext } from '../../workers/engine.js';
import {
  type ExecutedColumns,
  hashesOf,
  logsAt,
  NO_TRANSACTIONS,
  rawAt,
} from '../../workers/executed.js';
import type { ForkName } from '../../workers/fork.js';
import { bloomOf, headerHash, mergeBloom, sealHeader } from '../../workers/header.js';
import type { OutcomeLog } from '../../workers/outcome.js';

export const CHAIN_ID = 31_337;
export const ETHER = 10n ** 18n;
export const GENESIS_TIME = 1_700_000_000;
const EMPTY = new Uint8Array(0);
const NO_REQUESTS = Uint8Array.from(
  Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex'),
);

export const ACCOUNTS: readonly DevAccount[] = deriveAccounts(DEFAULT_MNEMONIC, 3);

/** A development account. */
export function account(index: number): DevAccount {
  const found = ACCOUNTS[index];
  if (found === undefined) throw new Error(`no account ${index}`);
  return found;
}

/** A clock whose date moves only when a test moves it; timers run at the next turn. */
export class StillClock implements Clock {
  now = GENESIS_TIME * 1_000;

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(_delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, 0);
    return () => clearTimeout(timer);
  }
}

/** What a test wants to be in a mini-block. */
export interface Included {
  readonly raw: Uint8Array;
  readonly from: Uint8Array;
  readonly gasUsed?: number;
  readonly status?: 0 | 1;
  readonly logs?: readonly OutcomeLog[];
}

/** A cell that a mini-block writes. */
export interface Write {
  readonly kind: 0 | 1 | 2 | 3;
  readonly address: Uint8Array;
  readonly slot?: Uint8Array;
  readonly value: bigint;
}

export interface BuilderOptions {
  readonly fork?: ForkName;
  readonly gasLimit?: number;
  readonly store?: FrameStore;
  readonly undoNodes?: number;
}

export class ChainBuilder {
  readonly arena: Arena;
  readonly chain: Chain;
  readonly clock = new StillClock();
  private readonly signer = signerOf(new Uint8Array(32).fill(7));
  private sequence = 0;

  constructor({ store = new MemoryFrameStore(), undoNodes = 1 << 12 }: BuilderOptions = {}) {
    this.arena = Arena.create({ megabytes: 8, threads: 2, undoNodesMax: undoNodes });
    this.chain = new Chain({
      arena: this.arena,
      store,
      history: new History(store, systemRandom),
      clock: this.clock,
      chainId: CHAIN_ID,
      identity: new Uint8Array(32),
    });
  }

  /** A chain with a sealed genesis: the development accounts with 10,000 ether, and `extra`. */
  static async begin(
    options: BuilderOptions = {},
    extra: readonly Account[] = [],
  ): Promise<ChainBuilder> {
    const builder = new ChainBuilder(options);
    const { fork = 'osaka', gasLimit = 30_000_000 } = options;
    builder.chain.beginBlock(genesisContext(fork, gasLimit));
    const funded = ACCOUNTS.map(({ address }) => accountOf(address, 10_000n * ETHER));
    await builder.make(NO_TRANSACTIONS, (sequence) => {
      for (const one of [...funded, ...extra]) fillAccount(builder.arena, one, sequence);
    });
    await builder.seal(builder.chain.closeBlock());
    return builder;
  }

  /** Begins the next block. */
  open(changes: Partial<BlockContext> = {}): BlockContext {
    const { history } = this.chain;
    const parent = history.block(history.blockCount - 1);
    if (parent === undefined) throw new Error('there is no genesis');
    const seconds = parent.context.timestamp + 1;
    const random = new Uint8Array(32).fill(parent.context.number + 1);
    const context = { ...nextContext(parent.context, parent.gasUsed, seconds, random), ...changes };
    this.chain.beginBlock(context);
    return context;
  }

  /** One mini-block in the open block. */
  async miniBlock(
    included: readonly Included[],
    writes: readonly Write[] = [],
  ): Promise<MiniBlockEntry> {
    return this.make(columnsOf(included), (sequence) => {
      for (const { kind, address, slot, value } of writes) {
        this.arena.write(this.arena.intern(kind, address, slot), toWord(value), sequence);
      }
    });
  }

  /** Closes the open block without sealing it. */
  close(): UnsealedBlock {
    return this.chain.closeBlock();
  }

  async seal(block: UnsealedBlock): Promise<void> {
    const sealed = await sealedOf(block, this.chain.sealedTip?.hash ?? new Uint8Array(32));
    await this.chain.commitSeal(block, sealed, this.signer);
    this.arena.retainFrom(block.range.to);
  }

  /** A block of one mini-block, sealed. */
  async block(included: readonly Included[], writes: readonly Write[] = []): Promise<void> {
    this.open();
    if (included.length + writes.length > 0) await this.miniBlock(included, writes);
    await this.seal(this.close());
  }

  private async make(
    transactions: ExecutedColumns,
    write: (sequence: number) => void,
  ): Promise<MiniBlockEntry> {
    const { arena, chain } = this;
    this.sequence += 1;
    arena.openMiniBlock(this.sequence);
    write(this.sequence);
    const range = arena.closeMiniBlock(this.sequence);
    const parts = { sequence: this.sequence, transactions, requestsHash: EMPTY, diff: EMPTY };
    return chain.commitMiniBlock({ ...chain.nextMiniBlock(), ...parts }, range, this.signer);
  }
}

/** A signed transfer from a development account, or whatever `request` makes of it. */
export function transfer(index: number, nonce: number, request: TransactionRequest = {}): Included {
  const { address, privateKey } = account(index);
  const fields: TransactionRequest = {
    type: 2,
    chainId: BigInt(CHAIN_ID),
    nonce: BigInt(nonce),
    gas: 21_000,
    to: account(1).address,
    value: 1n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    ...request,
  };
  return { raw: signTransaction(fields, privateKey), from: address };
}

export function accountOf(address: Uint8Array, balance: bigint): Account {
  return { address, balance, nonce: 0n, code: EMPTY, slots: [] };
}

export function columnsOf(included: readonly Included[]): ExecutedColumns {
  const raws = included.map(({ raw }) => raw);
  const logs = included.map((one) => concatBytes(...(one.logs ?? []).map(encodeLog)));
  const rawEnds = endsOf(raws);
  const all = concatBytes(...raws);
  return {
    count: included.length,
    raws: all,
    rawEnds,
    hashes: hashesOf(all, rawEnds),
    senders: concatBytes(...included.map(({ from }) => from)),
    statuses: Uint8Array.from(included, ({ status }) => status ?? 1),
    gasUsed: Float64Array.from(included, ({ gasUsed }) => gasUsed ?? 21_000),
    logs: concatBytes(...logs),
    logEnds: endsOf(logs),
  };
}

function encodeLog({ address, topics, data }: OutcomeLog): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length, true);
  return concatBytes(address, Uint8Array.of(topics.length), ...topics, length, data);
}

function endsOf(parts: readonly Uint8Array[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(parts, (part) => {
    end += part.length;
    return end;
  });
}

function genesisContext(fork: ForkName, gasLimit: number): BlockContext {
  return {
    fork,
    chainId: CHAIN_ID,
    number: 0,
    timestamp: GENESIS_TIME,
    coinbase: new Uint8Array(20).fill(0xcb),
    gasLimit,
    baseFee: 1_000_000_000n,
    prevRandao: new Uint8Array(32),
    difficulty: 0n,
    excessBlobGas: 0n,
  };
}

async function sealedOf(block: UnsealedBlock, parentHash: Uint8Array) {
  const { context, miniBlocks } = block;
  const logsBloom = new Uint8Array(256);
  const raws: Uint8Array[] = [];
  let gasUsed = 0;
  for (const columns of miniBlocks) {
    for (let index = 0; index < columns.count; index += 1) {
      raws.push(rawAt(columns, index));
      mergeBloom(logsBloom, bloomOf(logsAt(columns, index)));
      gasUsed += columns.gasUsed[index] ?? 0;
    }
  }
  const stateRoot = new Uint8Array(32).fill(0x5a);
  const { rlp } = sealHeader(context, {
    parentHash,
    stateRoot,
    transactionsRoot: orderedTrieRoot(raws),
    receiptsRoot: new Uint8Array(32).fill(0x4e),
    logsBloom,
    gasUsed,
    blobGasUsed: 0,
    withdrawalsRoot: orderedTrieRoot([]),
    parentBeaconBlockRoot: new Uint8Array(32),
    requestsHash: NO_REQUESTS,
  });
  return { rlp, hash: headerHash(rlp), stateRoot, logsBloom, rootMs: 0, sealMs: 0 };
}
