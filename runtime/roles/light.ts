/**
 * The light role: headers only, and values with proof from whoever has the state. It trusts the
 * pinned key and no peer; what the sequencer signs it takes for true, as a replica does.
 */
import { PeerNode } from '../../net/p2p/peer-node.js';
import { startRpcServer } from '../../net/rpc/server.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import type { NodeConfig } from '../config.js';
import { saveEvidence } from '../evidence.js';
import type { Equivocation } from '../light/header-chain.js';
import { LightBackend } from '../light/light-backend.js';
import { LightCore } from '../light/light-core.js';
import { createMetrics } from '../metrics.js';
import { nodeRoutes } from '../routes.js';
import { clientVersion, type NodePorts, type RunningNode } from './running-node.js';
import { closeAll, once } from './sequencer.js';

export interface RunningLight extends RunningNode {
  readonly core: LightCore;
}

/** @throws DeltacastError BAD_USAGE without topic or sequencer key, or where the port is taken */
export async function startLight(config: NodeConfig, ports: NodePorts): Promise<RunningLight> {
  const { clock, log } = ports;
  const { topic, sequencerKey, chainId } = config;
  if (topic === null || sequencerKey === null) {
    throw new DeltacastError('BAD_USAGE', 'a light node needs --topic and --sequencer-key');
  }
  const anchor = { chainId, publicKey: fromHex(sequencerKey) };
  let fail: (error: DeltacastError) => void = () => undefined;
  const failed = new Promise<DeltacastError>((resolve) => {
    fail = resolve;
  });
  const onHalt = (error: Equivocation): void => {
    const { held, received, code, message } = error;
    const height = Number(error.details['number']);
    const evidence = saveEvidence(config.dataDir, { height, held, received });
    log.error('the light node answers nothing any more', { code, cause: message, evidence });
    fail(error);
  };
  const onFault = (error: unknown): void => log.error('a fault', { cause: String(error) });
  const core = new LightCore({ anchor, clock, maxAgeMs: config.maxAgeSeconds * 1_000, onHalt });
  const peers = new PeerNode({
    anchor,
    name: topic,
    bootstrap: config.bootstrap.length === 0 ? null : config.bootstrap,
    light: core,
    clock,
    onBan: (key, error) => log.warn('a peer is banned', { key, cause: error.message }),
    onFault,
  });
  const closing: (() => Promise<void>)[] = [() => peers.stop()];
  try {
    const peerCount = (): number => peers.peerCount;
    const backend = new LightBackend({ core, chainId, clientVersion: clientVersion(), peerCount });
    const rpc = await startRpcServer({
      backend,
      host: config.host,
      port: config.port,
      clock,
      allowedHosts: config.allowedHosts,
      allowedOrigins: config.allowedOrigins,
      routes: nodeRoutes(createMetrics([]), () => ({
        role: 'light',
        block: core.tip?.number ?? -1,
        headers: core.headerCount,
        peers: peerCount(),
      })),
      onFault,
    });
    closing.push(() => rpc.close());
    const stop = once(() => closeAll(closing));
    return { core, port: rpc.port, sequencerKey: toHex(anchor.publicKey), failed, stop };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}
