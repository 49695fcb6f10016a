/**
 * A sequencer without its sockets: arena, workers, log, queues, pipeline, sealer, wired in one
 * place. The sequencer role adds RPC and peers to it; benchmarks and tests use it as it is.
 */
import { type Signer, signerOf } from '../net/p2p/keys.js';
import { Arena } from '../state/arena.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock, Random } from '../state/base/ports.js';
import type { ArenaSize } from '../state/layout.js';
import type { Executor } from '../workers/batch.js';
import { parseFork } from '../workers/fork.js';
import { Services } from '../workers/services.js';
import { startExecutor } from '../workers/start.js';
import { BlockCycle } from './block-cycle.js';
import type { Chain } from './chain.js';
import { codeDumpOf } from './code-dump.js';
import type { NodeConfig } from './config.js';
import { noCounters, type PipelineCounters } from './counters.js';
import { DataDirectory } from './data-dir.js';
import { developmentGenesis, type Genesis, readGenesis } from './genesis.js';
import { HotList } from './hot-list.js';
import { Intake } from './intake.js';
import { MiniBlockMaker } from './mini-block.js';
import { beginChain, checkRoot, openChain } from './open-chain.js';
import { Pipeline } from './pipeline.js';
import { Proofs } from './proofs.js';
import { Sealer } from './sealer.js';
import { arenaOptionsOf } from './state-memory.js';
import { type WitnessMaker, witnessMaker } from './witness/maker.js';

export interface CorePorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Frames of the log replayed so far. */
  readonly onProgress?: (frames: number) => void;
  /** Hashes newly admitted to the pool. */
  readonly onPending?: (hashes: readonly Uint8Array[]) => void;
  /** Nothing can be committed any more; reads go on. */
  readonly onFatal?: (error: DeltacastError) => void;
  /** What a human should know and nothing depends on. */
  readonly onWarning?: (text: string) => void;
  /** Smaller than 4 GiB: tests of a full arena. */
  readonly arenaSize?: Omit<ArenaSize, 'threads'>;
  /** Instead of the configuration's own genesis. */
  readonly genesis?: Genesis;
}

/** One thread for calls is enough until calls run on a fast engine. */
const CALL_THREADS = 1;
const SEAL_THREADS = 1;
/** A second thread at the state root where there are cores to spare: it never waits for workers. */
const WORKERS_FOR_ROOT_HELPER = 4;

export class SequencerCore {
  readonly chain: Chain;
  readonly intake: Intake;
  readonly services: Services;
  readonly signer: Signer;
  readonly counters: PipelineCounters;
  readonly executor: Executor;
  readonly proofs: Proofs;
  private readonly pipeline: Pipeline;
  private readonly blocks: BlockCycle;
  private readonly maker: MiniBlockMaker;
  private readonly sealer: Sealer;
  private readonly directory: DataDirectory | null;
  private readonly hotList: HotList | null;

  private constructor(config: NodeConfig, ports: CorePorts, opened: Opened) {
    const { arena, directory, signer, executor, services, chain, sealer } = opened;
    const { clock, random } = ports;
    this.directory = directory;
    this.signer = signer;
    this.executor = executor;
    this.services = services;
    this.chain = chain;
    this.sealer = sealer;
    this.hotList = hotListOf(opened, ports);
    this.proofs = new Proofs({ chain, sealer, witnesses: opened.witnesses });
    this.counters = noCounters();
    const { counters } = this;
    const maker = new MiniBlockMaker({ chain, executor, signer, clock, counters });
    const blocks = new BlockCycle({
      chain,
      executor,
      maker,
      sealer,
      signer,
      clock,
      random,
      counters,
      gasLimit: config.gasLimit,
      onFailure: (error) => this.pipeline.fail(error),
    });
    this.intake = new Intake({
      arena,
      history: chain.history,
      services,
      context: () => contextOf(chain),
      onReady: () => this.pipeline.kick(),
      ...(ports.onPending === undefined ? {} : { onPending: ports.onPending }),
    });
    this.pipeline = new Pipeline({
      chain,
      executor,
      maker,
      blocks,
      intake: this.intake,
      clock,
      counters,
      blockMs: config.blockMs,
      miniBlockMs: config.miniBlockMs,
      onFatal: ports.onFatal ?? (() => undefined),
    });
    this.blocks = blocks;
    this.maker = maker;
  }

  /**
   * Opens or begins the chain and starts producing blocks.
   * @throws DeltacastError BAD_INPUT, DATA_DIR_LOCKED, DATA_DIR_MISMATCH, LOG_CORRUPT, LOG_VERSION,
   *         ROOT_MISMATCH, ARENA_FULL, WORKER_FAILED; nothing is left running then
   */
  static async start(config: NodeConfig, ports: CorePorts): Promise<SequencerCore> {
    const opened = await openParts(config, ports);
    const core = new SequencerCore(config, ports, opened);
    try {
      await core.begin(opened.genesis);
    } catch (error) {
      await core.stop();
      throw error;
    }
    return core;
  }

