/** A small peer network on loopback for the tests: a DHT of its own, sequencers and followers. */
import { Follower, type FollowerOptions } from '../../../../net/p2p/follow.js';
import { type Frame, KIND_MINI_BLOCK, parseFrame, signFrame } from '../../../../net/p2p/frame.js';
import type { Evidence } from '../../../../net/p2p/intake.js';
import { chainIdentity, hashOf, signerOf } from '../../../../net/p2p/keys.js';
import { PeerNode, type PeerNodeOptions } from '../../../../net/p2p/peer-node.js';
import { type FrameSource, Publisher, type SubmitHandler } from '../../../../net/p2p/publish.js';
import { toHex } from '../../../../state/base/bytes.js';
import { systemClock } from '../../../../state/base/ports.js';

export const CHAIN_ID = 31_337;
export const signer = signerOf(new Uint8Array(32).fill(1));
export const anchor = { chainId: CHAIN_ID, publicKey: signer.publicKey };
export const identity = chainIdentity(CHAIN_ID, signer.publicKey);

/** A log in memory, which makes its own frames when it is the sequencer's. */
export class Chain implements FrameSource {
  firstHeight = 0;
  readonly frames: Uint8Array[] = [];
  private parentHash: Uint8Array = identity;

  constructor(count = 0, bodyBytes = 100) {
    while (this.frames.length < count) this.grow(bodyBytes);
  }

  get nextHeight(): number {
    return this.frames.length;
  }

  read(height: number): Uint8Array {
    return this.frames[height]!;
  }

  /** Signs one more frame and holds it. */
  grow(bodyBytes = 100, timestampMs = 1): Uint8Array {
    const body = new Uint8Array(bodyBytes).fill(this.frames.length);
    return this.add(
      signFrame(
        {
          kind: KIND_MINI_BLOCK,
          chainId: CHAIN_ID,
          height: this.frames.length,
          timestampMs,
          parentHash: this.parentHash,
          body,
        },
        signer,
      ).bytes,
    );
  }

  hashAt(height: number): Uint8Array {
    return parseFrame(this.read(height)).hash;
  }

  /** One text for all frames; comparing arrays of bytes element by element takes minutes. */
  digest(): string {
    return toHex(hashOf(...this.frames));
  }

  add(bytes: Uint8Array): Uint8Array {
    this.frames.push(bytes);
    this.parentHash = parseFrame(bytes).hash;
    return bytes;
  }
}

export async function until(
  what: string,
  holds: () => boolean,
  deadlineMs = 15_000,
): Promise<number> {
  const started = performance.now();
  while (!holds()) {
    if (performance.now() - started > deadlineMs) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - started;
}

export interface TestNode {
  readonly node: PeerNode;
  readonly chain: Chain;
  readonly publisher: Publisher | undefined;
  readonly follower: Follower | undefined;
  readonly halts: { error: unknown; evidence: Evidence | null }[];
  readonly bans: { key: string; code: string }[];
  /** Grows the chain and publishes the frame. */
  produce(bodyBytes?: number): void;
}

export interface NodeSettings {
  readonly chain?: Chain;
  readonly sequencer?: boolean;
  readonly serves?: boolean;
  readonly follows?: boolean;
  readonly apply?: (frame: Frame) => Promise<void>;
  readonly onSubmit?: SubmitHandler;
  readonly onFault?: (error: unknown) => void;
  readonly follower?: Partial<FollowerOptions>;
  readonly node?: Partial<PeerNodeOptions>;
}

/** Errors of ours in any node; every test file checks at its end that there were none. */
export const faults: unknown[] = [];
const running = new Set<PeerNode>();

export function startTestNode(bootstrap: readonly string[], settings: NodeSettings): TestNode {
  const chain = settings.chain ?? new Chain();
  const halts: TestNode['halts'] = [];
  const bans: TestNode['bans'] = [];
  const { onSubmit, onFault = (error) => faults.push(error) } = settings;
  const publisher =
    settings.sequencer === true || settings.serves === true
      ? new Publisher({
          source: chain,
          clock: systemClock,
          onFault,
          ...(onSubmit === undefined ? {} : { onSubmit }),
        })
      : undefined;
  const follower =
    settings.follows === true ? followerOf(settings, chain, publisher, halts) : undefined;
  const node = new PeerNode({
    anchor,
    name: 'test',
    bootstrap,
    clock: systemClock,
    onFault,
    onBan: (key, { code }) => bans.push({ key, code }),
    ...(settings.sequencer === true ? { signer } : {}),
    ...(publisher === undefined ? {} : { publisher }),
    ...(follower === undefined ? {} : { follower }),
    ...settings.node,
  });
  running.add(node);
  const produce = (bodyBytes?: number): void => {
    const frame = chain.grow(bodyBytes);
    publisher?.publish(chain.nextHeight - 1, frame);
  };
  return { node, chain, publisher, follower, halts, bans, produce };
}

function followerOf(
  settings: NodeSettings,
  chain: Chain,
  publisher: Publisher | undefined,
  halts: TestNode['halts'],
): Follower {
  const last = chain.frames.at(-1);
  return new Follower({
    anchor,
    parentHash: last === undefined ? identity : parseFrame(last).hash,
    nextHeight: chain.nextHeight,
    clock: systemClock,
    recall: (height) => chain.frames[height] ?? null,
    onHalt: (error, evidence) => halts.push({ error, evidence }),
    sink: {
      async apply(frame) {
        await settings.apply?.(frame);
        chain.add(frame.bytes);
        publisher?.publish(frame.height, frame.bytes);
      },
    },
    ...settings.follower,
  });
}

export async function stopNode({ node }: TestNode): Promise<void> {
  running.delete(node);
  await node.stop();
}

export async function stopAll(): Promise<void> {
  for (const node of running) await node.stop();
  running.clear();
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
