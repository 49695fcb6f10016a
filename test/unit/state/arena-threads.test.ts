import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { Arena, KIND_BALANCE, KIND_SLOT } from '../../../state/arena.js';
import { sleep, systemClock } from '../../../state/base/ports.js';
import { CELL_LOCK, CELL_VERSION } from '../../../state/kernel/map.js';

/**
 * Readers in other threads against a writer here that never waits for them. Words of the control
 * region tell the readers to stop and this thread how far they are. Threads run the built program.
 */

const STOP = 0;
const READERS = 2;
/** Each reader has read this often before the writer stops. */
const READS_MIN = 300_000;
const WRITES_MAX = 200_000_000;

const PRELUDE = `
import { parentPort, workerData } from 'node:worker_threads';
const { Arena } = await import(workerData.url);
const arena = Arena.attach(workerData.memory, workerData.thread);
const control = new Int32Array(arena.memory.buffer, arena.layout.control.base, 16);
const out = new Uint8Array(32);
const view = new DataView(out.buffer);
const faults = [];
let seed = workerData.thread;
const next = (bound) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % bound;
const check = (isRight, what) => {
  if (!isRight && faults.length < 5) faults.push(what);
};
const loop = (body) => {
  parentPort.postMessage('ready');
  while (Atomics.load(control, ${STOP}) === 0) {
    body();
    Atomics.add(control, workerData.thread, 1);
  }
  parentPort.postMessage(faults);
};
`;

interface Rig {
  readonly arena: Arena;
  readonly control: Int32Array;
  readonly workers: Worker[];
}

let rig: Rig | undefined;

afterEach(async () => {
  for (const worker of rig?.workers ?? []) await worker.terminate();
  rig = undefined;
});

function startReaders(arena: Arena, body: string): Rig {
  const control = new Int32Array(arena.memory.buffer, arena.layout.control.base, 16);
  const source = new URL(`data:text/javascript,${encodeURIComponent(PRELUDE + body)}`);
  const url = new URL('../../../dist/state/arena.js', import.meta.url).href;
  const workers = Array.from({ length: READERS }, (_, index) => {
    return new Worker(source, {
      workerData: { url, memory: arena.memory, thread: index + 1 },
    });
  });
  rig = { arena, control, workers };
  return rig;
}

/** Runs `write` until each reader has read enough, then collects what they found wrong. */
async function hammer(
  { control, workers }: Rig,
  write: (round: number) => void,
  readsMin = READS_MIN,
) {
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const faults = workers.map((worker) => once(worker, 'message'));
  const isDone = (): boolean => {
    for (let thread = 1; thread <= READERS; thread++) {
      if (Atomics.load(control, thread) < readsMin) return false;
    }
    return true;
  };
  let round = 0;
  for (; round < WRITES_MAX && !isDone(); round++) write(round);
  Atomics.store(control, STOP, 1);
  const found = (await Promise.all(faults)).flat(2);
  expect(isDone(), `${round} writes were too few`).toBe(true);
  return { found, round };
}

/** Four limbs that each tell the same number in another way. */
function tell(value: Uint8Array, number: number): void {
  const view = new DataView(value.buffer);
  view.setUint32(4, number);
  view.setUint32(12, number ^ 0xffff);
  view.setUint32(20, Math.imul(number, 3));
  view.setUint32(28, number);
}

const TOLD = `
const told = () => {
  const number = view.getUint32(28);
  check(view.getUint32(4) === number, 'torn: limb 3 of ' + number);
  check(view.getUint32(12) === (number ^ 0xffff) >>> 0, 'torn: limb 2 of ' + number);
  check(view.getUint32(20) === Math.imul(number, 3) >>> 0, 'torn: limb 1 of ' + number);
  return number;
};
`;

function address(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(8, number);
  return bytes;
}

function word(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, number);
  return bytes;
}

