/**
 * One thread's part in a state root: it takes records from a source and hands their entries to
 * shards, piece by piece, and then applies whole shards; several threads at once, or one alone. The
 * owner (root-owner.ts) opens the phases; a helper's thread runs `helpRoot` as long as the root
 * lives.
 */
import { DeltacastError } from './base/errors.js';
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
import { STAGE_MAX } from './trie/map.js';
import { TrieRouter } from './trie/router.js';
import { TrieShard } from './trie/shard.js';

/** What a helper attaches to; may be posted between threads. */
export interface RootShared {
  /** CONTROL_BYTES. */
  readonly control: SharedArrayBuffer;
  readonly shards: readonly WebAssembly.Memory[];
}

/** Where a thread has records from: an arena (root-records.ts), or what a benchmark made. */
export interface RecordSource {
  /**
   * Records {key 64, value 32} of the items [from, to), at most PIECE of them, valid until the next
   * call; null when they are not there any more.
   */
  read(input: PhaseInput, from: number, to: number): Uint8Array | null;
}

/** Threads that may work on one root; bounds what comes after a stage was found nearly full. */
export const ROOT_THREADS_MAX = 4;
/** Items in a piece: its records fit a router and a thread's scratch. */
export const PIECE = 512;
const STAGE_FULL = STAGE_MAX - ROOT_THREADS_MAX * PIECE;

export class RootWork {
  readonly control: RootControl;
  readonly shards: readonly TrieShard[];
  readonly router: TrieRouter;
  readonly #source: RecordSource;

  constructor(source: RecordSource, { control, shards }: RootShared) {
    this.control = new RootControl(control);
    this.shards = shards.map((memory) => new TrieShard(memory));
    this.router = new TrieRouter(this.shards);
    this.#source = source;
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
      const records = this.#source.read(input, from, Math.min(from + PIECE, input.to));
      if (records === null) {
        this.control.report(STATUS_PRUNED);
        return;
      }
      this.router.stage(records);
    }
  }

  get #isStageFull(): boolean {
    for (let index = 0; index < this.shards.length; index++) {
      if ((this.shards[index]?.stagedCount ?? 0) >= STAGE_FULL) return true;
    }
    return false;
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
export function helpRoot(source: RecordSource, shared: RootShared): void {
  const work = new RootWork(source, shared);
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
