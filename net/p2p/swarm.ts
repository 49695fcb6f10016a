/**
 * Finding and reaching peers (owner of hyperswarm and hyperdht). A topic is announced or looked up
 * in a DHT, and every connection comes out encrypted and authenticated by transport key. Caps and
 * bans are ours, because hyperswarm enforces neither on inbound connections. Without a bootstrap
 * list the public DHT is used: the caller decides that, never a default.
 */
import HyperDHT from 'hyperdht';
import Hyperswarm, { type NoiseStream } from 'hyperswarm';
import { concatBytes } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { PEERS_BANNED_MAX, PEERS_INBOUND_MAX, PEERS_PER_KEY_MAX } from '../../state/base/limits.js';
import type { Clock } from '../../state/base/ports.js';
import { hashOf } from './keys.js';

export type { NoiseStream };

/** Un-announcing asks the DHT, which may be gone: then the swarm is torn down without. */
const STOP_DEADLINE_MS = 3_000;
/** Below four nodes first connections fail or die after some seconds (measured). */
const BOOTSTRAP_NODES_MIN = 4;
const LOOPBACK = '127.0.0.1';
const ANY_ADDRESS = '0.0.0.0';

export interface SwarmOptions {
  readonly topic: Uint8Array;
  /** `host:port` of DHT nodes; null: the public ones. */
  readonly bootstrap: readonly string[] | null;
  /** IPv4 address to bind; loopback when all bootstrap nodes are there, else all addresses. */
  readonly host?: string;
  /** 32 bytes of a stable transport key; a new key otherwise. */
  readonly seed?: Uint8Array;
  /** Announce the topic and accept connections; look peers up and connect to them. */
  readonly server: boolean;
  readonly client: boolean;
  readonly inboundMax?: number;
  /** Transport keys that may connect; left out: all. */
  readonly allow?: readonly Uint8Array[];
  readonly clock: Clock;
  readonly onConnection: (stream: NoiseStream) => void;
}

/** The 32 bytes under which the peers of one chain find each other; no secret. */
export function topicOf(identity: Uint8Array, name: string): Uint8Array {
  const text = new TextEncoder();
  return hashOf(concatBytes(text.encode('deltacast'), identity, text.encode(name)));
}

export class Swarm {
  private readonly options: SwarmOptions;
  private readonly swarm: Hyperswarm;
  private readonly discovery: ReturnType<Hyperswarm['join']>;
  /** Open connections by transport key. */
  private readonly open = new Map<string, Set<NoiseStream>>();
  private readonly banned = new Set<string>();
  private readonly allowed: ReadonlySet<string> | null;
  private stopped = false;

  constructor(options: SwarmOptions) {
    this.options = options;
    this.allowed = options.allow === undefined ? null : new Set(options.allow.map(keyText));
    this.swarm = new Hyperswarm({
      dht: openDht(options),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      firewall: (key) => this.refuses(keyText(key)),
    });
    this.swarm.on('connection', (stream) => this.accept(stream));
    const { server, client } = options;
    this.discovery = this.swarm.join(options.topic, { server, client });
  }

  /** This node's transport key. */
  get publicKey(): Uint8Array {
    return new Uint8Array(this.swarm.keyPair.publicKey);
  }

  get connectionCount(): number {
    return [...this.open.values()].reduce((sum, streams) => sum + streams.size, 0);
  }

  /** Resolves when the topic is announced, or could not be. */
  async announced(): Promise<void> {
    await this.discovery.flushed();
  }

  /** Looks for peers again: hyperswarm itself gives up on one after four attempts. */
  refresh(): void {
    if (this.stopped) return;
    const { server, client } = this.options;
    this.discovery.refresh({ server, client }).catch(() => undefined);
  }

  /** Ends all connections of a transport key and refuses it from now on. */
  ban(publicKey: Uint8Array): void {
    const key = keyText(publicKey);
    this.banned.add(key);
    if (this.banned.size > PEERS_BANNED_MAX) this.forgetOldestBan();
    for (const stream of this.open.get(key) ?? []) stream.destroy();
  }

  isBanned(publicKey: Uint8Array): boolean {
    return this.banned.has(keyText(publicKey));
  }

