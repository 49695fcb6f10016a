/**
 * The byte map of the arena as planned from its size: one shared memory cut into regions, all
 * offsets kept in the header so that every thread and kernel agrees on them. Constants that do not
 * depend on the size are in kernel/map.ts. Regions are proportions of the arena; whatever is left
 * becomes cells, each with its key line and its share of the index. Untouched pages cost nothing.
 */
import { assert } from './base/assert.js';
import { DeltacastError } from './base/errors.js';
import { ARENA_BYTES_MAX, ARENA_MEGABYTES_MIN, KIB, MIB, THREADS_MAX } from './base/limits.js';
import { COLD_PAGE_RECORDS, SEGMENTS_MAX } from './kernel/cold-map.js';
import * as map from './kernel/map.js';

/** In the order of the header's table. */
export const REGION_NAMES = [
  'control',
  'windows',
  'batchIn',
  'batchOut',
  'hashes',
  'index',
  'cells',
  'keys',
  'undo',
  'code',
  'cold',
] as const;
export type RegionName = (typeof REGION_NAMES)[number];

/** A stretch of the arena: byte offset and length, both multiples of 64. */
export interface Region {
  readonly base: number;
  readonly bytes: number;
}

export interface ArenaLayout extends Readonly<Record<RegionName, Region>> {
  /** Wasm pages of 64 KiB. */
  readonly pages: number;
  readonly threads: number;
  /** Bytes of one thread's window, the scratch included. */
  readonly windowBytes: number;
  readonly cellCapacity: number;
  /** Cells that can be in memory at once; 0 where all are. */
  readonly lineCapacity: number;
  /** Pages in a segment of the file of cold cells; of no use where all cells are in memory. */
  readonly segmentPages: number;
  readonly undoCapacity: number;
  readonly codeSlots: number;
  readonly indexLog2Max: number;
}

export interface ArenaSize {
  /** Of 1024 * 1024 bytes; 8 to 4096, the default 4096. */
  readonly megabytes?: number;
  /** Threads that may attach, the coordinator (0) included; the default is 8. */
  readonly threads?: number;
  /** Use fewer cells or undo nodes than would fit (tests of a full arena, small replicas). */
  readonly cellsMax?: number;
  readonly undoNodesMax?: number;
  /** More cells than lines: whoever has none is in a file (cold/). */
  readonly isCold?: boolean;
  /** Use fewer lines than would fit, and segments of so many pages (tests of cold cells). */
  readonly linesMax?: number;
  readonly segmentPages?: number;
}

const PAGE_BYTES = 64 * KIB;
const WINDOW_BYTES_MAX = 54 * MIB;
/** Scratch and as much again for frames. */
const WINDOW_BYTES_MIN = 2 * map.SCRATCH_BYTES;
/** The EVM frames of all threads together take at most this part of the arena. */
const WINDOWS_SHARE = 1 / 4;
const BATCH_IN_SHARE = 1 / 64;
const BATCH_OUT_SHARE = 1 / 32;
/** 4 GiB hold 4 Mi nodes: ten seconds of history at 100,000 transfers a second. */
const UNDO_SHARE = 1 / 16;
const CODE_SHARE = 1 / 16;
const WORD_BYTES = 4;
/** Where cells may be cold: a line's key, cell, home and place in the stack of free ones. */
const LINE_BYTES = map.CELL_BYTES + map.KEY_BYTES + map.HOME_BYTES + WORD_BYTES;
/** Ten times what is in memory, and the reserve of one in twenty. */
const CELLS_PER_LINE = 10.6;
/** Segments that a record of each cell would fill: the file is never much more than twice that. */
const CELL_SEGMENTS = 256;
const SEGMENT_PAGES_MIN = 16;
/** One slot of the code index for each 256 bytes: no code entry takes less than 128. */
const CODE_BYTES_PER_SLOT = 256;

/** Plans an arena. @throws DeltacastError BAD_INPUT for a size or thread count out of range */
export function planLayout(size: ArenaSize): ArenaLayout {
  const megabytes = size.megabytes ?? ARENA_BYTES_MAX / MIB;
  const threads = size.threads ?? 8;
  checkRange('megabytes', megabytes, ARENA_MEGABYTES_MIN, ARENA_BYTES_MAX / MIB);
  checkRange('threads', threads, 1, THREADS_MAX);
  const bytes = megabytes * MIB;
  const windowBytes = planWindow(bytes, threads);
  const undoCapacity = capped(
    powerOfTwoFloor((bytes * UNDO_SHARE) / map.UNDO_BYTES),
    powerOfTwoFloor(size.undoNodesMax ?? Number.MAX_SAFE_INTEGER),
  );
  const lengths = {
    control: map.CONTROL_BYTES,
    windows: windowBytes * threads,
    batchIn: pageFloor(bytes * BATCH_IN_SHARE),
    batchOut: pageFloor(bytes * BATCH_OUT_SHARE),
    hashes: PAGE_BYTES,
    undo: Math.max(undoCapacity * map.UNDO_BYTES, PAGE_BYTES),
    code: pageFloor(bytes * CODE_SHARE),
  };
  const used = Object.values(lengths).reduce((sum, length) => sum + length, PAGE_BYTES);
  const room = bytes - used;
  const isCold = size.isCold ?? false;
  const cells = isCold ? planColdCells(room, threads, size.linesMax) : planCells(room);
  const cellCapacity = capped(cells.count, size.cellsMax ?? cells.count);
  const regions = placeRegions({ ...lengths, ...cells.lengths });
  return {
    ...regions,
    pages: bytes / PAGE_BYTES,
    threads,
    windowBytes,
    cellCapacity,
    lineCapacity: cells.lines,
    segmentPages: size.segmentPages ?? planSegment(cellCapacity),
    undoCapacity,
    codeSlots: powerOfTwoFloor(lengths.code / CODE_BYTES_PER_SLOT),
    indexLog2Max: cells.indexLog2Max,
  };
}

