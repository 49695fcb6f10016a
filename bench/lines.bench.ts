/**
 * Cache lines that move between cores: `node dist/bench/lines.bench.js [rounds]` after a build. Two
 * threads, each on a core of its own, write a half of some lines each; then each at the same time
 * reads, or changes, its own half again, or the other's. No line depends on another, so as many are
 * under way as a core can have: what moving one costs at least. Or else each line says which is the
 * next: what it costs at most. Nanoseconds a line, medians of the rounds of both threads.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { pinThread } from '../workers/affinity.js';
import { next } from './drawn-cells.js';

const ROUNDS = Number(process.argv[2] ?? 2_000);
const WORDS_PER_LINE = 16;
/** 128 KiB: more than a first-level cache holds, less than a second-level one. */
const HALF_LINES = 2_048;
const THREADS = 2;
/** Of a line: where the next one is. */
const NEXT = 1;
/** In the words before the lines: threads that have arrived, of all rounds together. */
const ARRIVED = 0;
/** Nobody writes it. */
const NAPPING = 16;
const LINES_AT = 64;
const NS_PER_MS = 1e6;
const NAPS = 4;
const NAP_MS = 100;
const WARM_ROUNDS = 200;

type Touch = (words: Int32Array, lines: readonly number[], from: number) => number;

interface Case {
  readonly name: string;
  readonly touch: Touch;
  readonly isDrawn: boolean;
  readonly isMoved: boolean;
}

const read: Touch = (words, lines, from) => {
  let sum = 0;
  for (const line of lines) sum = (sum + (words[from + line] ?? 0)) | 0;
  return sum;
};

const change: Touch = (words, lines, from) => {
  for (const line of lines) words[from + line] = (words[from + line] ?? 0) + 1;
  return 0;
};

const follow: Touch = (words, lines, from) => {
  let at = lines[0] ?? 0;
  for (let left = lines.length; left > 0; left -= 1) at = words[from + at + NEXT] ?? 0;
  return at;
};

const TOUCHES: Readonly<Record<string, Touch>> = { read, change, follow };

const CASES: readonly Case[] = [true, false].flatMap((isDrawn) =>
  Object.entries(TOUCHES).flatMap(([name, touch]) =>
    [false, true].map((isMoved) => ({ name, touch, isDrawn, isMoved })),
  ),
);

/** Both orders, as offsets in words. */
function ordersOf(): { readonly inOrder: number[]; readonly drawn: number[] } {
  const inOrder = Array.from({ length: HALF_LINES }, (_, line) => line * WORDS_PER_LINE);
  const drawn = [...inOrder];
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = next(last + 1);
    [drawn[last], drawn[other]] = [drawn[other] ?? 0, drawn[last] ?? 0];
  }
  return { inOrder, drawn };
}

function link(words: Int32Array, lines: readonly number[], from: number): void {
  for (const [at, line] of lines.entries()) {
    words[from + line + NEXT] = lines[(at + 1) % lines.length] ?? 0;
  }
}

/** Returns when both threads have come so often. */
function meet(words: Int32Array, turn: number): void {
  Atomics.add(words, ARRIVED, 1);
  while (Atomics.load(words, ARRIVED) < turn * THREADS);
}

/** V8 compiles in threads of its own, for which both cores are too busy later. */
function warmUp(words: Int32Array, lines: readonly number[], half: number): void {
  for (let nap = 0; nap < NAPS; nap += 1) {
    for (let round = 0; round < WARM_ROUNDS; round += 1) {
      for (const touch of Object.values(TOUCHES)) touch(words, lines, half);
    }
    Atomics.wait(words, NAPPING, 0, NAP_MS);
  }
}

/** Nanoseconds a line, the median of each case. */
function measure(words: Int32Array, thread: number): number[] {
  pinThread(thread);
  const { inOrder, drawn } = ordersOf();
  const halves = [0, 1].map((half) => LINES_AT + half * HALF_LINES * WORDS_PER_LINE);
  warmUp(words, inOrder, halves[thread] ?? 0);
  let turn = 0;
  return CASES.map(({ touch, isDrawn, isMoved }) => {
    const lines = isDrawn ? drawn : inOrder;
    const times: number[] = [];
    link(words, lines, halves[thread] ?? 0);
    for (let round = 0; round < ROUNDS; round += 1) {
      change(words, lines, halves[thread] ?? 0);
      meet(words, (turn += 1));
      const startedMs = performance.now();
      touch(words, lines, halves[isMoved ? 1 - thread : thread] ?? 0);
      times.push(performance.now() - startedMs);
      meet(words, (turn += 1));
    }
    return ((medianOf(times) ?? 0) * NS_PER_MS) / HALF_LINES;
  });
}

function medianOf(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function main(): Promise<void> {
  const bytes = (LINES_AT + THREADS * HALF_LINES * WORDS_PER_LINE) * Int32Array.BYTES_PER_ELEMENT;
  const words = new Int32Array(new SharedArrayBuffer(bytes));
  const worker = new Worker(new URL(import.meta.url), { workerData: words, argv: [`${ROUNDS}`] });
  const theirs = new Promise<number[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const ours = measure(words, 0);
  const others = await theirs;
  for (const [index, { name, isDrawn, isMoved }] of CASES.entries()) {
    const mean = ((ours[index] ?? 0) + (others[index] ?? 0)) / THREADS;
    const what = `${name}, ${isDrawn ? 'drawn' : 'in order'}, ${isMoved ? "the other's" : 'own'}`;
    console.log(`${what.padEnd(32)} ${mean.toFixed(1)} ns`);
  }
}

if (isMainThread) await main();
else {
  const { parentPort } = await import('node:worker_threads');
  parentPort?.postMessage(measure(workerData as Int32Array, 1));
}
