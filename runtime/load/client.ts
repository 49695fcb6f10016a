/**
 * Puts a load on a node over its RPC. Batches of eth_sendRawTransaction, a window of them under way
 * at once, give the throughput; beside them single eth_sendRawTransactionSync calls, one after the
 * other from an account of their own, give the time from sending to the receipt as a user has it.
 * Batches may overtake each other, so the node must hold a nonce until the one before it comes.
 */
import { createHistogram } from 'node:perf_hooks';
import { toHex } from '../../state/base/bytes.js';
import { type Clock, sleep } from '../../state/base/ports.js';
import { RpcClient, type RpcReply } from './rpc.js';
import type { Workload } from './workload.js';

export type LoadSource = Pick<Workload, 'next' | 'probe'>;

export interface LoadOptions {
  readonly url: string;
  /** `next` answers with an empty list when there is no more. */
  readonly source: LoadSource;
  readonly clock: Clock;
  /** When to stop sending, whatever comes first. */
  readonly txs: number;
  readonly seconds: number;
  /** Transactions in one batch, and batches under way at once. */
  readonly batch?: number;
  readonly window?: number;
  /** Transactions a second at most; as many as the node takes where it is not given. */
  readonly perSecond?: number;
  /**
   * A batch leaves when the receipts of the one before it in its lane are there, so that no more
   * than `window` batches are ever under way; otherwise as soon as the node has accepted it.
   */
  readonly isClosed?: boolean;
  /** Pause between two probes; 0 sends the next as soon as the receipt is there. */
  readonly probePauseMs?: number;
}

export interface LoadResult {
  readonly sent: number;
  readonly accepted: number;
  /** Refusals by message; the node's pool being full is none: those are sent again. */
  readonly refused: Readonly<Record<string, number>>;
  /** Sent again because the pool was full. */
  readonly resent: number;
  /** From the first byte until the node had accepted all, and until all had receipts. */
  readonly acceptedSeconds: number;
  readonly minedSeconds: number;
  readonly acceptedPerSecond: number;
  readonly minedPerSecond: number;
  readonly probes: number;
  readonly probesFailed: number;
  /** Sending to receipt; null without a probe that succeeded. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

/** Below the server's cap on batches (RPC_BATCH_MAX), as Anvil was measured with. */
const BATCH_DEFAULT = 100;
const WINDOW_DEFAULT = 8;
/** A slow load is cut smaller, so that it does not come in gusts. */
const BATCHES_PER_SECOND_MIN = 20;
/** How long a full pool is left alone: one mini-block. */
const POOL_FULL_PAUSE_MS = 10;
const RECEIPT_POLL_MS = 5;
/** After this, what has no receipt never gets one. */
const RECEIPT_DEADLINE_MS = 30_000;
const PROBE_PAUSE_MS = 10;
/** Different refusals kept; more are counted together. */
const REFUSALS_MAX = 20;

/** @throws DeltacastError RPC_TIMEOUT or RPC_PARSE where the node does not answer */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const load = new Load(options);
  try {
    return await load.run();
  } finally {
    load.close();
  }
}

/** Sending to receipt of one sender alone, one transaction after the other. */
export async function probeLatency(
  url: string,
  source: LoadSource,
  seconds: number,
  clock: Clock,
): Promise<LoadResult['latencyMs']> {
  const load = new Load({ url, source, clock, txs: 0, seconds });
  try {
    return await load.probeFor(seconds);
  } finally {
    load.close();
  }
}

class Load {
  private readonly options: LoadOptions;
  private readonly clock: Clock;
  private readonly batch: number;
  private readonly window: number;
  private readonly client: RpcClient;
  private readonly probeClient: RpcClient;
  private readonly latency = createHistogram();
  private readonly refused = new Map<string, number>();
  /** Hash of the last transaction that each lane had accepted: those are waited for. */
  private readonly lastHashes = new Map<number, string>();
  private readonly startedMs: number;
  private sent = 0;
  private accepted = 0;
  private resent = 0;
  private probes = 0;
  private probesFailed = 0;
  private isOver = false;

  constructor(options: LoadOptions) {
    const { url, clock } = options;
    this.options = options;
    this.clock = clock;
    const { batch = BATCH_DEFAULT, perSecond = Number.POSITIVE_INFINITY } = options;
    this.batch = Math.min(batch, Math.max(1, Math.round(perSecond / BATCHES_PER_SECOND_MIN)));
    this.window = options.window ?? WINDOW_DEFAULT;
    this.client = new RpcClient({ url, connections: this.window, clock });
    this.probeClient = new RpcClient({ url, connections: 1, clock });
    this.startedMs = clock.monotonicMs();
  }

  async run(): Promise<LoadResult> {
    const probing = this.probeWhileLoaded();
    try {
      await Promise.all(Array.from({ length: this.window }, (_, lane) => this.sendLane(lane)));
    } finally {
      this.isOver = true;
    }
    const acceptedSeconds = this.elapsedMs() / 1_000;
    await this.waitForReceipts();
    const minedSeconds = this.elapsedMs() / 1_000;
    await probing;
    return this.result(acceptedSeconds, minedSeconds);
  }

  async probeFor(seconds: number): Promise<LoadResult['latencyMs']> {
    const probing = this.probeWhileLoaded();
    await sleep(this.clock, seconds * 1_000);
    this.isOver = true;
    await probing;
    return this.latencyMs();
  }

  close(): void {
    this.isOver = true;
    this.client.close();
    this.probeClient.close();
  }