  /** Ends the open block now. Resolves when it is sealed. */
  endBlock(): Promise<void> {
    return this.pipeline.endBlock();
  }

  /** Finishes and logs what is under way. */
  async stop(): Promise<void> {
    await this.pipeline.stop();
    this.intake.close(new DeltacastError('RPC_TIMEOUT', 'the node is stopping'));
    await this.proofs.stop();
    this.hotList?.stop();
    await Promise.all([this.executor.stop(), this.services.stop(), this.sealer.stop()]);
    this.chain.arena.cold?.close();
    await this.chain.store.close();
    await this.directory?.close();
  }

  private async begin(genesis: Genesis): Promise<void> {
    const { chain, executor, maker, blocks, sealer } = this;
    if (chain.history.blockCount === 0) {
      await beginChain(chain, genesis, {
        maker,
        executor,
        seal: (block) => {
          blocks.seal(block);
          return blocks.settled();
        },
      });
    } else {
      executor.sequence = chain.sequence;
      await checkRoot(chain, sealer);
      for (const block of chain.closeAll()) blocks.seal(block);
      await blocks.settled();
    }
    chain.listen({ miniBlock: (entry) => sealer.take(entry) });
    this.hotList?.start();
    await this.pipeline.start();
  }
}

interface Opened {
  readonly arena: Arena;
  readonly directory: DataDirectory | null;
  readonly signer: Signer;
  readonly executor: Executor;
  readonly services: Services;
  readonly chain: Chain;
  readonly sealer: Sealer;
  readonly witnesses: WitnessMaker | null;
  readonly genesis: Genesis;
}

async function openParts(config: NodeConfig, ports: CorePorts): Promise<Opened> {
  const { clock, random } = ports;
  const { workers, chainId } = config;
  const fork = parseFork(config.hardfork);
  const nowSeconds = Math.floor(clock.nowMs() / 1_000);
  const genesis =
    ports.genesis ??
    (config.genesis === null
      ? developmentGenesis(config, fork, nowSeconds)
      : readGenesis(config.genesis, config, fork));
  const directory = config.dataDir === null ? null : await DataDirectory.open(config.dataDir);
  const closing: (() => Promise<void>)[] = directory === null ? [] : [() => directory.close()];
  try {
    const signer = signerOf(directory?.sequencerSeed(random) ?? random.bytes(32));
    const sealThread = 1 + workers + CALL_THREADS;
    const helperThreads = workers < WORKERS_FOR_ROOT_HELPER ? [] : [sealThread + SEAL_THREADS];
    const witnessThread = sealThread + SEAL_THREADS + helperThreads.length;
    const threads = witnessThread + (config.proofBlocks > 0 ? 1 : 0);
    const arena = Arena.create({ ...arenaOptionsOf(config), ...ports.arenaSize, threads });
    closing.push(async () => arena.cold?.close());
    const { engine } = config;
    const codeDump = codeDumpOf(config, ports.onWarning ?? (() => undefined));
    const executor = await startExecutor({ arena, workers, clock, engine, ...codeDump });
    closing.push(() => executor.stop());
    const services = new Services({
      arena,
      clock,
      rules: { fork, chainId },
      recoverThreads: Math.max(1, workers),
      firstThread: 1 + workers,
      callThreads: CALL_THREADS,
    });
    const sealer = new Sealer({
      arena,
      clock,
      thread: workers === 0 ? null : sealThread,
      helperThreads,
      proofBlocks: config.proofBlocks,
    });
    closing.push(() => sealer.stop());
    const { publicKey } = signer;
    const onProgress = ports.onProgress ?? (() => undefined);
    const chain = openChain({ config, arena, clock, random, directory, publicKey, onProgress });
    const witnesses = witnessMaker(config, {
      chain,
      sealer,
      clock,
      thread: workers === 0 ? null : witnessThread,
    });
    return { arena, directory, signer, executor, services, chain, sealer, witnesses, genesis };
  } catch (error) {
    for (const close of closing) await close();
    throw error;
  }
}

/** Without a directory there is nothing to begin with. */
function hotListOf({ executor, directory }: Opened, ports: CorePorts): HotList | null {
  const { tiering } = executor;
  if (tiering === null || directory === null) return null;
  const warn = ports.onWarning ?? (() => undefined);
  return new HotList({ directory: directory.path, tiering, clock: ports.clock, warn });
}

/** The block that would take a transaction now; between two blocks, the one before. */
function contextOf(chain: Chain) {
  const context =
    chain.openBlock?.context ?? chain.history.block(chain.history.blockCount - 1)?.context;
  if (context === undefined) throw new DeltacastError('TX_INVALID', 'the chain has no block yet');
  return context;
}