/** Reads back what `writeLayout` stored. @param memory  an arena; asserted by its magic */
export function readLayout(memory: WebAssembly.Memory): ArenaLayout {
  const view = new DataView(memory.buffer);
  const word = (offset: number): number => view.getUint32(offset, true);
  assert(word(map.H_MAGIC) === map.ARENA_MAGIC, 'the memory is not an arena');
  assert(word(map.H_MAP_VERSION) === map.ARENA_MAP_VERSION, 'an arena of another version');
  const regions = {} as Record<RegionName, Region>;
  REGION_NAMES.forEach((name, index) => {
    const at = map.H_REGIONS + index * 8;
    regions[name] = { base: word(at), bytes: word(at + 4) };
  });
  return {
    ...regions,
    pages: word(map.H_PAGES),
    threads: word(map.H_THREADS),
    windowBytes: word(map.H_WINDOW_BYTES),
    cellCapacity: word(map.H_CELL_CAPACITY),
    lineCapacity: word(map.H_LINE_CAPACITY),
    segmentPages: word(map.H_SEGMENT_PAGES),
    undoCapacity: word(map.H_UNDO_CAPACITY),
    codeSlots: word(map.H_CODE_SLOTS),
    indexLog2Max: word(map.H_INDEX_LOG2_MAX),
  };
}

