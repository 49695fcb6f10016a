/**
 * Proofs: `node dist/bench/proof.bench.js [keys]` after a build. Random storage slots under a fixed
 * seed; bytes of a proof, and CPU time of this thread to write it from the live tree and to check
 * it as `deltacast/verify` does, in plain JavaScript.
 */
import { Arena, KIND_SLOT } from '../state/arena.js';
import { pathOf, type StateKey, verifyProof } from '../state/proof.js';
import { StateRoot } from '../state/root.js';
import { ADDRESS, cpuUs, next, wordOf } from './drawn-cells.js';

const KEYS = Number(process.argv[2] ?? 1_000_000);
/** Keys in one proof, and how many proofs are made of each size. */
const SIZES = [
  [1, 2_000],
  [10, 200],
  [100, 20],
  [1_000, 5],
] as const;
/** Of which the best counts. */
const ROUNDS = 3;

const arena = Arena.create({ undoNodesMax: 2 ** 12 });
for (let index = 0; index < KEYS; index++) {
  arena.restore(arena.intern(KIND_SLOT, ADDRESS, wordOf(index)), wordOf(index + 1), 1);
}
const state = new StateRoot(arena);
const rebuilt = cpuUs(() => state.rebuild(1));
const { root } = state;
console.log(`${state.keyCount} keys, root rebuilt in ${(rebuilt / 1e6).toFixed(2)} s CPU`);

/** @param isThere  keys of the state, or keys that are not in it */
function keysOf(count: number, isThere: boolean): StateKey[] {
  return Array.from({ length: count }, () => {
    const slot = wordOf(isThere ? next(KEYS) : KEYS + next(2 ** 31));
    return { kind: 3, address: ADDRESS, slot };
  });
}

const residentBefore = process.memoryUsage.rss();
const indexed = cpuUs(() => {
  for (let tries = 0; tries < 20; tries++) state.prove(keysOf(1, false));
});
const indexBytes = process.memoryUsage.rss() - residentBefore;
console.log(
  `index at the first proof of absence: ${(indexed / 1e6).toFixed(2)} s CPU, ` +
    `${(indexBytes / KEYS).toFixed(1)} bytes a key resident`,
);

function measure(size: number, count: number, isThere: boolean): string {
  let bytes = 0;
  let most = 0;
  let writeUs = Number.POSITIVE_INFINITY;
  let checkUs = Number.POSITIVE_INFINITY;
  const questions = Array.from({ length: count }, () => keysOf(size, isThere));
  for (let round = 0; round < ROUNDS; round++) {
    const proofs: Uint8Array[] = [];
    writeUs = Math.min(
      writeUs,
      cpuUs(() => {
        for (const keys of questions) proofs.push(state.prove(keys));
      }),
    );
    checkUs = Math.min(
      checkUs,
      cpuUs(() => {
        for (const [index, proof] of proofs.entries()) {
          verifyProof(root, questions[index] ?? [], proof);
        }
      }),
    );
    bytes = proofs.reduce((sum, proof) => sum + proof.length, 0);
    most = Math.max(...proofs.map((proof) => proof.length));
  }
  const keys = size * count;
  return (
    `${String(size).padStart(5)} ${isThere ? 'there ' : 'absent'} ` +
    `${(bytes / count).toFixed(0).padStart(7)} bytes (most ${most}), ` +
    `${(bytes / keys).toFixed(0)} a key; write ${(writeUs / count).toFixed(0)} us, ` +
    `check ${(checkUs / count).toFixed(0)} us, ${(checkUs / keys).toFixed(1)} a key`
  );
}

const slotKeys = keysOf(20_000, true);
const pathUs = cpuUs(() => {
  for (const key of slotKeys) pathOf(key);
});
console.log(`path of a key: ${(pathUs / slotKeys.length).toFixed(2)} us`);
for (const isThere of [true, false]) {
  for (const [size, count] of SIZES) console.log(measure(size, count, isThere));
}
