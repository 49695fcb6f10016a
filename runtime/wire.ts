/**
 * The bodies of frames: what a mini-block and a seal say, as msgpack columns. Everything is checked
 * when it is decoded: a frame is signed, but its signer may be faulty, and a log may be old. The
 * order of columns is the format; numbers in columns are little-endian.
 */
import { packColumns, unpackColumns } from '../net/p2p/columns.js';
import { toBigInt, toWord } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { MINI_BLOCK_TRANSACTIONS_MAX } from '../state/base/limits.js';
import type { BlockContext } from '../workers/engine.js';
import { areLogs, type ExecutedColumns, hashesOf } from '../workers/executed.js';
import { FORKS } from '../workers/fork.js';

/** One mini-block, as it is logged and sent. Sequences and gas are integers below 2^53. */
export interface MiniBlock {
  /** Dense from 0 over the chain. */
  readonly number: number;
  readonly context: BlockContext;
  /** Dense from 0 in the block. */
  readonly indexInBlock: number;
  /** What the block held before: transactions, logs, gas. */
  readonly firstTransaction: number;
  readonly firstLog: number;
  readonly gasBefore: number;
  /** Closing sequence: snapshots are exact there. */
  readonly sequence: number;
  readonly transactions: ExecutedColumns;
  /** EIP-7685: 32 bytes in the mini-block that made the block's requests, else empty. */
  readonly requestsHash: Uint8Array;
  readonly diff: Uint8Array;
}

/** What is kept of a mini-block: its diff is in the state, and in its frame. */
export type KeptMiniBlock = Omit<MiniBlock, 'diff'>;

/** What seals a block: its header, and what the header alone does not give back. */
export interface Seal {
  readonly context: BlockContext;
  /** Closing sequence of its last mini-block, or of the block before where it has none. */
  readonly sequence: number;
  /** EIP-7685; 32 bytes. */
  readonly requestsHash: Uint8Array;
  readonly headerRlp: Uint8Array;
}

type Schema = readonly ('uint' | 'bytes')[];

const CONTEXT_SCHEMA = [
  'uint',
  'uint',
  'uint',
  'bytes',
  'uint',
  'bytes',
  'bytes',
  'bytes',
  'bytes',
] as const satisfies Schema;
const MINI_BLOCK_SCHEMA: Schema = [
  ...CONTEXT_SCHEMA,
  ...new Array<'uint'>(6).fill('uint'),
  ...new Array<'bytes'>(9).fill('bytes'),
];
const SEAL_SCHEMA: Schema = [...CONTEXT_SCHEMA, 'uint', 'bytes', 'bytes'];

export function keptOf({ diff: _, ...kept }: MiniBlock): KeptMiniBlock {
  return kept;
}

export function encodeMiniBlock(miniBlock: MiniBlock): Uint8Array {
  const { transactions } = miniBlock;
  return packColumns([
    ...contextColumns(miniBlock.context),
    miniBlock.number,
    miniBlock.indexInBlock,
    miniBlock.firstTransaction,
    miniBlock.firstLog,
    miniBlock.gasBefore,
    miniBlock.sequence,
    transactions.raws,
    bytesOfArray(transactions.rawEnds),
    transactions.senders,
    transactions.statuses,
    bytesOfArray(transactions.gasUsed),
    transactions.logs,
    bytesOfArray(transactions.logEnds),
    miniBlock.requestsHash,
    miniBlock.diff,
  ]);
}

/** @param chainId  of the frame's header. @throws DeltacastError FRAME_MALFORMED */
export function decodeMiniBlock(body: Uint8Array, chainId: number): MiniBlock {
  const columns = new Columns(unpackColumns(body, MINI_BLOCK_SCHEMA));
  const context = decodeContextColumns(columns, chainId);
  return {
    context,
    number: columns.uint(),
    indexInBlock: columns.uint(),
    firstTransaction: columns.uint(),
    firstLog: columns.uint(),
    gasBefore: columns.uint(),
    sequence: columns.uint(),
    transactions: decodeExecuted(columns),
    requestsHash: decodeRequestsHash(columns),
    diff: columns.view(),
  };
}

export function encodeSeal(seal: Seal): Uint8Array {
  return packColumns([
    ...contextColumns(seal.context),
    seal.sequence,
    seal.requestsHash,
    seal.headerRlp,
  ]);
}

/** @throws DeltacastError FRAME_MALFORMED */
export function decodeSeal(body: Uint8Array, chainId: number): Seal {
  const columns = new Columns(unpackColumns(body, SEAL_SCHEMA));
  return {
    context: decodeContextColumns(columns, chainId),
    sequence: columns.uint(),
    requestsHash: columns.bytes(32),
    headerRlp: columns.bytes(),
  };
}

