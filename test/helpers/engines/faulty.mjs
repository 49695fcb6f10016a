/**
 * The transfer engine with a fault for each way that an engine can go wrong, chosen by the first
 * bytes of a transaction's data: 0xfa, which fault, how often (0: always). How often is counted in
 * shared memory, so that it outlives the thread. On the coordinator's thread nothing ever fails.
 */
import { TransferEngine } from './transfer.mjs';
import { HEAD, HEAD_APPLYING } from '../../../dist/workers/protocol-map.js';
import { TransactionRecord } from '../../../dist/workers/record.js';

/** (module (func (export "f") (loop (br 0)))) */
const ENDLESS = Buffer.from(
  '0061736d0100000001040160000003020100070501016600000a0901070003400c000b0b',
  'hex',
);

export const FAULTS = {
  throws: () => {
    throw new Error('a fault in the engine');
  },
  rejects: () => Promise.reject(new Error('a fault in the engine, later')),
  exits: () => process.exit(3),
  loops: () => {
    for (;;);
  },
  'loops in Wasm': () => new WebAssembly.Instance(new WebAssembly.Module(ENDLESS)).exports.f(),
  waits: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  'never answers': () => new Promise(() => undefined),
  'fills the heap': () => {
    const kept = [];
    for (;;) kept.push(new Array(1_000).fill(kept.length));
  },
  'scribbles for ever': (place) => {
    for (let count = 0; ; count += 1) place.fill(count & 0xff, 0, 4_096);
  },
  'overflows the stack': function overflow() {
    return overflow() + 1;
  },
  'answers nonsense': () => 'nonsense',
  'answers nothing': () => undefined,
  'answers a length below none': () => -7,
  'answers not a number': () => Number.NaN,
  'claims more than there is': (place) => place.length + 64,
  'leaves zeros': (place) => {
    place.fill(0, 0, 256);
    return 256;
  },
  'leaves noise': (place) => {
    for (let at = 0; at < 4_096; at += 1) place[at] = (at * 197 + 13) & 0xff;
    new DataView(place.buffer, place.byteOffset).setUint32(0, 4_096, true);
    place[4] = 1;
    place[5] = 0;
    return 4_096;
  },
};
/** Data of a transaction whose commit never ends. */
export const TEARING_DATA = '0xfb';
/** Number of a block that no thread can begin. */
export const BROKEN_BLOCK = 666;
const NAMES = Object.keys(FAULTS);

/** Data of a transaction that meets a fault. @param times  0: each time that it is executed */
export function faultData(name, times) {
  return `0xfa${[NAMES.indexOf(name), times].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

class FaultyEngine extends TransferEngine {
  constructor(arena) {
    super(arena);
    // Behind the marshalling bytes of thread 0, whom no engine serves on another thread.
    this.words = new Int32Array(arena.memory.buffer, arena.layout.control.base, HEAD + 1);
    this.counts = new Int32Array(arena.memory.buffer, arena.layout.windows.base + 8_192, 1_024);
  }

  beginBlock({ number }) {
    if (number === BROKEN_BLOCK && this.arena.thread !== 0) throw new Error('no such block');
  }

  execute(transaction, outcome) {
    const { data, value } = new TransactionRecord(transaction);
    if (data[0] === 0xfb && this.arena.thread !== 0) {
      // As one that hangs while it changes cells.
      Atomics.or(this.words, HEAD, HEAD_APPLYING);
      for (;;);
    }
    if (data[0] !== 0xfa || this.arena.thread === 0) return super.execute(transaction, outcome);
    const met = Atomics.add(this.counts, Number(value), 1);
    const times = data[2];
    if (times !== 0 && met >= times) return super.execute(transaction, outcome);
    return FAULTS[NAMES[data[1]]](outcome);
  }
}

export function createEngine(arena) {
  return new FaultyEngine(arena);
}
