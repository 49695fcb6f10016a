/** Nodes in processes of their own, and what they answer: for the demo and for measurements. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { builtUrl } from '../../state/base/built.js';
import { DeltacastError } from '../../state/base/errors.js';
import { type Clock, sleep } from '../../state/base/ports.js';
import { RpcClient } from '../load/rpc.js';

/** What a node prints on stdout with --json when it is up. */
export interface Announcement {
  readonly port: number;
  readonly sequencerKey: string;
}

const HOST = '127.0.0.1';
const START_DEADLINE_MS = 60_000;
const CATCH_UP_DEADLINE_MS = 60_000;
const POLL_MS = 50;
const BALANCE_BATCH = 100;
const ERROR_TEXT_MAX = 2_000;

/** A role in a process of its own. */
export class NodeProcess {
  private readonly role: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;
  private errors = '';

  constructor(role: string, args: readonly string[]) {
    this.role = role;
    const cli = fileURLToPath(builtUrl('runtime/cli.js'));
    const flags = [role, ...args, '--json', '--log-level', 'error'];
    this.child = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    const end = (): void => void this.child.kill('SIGKILL');
    process.once('exit', end);
    void this.exited.then(() => process.off('exit', end));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-ERROR_TEXT_MAX);
    });
  }

  /** @throws DeltacastError WORKER_FAILED where the node does not come up */
  async announced(clock: Clock): Promise<Announcement> {
    const { stdout } = this.child;
    if (stdout === null) throw this.failure('has no output');
    const lines = createInterface({ input: stdout });
    const line = new Promise<string>((resolve) => lines.once('line', resolve));
    const late = sleep(clock, START_DEADLINE_MS).then(() => null);
    const first = await Promise.race([line, late, this.exited.then(() => null)]);
    if (first === null) throw this.failure('did not start');
    return JSON.parse(first) as Announcement;
  }

  /** @returns the exit status */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  /** As if the power of this one process were cut: nothing is flushed or closed. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private failure(what: string): DeltacastError {
    return new DeltacastError('WORKER_FAILED', `the ${this.role} ${what}: ${this.errors}`);
  }
}

export interface BlockFacts {
  readonly number: number;
  readonly hash: string;
  readonly stateRoot: string;
}

/** Reads of one node over its RPC port. */
export class NodeReader {
  private readonly url: string;
  private readonly client: RpcClient;
  private readonly clock: Clock;

  constructor(port: number, clock: Clock) {
    this.url = `http://${HOST}:${port}`;
    this.client = new RpcClient({ url: this.url, connections: 1, clock });
    this.clock = clock;
  }

  close(): void {
    this.client.close();
  }

  /** The newest sealed block. */
  sealedTip(): Promise<BlockFacts> {
    return this.blockAt('finalized');
  }

  block(number: number): Promise<BlockFacts> {
    return this.blockAt(`0x${number.toString(16)}`);
  }

  async waitForBlock(number: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < CATCH_UP_DEADLINE_MS; waitedMs += POLL_MS) {
      if ((await this.verifiedBlock()) >= number) return;
      await sleep(this.clock, POLL_MS);
    }
    throw new DeltacastError('RPC_TIMEOUT', `the replica did not verify block ${number} in time`);
  }

  async balances(addresses: readonly string[], block: number): Promise<string[]> {
    const balances: string[] = [];
    const at = `0x${block.toString(16)}`;
    for (let start = 0; start < addresses.length; start += BALANCE_BATCH) {
      const calls = addresses.slice(start, start + BALANCE_BATCH).map((address) => [address, at]);
      const replies = await this.client.batch('eth_getBalance', calls);
      balances.push(...replies.map((reply) => JSON.stringify(reply)));
    }
    return balances;
  }

  async verifiedBlock(): Promise<number> {
    return (await this.health())['verifiedBlock'] ?? -1;
  }

  /** Of the diffs that this replica applied. */
  async diffFigures() {
    const { updates = 0, updateBytes = 0, newKeys = 0, keyBytes = 0 } = await this.health();
    return {
      diffUpdates: updates,
      diffBytesPerUpdate: rounded(updateBytes / Math.max(1, updates)),
      newKeyBytesPerKey: rounded(keyBytes / Math.max(1, newKeys)),
    };
  }

  private async health(): Promise<Record<string, number>> {
    const reply = await fetch(`${this.url}/health`);
    return (await reply.json()) as Record<string, number>;
  }

  private async blockAt(block: string): Promise<BlockFacts> {
    const reply = await this.client.call('eth_getBlockByNumber', [block, false]);
    if (!('result' in reply)) throw new DeltacastError('RPC_NOT_FOUND', reply.error.message);
    const { number, hash, stateRoot } = reply.result as Record<string, string>;
    return { number: Number(number), hash: hash ?? '', stateRoot: stateRoot ?? '' };
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
