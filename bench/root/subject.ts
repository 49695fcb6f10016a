/** What is measured: a state root over an arena, or a trie of made records beyond its size. */
import { Arena, KIND_SLOT } from '../../state/arena.js';
import { builtUrl } from '../../state/base/built.js';
import { StateRoot } from '../../state/root.js';
import { PHASE_CELLS, RootControl } from '../../state/root-control.js';
import { createRootShared, RootOwner } from '../../state/root-owner.js';
import type { RootShared } from '../../state/root-work.js';
import { TaskPool } from '../../workers/pool.js';
import { RootHelpers } from '../../workers/root-helpers.js';
import type { MadeHelpTask } from './helper.js';
import { createMadeBatch, MADE_MAX, MadeRecords } from './made.js';

export interface Subject {
  readonly source: 'arena' | 'made';
  /** From nothing: so many keys. @param timed  runs what counts */
  fill(keys: number, timed: (run: () => void) => void): void;
  /** Writes values of keys. @returns how many different ones */
  update(keys: Uint32Array, values: Uint32Array, timed: (run: () => void) => void): number;
  /** Memory of the trie. */
  readonly bytes: number;
  /** From now on a second thread takes part. */
  startHelper(): void;
  stop(): Promise<void>;
}

const ADDRESS = new Uint8Array(20).fill(0xaa);
/** Cells that are surely free in the largest arena; beyond that records are made. */
export const ARENA_KEYS_MAX = 20_000_000;

export function createSubject(keys: number): Subject {
  return keys > ARENA_KEYS_MAX ? new MadeSubject() : new ArenaSubject();
}

export class ArenaSubject implements Subject {
  readonly source = 'arena';
  private readonly arena = Arena.create({ threads: 2, undoNodesMax: 2 ** 19 });
  private readonly shared = createRootShared();
  private readonly root = new StateRoot(this.arena, this.shared);
  private helpers: RootHelpers | null = null;
  private sequence = 1;
  private readonly word = new Uint8Array(32);
  private readonly view = new DataView(this.word.buffer);

  fill(keys: number, timed: (run: () => void) => void): void {
    for (let key = 0; key < keys; key++) {
      const id = this.arena.intern(KIND_SLOT, ADDRESS, this.wordOf(key));
      this.arena.restore(id, this.wordOf(key + 1), 1);
    }
    timed(() => this.root.rebuild(1));
  }

  update(keys: Uint32Array, values: Uint32Array, timed: (run: () => void) => void): number {
    this.arena.openMiniBlock(++this.sequence);
    for (let index = 0; index < keys.length; index++) {
      // The account's code cell came first.
      const id = 1 + (keys[index] ?? 0);
      this.arena.write(id, this.wordOf(values[index] ?? 0), this.sequence);
    }
    const range = this.arena.closeMiniBlock(this.sequence);
    timed(() => this.root.update(range, this.sequence));
    return range.to - range.from;
  }

  get bytes(): number {
    return this.root.bytes;
  }

  startHelper(): void {
    this.helpers = new RootHelpers(this.arena, this.shared, [1]);
  }

  async stop(): Promise<void> {
    await this.helpers?.stop();
  }

  private wordOf(number: number): Uint8Array {
    this.view.setUint32(24, number);
    this.view.setUint32(28, number ^ 0x5bd1e995);
    return this.word;
  }
}

export class MadeSubject implements Subject {
  readonly source = 'made';
  private readonly batch = createMadeBatch();
  private readonly records = new MadeRecords(this.batch);
  private readonly shared: RootShared = createRootShared();
  private readonly owner = new RootOwner(this.records, this.shared);
  private pool: TaskPool | null = null;

  fill(keys: number, timed: (run: () => void) => void): void {
    this.owner.clear(keys);
    for (let first = 0; first < keys; first += MADE_MAX) {
      const count = Math.min(MADE_MAX, keys - first);
      for (let index = 0; index < count; index++) this.records.set(index, first + index, 1);
      timed(() => this.takeIn(count, false));
    }
    timed(() => this.owner.rehash());
  }

  update(keys: Uint32Array, values: Uint32Array, timed: (run: () => void) => void): number {
    for (let index = 0; index < keys.length; index++) {
      this.records.set(index, keys[index] ?? 0, values[index] ?? 0);
    }
    timed(() => this.takeIn(keys.length, true));
    return new Set(keys).size;
  }

  get bytes(): number {
    return this.owner.bytes;
  }

  startHelper(): void {
    this.pool = new TaskPool({ threads: 1, entry: builtUrl('bench/root/helper.js').href });
    const task: MadeHelpTask = { batch: this.batch, root: this.shared };
    const given = this.pool.run('help', task);
    given.catch(() => new RootControl(this.shared.control).stop());
  }

  async stop(): Promise<void> {
    new RootControl(this.shared.control).stop();
    await this.pool?.end();
  }

  private takeIn(to: number, isHashed: boolean): void {
    this.owner.takeIn({ kind: PHASE_CELLS, start: 0, from: 0, to, sequence: 0, isHashed });
  }
}
