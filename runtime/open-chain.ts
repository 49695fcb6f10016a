/**
 * From a configuration to a chain in memory: the log replayed frame by frame, its root checked
 * against the last sealed header, or a genesis where there is nothing yet.
 */
import { parseFrame, verifyFrame } from '../net/p2p/frame.js';
import { chainIdentity } from '../net/p2p/keys.js';
import { type Arena, NO_CELL } from '../state/arena.js';
import { toHex } from '../state/base/bytes.js';
import { nodeDisk } from '../state/base/disk.js';
import { DeltacastError, isDeltacastError } from '../state/base/errors.js';
import type { Clock, Random } from '../state/base/ports.js';
import type { Executor } from '../workers/batch.js';
import { fillAccount } from './alloc.js';
import { Chain } from './chain.js';
import type { NodeConfig } from './config.js';
import type { DataDirectory } from './data-dir.js';
import { type FrameStore, LogFrameStore, MemoryFrameStore } from './frame-store.js';
import type { Genesis } from './genesis.js';
import type { UnsealedBlock } from './growing-block.js';
import { History } from './history.js';
import { type MiniBlockMaker, NOTHING_MADE } from './mini-block.js';
import type { Sealer } from './sealer.js';

export interface OpenChainParts {
  readonly config: NodeConfig;
  readonly arena: Arena;
  readonly clock: Clock;
  readonly random: Random;
  /** null keeps frames in memory. */
  readonly directory: DataDirectory | null;
  readonly publicKey: Uint8Array;
  /** Frames replayed so far, now and then. */
  readonly onProgress: (frames: number) => void;
}

/** Cells that one mini-block of a genesis may write: its diff stays far below a frame's bound. */
const GENESIS_CELLS_MAX = 50_000;
/** Where cells may be cold: this part of the lines, and of the undo ring. */
const GENESIS_SHARE = 1 / 8;
const PROGRESS_FRAMES = 1_000;

/**
 * @throws DeltacastError LOG_CORRUPT, LOG_VERSION, DATA_DIR_MISMATCH (the log of another chain or
 *         key), DIFF_INVALID, ARENA_FULL
 */
export function openChain(parts: OpenChainParts): Chain {
  const { config, arena, clock, random, directory, publicKey } = parts;
  const { chainId } = config;
  const identity = chainIdentity(chainId, publicKey);
  const make = (store: FrameStore, history: History): Chain =>
    new Chain({ arena, store, history, clock, chainId, identity });
  if (directory === null || config.durability === 'none') {
    const store = new MemoryFrameStore();
    return make(store, new History(store, random));
  }
  const late = new LateStore();
  const history = new History(late, random);
  const chain = make(late, history);
  const anchor = { chainId, publicKey };
  late.store = LogFrameStore.open(
    { disk: nodeDisk, directory: directory.logPath, clock, durability: config.durability },
    (frame, height) => {
      // Later frames are chained to the first by hash, and each record by the log's own chain.
      if (height === 0) checkFirst(frame, anchor);
      replay(chain, frame, height);
      if (height % PROGRESS_FRAMES === PROGRESS_FRAMES - 1) parts.onProgress(height + 1);
    },
  );
  return chain;
}

/** @throws DeltacastError ARENA_FULL saying what it takes */
function replay(chain: Chain, frame: Uint8Array, height: number): void {
  try {
    chain.apply(frame, true);
  } catch (error) {
    if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
    const { message: cause } = error;
    const text = `frame ${height} of the log needs more memory: --state-memory as before, or more`;
    throw new DeltacastError('ARENA_FULL', text, { height, cause });
  }
}

/** Writes the genesis as block 0 and has it sealed. */
export async function beginChain(
  chain: Chain,
  genesis: Genesis,
  { maker, executor, seal }: GenesisParts,
): Promise<void> {
  const { context, accounts } = genesis;
  chain.beginBlock(context);
  await executor.beginBlock(context);
  const cellsMax = genesisCellsMax(chain.arena);
  const source = accounts[Symbol.iterator]();
  let next = source.next();
  do {
    await maker.make(async () => {
      executor.sequence += 1;
      let cells = 0;
      for (; next.done !== true && cells < cellsMax; next = source.next()) {
        checkNew(chain.arena, next.value.address);
        cells += fillAccount(chain.arena, next.value, executor.sequence);
      }
      return NOTHING_MADE;
    });
  } while (next.done !== true);
  await seal(chain.closeBlock());
}

function genesisCellsMax({ layout: { lineCapacity, undoCapacity } }: Arena): number {
  if (lineCapacity === 0) return GENESIS_CELLS_MAX;
  const fitting = Math.floor(Math.min(lineCapacity, undoCapacity) * GENESIS_SHARE);
  return Math.min(GENESIS_CELLS_MAX, fitting);
}

/** @throws DeltacastError BAD_INPUT for an account that the genesis already has */
function checkNew(arena: Arena, address: Uint8Array): void {
  if (([0, 1, 2] as const).every((kind) => arena.find(kind, address) === NO_CELL)) return;
  throw new DeltacastError('BAD_INPUT', `account ${toHex(address)} is there twice`);
}

export interface GenesisParts {
  readonly maker: MiniBlockMaker;
  readonly executor: Executor;
  /** Resolves when the block's seal is logged. */
  readonly seal: (block: UnsealedBlock) => Promise<void>;
}

/** Has the sealer compute the root of what was replayed. @throws DeltacastError ROOT_MISMATCH */
export async function checkRoot(chain: Chain, sealer: Sealer): Promise<void> {
  const { sealedTip } = chain;
  if (sealedTip !== null) await sealer.resume(sealedTip, chain.sealedUndoEnd);
}

/** @throws DeltacastError DATA_DIR_MISMATCH */
function checkFirst(frame: Uint8Array, anchor: { chainId: number; publicKey: Uint8Array }): void {
  try {
    verifyFrame(frame, anchor);
  } catch (error) {
    if (!(error instanceof DeltacastError)) throw error;
    const { chainId } = parseFrame(frame);
    throw new DeltacastError(
      'DATA_DIR_MISMATCH',
      `the data directory holds another chain (id ${chainId}): ${error.message}`,
      { chainId },
    );
  }
}

/** The store of a chain whose log is still being opened. */
class LateStore implements FrameStore {
  store: FrameStore | null = null;

  get firstHeight(): number {
    return this.get().firstHeight;
  }

  get nextHeight(): number {
    return this.get().nextHeight;
  }

  append(kind: number, frame: Uint8Array): void {
    this.get().append(kind, frame);
  }

  read(height: number): Uint8Array {
    return this.get().read(height);
  }

  flush(): Promise<void> {
    return this.get().flush();
  }

  close(): Promise<void> {
    return this.get().close();
  }

  private get(): FrameStore {
    if (this.store === null) throw new DeltacastError('LOG_CORRUPT', 'the log is being opened');
    return this.store;
  }
}