  /** One of the batches under way: takes the next transactions, sends, waits, again. */
  private async sendLane(lane: number): Promise<void> {
    const { txs, seconds, source } = this.options;
    for (;;) {
      const count = Math.min(this.batch, txs - this.sent);
      const waitMs = this.dueMs() - this.elapsedMs();
      if (this.isOver || count <= 0 || this.elapsedMs() + Math.max(0, waitMs) >= seconds * 1_000) {
        return;
      }
      // Taken before the pause, so that the other lanes come after it.
      this.sent += count;
      if (waitMs > 0) await sleep(this.clock, waitMs);
      const raws = source.next(count);
      this.sent -= count - raws.length;
      const last = raws.at(-1);
      if (last === undefined) return;
      await this.submit(lane, raws.map(toHex));
      // Known already, so that this only waits for its receipt.
      if (this.options.isClosed === true) {
        await this.client.call('eth_sendRawTransactionSync', [toHex(last)]);
      }
    }
  }

  /** When the next batch may leave, from the start. */
  private dueMs(): number {
    const { perSecond } = this.options;
    return perSecond === undefined ? 0 : (this.sent * 1_000) / perSecond;
  }

  /** Sends until the pool has had room for all, or nobody waits for it any more. */
  private async submit(lane: number, raws: readonly string[]): Promise<void> {
    let waiting = raws;
    while (waiting.length > 0) {
      const replies = await this.client.batch(
        'eth_sendRawTransaction',
        waiting.map((raw) => [raw]),
      );
      const full = waiting.filter((_, index) => this.isPoolFull(lane, replies[index]));
      if (full.length === 0) return;
      if (this.isOver || this.elapsedMs() >= this.options.seconds * 1_000) {
        this.refuse('still no room in the pool at the end', full.length);
        return;
      }
      this.resent += full.length;
      waiting = full;
      await sleep(this.clock, POOL_FULL_PAUSE_MS);
    }
  }

  /** Counts a reply unless it says that there is no room. */
  private isPoolFull(lane: number, reply: RpcReply | undefined): boolean {
    if (reply !== undefined && 'result' in reply) {
      this.accepted += 1;
      this.lastHashes.set(lane, String(reply.result));
      return false;
    }
    const message = reply?.error.message ?? 'no answer';
    if (/pool is full/i.test(message)) return true;
    this.refuse(message, 1);
    return false;
  }

  private refuse(message: string, count: number): void {
    const isKnown = this.refused.has(message) || this.refused.size < REFUSALS_MAX;
    const key = isKnown ? message : 'others';
    this.refused.set(key, (this.refused.get(key) ?? 0) + count);
  }

  private async probeWhileLoaded(): Promise<void> {
    const { source, probePauseMs = PROBE_PAUSE_MS } = this.options;
    while (!this.isOver) {
      const raw = toHex(source.probe());
      const startedMs = this.clock.monotonicMs();
      const reply = await this.probeClient
        .call('eth_sendRawTransactionSync', [raw])
        .catch(() => undefined);
      const tookMs = this.clock.monotonicMs() - startedMs;
      this.probes += 1;
      // A probe that failed leaves a gap in its nonces: the next ones could only wait.
      if (reply === undefined || !('result' in reply)) {
        this.probesFailed += 1;
        return;
      }
      this.latency.record(Math.max(1, Math.round(tookMs * 1_000)));
      if (probePauseMs > 0) await sleep(this.clock, probePauseMs);
    }
  }

  /** Transactions of a lane are accepted in order; those of the last one of each come last. */
  private async waitForReceipts(): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + RECEIPT_DEADLINE_MS;
    let waiting = [...this.lastHashes.values()];
    while (waiting.length > 0 && this.clock.monotonicMs() < deadlineMs) {
      const replies = await this.client.batch(
        'eth_getTransactionReceipt',
        waiting.map((hash) => [hash]),
      );
      waiting = waiting.filter((_, index) => !hasReceipt(replies[index]));
      if (waiting.length > 0) await sleep(this.clock, RECEIPT_POLL_MS);
    }
    if (waiting.length > 0) this.refuse('no receipt', waiting.length);
  }

  private elapsedMs(): number {
    return this.clock.monotonicMs() - this.startedMs;
  }

  private result(acceptedSeconds: number, minedSeconds: number): LoadResult {
    const { sent, accepted, resent, probes, probesFailed } = this;
    return {
      sent,
      accepted,
      refused: Object.fromEntries(this.refused),
      resent,
      acceptedSeconds,
      minedSeconds,
      acceptedPerSecond: Math.round(accepted / acceptedSeconds),
      minedPerSecond: Math.round(accepted / minedSeconds),
      probes,
      probesFailed,
      latencyMs: this.latencyMs(),
    };
  }

  private latencyMs(): LoadResult['latencyMs'] {
    const { latency } = this;
    if (latency.count === 0) return null;
    return { p50: latency.percentile(50) / 1_000, p99: latency.percentile(99) / 1_000 };
  }
}

function hasReceipt(reply: RpcReply | undefined): boolean {
  return reply !== undefined && 'result' in reply && reply.result !== null;
}

/**
 * Signs everything before the load begins: signing takes 65 us a transaction, which would be taken
 * from the node where both share a machine.
 */
export function presign(workload: LoadSource, txs: number): LoadSource {
  const raws = workload.next(txs);
  let at = 0;
  return {
    next(count) {
      const part = raws.slice(at, at + count);
      at += part.length;
      return part;
    },
    probe: () => workload.probe(),
  };
}
