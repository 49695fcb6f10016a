/**
 * Where a thread's EVM keeps what: the areas of its frames region, as shares of whatever size it
 * has. Every area is a bound: what does not fit makes the transaction the reference engine's.
 */
import { KIB } from '../state/base/limits.js';
import type { Region } from '../state/layout.js';
import * as map from './kernel/map.js';

export interface MachineMemory {
  /** Pointer to the machine (kernel/map.ts M_...). */
  readonly machine: number;
  /** For a transaction record or the input of a system call that lies elsewhere. */
  readonly record: Region;
  /** For an outcome record whose place is not in the arena. */
  readonly outcome: Region;
  /** The table of compiled codes; of no bytes where there is no compiler. */
  readonly compiled: Region;
}

/** Entries that fit behind an area's end: as many as one opcode can add, and more. */
const RESERVE_ENTRIES = 16;
const ALIGNMENT = 64;
/** Of a table of the access set (kernel/access-tables.as.ts), and where its area names its rows. */
const PLACE_BYTES = 8;
const ROWS = 8;

/** Of the region at most, before all other parts. */
const PLACES_SHARE = 1 / 6;
/** Parts of what is left, in their order; what is left of that is the memory of the frames. */
const SHARES = {
  accounts: 1 / 16,
  slots: 1 / 12,
  transients: 1 / 24,
  journal: 1 / 12,
  logs: 1 / 8,
  codes: 1 / 16,
  jumps: 1 / 24,
  stack: 1 / 6,
  notes: 1 / 32,
  record: 1 / 32,
  outcome: 1 / 10,
  knownAccounts: 1 / 64,
  knownSlots: 1 / 64,
} as const;

/** What stays in a core's cache beside everything else. */
const NOTES_BYTES_MAX = 192 * KIB;

/** One line of the cache of jump bitmaps for so many bytes of bitmaps: codes of 8 KiB. */
const JUMP_BYTES_PER_LINE = 1_024;

/** 16 KiB: as many codes as one thread meets often, and half of a first-level cache. */
const COMPILED_LINES = 256;
/** 8 MiB: with 2, ERC-20 transfers among 1M accounts take 5% longer. */
const PLACES_MAX = 131_072;
/** 256 KiB each: accounts and slots that are known when they are met again. */
const KNOWN_LINES_MAX = 4_096;
/** Of any table within a share: the ways of a place (kernel/places.as.ts). */
const TABLE_LINES_MIN = 2;
const NOTHING: Region = { base: 0, bytes: 0 };

/** Plans the region and sets up the machine in it; nothing of an engine before remains. */
export function setUpMachine(
  memory: WebAssembly.Memory,
  frames: Region,
  hasCompiler = false,
): MachineMemory {
  const setter = new Setter(memory, frames);
  new Uint8Array(memory.buffer, frames.base, map.MACHINE_BYTES).fill(0);
  setter.tableWithin(map.M_PLACES, PLACES_SHARE, PLACES_MAX, map.PLACE_BYTES);
  setter.shareOut();
  const rows = [
    ['accounts', map.ACCOUNT_BYTES, map.M_ACCOUNT_TABLE, map.M_ACCOUNT_MASK_MAX],
    ['slots', map.SLOT_BYTES, map.M_SLOT_TABLE, map.M_SLOT_MASK_MAX],
    ['transients', map.TRANSIENT_BYTES, map.M_TRANSIENT_TABLE, map.M_TRANSIENT_MASK_MAX],
  ] as const;
  for (const [name, bytes, area, maskMax] of rows) {
    const entries = setter.rows(area + ROWS, SHARES[name], bytes);
    const { bytes: tableBytes } = setter.table(area, 2 * entries, PLACE_BYTES);
    setter.put(maskMax, tableBytes / PLACE_BYTES - 1);
  }
  setter.rows(map.M_JOURNAL, SHARES.journal, map.JOURNAL_BYTES);
  setter.area(map.M_LOGS, SHARES.logs);
  setter.area(map.M_CODES, SHARES.codes);
  const jumps = setter.area(map.M_JUMPS, SHARES.jumps);
  setter.table(map.M_JUMP_TABLE, jumps.bytes / JUMP_BYTES_PER_LINE, map.JUMP_LINE_BYTES);
  const stack = setter.take(SHARES.stack);
  setter.put(map.M_STACK_FLOOR, stack.base);
  setter.put(map.M_STACK_TOP, stack.base + stack.bytes);
  const notes = setter.take(SHARES.notes, NOTES_BYTES_MAX);
  setter.put(map.M_NOTES, notes.base);
  setter.put(map.M_NOTES_END, notes.base + notes.bytes);
  const record = setter.take(SHARES.record);
  const outcome = setter.take(SHARES.outcome);
  const compiled = hasCompiler
    ? setter.table(map.M_COMPILED_TABLE, COMPILED_LINES, map.COMPILED_LINE_BYTES)
    : NOTHING;
  const { knownAccounts, knownSlots } = SHARES;
  setter.tableWithin(map.M_KNOWN_ACCOUNTS, knownAccounts, KNOWN_LINES_MAX, map.KNOWN_BYTES);
  setter.tableWithin(map.M_KNOWN_SLOTS, knownSlots, KNOWN_LINES_MAX, map.KNOWN_BYTES);
  setter.put(map.M_HABITS, setter.lines(map.HABITS, map.HABIT_BYTES).base);
  const rest = setter.rest();
  setter.put(map.M_MEMORY, rest.base);
  setter.put(map.M_MEMORY_END, rest.base + rest.bytes);
  return { machine: frames.base, record, outcome, compiled };
}

