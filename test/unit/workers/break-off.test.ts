import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { Arena } from '../../../state/arena.js';
import { DeltacastError } from '../../../state/base/errors.js';
import { instantiateOver } from '../../../state/cold/kernels.js';
import { CELL_BYTES, CELL_LOCK, NO_CELL } from '../../../state/kernel/map.js';
import * as effects from '../../../workers/kernel/effects-map.js';
import * as map from '../../../workers/kernel/scheduler-map.js';
import { STATUS_AT, STATUS_OK } from '../../../workers/outcome.js';
import { WORKERS_AT } from '../../../workers/protocol-map.js';
import type { SchedulerKernel } from '../../../workers/scheduler.js';

const addressOf = (fill: number) => new Uint8Array(20).fill(fill);
const RICH = addressOf(1);
const COLD = addressOf(2);
const VALUE = new Uint8Array(32).fill(1);

it('leaves no cell locked where there is no line for another of the same step', () => {
  const arena = Arena.create({ megabytes: 8, threads: 2, linesMax: 48, coldDirectory: tmpdir() });
  arena.openMiniBlock(1);
  const [rich, cold] = [RICH, COLD].map((address) => arena.intern(0, address)) as [number, number];
  for (const id of [rich, cold]) arena.write(id, VALUE, 1);
  arena.closeMiniBlock(1);
  arena.retainFrom(arena.mark().undo);
  arena.cold?.makeRoom(48);
  arena.openMiniBlock(2);
  expect(arena.find(0, RICH)).toBe(rich);

  const kernel = instantiateOver<SchedulerKernel>(
    { memory: arena.memory, faults: { fault: noLine } as never },
    'scheduler',
    { run: () => 0, clock: () => 0 },
  );
  const view = new DataView(arena.memory.buffer);
  const put = (at: number, value: number) => view.setUint32(at, value, true);
  const { batchOut, cells, control, cold: words } = arena.layout;
  const w = control.base + WORKERS_AT + map.WORKER_BYTES;
  const notes = batchOut.base;
  put(notes + effects.E_READS_END, effects.IS_TRANSFER);
  put(notes + effects.T_BALANCE_CELL, rich);
  put(notes + effects.T_NONCE_CELL, NO_CELL);
  put(notes + effects.T_TO_BALANCE_CELL, cold);
  const outcome = batchOut.base + effects.T_BYTES;
  view.setUint8(outcome + STATUS_AT, STATUS_OK);
  put(w + map.W_STATE, map.APPLY);
  put(w + map.W_OUTCOME, outcome);
  put(w + map.W_EFFECTS, notes);
  put(w + map.W_COINBASE_CELL, NO_CELL);

  const line = view.getUint32(words.base + rich * 4, true);
  const isLocked = () => view.getUint8(cells.base + line * CELL_BYTES + CELL_LOCK) % 2 === 1;
  expect(() => kernel.work(w)).toThrow('no line');
  expect(isLocked()).toBe(true);
  kernel.breakOff(w);
  expect(isLocked()).toBe(false);
  expect(view.getUint32(w + map.W_STATE, true)).toBe(map.GIVE_UP);
  arena.cold?.close();
});

function noLine(): never {
  throw new DeltacastError('ARENA_FULL', 'no line is free');
}