/** A block that has nothing in it. */
export function encodeBlock(context: BlockContext): Uint8Array {
  return packColumns(contextColumns(context));
}

/** @throws DeltacastError FRAME_MALFORMED */
export function decodeBlock(body: Uint8Array, chainId: number): BlockContext {
  return decodeContextColumns(new Columns(unpackColumns(body, CONTEXT_SCHEMA)), chainId);
}

function contextColumns(context: BlockContext): (number | Uint8Array)[] {
  return [
    FORKS.indexOf(context.fork),
    context.number,
    context.timestamp,
    context.coinbase,
    context.gasLimit,
    toWord(context.baseFee),
    context.prevRandao,
    toWord(context.difficulty),
    toWord(context.excessBlobGas),
  ];
}

function decodeContextColumns(columns: Columns, chainId: number): BlockContext {
  const fork = FORKS[columns.uint()];
  if (fork === undefined) throw malformed('a fork that is not known here');
  return {
    fork,
    chainId,
    number: columns.uint(),
    timestamp: columns.uint(),
    coinbase: columns.bytes(20),
    gasLimit: columns.uint(),
    baseFee: toBigInt(columns.bytes(32)),
    prevRandao: columns.bytes(32),
    difficulty: toBigInt(columns.bytes(32)),
    excessBlobGas: toBigInt(columns.bytes(32)),
  };
}

function decodeRequestsHash(columns: Columns): Uint8Array {
  const hash = columns.bytes();
  if (hash.length !== 0 && hash.length !== 32) throw malformed('a hash has 32 bytes');
  return hash;
}

function decodeExecuted(columns: Columns): ExecutedColumns {
  const raws = columns.bytes();
  const rawEnds = new Uint32Array(itemsOf(columns.bytes(), 4));
  const count = rawEnds.length;
  if (count > MINI_BLOCK_TRANSACTIONS_MAX) throw malformed('too many transactions');
  const senders = columns.bytes(count * 20);
  const statuses = columns.bytes(count);
  const gasUsed = new Float64Array(itemsOf(columns.bytes(count * 8), 8));
  const logs = columns.bytes();
  const logEnds = new Uint32Array(itemsOf(columns.bytes(count * 4), 4));
  checkEnds(rawEnds, raws.length);
  checkEnds(logEnds, logs.length);
  if (statuses.some((status) => status > 1)) throw malformed('a status is 0 or 1');
  if (gasUsed.some((gas) => !Number.isSafeInteger(gas) || gas < 0)) throw malformed('odd gas');
  let start = 0;
  for (const end of logEnds) {
    if (!areLogs(logs.subarray(start, end))) throw malformed('log entries are cut');
    start = end;
  }
  const hashes = hashesOf(raws, rawEnds);
  return { count, raws, rawEnds, hashes, senders, statuses, gasUsed, logs, logEnds };
}

/** Ends never fall, and the last is the end of all. */
function checkEnds(ends: Uint32Array, length: number): void {
  let before = 0;
  for (const end of ends) {
    if (end < before) throw malformed('ends of items fall');
    before = end;
  }
  if (before !== length) throw malformed('items do not fill their column');
}

/** The buffer of a column that is a copy, so that typed arrays can start at its first byte. */
function itemsOf({ buffer, length }: Uint8Array<ArrayBuffer>, itemBytes: number): ArrayBuffer {
  if (length % itemBytes !== 0) throw malformed('a column of broken items');
  return buffer;
}

function bytesOfArray(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Reads the columns in their order; types are those of the schema already. */
class Columns {
  private readonly values: readonly (number | Uint8Array)[];
  private next = 0;

  constructor(values: readonly (number | Uint8Array)[]) {
    this.values = values;
  }

  uint(): number {
    const value = this.values[this.next++];
    if (typeof value !== 'number') throw malformed('a number is missing');
    return value;
  }

  /** A copy: who keeps it does not keep the whole frame. */
  bytes(length?: number): Uint8Array<ArrayBuffer> {
    const value = this.view();
    if (length !== undefined && value.length !== length) throw malformed('a column of odd length');
    return value.slice();
  }

  /** Into the frame. */
  view(): Uint8Array {
    const value = this.values[this.next++];
    if (!(value instanceof Uint8Array)) throw malformed('bytes are missing');
    return value;
  }
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', `malformed frame: ${why}`, { why });
}
