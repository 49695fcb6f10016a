/** The sequencer role: a core with its sockets, RPC and peers. */
import { PeerNode } from '../../net/p2p/peer-node.js';
import { Publisher } from '../../net/p2p/publish.js';
import { StateServer } from '../../net/p2p/state-server.js';
import { type RpcServer, startRpcServer } from '../../net/rpc/server.js';
import type { SubmitOutcome } from '../../net/rpc/values.js';
import { toHex } from '../../state/base/bytes.js';
import type { DeltacastError } from '../../state/base/errors.js';
import { createBackend, type NodeBackend } from '../backend/backend.js';
import { bannerText } from '../banner.js';
import type { NodeConfig } from '../config.js';
import { SequencerCore } from '../core.js';
import { createMetrics } from '../metrics.js';
import { chainMetrics, sequencerMetrics, tieringMetrics } from '../node-metrics.js';
import { nodeRoutes } from '../routes.js';
import { ChainStateSource } from '../state-source.js';
import { StatusLine } from '../status-line.js';
import { deriveAccounts } from '../wallet.js';
import { clientVersion, type NodePorts, type RunningNode } from './running-node.js';

/** A sequencer, and what its start has to say. */
export interface RunningSequencer extends RunningNode {
  readonly core: SequencerCore;
  readonly banner: string;
}

/**
 * @throws DeltacastError what SequencerCore.start throws; BAD_USAGE where the port is
 *         taken. Nothing is left running then
 */
export async function startSequencer(
  config: NodeConfig,
  ports: NodePorts,
): Promise<RunningSequencer> {
  const { clock, log } = ports;
  let fail: (error: DeltacastError) => void = () => undefined;
  const failed = new Promise<DeltacastError>((resolve) => {
    fail = resolve;
  });
  let backend: NodeBackend | null = null;
  const core = await SequencerCore.start(config, {
    ...ports,
    onProgress: (frames) => log.info('replaying the log', { frames }),
    onWarning: (text) => log.warn(text),
    onPending: (hashes) => backend?.announcePending(hashes),
    onFatal: (error) => {
      log.error('nothing can be committed any more', { code: error.code, cause: error.message });
      fail(error);
    },
  });
  const closing: (() => Promise<void>)[] = [() => core.stop()];
  // In the background: what comes before they are up waits for them.
  core.services.start().catch((error: unknown) => log.warn(`no thread: ${String(error)}`));
  try {
    const peers = startPeers(config, core, ports);
    if (peers !== null) closing.push(() => peers.stop());
    const accounts = config.genesis === null ? accountsOf(config) : [];
    backend = createBackend({
      chain: core.chain,
      submission: { intake: core.intake },
      services: core.services,
      proofs: core.proofs,
      clock,
      clientVersion: clientVersion(),
      accounts,
      peerCount: () => peers?.peerCount ?? 0,
      syncing: () => false,
    });
    const rpc = await startRpc(config, core, backend, ports);
    closing.push(() => rpc.close());
    const status = new StatusLine(core, clock, log, () => peers?.peerCount ?? 0);
    closing.push(async () => status.stop());
    const genesis = core.chain.history.block(0);
    const banner = bannerText({
      config,
      accounts,
      port: rpc.port,
      sequencerKey: core.signer.publicKey,
      baseFee: core.chain.openBlock?.context.baseFee ?? 0n,
      genesisTimestamp: genesis?.context.timestamp ?? 0,
      block: core.chain.history.blockCount - 1,
    });
    const stop = once(() => closeAll(closing));
    const sequencerKey = toHex(core.signer.publicKey);
    return { core, banner, port: rpc.port, sequencerKey, failed, stop };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

function accountsOf(config: NodeConfig) {
  return deriveAccounts(config.mnemonic, config.accounts);
}

function startRpc(
  config: NodeConfig,
  core: SequencerCore,
  backend: NodeBackend,
  { clock, log }: NodePorts,
): Promise<RpcServer> {
  const sources = [
    ...chainMetrics(core.chain, () => Number(backend.peerCount())),
    ...sequencerMetrics(core.counters, core.intake),
    ...tieringMetrics(core.executor.tiering),
  ];
  return startRpcServer({
    backend,
    host: config.host,
    port: config.port,
    clock,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    routes: nodeRoutes(createMetrics(sources), () => ({
      role: 'sequencer',
      block: core.chain.history.blockCount - 1,
      sealedBlock: core.chain.sealedTip?.number ?? -1,
    })),
    onFault: (error) => log.error('a fault while answering', { cause: String(error) }),
  });
}

/** The swarm stays off without a topic. */
function startPeers(
  config: NodeConfig,
  core: SequencerCore,
  { clock, log }: NodePorts,
): PeerNode | null {
  if (config.topic === null) return null;
  const onFault = (error: unknown): void =>
    log.error('a fault with a peer', { cause: String(error) });
  const publisher = new Publisher({
    source: core.chain.store,
    clock,
    onSubmit: async (raws) => (await core.intake.submitMany(raws)).map(answerOf),
    onFault,
  });
  core.chain.listen({ frame: (height, bytes) => publisher.publish(height, bytes) });
  return new PeerNode({
    anchor: { chainId: config.chainId, publicKey: core.signer.publicKey },
    name: config.topic,
    bootstrap: config.bootstrap.length === 0 ? null : config.bootstrap,
    signer: core.signer,
    publisher,
    stateServer: new StateServer(new ChainStateSource(core.chain, core.proofs), onFault),
    clock,
    onBan: (key, error) => log.warn('a peer is banned', { key, code: error.code }),
    onFault,
  });
}

/** What a follower is told of a transaction that it passed on. */
function answerOf(outcome: SubmitOutcome): { code: string; message: string } {
  switch (outcome.status) {
    case 'rejected':
      return { code: outcome.error.code, message: outcome.error.message };
    case 'known':
      return { code: 'TX_KNOWN', message: 'already known' };
    case 'queued':
      return { code: 'OK', message: `queued:${outcome.expectedNonce}` };
    case 'ready':
      return { code: 'OK', message: '' };
  }
}

/** Closes in reverse order of starting, all of it whatever fails. @throws the first failure */
export async function closeAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  let failure: unknown;
  for (const close of closing.toReversed()) {
    try {
      await close();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}

export function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