/** Takes areas one after the other and notes them in the machine. */
class Setter {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly frames: Region;
  private next: number;
  /** What shares are of. */
  private whole = 0;

  constructor(memory: WebAssembly.Memory, frames: Region) {
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.frames = frames;
    this.next = frames.base + map.MACHINE_BYTES;
    this.shareOut();
  }

  /** From now on shares are of what is left. */
  shareOut(): void {
    this.whole = this.rest().bytes;
  }

  put(field: number, value: number): void {
    this.view.setUint32(this.frames.base + field, value, true);
  }

  /** A share, or less. */
  take(share: number, bytesMax = Number.POSITIVE_INFINITY): Region {
    const wanted = Math.min(this.whole * share, bytesMax);
    const bytes = Math.floor(wanted / ALIGNMENT) * ALIGNMENT;
    const region = { base: this.next, bytes };
    this.next += bytes;
    return region;
  }

  rest(): Region {
    const end = this.frames.base + this.frames.bytes;
    return { base: this.next, bytes: end - this.next };
  }

  /** {base, top, end} of an area. */
  area(field: number, share: number): Region {
    const region = this.take(share);
    this.put(field, region.base);
    this.put(field + 4, region.base);
    this.put(field + 8, region.base + region.bytes);
    return region;
  }

  /** The same of rows, whose end leaves room for some more. @returns rows that fit in all */
  rows(field: number, share: number, rowBytes: number): number {
    const { base, bytes } = this.area(field, share);
    const rows = Math.floor(bytes / rowBytes);
    this.put(field + 8, base + (rows - RESERVE_ENTRIES) * rowBytes);
    return rows;
  }

  /** The same of a table that takes no more than a share, nor more than so many lines. */
  tableWithin(field: number, share: number, linesMax: number, lineBytes: number): Region {
    const lines = Math.min((this.whole * share) / lineBytes, linesMax);
    return this.table(
      field,
      2 ** Math.floor(Math.log2(Math.max(lines, TABLE_LINES_MIN))),
      lineBytes,
    );
  }

  /** {base, mask} of a table with at least so many lines, a power of two, all zero. */
  table(field: number, linesMin: number, lineBytes: number): Region {
    const lines = 2 ** Math.ceil(Math.log2(Math.max(linesMin, 2)));
    const region = this.lines(lines, lineBytes);
    this.put(field, region.base);
    this.put(field + 4, lines - 1);
    return region;
  }

  /** All zero. */
  lines(count: number, lineBytes: number): Region {
    const region = { base: this.next, bytes: count * lineBytes };
    this.bytes.fill(0, region.base, region.base + region.bytes);
    this.next = Math.ceil((region.base + region.bytes) / ALIGNMENT) * ALIGNMENT;
    return region;
  }
}
