import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { Arena, KIND_SLOT } from '../../../state/arena.js';
import { toHex, toWord } from '../../../state/base/bytes.js';
import { naivePath, naiveRoot } from '../../helpers/naive-root.js';

/** The sealer in a thread of its own (the built program) while this one writes without waiting. */

const BLOCKS = 150;
const KEYS = 150;
const WRITES = 40;

const SEALER = `
import { parentPort, workerData } from 'node:worker_threads';
const { Arena } = await import(workerData.arenaUrl);
const { StateRoot } = await import(workerData.rootUrl);
const arena = Arena.attach(workerData.memory, 1);
const root = new StateRoot(arena);
const hex = (bytes) => '0x' + Buffer.from(bytes).toString('hex');
parentPort.on('message', ({ range, sequence }) => {
  const updated = hex(root.update(range, sequence));
  const fresh = new StateRoot(arena);
  parentPort.postMessage([sequence, updated, hex(fresh.rebuild(sequence))]);
});
parentPort.postMessage('ready');
`;

let sealer: Worker | undefined;

afterEach(async () => {
  await sealer?.terminate();
});

function startSealer(arena: Arena): Worker {
  const urlOf = (name: string): string =>
    new URL(`../../../dist/state/${name}`, import.meta.url).href;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(SEALER)}`), {
    workerData: { arenaUrl: urlOf('arena.js'), rootUrl: urlOf('root.js'), memory: arena.memory },
  });
}

test('roots of closed mini-blocks are exact while later ones are written or undone', async () => {
  const arena = Arena.create({ megabytes: 8, threads: 2, undoNodesMax: 8192 });
  const address = new Uint8Array(20).fill(3);
  const slots = Array.from({ length: KEYS }, (_, key) => toWord(BigInt(key)));
  const paths = slots.map((slot) => naivePath(KIND_SLOT, address, slot));
  const contents = new Map<string, string>();
  const expected: string[][] = [];
  const found: string[][] = [];
  sealer = startSealer(arena);
  await once(sealer, 'message');
  const isDone = new Promise<void>((resolve, reject) => {
    sealer!.on('error', reject);
    sealer!.on('message', (roots: string[]) => {
      if (found.push(roots) === BLOCKS) resolve();
    });
  });
  let count = 0;
  const write = (sequence: number, isKept: boolean): void => {
    for (let index = 0; index < WRITES; index++) {
      const key = (count += 7 + (sequence % 5)) % KEYS;
      const value = toWord(count % 3 === 0 ? 0n : BigInt(count));
      // What is rolled back takes new ids too, so that the count of cells falls under the reader.
      const owner = isKept ? address : new Uint8Array(20).fill(4 + (index % 2));
      arena.write(arena.intern(KIND_SLOT, owner, slots[key]!), value, sequence);
      arena.write(arena.intern(KIND_SLOT, address, slots[key]!), value, sequence);
      if (isKept) contents.set(paths[key]!, toHex(value));
    }
  };
  for (let sequence = 1; sequence <= BLOCKS; sequence++) {
    const mark = arena.openMiniBlock(sequence);
    write(sequence, false);
    arena.rollback(mark);
    write(sequence, true);
    sealer.postMessage({ range: arena.closeMiniBlock(sequence), sequence });
    const naive = naiveRoot(contents);
    expected.push([String(sequence), naive, naive]);
    // Let messages come: their ring must not wrap before the sealer has read it.
    while (found.length < sequence - 30) await once(sealer, 'message');
  }
  await isDone;
  expect(found.map(([sequence, ...roots]) => [String(sequence), ...roots])).toEqual(expected);
});
