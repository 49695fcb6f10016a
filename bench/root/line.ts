/** What `bench root` and `bench root-growth` report: lines of JSON, and tables for people. */

/** A peer's figure of its own making: another machine, its words. */
export interface Published {
  readonly name: string;
  readonly updatesPerSecond: number;
  readonly threads: string;
  readonly keys: string;
  readonly hardware: string;
  readonly source: string;
}

export interface RootLine {
  readonly workload: 'root';
  readonly keys: number;
  /** Where records come from: read of an arena, or made as fast as that. */
  readonly source: 'arena' | 'made';
  readonly threads: number;
  readonly batch: number;
  /** Of the best of some rounds, all threads together. */
  readonly cpuNanosecondsPerUpdate: number;
  readonly updatesPerCpuSecond: number;
  /** By wall time, of the best round. */
  readonly updatesPerSecond: number;
  /** Memory of the trie, what it has in reserve included. */
  readonly bytesPerKey: number;
  /** Against one thread, by wall time; what was shared out, by the time of the busiest thread. */
  readonly speedup?: number;
  readonly shared?: number;
  /** Of this run: microseconds of CPU an update, at so many keys, and how many times ours. */
  readonly versus: Readonly<
    Record<string, { readonly keys: number; readonly microseconds: number; readonly ratio: number }>
  >;
  readonly published: readonly Published[];
}

export interface GrowthLine {
  readonly workload: 'root-growth';
  readonly keys: number;
  /** Of batches of 2,000 among all keys: mean CPU time, or wall time where that was less. */
  readonly cpuNanosecondsPerUpdate: number;
  /** Of blocks of 2,000 new keys since the line before: the same, splits of buckets included. */
  readonly cpuNanosecondsPerInsert: number;
  readonly insertBlockCpuMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Keys after the longest: a step of growth is there in every run, a stall of the machine not. */
  readonly maxAtKeys: number;
  readonly bytesPerKey: number;
}

/** Sources: research notes of the SALT repository's benchmarks, arXiv 2501.05262, NOMT's posts. */
export const PUBLISHED: readonly Published[] = [
  {
    name: 'SALT',
    updatesPerSecond: 73_000,
    threads: '1',
    keys: 'empty, in memory, batches of 10,000',
    hardware: 'a CI machine with 32 vCPUs (Blacksmith)',
    source: 'megaeth-labs/salt, branch gh-pages, benchmarks/data.json',
  },
  {
    name: 'SALT',
    updatesPerSecond: 139_000,
    threads: '2',
    keys: 'the same',
    hardware: 'the same',
    source: 'the same',
  },
  {
    name: 'QMDB',
    updatesPerSecond: 2_280_000,
    threads: '32 vCPUs',
    keys: 'on SSD, up to 15 billion',
    hardware: 'AWS i8g.8xlarge',
    source: 'arXiv 2501.05262',
  },
  {
    name: 'NOMT',
    updatesPerSecond: 116_000,
    threads: 'a commit of 50,000 accounts in 431 ms, proof and writes included',
    keys: '134 million, on SSD',
    hardware: "its authors' machine, a consumer NVMe disk",
    source: 'rob.tech/blog/introducing-nomt',
  },
  {
    name: 'NOMT',
    updatesPerSecond: 100_000,
    threads: 'over 50,000 transfers a second, two accounts each',
    keys: 'below 128 million, on SSD',
    hardware: 'AMD Ryzen 7950X, 64 GB, consumer NVMe',
    source: 'rph.eth.limo/blog/nomt-1.0-preview',
  },
];

export function isRootLine(line: { readonly workload: string }): line is RootLine {
  return line.workload === 'root';
}

export function isGrowthLine(line: { readonly workload: string }): line is GrowthLine {
  return line.workload === 'root-growth';
}

export function rootTable(line: RootLine): string {
  const { keys, threads, batch, speedup, shared, versus } = line;
  const notes = [
    `${keys} keys, ${threads} thread${threads === 1 ? '' : 's'}, batches of ${batch}:`.padEnd(46),
    `${grouped(line.updatesPerCpuSecond)} a CPU-second, ${grouped(line.updatesPerSecond)} a second`,
    `, ${line.cpuNanosecondsPerUpdate} ns, ${line.bytesPerKey} bytes a key`,
    speedup === undefined ? '' : `, ${speedup}x one thread`,
    shared === undefined ? '' : ` (${shared}x by the busiest thread)`,
    ...Object.entries(versus).map(([name, peer]) => `, ${peer.ratio}x ${name} at ${peer.keys}`),
  ];
  return notes.join('');
}

/** Once, below all lines. */
export function publishedTable(): string {
  const rows = PUBLISHED.map(
    (peer) =>
      `    ${peer.name.padEnd(6)}${grouped(peer.updatesPerSecond).padStart(10)} a second: ` +
      `${peer.threads}; ${peer.keys}; ${peer.hardware} (${peer.source})`,
  );
  return ['  published by others, on their machines:', ...rows].join('\n');
}

export function growthTable(line: GrowthLine): string {
  const { p50, p99, max } = line.insertBlockCpuMs;
  return [
    `${grouped(line.keys).padStart(12)} keys: ${line.cpuNanosecondsPerUpdate} ns an update, `,
    `${line.cpuNanosecondsPerInsert} ns a new key; blocks of new keys `,
    `p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms (at ${grouped(line.maxAtKeys)} keys); `,
    `${line.bytesPerKey} bytes a key`,
  ].join('');
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
