import { expect, it } from 'vitest';
import { fill, Parcels, receiveChange } from '../../../../workers/tiering/parcels.js';

const EMPTY = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const KEY = { fork: 'osaka', hash: '77'.repeat(32) } as const;

it('hands a module out to more than were there at first', () => {
  const parcels = new Parcels(2);
  expect(parcels.ends).toHaveLength(3);
  const module = new WebAssembly.Module(EMPTY);
  for (const end of parcels.ends) fill(end, module);
  for (let taken = 0; taken < 7; taken += 1) {
    const change = receiveChange({ ...KEY, module: parcels.take() });
    expect(change).toMatchObject(KEY);
    expect(change.module).toBeInstanceOf(WebAssembly.Module);
  }
  parcels.close();
});

it('has nothing to open where a code is to be interpreted', () => {
  expect(receiveChange({ ...KEY, module: null })).toEqual({ ...KEY, module: null });
});