describe('readers in other threads', () => {
  test('see what the coordinator wrote and may take the commit token themselves', async () => {
    const arena = Arena.create({ megabytes: 8, threads: 3 });
    const id = arena.intern(KIND_SLOT, address(1), word(2));
    arena.write(id, word(77), 5);
    startReaders(
      arena,
      `loop(() => {
        check(arena.find(3, new Uint8Array(20), new Uint8Array(32)) === -1, 'find');
        check(arena.readLatest(${id}, out) === 5 && out[31] === 77, 'read');
        if (workerData.thread === 2 && arena.cellCount === 2) {
          arena.write(arena.intern(0, new Uint8Array(20).fill(9)), new Uint8Array(32).fill(1), 6);
        }
      });`,
    );
    expect((await hammer(rig!, () => {})).found).toEqual([]);
    const out = new Uint8Array(32);
    expect(arena.readLatest(arena.find(KIND_BALANCE, new Uint8Array(20).fill(9)), out)).toBe(6);
  });

  test('wait for a line that is being written', async () => {
    const arena = Arena.create({ megabytes: 8, threads: 3 });
    const id = arena.intern(KIND_BALANCE, address(1));
    arena.write(id, word(1), 1);
    const line = new BigUint64Array(arena.memory.buffer, arena.layout.cells.base + id * 64, 8);
    const lock = CELL_LOCK / 8;
    Atomics.add(line, lock, 1n);
    Atomics.store(line, 0, 7n);
    const { workers } = startReaders(
      arena,
      `parentPort.postMessage('ready');
      const versions = [arena.readLatest(${id}, out), arena.readAt(${id}, 1000, out)];
      parentPort.postMessage([...versions, out[31], out[23]]);`,
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const answers = workers.map((worker) => once(worker, 'message'));
    await sleep(systemClock, 20);
    Atomics.store(line, 1, 8n);
    Atomics.store(line, CELL_VERSION / 8, 9n);
    Atomics.add(line, lock, 1n);
    expect(await Promise.all(answers)).toEqual([[[9, 9, 7, 8]], [[9, 9, 7, 8]]]);
  });

  test('never see a torn value, nor a value with another version', async () => {
    const arena = Arena.create({ megabytes: 8, threads: 3 });
    const value = new Uint8Array(32);
    for (let id = 0; id < 4; id++) arena.intern(KIND_BALANCE, address(id));
    tell(value, 0);
    for (let id = 0; id < 4; id++) arena.write(id, value, 1);
    startReaders(
      arena,
      `${TOLD}
      loop(() => {
        const id = next(4);
        const version = arena.readLatest(id, out);
        const number = told();
        if (id > 1) check(version === number + 1, 'version ' + version + ' with ' + number);
      });`,
    );
    const { found } = await hammer(rig!, (round) => {
      tell(value, round);
      // Two cells are written again and again under one version, as within a transaction.
      arena.write(round & 1, value, 1);
      arena.write(2 + (round & 1), value, round + 1);
    });
    expect(found).toEqual([]);
  });

  test('read exact snapshots at the head while mini-blocks commit and roll back', async () => {
    const arena = Arena.create({ megabytes: 8, threads: 3, undoNodesMax: 16 });
    const value = new Uint8Array(32);
    for (let id = 0; id < 8; id++) arena.intern(KIND_BALANCE, address(id));
    tell(value, 0);
    arena.openMiniBlock(1);
    for (let id = 0; id < 8; id++) arena.write(id, value, 1);
    arena.closeMiniBlock(1);
    arena.publishHead(1);
    startReaders(
      arena,
      `${TOLD}
      loop(() => {
        const head = arena.head;
        try {
          const version = arena.readAt(next(8), head, out);
          check(version === head, 'version ' + version + ' at ' + head);
          check(told() + 1 === head, 'value of another block');
          Atomics.add(control, 4, 1);
        } catch (error) {
          check(error.code === 'STATE_PRUNED', String(error.stack));
        }
      });
      `,
    );
    let sequence = 1;
    const { found } = await hammer(rig!, (round) => {
      const mark = arena.openMiniBlock(sequence + 1);
      if (round % 3 === 0) {
        tell(value, 0xdead);
        for (let id = 0; id < 8; id++) arena.write(id, value, sequence + 2);
        arena.intern(KIND_SLOT, address(round), word(round));
        arena.rollback(mark);
      }
      tell(value, sequence);
      // The other way round, so that rolled back nodes are filled with those of other cells.
      for (let id = 7; id >= 0; id--) arena.write(id, value, sequence + 1);
      arena.closeMiniBlock(++sequence);
      arena.publishHead(sequence);
    });
    expect(found).toEqual([]);
    expect(Atomics.load(rig!.control, 4)).toBeGreaterThan(READS_MIN / 100);
  });

  test('find every published key while the index grows and shrinks', async () => {
    const arena = Arena.create({ megabytes: 16, threads: 3 });
    for (let id = 0; id < 630; id++) arena.intern(KIND_BALANCE, address(id));
    startReaders(
      arena,
      `const key = new Uint8Array(20);
      const keyView = new DataView(key.buffer);
      loop(() => {
        const id = next(630);
        keyView.setUint32(8, id);
        check(arena.find(0, key) === id, 'lost ' + id);
        const any = 600 + next(60);
        keyView.setUint32(8, any);
        const found = arena.find(0, key);
        check(found === any || found === -1, any + ' found as ' + found);
      });`,
    );
    const mark = arena.mark();
    const { found } = await hammer(rig!, (round) => {
      // The table doubles at 640 keys; now and then a longer run passes 1,280 too.
      const id = 630 + (round % (round % 8000 < 7000 ? 20 : 1000));
      if (id === 630 || id > arena.cellCount) return arena.rollback(mark);
      if (arena.intern(KIND_BALANCE, address(id - 1)) !== id - 1) expect.fail(`id of ${id}`);
    });
    expect(found).toEqual([]);
  });

  test('find and read every cell while cells lose their lines to others', async () => {
    const cells = 640;
    const coldDirectory = tmpdir();
    const arena = Arena.create({ megabytes: 8, threads: 3, linesMax: 64, coldDirectory });
    const value = new Uint8Array(32);
    let sequence = 0;
    const write = (from: number, count: number): void => {
      arena.cold?.makeRoom(count);
      arena.openMiniBlock(sequence + 1);
      for (let turn = 0; turn < count; turn++) {
        const cell = (from + turn * 7) % cells;
        tell(value, cell);
        arena.write(arena.intern(KIND_BALANCE, address(cell)), value, sequence + 1);
      }
      sequence += 1;
      arena.retainFrom(arena.closeMiniBlock(sequence).to);
      arena.publishHead(sequence);
    };
    for (let from = 0; from < cells; from += 16)
      for (let at = 0; at < 7; at++) write(from + at, 16);
    expect(arena.cellCount).toBe(cells);
    startReaders(
      arena,
      `${TOLD}
      const key = new Uint8Array(20);
      const keyView = new DataView(key.buffer);
      loop(() => {
        const cell = next(${cells});
        keyView.setUint32(8, cell);
        const id = arena.find(0, key);
        check(id >= 0, 'lost ' + cell);
        if (id < 0) return;
        arena.readAt(id, arena.head, out);
        check(told() === cell, 'value of ' + cell);
        const found = new DataView(arena.keyOf(id).address.buffer).getUint32(8);
        check(found === cell, 'key of ' + cell + ' is of ' + found);
      });`,
    );
    // Most reads are of the file: they take longer than those of the other tests.
    const { found } = await hammer(
      rig!,
      (round) => write(Math.imul(round, 31) >>> 0, 1 + (round % 16)),
      READS_MIN / 20,
    );
    expect(found).toEqual([]);
    const { faults, reads, retired } = arena.statistics().cold!;
    for (const count of [faults, reads, retired]) expect(count).toBeGreaterThan(1_000);
    arena.cold?.close();
  });
});
