/**
 * One thread's part in a state root: it reads cells of the arena and hands their entries to shards,
 * piece by piece, and then applies whole shards; several threads at once, or one alone. The owner
 * (root.ts) opens the phases; a helper's thread runs `helpRoot` for as long as the root lives.
 */
import type { Arena } from './arena.js';
import { DeltacastError } from './base/errors.js';
import { instantiateKernel } from './base/wasm.js';
import { type Region, scratchOf } from './layout.js';
import {
  PHASE_APPLY,
  PHASE_CELLS,
  PHASE_CHANGES,
  type PhaseInput,
  RootControl,
  STATUS_FAILED,
  STATUS_FULL,
  STATUS_PRUNED,
} from './root-control.js';
import { RECORD_BYTES, RECORDS_MAX, STAGE_MAX } from './trie/map.js';
import { TrieRouter } from './trie/router.js';
import { TrieShard } from './trie/shard.js';

/** What a helper attaches to; may be posted between threads. */
export interface RootShared {
  /** CONTROL_BYTES. */
  readonly control: SharedArrayBuffer;
  readonly shards: readonly WebAssembly.Memory[];
}

/** Threads that may work on one root: bounds what they stage after a stage was found nearly full. */
export const ROOT_THREADS_MAX = 16;
/** Cells, or nodes of the undo ring, in a piece: its records fit a router and a thread's scratch. */
const PIECE = 512;
const STAGE_FULL = STAGE_MAX - ROOT_THREADS_MAX * PIECE;
/** Where the record kernel leaves how far it came, as f64, then nothing. */
const HEADER_BYTES = 16;

/** Exports of kernel/records.as.ts: how many records were written after the header, or PRUNED. */
interface RecordKernel {
  recordChanges(
    start: number,
    from: number,
    to: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
  recordCells(
    first: number,
    end: number,
    sequence: number,
    target: number,
    countMax: number,
  ): number;
}

export class RootWork {
  readonly control: RootControl;
  readonly shards: readonly TrieShard[];
  readonly router: TrieRouter;
  readonly #arena: Arena;
  readonly #kernel: RecordKernel;
  readonly #scratch: Region;

  /** @param arena  as attached by the calling thread, whose scratch is used during phases */
  constructor(arena: Arena, { control, shards }: RootShared) {
    this.control = new RootControl(control);
    this.shards = shards.map((memory) => new TrieShard(memory));
    this.router = new TrieRouter(this.shards);
    this.#arena = arena;
    this.#kernel = instantiateKernel<RecordKernel>('state', arena.memory);
    this.#scratch = scratchOf(arena.layout, arena.thread);
  }

  /** Claims pieces of the open phase until none are left or something went wrong. */
  take(): void {
    const { input } = this.control;
    try {
      if (input.kind === PHASE_CELLS || input.kind === PHASE_CHANGES) this.#gather(input);
      else this.#takeShards(input);
    } catch (error) {
      const isFull = error instanceof DeltacastError && error.code === 'ARENA_FULL';
      this.control.report(isFull ? STATUS_FULL : STATUS_FAILED);
      if (!isFull) throw error;
    }
  }

  /** How far the pieces claimed in a phase reach. */
  reached({ from, to }: PhaseInput): number {
    return Math.min(from + this.control.claimed * PIECE, to);
  }

  /** Stops early when a shard could not take a piece more from every thread. */
  #gather(input: PhaseInput): void {
    while (this.control.status === 0 && !this.#isStageFull) {
      const from = input.from + this.control.claim() * PIECE;
      if (from >= input.to) return;
      const count = this.#record(input, from, Math.min(from + PIECE, input.to));
      if (count < 0) return this.control.report(STATUS_PRUNED);
      const start = this.#scratch.base + HEADER_BYTES;
      this.router.stage(this.#arena.bytes.subarray(start, start + count * RECORD_BYTES));
    }
  }

  get #isStageFull(): boolean {
    for (let index = 0; index < this.shards.length; index++) {
      if ((this.shards[index]?.stagedCount ?? 0) >= STAGE_FULL) return true;
    }
    return false;
  }

  #record({ kind, start, sequence }: PhaseInput, from: number, to: number): number {
    const { base } = this.#scratch;
    return kind === PHASE_CELLS
      ? this.#kernel.recordCells(from, to, sequence, base, RECORDS_MAX)
      : this.#kernel.recordChanges(start, from, to, sequence, base, RECORDS_MAX);
  }

  #takeShards({ kind, isHashed }: PhaseInput): void {
    for (;;) {
      const shard = this.shards[this.control.claim()];
      if (shard === undefined) return;
      if (kind === PHASE_APPLY) shard.apply({ isHashed });
      else shard.rehashAll();
    }
  }
}

/** The life of a helper: blocks its thread until the control is stopped. */
export function helpRoot(arena: Arena, shared: RootShared): void {
  const work = new RootWork(arena, shared);
  const { control } = work;
  while (!control.isStopped) {
    const { phase } = control;
    if (phase % 2 === 1 && control.enter(phase)) {
      try {
        work.take();
      } finally {
        control.leave();
      }
    }
    control.waitAfter(phase);
  }
}
