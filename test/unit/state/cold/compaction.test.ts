import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Arena, KIND_BALANCE, NO_CELL } from '../../../../state/arena.js';
import { type DiskFile, fileOf } from '../../../../state/base/disk.js';
import { isDeltacastError } from '../../../../state/base/errors.js';
import { readPage } from '../../../../state/cold/page-file.js';
import { Retirement } from '../../../../state/cold/retirement.js';
import {
  COLD_ID,
  COLD_PAGE_BYTES,
  COLD_PAGE_RECORDS,
  COLD_RECORD_BYTES,
  P_COUNT,
  P_RECORDS,
  SEGMENTS_MAX,
} from '../../../../state/kernel/cold-map.js';
import * as map from '../../../../state/kernel/map.js';

const RUNS = Number(process.env['RUNS'] ?? 12);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const LINES = 200;
const SEGMENT_PAGES = 4;

const opened: Arena[] = [];
let reader: Worker | undefined;
afterEach(async () => {
  await reader?.terminate();
  for (const arena of opened.splice(0)) arena.cold?.close();
});

function coldArena(): Arena {
  const arena = Arena.create({
    megabytes: 8,
    threads: 3,
    linesMax: LINES,
    undoNodesMax: 1024,
    segmentPages: SEGMENT_PAGES,
    coldDirectory: tmpdir(),
  });
  opened.push(arena);
  return arena;
}

/** Bytes: what stands in ARCHITECTURE.md, "Beyond memory". */
function bound({ cellCount, layout: { lineCapacity, segmentPages } }: Arena): number {
  const pagesOf = (records: number): number => Math.ceil(records / COLD_PAGE_RECORDS);
  const pages = 2 * pagesOf(cellCount) + pagesOf(lineCapacity) + 5 * segmentPages;
  return pages * COLD_PAGE_BYTES;
}

