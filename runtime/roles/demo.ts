/**
 * Everything at once, on free ports: a local DHT, a sequencer and a replica in processes of their
 * own, and a load; then a comparison of the two and a summary.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBootstrap } from '../../net/p2p/swarm.js';
import type { Clock } from '../../state/base/ports.js';
import { type LoadResult, probeLatency, runLoad } from '../load/client.js';
import { genesisAlloc, type Workload } from '../load/workload.js';
import { createWorkload } from '../load/workloads.js';
import { type Announcement, NodeProcess, NodeReader } from './node-process.js';

export interface DemoOptions {
  readonly seconds: number;
  readonly load: string;
  readonly accounts: number;
  readonly workers: number;
  /** Transactions a second at most; as many as the node takes where it is not given. */
  readonly rate?: number;
}

export interface DemoSummary {
  readonly load: string;
  readonly seconds: number;
  readonly transactions: number;
  readonly tps: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Sending to receipt: of one sender alone, and of one among the load. */
  readonly latencyMs: {
    readonly alone: LoadResult['latencyMs'];
    readonly loaded: LoadResult['latencyMs'];
  };
  readonly diffBytesPerUpdate: number;
  readonly diffUpdates: number;
  readonly newKeyBytesPerKey: number;
  readonly height: { readonly sequencer: number; readonly replica: number };
  readonly stateRoot: { readonly sequencer: string; readonly replica: string };
  readonly balancesCompared: number;
  readonly balancesEqual: boolean;
  /** Blocks whose header the replica made again. */
  readonly verifiedBlock: number;
  readonly matches: boolean;
}

export interface DemoPorts {
  readonly clock: Clock;
  /** One line for people on what happens. */
  readonly say: (line: string) => void;
}

const HOST = '127.0.0.1';
const DHT_NODES = 4;
const BALANCES_MAX = 1_000;
/** Of the time: one sender alone, before the load. */
const ALONE_SHARE = 0.2;
/** Small batches keep what is under way, and so the time to a receipt, small. */
const LOAD_BATCH = 20;
const SEED = 1;

export async function runDemo(options: DemoOptions, ports: DemoPorts): Promise<DemoSummary> {
  const workload = createWorkload(options.load, {
    accounts: options.accounts,
    seed: SEED,
    chainId: 31_337,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1n,
  });
  const directory = mkdtempSync(join(tmpdir(), 'deltacast-demo-'));
  const nodes: NodeProcess[] = [];
  const bootstrap = await startBootstrap({ host: HOST, nodes: DHT_NODES });
  try {
    return await new Demo({ options, ports, workload, directory, nodes }).run(bootstrap.addresses);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await bootstrap.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface DemoParts {
  readonly options: DemoOptions;
  readonly ports: DemoPorts;
  readonly workload: Workload;
  readonly directory: string;
  readonly nodes: NodeProcess[];
}

class Demo {
  private readonly parts: DemoParts;

  constructor(parts: DemoParts) {
    this.parts = parts;
  }

  async run(bootstrap: readonly string[]): Promise<DemoSummary> {
    const { options, ports, workload } = this.parts;
    const { clock, say } = ports;
    const genesis = this.writeGenesis();
    const common = ['--topic', 'demo', '--bootstrap', bootstrap.join(','), '--port', '0'];
    say('starting a sequencer');
    const sequencer = await this.start('sequencer', [
      ...common,
      ...['--genesis', genesis, '--data-dir', join(this.parts.directory, 'sequencer')],
      ...['--workers', String(options.workers)],
    ]);
    say(`sequencer on http://${HOST}:${sequencer.port}; starting a replica`);
    const replica = await this.start('replica', [
      ...common,
      ...['--sequencer-key', sequencer.sequencerKey],
      ...['--data-dir', join(this.parts.directory, 'replica')],
    ]);
    say(`replica on http://${HOST}:${replica.port}; ${options.load} load, ${options.seconds} s`);
    const url = `http://${HOST}:${sequencer.port}`;
    const alone = await probeLatency(url, workload, options.seconds * ALONE_SHARE, clock);
    const loaded = await runLoad({
      url,
      clock,
      txs: Number.MAX_SAFE_INTEGER,
      source: workload,
      seconds: options.seconds * (1 - ALONE_SHARE),
      isClosed: true,
      batch: LOAD_BATCH,
      ...(options.rate === undefined ? {} : { perSecond: options.rate }),
    });
    say('load done; waiting for the replica');
    return this.compare({ alone, loaded }, sequencer, replica);
  }

  private writeGenesis(): string {
    const path = join(this.parts.directory, 'genesis.json');
    const json = { config: { chainId: 31_337 }, alloc: genesisAlloc(this.parts.workload) };
    writeFileSync(path, JSON.stringify(json));
    return path;
  }

  private async start(role: string, args: readonly string[]): Promise<Announcement> {
    const node = new NodeProcess(role, args);
    this.parts.nodes.push(node);
    return node.announced(this.parts.ports.clock);
  }

  private async compare(
    { alone, loaded }: { alone: LoadResult['latencyMs']; loaded: LoadResult },
    sequencer: Announcement,
    replica: Announcement,
  ): Promise<DemoSummary> {
    const { options, ports } = this.parts;
    const ours = new NodeReader(sequencer.port, ports.clock);
    const theirs = new NodeReader(replica.port, ports.clock);
    try {
      const tip = await ours.sealedTip();
      await theirs.waitForBlock(tip.number);
      const seen = await theirs.block(tip.number);
      const addresses = this.sample();
      const [a, b] = await Promise.all([
        ours.balances(addresses, tip.number),
        theirs.balances(addresses, tip.number),
      ]);
      const balancesEqual = a.join() === b.join();
      const diff = await theirs.diffFigures();
      return {
        load: options.load,
        seconds: loaded.minedSeconds,
        transactions: loaded.accepted,
        tps: loaded.minedPerSecond,
        refused: loaded.refused,
        latencyMs: { alone, loaded: loaded.latencyMs },
        ...diff,
        height: { sequencer: tip.number, replica: seen.number },
        stateRoot: { sequencer: tip.stateRoot, replica: seen.stateRoot },
        balancesCompared: addresses.length,
        balancesEqual,
        verifiedBlock: await theirs.verifiedBlock(),
        matches: balancesEqual && tip.stateRoot === seen.stateRoot && tip.hash === seen.hash,
      };
    } finally {
      ours.close();
      theirs.close();
    }
  }

  private sample(): string[] {
    const addresses: string[] = [];
    for (const [address] of this.parts.workload.alloc()) {
      addresses.push(address);
      if (addresses.length === BALANCES_MAX) break;
    }
    return addresses;
  }
}
