import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_BASE } from '../../../state/kernel/map.js';
import * as limits from '../../../workers/kernel/scheduler-limits.js';
import { W_COUNT, W_LOADED, W_THREAD } from '../../../workers/kernel/scheduler-map.js';
import * as map from '../../../workers/protocol-map.js';
import { compileMutant } from '../../helpers/mutant.js';

/** When workers go on together and when one alone (scheduler-pace.as.ts), by a clock of our own. */

interface PaceKernel {
  beginPace(): void;
  notePace(gas: bigint): void;
  pausePace(): void;
  decidePace(w: number): void;
}

const GAS = 21_000n;
const THREAD = 3;
const W = CONTROL_BASE + map.WORKERS_AT;
const PIECE = 64;

let module: WebAssembly.Module;
let kernel: PaceKernel;
let view: DataView;
let nowMs = 0;

const wordAt = (index: number) => CONTROL_BASE + 4 * index;
const word = (index: number) => view.getInt32(wordAt(index), true);
const isAlone = () => word(map.SOLO) !== 0;

/** Pieces are committed, each of so many milliseconds, and decided upon. */
function commit(pieces: number, msTogether: number, msAlone: number): void {
  for (let piece = 0; piece < pieces; piece += 1) {
    nowMs += isAlone() ? msAlone : msTogether;
    for (let step = 0; step < PIECE; step += 1) kernel.notePace(GAS);
    kernel.decidePace(W);
  }
}

function load(count: number, loaded: number): void {
  view.setUint32(W + W_COUNT, count, true);
  view.setUint32(W + W_LOADED, loaded, true);
}

describe('the pace', () => {
  beforeAll(async () => {
    module = await compileMutant('scheduler', 'workers/kernel/scheduler-pace.as.ts', []);
  });
  beforeEach(() => {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true });
    view = new DataView(memory.buffer);
    nowMs = 5;
    const env = { memory, clock: () => nowMs };
    kernel = new WebAssembly.Instance(module, { env }).exports as unknown as PaceKernel;
    view.setInt32(wordAt(map.PACE_LEFT), limits.TERM_MIN, true);
    view.setInt32(wordAt(map.PACE_TERM), limits.TERM_MIN, true);
    view.setUint32(W + W_THREAD, THREAD, true);
    kernel.beginPace();
  });

  it('counts nothing while the batch is loaded', () => {
    load(100_000, 50_000);
    commit(100, 0.1, 0.01);
    expect(word(map.PACE_LEFT)).toBe(limits.TERM_MIN);
    expect(isAlone()).toBe(false);
    load(100_000, 100_000);
    for (let piece = 0; piece < 100 && !isAlone(); piece += 1) commit(1, 0.1, 0.01);
    expect(word(map.SOLO)).toBe(THREAD + 1);
  });

  it('goes on together where that is faster, and tries ever more seldom', () => {
    load(1_000_000, 1_000_000);
    commit(2_000, 0.05, 0.1);
    const term = word(map.PACE_TERM);
    expect(term).toBeGreaterThan(4 * limits.TERM_MIN);
    commit(20_000, 0.05, 0.1);
    expect(word(map.PACE_TERM)).toBe(limits.TERM_MAX);
  });

  it('goes on alone where together gains less than its share', () => {
    load(1_000_000, 1_000_000);
    commit(20_000, 0.1, 0.1 * limits.TOGETHER_GAIN * 0.99);
    expect(word(map.PACE_TERM)).toBe(limits.TERM_MAX);
    expect(word(map.PACE_PHASE) === 0).toBe(isAlone());
  });

  it('lets the others wake up before a trial counts', () => {
    load(1_000_000, 1_000_000);
    // Steps so short that all of a trial's would be over before anybody is awake.
    const pieceMs = 0.001;
    while (!isAlone()) commit(1, pieceMs, pieceMs);
    const sinceMs = nowMs;
    while (word(map.PACE_PHASE) === 1) commit(1, pieceMs, pieceMs);
    expect(nowMs - sinceMs).toBeGreaterThanOrEqual(limits.SETTLING_MS);
  });

  it('does not count the time between two batches', () => {
    load(1_000_000, 1_000_000);
    commit(4, 0.1, 0.1);
    kernel.pausePace();
    const spent = view.getFloat64(wordAt(map.PACE_SPENT), true);
    expect(spent).toBeCloseTo(0.3);
    nowMs += 1_000;
    kernel.beginPace();
    commit(1, 0.1, 0.1);
    kernel.pausePace();
    expect(view.getFloat64(wordAt(map.PACE_SPENT), true)).toBeCloseTo(spent);
  });
});
