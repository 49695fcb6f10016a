/**
 * State root updates: `node dist/bench/root.bench.js [keys]` after a build. Random storage slots
 * under a fixed seed; CPU time of this thread, the arena's reading included.
 */
import { Arena, KIND_SLOT } from '../state/arena.js';
import { StateRoot } from '../state/root.js';

const KEYS = Number(process.argv[2] ?? 1_000_000);
const BATCHES = [100, 2_000, 20_000, 200_000];
/** Updates in all for each batch size, and repetitions of which the best counts. */
const UPDATES = 200_000;
const ROUNDS = 6;

let seed = 1;
/** A linear congruence (Numerical Recipes): the same keys in every run. */
function next(bound: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * bound);
}

const address = new Uint8Array(20).fill(0xaa);
const word = new Uint8Array(32);
const view = new DataView(word.buffer);

function setWord(number: number): Uint8Array {
  view.setUint32(24, number);
  view.setUint32(28, number ^ 0x5bd1e995);
  return word;
}

function cpuUs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const arena = Arena.create({ undoNodesMax: 2 ** 19 });
let sequence = 1;
const restored = cpuUs(() => {
  for (let index = 0; index < KEYS; index++) {
    arena.restore(arena.intern(KIND_SLOT, address, setWord(index)), setWord(index + 1), 1);
  }
});
const residentBefore = process.memoryUsage.rss();
const root = new StateRoot(arena);
const rebuilt = cpuUs(() => root.rebuild(1));
const resident = process.memoryUsage.rss() - residentBefore;
console.log(`${root.keyCount} keys, filled in ${(restored / 1e6).toFixed(2)} s CPU`);
console.log(`rebuild ${(rebuilt / root.keyCount).toFixed(3)} us a key`);
const perKey = (bytes: number): string => (bytes / root.keyCount).toFixed(1);
console.log(`${perKey(root.bytes)} bytes a key mapped, ${perKey(resident)} resident`);

/** @returns CPU time and cells updated: a cell that was written twice in a batch is one */
function updateBatch(size: number): readonly [us: number, updates: number] {
  arena.openMiniBlock(++sequence);
  for (let index = 0; index < size; index++) {
    arena.write(1 + next(KEYS), setWord(next(2 ** 32) + 1), sequence);
  }
  const range = arena.closeMiniBlock(sequence);
  return [cpuUs(() => root.update(range, sequence)), range.to - range.from];
}

function usPerUpdate(size: number): number {
  let us = 0;
  let updates = 0;
  while (updates < UPDATES) {
    const [batchUs, batchUpdates] = updateBatch(size);
    us += batchUs;
    updates += batchUpdates;
  }
  return us / updates;
}

for (const size of BATCHES) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, usPerUpdate(size));
  const rate = (1 / best).toFixed(2);
  console.log(`batch ${size}: ${(best * 1000).toFixed(0)} ns an update, ${rate}M updates/CPU-s`);
}