  /** Leaves no socket, timer or connection. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    for (const streams of this.open.values()) for (const stream of streams) stream.destroy();
    let cancel = (): void => undefined;
    const late = new Promise<'late'>((resolve) => {
      cancel = this.options.clock.after(STOP_DEADLINE_MS, () => resolve('late'));
    });
    const outcome = await Promise.race([this.swarm.destroy(), late]);
    cancel();
    if (outcome === 'late') await this.swarm.destroy({ force: true });
  }

  private refuses(key: string): boolean {
    return this.banned.has(key) || (this.allowed !== null && !this.allowed.has(key));
  }

  private accept(stream: NoiseStream): void {
    // A peer that closes in good order still gives us an error event ("connection reset").
    stream.on('error', () => undefined);
    const key = keyText(stream.remotePublicKey);
    const ofKey = this.open.get(key) ?? new Set();
    const isInbound = !stream.isInitiator;
    const full = isInbound && this.inboundCount() >= (this.options.inboundMax ?? PEERS_INBOUND_MAX);
    if (this.stopped || this.refuses(key) || full || ofKey.size >= PEERS_PER_KEY_MAX) {
      stream.destroy();
      return;
    }
    this.open.set(key, ofKey.add(stream));
    stream.on('close', () => {
      ofKey.delete(stream);
      if (ofKey.size === 0 && this.open.get(key) === ofKey) this.open.delete(key);
    });
    this.options.onConnection(stream);
  }

  private inboundCount(): number {
    let count = 0;
    for (const streams of this.open.values()) {
      for (const stream of streams) if (!stream.isInitiator) count += 1;
    }
    return count;
  }

  private forgetOldestBan(): void {
    const [oldest] = this.banned;
    if (oldest === undefined) return;
    this.banned.delete(oldest);
    // Hyperswarm keeps every key that its firewall refused for ever, unless told otherwise.
    this.swarm.peers.get(oldest)?.ban(false);
    this.swarm.leavePeer(Buffer.from(oldest, 'hex'));
  }
}

export interface Bootstrap {
  /** What other nodes pass as their bootstrap list. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

/**
 * Runs DHT nodes of our own: a network without the public one.
 * @param host  IPv4 address at which others reach them
 * @param port  of the first node; left out: one that is free
 * @throws DeltacastError BAD_USAGE when the port is taken
 */
export async function startBootstrap(options: {
  readonly host: string;
  readonly port?: number;
  readonly nodes: number;
}): Promise<Bootstrap> {
  const { host, port } = options;
  const nodes: HyperDHT[] = [];
  const stop = async (): Promise<void> => {
    for (const node of nodes.reverse()) await node.destroy();
  };
  const shared = { ephemeral: false, firewalled: false, host: bindAddress(host) };
  try {
    const fixed = port === undefined ? {} : { port, anyPort: false };
    await startNode(nodes, { ...shared, ...fixed, bootstrap: [] });
    const bootstrap = [{ host, port: portOf(nodes) }];
    while (nodes.length < Math.max(options.nodes, BOOTSTRAP_NODES_MIN)) {
      await startNode(nodes, { ...shared, bootstrap });
    }
  } catch (error) {
    await stop();
    const why = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('BAD_USAGE', `cannot run DHT nodes at ${host}: ${why}`);
  }
  return { addresses: nodes.map((node) => `${host}:${node.address()?.port}`), stop };
}

async function startNode(
  nodes: HyperDHT[],
  options: ConstructorParameters<typeof HyperDHT>[0],
): Promise<void> {
  const node = new HyperDHT(options);
  nodes.push(node);
  await node.fullyBootstrapped();
}

function portOf(nodes: readonly HyperDHT[]): number {
  const port = nodes[0]?.address()?.port;
  if (port === undefined) throw new DeltacastError('BAD_USAGE', 'no port is bound');
  return port;
}

function openDht(options: SwarmOptions): HyperDHT {
  const { bootstrap } = options;
  if (bootstrap === null) return new HyperDHT({ host: options.host ?? ANY_ADDRESS });
  const nodes = bootstrap.map(parseAddress);
  const isLocal = nodes.every((node) => node.host === LOOPBACK);
  const host = options.host ?? (isLocal ? LOOPBACK : ANY_ADDRESS);
  // On loopback nothing has to be punched; saying so makes first connections reliable.
  return new HyperDHT({ bootstrap: nodes, host, ...(isLocal ? { firewalled: false } : {}) });
}

/** @throws DeltacastError BAD_USAGE */
function parseAddress(text: string): { host: string; port: number } {
  const [host, digits, ...rest] = text.split(':');
  const port = Number(digits);
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  if (host === undefined || host === '' || rest.length > 0 || !isPort) {
    throw new DeltacastError('BAD_USAGE', `not a host:port: ${text.slice(0, 64)}`);
  }
  return { host: host === 'localhost' ? LOOPBACK : host, port };
}

function bindAddress(host: string): string {
  return host === LOOPBACK ? LOOPBACK : ANY_ADDRESS;
}

function keyText(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString('hex');
}
