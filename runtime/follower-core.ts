/**
 * A replica without its sockets: applies the frames of one pinned sequencer to an arena, keeps them
 * in its own log, makes each block's header again from what it applied, and compares. Trusts the
 * sequencer's execution and nothing else: a diff, root, receipt or transaction that does not give
 * the signed header halts it.
 */
import type { Frame } from '../net/p2p/frame.js';
import { Arena } from '../state/arena.js';
import { equalBytes, toHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { UNSEALED_BLOCKS_MAX } from '../state/base/limits.js';
import type { Clock, Random } from '../state/base/ports.js';
import { parseFork } from '../workers/fork.js';
import { Services } from '../workers/services.js';
import type { Chain, ReceivedSeal } from './chain.js';
import type { NodeConfig } from './config.js';
import { DataDirectory } from './data-dir.js';
import { checkRoot, openChain } from './open-chain.js';
import { Proofs } from './proofs.js';
import { Sealer } from './sealer.js';
import { arenaOptionsOf } from './state-memory.js';
import { type WitnessMaker, witnessMaker } from './witness/maker.js';

export interface FollowerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress?: (frames: number) => void;
  /** A block's header was made again and is the signed one. */
  readonly onVerified?: (number: number) => void;
}

const CALL_THREAD = 1;
const SEAL_THREAD = 2;
const RECOVER_THREADS = 1;

export class FollowerCore {
  readonly chain: Chain;
  readonly services: Services;
  /** Of blocks whose headers were made again here. */
  readonly proofs: Proofs;
  private readonly sealer: Sealer;
  private readonly directory: DataDirectory | null;
  private readonly onVerified: (number: number) => void;
  private verifying: Promise<void> = Promise.resolve();
  private waiting = 0;
  /** Where in the undo ring the changes that are not compared yet begin. */
  private comparedTo: number;
  private verifiedNumber = -1;
  private mismatch: DeltacastError | null = null;

  private constructor(parts: Parts, onVerified: (number: number) => void) {
    this.chain = parts.chain;
    this.services = parts.services;
    this.sealer = parts.sealer;
    this.proofs = new Proofs(parts);
    this.directory = parts.directory;
    this.onVerified = onVerified;
    this.verifiedNumber = parts.chain.sealedTip?.number ?? -1;
    this.comparedTo = parts.chain.sealedUndoEnd;
  }

  /**
   * Opens what this replica has, its root checked.
   * @throws DeltacastError BAD_INPUT, DATA_DIR_LOCKED, DATA_DIR_MISMATCH, LOG_CORRUPT,
   *         ROOT_MISMATCH
   */
  static async start(
    config: NodeConfig,
    publicKey: Uint8Array,
    ports: FollowerPorts,
  ): Promise<FollowerCore> {
    const { clock, random } = ports;
    const { chainId } = config;
    const fork = parseFork(config.hardfork);
    const directory = config.dataDir === null ? null : await DataDirectory.open(config.dataDir);
    const witnessThread = 1 + SEAL_THREAD;
    const threadCount = witnessThread + (config.proofBlocks > 0 ? 1 : 0);
    const arena = Arena.create({ ...arenaOptionsOf(config), threads: threadCount });
    const sealer = new Sealer({
      arena,
      clock,
      thread: SEAL_THREAD,
      proofBlocks: config.proofBlocks,
    });
    const rules = { fork, chainId };
    const threads = { firstThread: CALL_THREAD, callThreads: 1, recoverThreads: RECOVER_THREADS };
    const services = new Services({ arena, clock, rules, ...threads });
    try {
      const onProgress = ports.onProgress ?? (() => undefined);
      const chain = openChain({ config, arena, clock, random, directory, publicKey, onProgress });
      await checkRoot(chain, sealer);
      const onVerified = ports.onVerified ?? (() => undefined);
      const witnesses = witnessMaker(config, { chain, sealer, clock, thread: witnessThread });
      return new FollowerCore({ chain, services, sealer, witnesses, directory }, onVerified);
    } catch (error) {
      await Promise.all([sealer.stop(), services.stop(), directory?.close()]);
      arena.cold?.close();
      throw error;
    }
  }

  /** Newest block whose header was made again here; -1 before the first. */
  get verifiedBlock(): number {
    return this.verifiedNumber;
  }

  /**
   * Applies one verified frame, in order.
   * @throws DeltacastError FRAME_MALFORMED, FRAME_OUT_OF_ORDER, DIFF_INVALID, ARENA_FULL,
   *         ROOT_MISMATCH (also of an earlier block), LOG_POISONED: the replica has to stop
   */
  async apply(frame: Frame): Promise<void> {
    await this.ringFor(frame);
    if (this.mismatch !== null) throw this.mismatch;
    const seal = this.chain.apply(frame.bytes, false);
    await this.chain.store.flush();
    if (seal === null) return;
    this.waiting += 1;
    this.verifying = this.verifying.then(() => this.verify(seal));
    if (this.waiting >= UNSEALED_BLOCKS_MAX) await this.verifying;
  }

  /** Resolves when every received seal is compared. @throws DeltacastError ROOT_MISMATCH */
  async settled(): Promise<void> {
    await this.verifying;
    if (this.mismatch !== null) throw this.mismatch;
  }

  async stop(): Promise<void> {
    await this.verifying;
    await this.proofs.stop();
    await Promise.all([this.services.stop(), this.sealer.stop()]);
    this.chain.arena.cold?.close();
    await this.chain.store.close();
    await this.directory?.close();
  }

  /**
   * Sees to it that the undo ring can take a frame: what waits to be compared lies in it too,
   * more of it than in the sequencer's, which had sealed it. No change takes less than a byte of a
   * frame.
   */
  private async ringFor({ bytes }: Frame): Promise<void> {
    const { undoPosition, layout } = this.chain.arena;
    const held = undoPosition - this.comparedTo;
    if (this.waiting > 0 && held + bytes.length > layout.undoCapacity) await this.verifying;
  }

  private async verify({ block, headerRlp }: ReceivedSeal): Promise<void> {
    try {
      if (this.mismatch !== null) return;
      const { rlp, stateRoot } = await this.sealer.seal(block);
      this.comparedTo = block.range.to;
      const { number } = block.context;
      if (!equalBytes(rlp, headerRlp)) {
        throw new DeltacastError('ROOT_MISMATCH', `block ${number} is not what its header says`, {
          number,
          stateRoot: toHex(stateRoot),
        });
      }
      this.verifiedNumber = number;
      this.onVerified(number);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.mismatch =
        error instanceof DeltacastError ? error : new DeltacastError('WORKER_FAILED', message);
    } finally {
      this.waiting -= 1;
    }
  }
}

interface Parts {
  readonly chain: Chain;
  readonly services: Services;
  readonly sealer: Sealer;
  readonly witnesses: WitnessMaker | null;
  readonly directory: DataDirectory | null;
}
