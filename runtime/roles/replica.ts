/**
 * The replica role: follows a pinned sequencer over the swarm, serves reads, passes transactions
 * on, and serves its frames to others.
 */
import { Follower } from '../../net/p2p/follow.js';
import type { Evidence } from '../../net/p2p/intake.js';
import { PeerNode } from '../../net/p2p/peer-node.js';
import { Publisher } from '../../net/p2p/publish.js';
import { StateServer } from '../../net/p2p/state-server.js';
import { type RpcServer, startRpcServer } from '../../net/rpc/server.js';
import type { SubmitOutcome } from '../../net/rpc/values.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { DeltacastError, type ErrorCode } from '../../state/base/errors.js';
import { SUBMIT_TRANSACTIONS_MAX } from '../../state/base/limits.js';
import { transactionHash } from '../../workers/header.js';
import { createBackend } from '../backend/backend.js';
import type { NodeConfig } from '../config.js';
import { saveEvidence } from '../evidence.js';
import { FollowerCore } from '../follower-core.js';
import { createMetrics } from '../metrics.js';
import { chainMetrics } from '../node-metrics.js';
import { nodeRoutes } from '../routes.js';
import { ChainStateSource } from '../state-source.js';
import { clientVersion, type NodePorts, type RunningNode } from './running-node.js';
import { closeAll, once } from './sequencer.js';

export interface RunningReplica extends RunningNode {
  readonly core: FollowerCore;
  /** True once it gets each frame as it is made. */
  isLive(): boolean;
}

/**
 * @throws DeltacastError BAD_USAGE without topic or sequencer key, or where the port is taken; what
 *         FollowerCore.start throws. Nothing is left running then
 */
export async function startReplica(config: NodeConfig, ports: NodePorts): Promise<RunningReplica> {
  const { clock, log } = ports;
  const { topic, sequencerKey } = config;
  if (topic === null || sequencerKey === null) {
    throw new DeltacastError('BAD_USAGE', 'a replica needs --topic and --sequencer-key');
  }
  const publicKey = fromHex(sequencerKey);
  let fail: (error: DeltacastError) => void = () => undefined;
  const failed = new Promise<DeltacastError>((resolve) => {
    fail = resolve;
  });
  const core = await FollowerCore.start(config, publicKey, {
    ...ports,
    onProgress: (frames) => log.info('replaying the log', { frames }),
    onVerified: (number) => log.debug('the root agrees', { block: number }),
  });
  const closing: (() => Promise<void>)[] = [() => core.stop()];
  const onHalt = (error: unknown, evidence: Evidence | null): void => {
    const typed = asTyped(error);
    const saved = evidence === null ? '' : saveEvidence(config.dataDir, evidence);
    const { code, message } = typed;
    log.error('the replica has stopped following', { code, cause: message, evidence: saved });
    fail(typed);
  };
  try {
    const { follower, peers } = startFollowing(config, core, publicKey, { ports, onHalt, topic });
    closing.push(() => peers.stop());
    const backend = createBackend({
      chain: core.chain,
      submission: { forward: (raws) => forward(follower, raws) },
      services: core.services,
      proofs: core.proofs,
      clock,
      clientVersion: clientVersion(),
      accounts: [],
      peerCount: () => peers.peerCount,
      syncing: () => (follower.isLive ? false : syncStatus(core)),
    });
    const rpc = await serve(config, core, backend, ports);
    closing.push(() => rpc.close());
    const stop = once(() => closeAll(closing));
    const isLive = (): boolean => follower.isLive;
    return { core, isLive, port: rpc.port, sequencerKey: toHex(publicKey), failed, stop };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

interface FollowingOptions {
  readonly ports: NodePorts;
  readonly topic: string;
  readonly onHalt: (error: unknown, evidence: Evidence | null) => void;
}

function startFollowing(
  config: NodeConfig,
  core: FollowerCore,
  publicKey: Uint8Array,
  { ports: { clock, log }, topic, onHalt }: FollowingOptions,
): { follower: Follower; peers: PeerNode } {
  const { chain } = core;
  const anchor = { chainId: config.chainId, publicKey };
  const onFault = (error: unknown): void =>
    log.error('a fault with a peer', { cause: String(error) });
  const follower = new Follower({
    anchor,
    parentHash: chain.tipHash,
    nextHeight: chain.nextHeight,
    sink: core,
    recall: (height) => (height < chain.store.nextHeight ? chain.store.read(height) : null),
    clock,
    onHalt,
  });
  const publisher = new Publisher({
    source: chain.store,
    clock,
    onSubmit: (raws, hops) => follower.submit(raws, hops + 1),
    onFault,
  });
  chain.listen({ frame: (height, bytes) => publisher.publish(height, bytes) });
  const peers = new PeerNode({
    anchor,
    name: topic,
    bootstrap: config.bootstrap.length === 0 ? null : config.bootstrap,
    publisher,
    follower,
    stateServer: new StateServer(new ChainStateSource(chain, core.proofs), onFault),
    clock,
    onBan: (key, error) => log.warn('a peer is banned', { key, code: error.code }),
    onFault,
  });
  return { follower, peers };
}

function serve(
  config: NodeConfig,
  core: FollowerCore,
  backend: ReturnType<typeof createBackend>,
  { clock, log }: NodePorts,
): Promise<RpcServer> {
  const metrics = createMetrics(chainMetrics(core.chain, () => Number(backend.peerCount())));
  return startRpcServer({
    backend,
    host: config.host,
    port: config.port,
    clock,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    routes: nodeRoutes(metrics, () => ({
      role: 'replica',
      block: core.chain.history.blockCount - 1,
      verifiedBlock: core.verifiedBlock,
      ...core.chain.diffTotals,
    })),
    onFault: (error) => log.error('a fault while answering', { cause: String(error) }),
  });
}

/** In portions that one message carries; a portion that cannot be sent refuses its own only. */
async function forward(
  follower: Follower,
  raws: readonly Uint8Array[],
): Promise<readonly SubmitOutcome[]> {
  const outcomes: SubmitOutcome[] = [];
  for (let start = 0; start < raws.length; start += SUBMIT_TRANSACTIONS_MAX) {
    const portion = raws.slice(start, start + SUBMIT_TRANSACTIONS_MAX);
    const answers = await follower.submit(portion);
    for (const [index, raw] of portion.entries()) {
      const { code, message } = answers[index] ?? { code: 'PEER_UNAVAILABLE', message: '' };
      outcomes.push(outcomeOf(transactionHash(raw), code, message));
    }
  }
  return outcomes;
}

function outcomeOf(hash: Uint8Array, code: string, message: string): SubmitOutcome {
  const queued = /^queued:(\d+)$/.exec(message);
  if (code === 'OK' && queued !== null) {
    return { status: 'queued', hash, expectedNonce: BigInt(queued[1] ?? 0) };
  }
  if (code === 'OK') return { status: 'ready', hash };
  if (code === 'TX_KNOWN') return { status: 'known', hash };
  return { status: 'rejected', hash, error: { code: code as ErrorCode, message, details: {} } };
}

function syncStatus(core: FollowerCore) {
  const currentBlock = core.chain.history.blockCount - 1;
  return { startingBlock: 0, currentBlock, highestBlock: currentBlock };
}

function asTyped(error: unknown): DeltacastError {
  if (error instanceof DeltacastError) return error;
  return new DeltacastError('WORKER_FAILED', String(error));
}