/** The same sequence of numbers in each run. */
function diceOf(start: number): (end: number) => number {
  let state = start;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

function draw(dice: (end: number) => number, count: number, accounts: number): Set<number> {
  return new Set(Array.from({ length: count }, () => dice(accounts)));
}

function wordOf(...values: readonly number[]): Uint8Array {
  const word = new Uint8Array(32);
  const view = new DataView(word.buffer);
  for (const [index, value] of values.entries()) view.setUint32(28 - 4 * index, value);
  return word;
}

const addressOf = (account: number): Uint8Array => wordOf(account + 1).slice(12);

/** Accounts whose balance is {how often it was written, the account's number}. */
class Ledger {
  readonly arena = coldArena();
  readonly cold: Retirement;
  readonly balances = new Map<number, number>();
  sequence = 0;

  constructor(retirementOf = (arena: Arena): Retirement => arena.cold ?? new Retirement(arena)) {
    this.cold = retirementOf(this.arena);
    this.arena.retainFrom(0);
  }

  /** One mini-block. @param isKept  else it is taken back */
  write(accounts: Iterable<number>, isKept = true): void {
    const { arena } = this;
    this.cold.makeRoom();
    const mark = arena.mark();
    arena.openMiniBlock(this.sequence + 1);
    for (const account of accounts) {
      const turn = isKept ? (this.balances.get(account) ?? 0) + 1 : 0;
      if (isKept) this.balances.set(account, turn);
      const id = arena.intern(KIND_BALANCE, addressOf(account));
      arena.write(id, wordOf(turn, account), this.sequence + 1);
    }
    if (!isKept) {
      arena.rollback(mark);
      return;
    }
    this.sequence += 1;
    arena.retainFrom(arena.closeMiniBlock(this.sequence).to);
  }

  check(arena = this.arena): void {
    const out = new Uint8Array(32);
    for (const [account, turn] of this.balances) {
      const id = arena.find(KIND_BALANCE, addressOf(account));
      expect(id).not.toBe(NO_CELL);
      arena.readLatest(id, out);
      expect([account, out]).toEqual([account, wordOf(turn, account)]);
    }
  }
}

/** For each segment, its records that a word or a home names: counted from the file itself. */
function namedIn(arena: Arena, fileBytes: number): number[] {
  const { memory, layout } = arena;
  const words = new Uint32Array(memory.buffer);
  const named = Array.from({ length: SEGMENTS_MAX }, () => 0);
  for (let number = 0; number < fileBytes / COLD_PAGE_BYTES; number++) {
    for (const id of idsIn(arena, number)) {
      const word = words[layout.cold.base / 4 + id]!;
      const home = (words[map.H_HOMES / 4]! + word * map.HOME_BYTES) / 4;
      const isNamed =
        word > 0x7fff_ffff
          ? word === (number | map.COLD_BIT) >>> 0
          : words[home] === id + 1 && words[home + map.HOME_PAGE / 4] === number + 1;
      if (isNamed) named[Math.floor(number / layout.segmentPages)]! += 1;
    }
  }
  return named;
}

function countedIn({ memory }: Arena): number[] {
  const at = new Uint32Array(memory.buffer)[map.H_SEGMENTS / 4];
  return [...new Uint32Array(memory.buffer, at, SEGMENTS_MAX)];
}

function statisticsOf(arena: Arena) {
  const { cold } = arena.statistics();
  if (cold === null) throw new Error('an arena without cold cells');
  return cold;
}

/** Every mini-block writes some of the accounts that there are, and some more. */
const history = fc.record({
  accounts: fc.integer({ min: 100, max: 2_000 }),
  blocks: fc.array(
    fc.record({
      first: fc.nat(),
      step: fc.integer({ min: 1, max: 97 }),
      count: fc.integer({ min: 1, max: 40 }),
      isKept: fc.integer({ min: 0, max: 5 }).map((fate) => fate > 0),
    }),
    { minLength: 200, maxLength: 400, size: 'max' },
  ),
});

describe('the file of cold cells', () => {
  it('never passes twice what all cells need and a constant, and loses nothing', () => {
    let written = 0;
    let largest = 0;
    fc.assert(
      fc.property(history, ({ accounts, blocks }) => {
        const ledger = new Ledger();
        const { arena } = ledger;
        for (const { first, step, count, isKept } of blocks) {
          const turns = Array.from(
            { length: count },
            (_, turn) => (first + turn * step) % accounts,
          );
          ledger.write(new Set(turns), isKept);
          expect(statisticsOf(arena).fileBytes).toBeLessThanOrEqual(bound(arena));
        }
        const { pagesAppended, pagesMoved, fileBytes, namedRecords } = statisticsOf(arena);
        expect(countedIn(arena)).toEqual(namedIn(arena, fileBytes));
        expect(namedRecords).toBeLessThanOrEqual(arena.cellCount);
        // Two pages read for each that retirement writes, and half of that written at most.
        expect(pagesMoved).toBeLessThanOrEqual(pagesAppended + 16 * blocks.length);
        ledger.check();
        ledger.check(Arena.attach(arena.memory, 2));
        written += pagesAppended + pagesMoved;
        largest += fileBytes / COLD_PAGE_BYTES;
      }),
      { numRuns: RUNS, endOnFailure: true, ...seed },
    );
    // Without compaction these two were the same.
    expect(written).toBeGreaterThan(2 * largest);
  });

  it('is compacted by as many pages as lines were taken for, not all at once', () => {
    const ledger = new Ledger();
    const { arena } = ledger;
    const dice = diceOf(1);
    for (let block = 0; block < 600; block++) {
      const before = statisticsOf(arena).pagesCompacted;
      ledger.write(draw(dice, 20, 1_000));
      const read = statisticsOf(arena).pagesCompacted - before;
      expect(read).toBeLessThanOrEqual(16 + Math.ceil(40 / COLD_PAGE_RECORDS));
    }
    expect(statisticsOf(arena).compactions).toBeGreaterThan(20);
  });

  it('stays as it was where the disk takes no more, and only who needs room is told', () => {
    const disk = { isFull: false };
    const ledger = new Ledger((arena) => {
      const { write, ...rest } = fileMethods(arena);
      return new Retirement(arena, {
        ...rest,
        write(offset, bytes) {
          write(offset, disk.isFull ? bytes.subarray(0, bytes.length >> 1) : bytes);
          if (disk.isFull) throw new Error('ENOSPC: no space left on device');
        },
      });
    });
    const { cold, arena } = ledger;
    const dice = diceOf(2);
    let refused = 0;
    for (let turn = 0; turn < 400; turn++) {
      disk.isFull = turn % 10 > 6;
      try {
        ledger.write(draw(dice, 20, 1_000));
      } catch (error) {
        if (!isDeltacastError(error, 'ARENA_FULL')) throw error;
        expect(error.details['region']).toBe('cold');
        refused += 1;
      }
      expect(cold.fileBytes).toBeLessThanOrEqual(bound(arena));
    }
    expect(refused).toBeGreaterThan(10);
    expect(refused).toBeLessThan(120);
    expect(cold.counts.compactions).toBeGreaterThan(10);
    ledger.check();
    expect(countedIn(arena)).toEqual(namedIn(arena, cold.fileBytes));
  });

  it('leaves a damaged page where it is, and goes on with the others', () => {
    const ledger = new Ledger();
    const { arena } = ledger;
    const all = Array.from({ length: 1_000 }, (_, account) => account);
    for (let first = 0; first < 1_000; first += 20) ledger.write(all.slice(first, first + 20));
    const file = fileOf(new Uint32Array(arena.memory.buffer)[map.H_COLD_FILE / 4]!);
    const page = SEGMENT_PAGES + 1;
    // Ids were given in the order of the accounts. These are not written again.
    const inside = new Set(idsIn(arena, page));
    const others = all.filter((account) => !inside.has(account));
    file.write(page * COLD_PAGE_BYTES + 700, new Uint8Array([1, 2, 3, 4]));
    const dice = diceOf(3);
    for (let turn = 0; turn < 500; turn++) {
      ledger.write([...draw(dice, 20, others.length)].map((index) => others[index]!));
    }
    expect(statisticsOf(arena).compactions).toBeGreaterThan(20);
    const failed: number[] = [];
    for (const account of all) {
      try {
        arena.find(KIND_BALANCE, addressOf(account));
      } catch (error) {
        if (!isDeltacastError(error, 'COLD_CORRUPT')) throw error;
        expect(error.details['offset']).toBe(page * COLD_PAGE_BYTES);
        failed.push(account);
      }
    }
    expect(failed).toEqual([...inside]);
  });

  it('is read right by other threads while its segments are written again', async () => {
    const ledger = new Ledger();
    const { arena } = ledger;
    const accounts = 600;
    const dice = diceOf(4);
    for (let first = 0; first < accounts; first += 20) {
      ledger.write(Array.from({ length: 20 }, (_, index) => first + index));
    }
    reader = startReader(arena, accounts);
    await once(reader, 'message');
    const before = statisticsOf(arena);
    for (let turn = 0; turn < 2_000; turn++) ledger.write(draw(dice, 20, accounts));
    const isDone = once(reader, 'message');
    reader.postMessage('stop');
    const [{ reads, wrong }] = await isDone;
    expect(wrong).toEqual([]);
    expect(reads).toBeGreaterThan(1_000);
    const after = statisticsOf(arena);
    expect(after.segmentsReused - before.segmentsReused).toBeGreaterThan(100);
    expect(after.reads).toBeGreaterThan(before.reads + 500);
  });
});

function fileMethods(arena: Arena): DiskFile {
  const file = fileOf(new Uint32Array(arena.memory.buffer)[map.H_COLD_FILE / 4]!);
  return {
    size: () => file.size(),
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

function idsIn({ memory }: Arena, page: number): number[] {
  const file = fileOf(new Uint32Array(memory.buffer)[map.H_COLD_FILE / 4]!);
  const view = new DataView(readPage(file, page).buffer);
  return Array.from({ length: view.getUint32(P_COUNT, true) }, (_, index) => {
    return view.getUint32(P_RECORDS + index * COLD_RECORD_BYTES + COLD_ID, true);
  });
}

const READER = `
import { parentPort, workerData } from 'node:worker_threads';
const { Arena } = await import(workerData.arenaUrl);
const arena = Arena.attach(workerData.memory, 2);
const out = new Uint8Array(32);
const view = new DataView(out.buffer);
const wrong = [];
const seen = new Map();
let isStopped = false;
let reads = 0;
parentPort.on('message', () => { isStopped = true; });
parentPort.postMessage('ready');
const read = (account) => {
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint32(16, account + 1);
  const id = arena.find(0, address);
  if (id < 0) return 'not found';
  if (Buffer.compare(arena.keyOf(id).address, address) !== 0) return 'another key';
  arena.readLatest(id, out);
  if (view.getUint32(24) !== account) return 'the balance of ' + view.getUint32(24);
  const turn = view.getUint32(28);
  if (turn < (seen.get(account) ?? 0)) return 'an old balance';
  seen.set(account, turn);
  return null;
};
while (!isStopped) {
  for (let turn = 0; turn < 200; turn++) {
    const account = (reads++ * 101) % workerData.accounts;
    try {
      const error = read(account);
      if (error !== null && wrong.length < 5) wrong.push(account + ': ' + error);
    } catch (error) {
      if (wrong.length < 5) wrong.push(String(error) + JSON.stringify(error.details));
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
}
parentPort.postMessage({ reads, wrong });
`;

function startReader({ memory }: Arena, accounts: number): Worker {
  const arenaUrl = new URL('../../../../dist/state/arena.js', import.meta.url).href;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(READER)}`), {
    workerData: { arenaUrl, memory, accounts },
  });
}