/** Stores the plan in the header of a fresh memory. */
export function writeLayout(memory: WebAssembly.Memory, layout: ArenaLayout): void {
  assert(memory.buffer.byteLength === layout.pages * PAGE_BYTES, 'memory and plan differ in size');
  const view = new DataView(memory.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  assert(view.getUint32(map.H_MAGIC, true) === 0, 'the memory is in use');
  REGION_NAMES.forEach((name, index) => {
    put(map.H_REGIONS + index * 8, layout[name].base);
    put(map.H_REGIONS + index * 8 + 4, layout[name].bytes);
  });
  put(map.H_MAP_VERSION, map.ARENA_MAP_VERSION);
  put(map.H_PAGES, layout.pages);
  put(map.H_THREADS, layout.threads);
  put(map.H_WINDOW_BYTES, layout.windowBytes);
  put(map.H_CELL_CAPACITY, layout.cellCapacity);
  put(map.H_UNDO_CAPACITY, layout.undoCapacity);
  put(map.H_CODE_SLOTS, layout.codeSlots);
  put(map.H_INDEX_LOG2_MAX, layout.indexLog2Max);
  putColdLayout(put, layout);
  put(map.H_MAGIC, map.ARENA_MAGIC);
}

/** COLD holds the words of all cells, the stack of free lines, all homes, counts of segments. */
function putColdLayout(
  put: (offset: number, value: number) => void,
  { cold, cellCapacity, lineCapacity, segmentPages }: ArenaLayout,
): void {
  if (lineCapacity === 0) return;
  const stack = cold.base + lineCeil(cellCapacity * WORD_BYTES);
  put(map.H_LINE_CAPACITY, lineCapacity);
  put(map.H_LINE_STACK, stack);
  put(map.H_HOMES, stack + lineCeil(lineCapacity * WORD_BYTES));
  put(map.H_SEGMENT_PAGES, segmentPages);
  put(map.H_SEGMENTS, cold.base + cold.bytes - SEGMENTS_MAX * WORD_BYTES);
}

/** The window of a thread: marshalling bytes and scratch first, then an engine's frames. */
export function windowOf(layout: ArenaLayout, thread: number): Region {
  assert(thread >= 0 && thread < layout.threads, `no thread ${thread} in this arena`);
  return { base: layout.windows.base + thread * layout.windowBytes, bytes: layout.windowBytes };
}

/**
 * The scratch of a thread that is free for anyone in that thread (the arena keeps its own 4 KiB).
 */
export function scratchOf(layout: ArenaLayout, thread: number): Region {
  const { base } = windowOf(layout, thread);
  return { base: base + map.MARSHAL_BYTES, bytes: map.SCRATCH_BYTES - map.MARSHAL_BYTES };
}

/** The rest of a thread's window, for the frames of an EVM engine. */
export function framesOf(layout: ArenaLayout, thread: number): Region {
  const { base, bytes } = windowOf(layout, thread);
  return { base: base + map.SCRATCH_BYTES, bytes: bytes - map.SCRATCH_BYTES };
}

function planWindow(bytes: number, threads: number): number {
  const share = pageFloor((bytes * WINDOWS_SHARE) / threads);
  return Math.min(WINDOW_BYTES_MAX, Math.max(WINDOW_BYTES_MIN, share));
}

/**
 * Divides what is left among cells, keys and the index. All index tables lie one after the other
 * (the old ones stay readable), so the greatest, of 2^k slots, costs twice its size; the best k is
 * the one that gives most cells under the load limit.
 */
function planCells(bytes: number) {
  let best = { count: 0, log2: map.INDEX_LOG2_MIN };
  for (let log2 = map.INDEX_LOG2_MIN; log2 <= 26; log2++) {
    const room = bytes - indexBytes(log2) - 2 * PAGE_BYTES;
    const lines = Math.floor(room / (map.CELL_BYTES + map.KEY_BYTES));
    const count = Math.min(lines, indexLoadMax(log2));
    if (count > best.count) best = { count, log2 };
  }
  checkRange('cells', best.count, 1, Number.MAX_SAFE_INTEGER);
  const lengths = {
    index: pageCeil(indexBytes(best.log2)),
    cells: pageFloor(best.count * map.CELL_BYTES),
    keys: pageFloor(best.count * map.KEY_BYTES),
  };
  const count = lengths.cells / map.CELL_BYTES;
  return { count, lines: 0, lengths: { ...lengths, cold: 0 }, indexLog2Max: best.log2 };
}

/**
 * The same where cells may be cold: every cell has its word and its share of the index, and one in
 * CELLS_PER_LINE has lines; what an index of 2^k slots leaves becomes lines.
 */
function planColdCells(bytes: number, threads: number, linesMax = Number.MAX_SAFE_INTEGER) {
  const own = threads * map.LINES_PER_THREAD;
  let best = { count: 0, lines: 0, log2: map.INDEX_LOG2_MIN };
  for (let log2 = map.INDEX_LOG2_MIN; log2 <= 26; log2++) {
    const count = Math.floor(indexLoadMax(log2));
    const fixed = 4 * PAGE_BYTES + SEGMENTS_MAX * WORD_BYTES + own * LINE_BYTES;
    const room = bytes - indexBytes(log2) - count * WORD_BYTES - fixed;
    const fitting = Math.min(Math.floor(room / LINE_BYTES), Math.floor(count / CELLS_PER_LINE));
    const lines = Math.min(fitting, linesMax);
    if (lines > best.lines) best = { count, lines, log2 };
  }
  const { count, lines, log2 } = best;
  checkRange('lines', lines, 1, Number.MAX_SAFE_INTEGER);
  const lengths = {
    index: pageCeil(indexBytes(log2)),
    cells: pageCeil((lines + own) * map.CELL_BYTES),
    keys: pageCeil((lines + own) * map.KEY_BYTES),
    cold: pageCeil(
      lineCeil(count * WORD_BYTES) +
        lineCeil(lines * WORD_BYTES) +
        (lines + own) * map.HOME_BYTES +
        SEGMENTS_MAX * WORD_BYTES,
    ),
  };
  return { count, lines, lengths, indexLog2Max: log2 };
}

function planSegment(cellCapacity: number): number {
  const pages = Math.ceil(cellCapacity / COLD_PAGE_RECORDS / CELL_SEGMENTS);
  return Math.max(pages, SEGMENT_PAGES_MIN);
}

function indexBytes(log2: number): number {
  return (2 ** (log2 + 1) - 2 ** map.INDEX_LOG2_MIN) * map.INDEX_SLOT_BYTES;
}

/** Keys that a table of 2^log2 slots takes: five eighths, as kernel/keys.as.ts grows. */
function indexLoadMax(log2: number): number {
  return (2 ** log2 / 8) * 5;
}

/** Lays the regions one after the other; CONTROL comes first, at its fixed place. */
function placeRegions(lengths: Readonly<Record<RegionName, number>>): Record<RegionName, Region> {
  const regions = {} as Record<RegionName, Region>;
  let base = map.CONTROL_BASE;
  for (const name of REGION_NAMES) {
    regions[name] = { base, bytes: lengths[name] };
    base += lengths[name];
  }
  assert(base <= ARENA_BYTES_MAX, 'the regions pass the end of the arena');
  return regions;
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new DeltacastError('BAD_INPUT', `arena ${name} must be ${min} to ${max}`, {
    [name]: value,
  });
}

function capped(value: number, cap: number): number {
  assert(cap > 0, 'a capacity must be positive');
  return Math.min(value, cap);
}

function powerOfTwoFloor(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

function pageFloor(bytes: number): number {
  return Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function lineCeil(bytes: number): number {
  return Math.ceil(bytes / map.CELL_BYTES) * map.CELL_BYTES;
}

function pageCeil(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
