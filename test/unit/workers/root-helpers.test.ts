import { expect, test } from 'vitest';
import { Arena, KIND_SLOT } from '../../../state/arena.js';
import { toHex, toWord } from '../../../state/base/bytes.js';
import { StateRoot } from '../../../state/root.js';
import { createRootShared } from '../../../state/root-owner.js';
import { RootHelpers } from '../../../workers/root-helpers.js';

const ADDRESS = new Uint8Array(20).fill(9);
const KEYS = 3_000;

test('helpers share a root, and without them it goes on as before', async () => {
  const arena = Arena.create({ megabytes: 32, threads: 3, undoNodesMax: 2 ** 14 });
  const shared = createRootShared();
  const helpers = new RootHelpers(arena, shared, [1, 2]);
  const root = new StateRoot(arena, shared);
  const alone = new StateRoot(arena, createRootShared({ shards: 1 }));
  const step = (sequence: number): void => {
    arena.openMiniBlock(sequence);
    for (let key = 0; key < KEYS; key += 1) {
      const slot = toWord(BigInt(key * sequence));
      arena.write(arena.intern(KIND_SLOT, ADDRESS, slot), toWord(BigInt(key % 7)), sequence);
    }
    const range = arena.closeMiniBlock(sequence);
    expect(toHex(root.update(range, sequence))).toBe(toHex(alone.update(range, sequence)));
  };
  for (let sequence = 1; sequence <= 20; sequence += 1) step(sequence);
  await helpers.stop();
  step(21);
  expect(toHex(root.rebuild(21))).toBe(toHex(alone.root));
});
