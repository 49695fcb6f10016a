/**
 * What is known of stack and memory at one point of a translation; after a branch it goes on with
 * that. Words are shared, so limbs that a branch loads lie in memory again after it.
 */
import type { InBounds } from './in-bounds.js';
import type { MemoryLimb, Word } from './word.js';

export interface Knowledge {
  readonly slots: Word[];
  /** For each slot the word that its place in memory holds. */
  readonly memory: (Word | undefined)[];
  /** EVM memory has at least so many bytes. */
  readonly memoryBytes: number;
  readonly written: readonly Written[];
  readonly inBounds: InBounds;
  /** How many there were before. */
  readonly loads: number;
}

/** A number below 2^31 that lies in EVM memory as a word. */
export interface Written {
  readonly offset: number;
  readonly value: number;
}

/** A limb of a word that has been loaded, and where it lay. */
interface Load {
  readonly word: Word;
  readonly index: number;
  readonly limb: MemoryLimb;
}

/** What has been loaded, so that it can be undone. */
export class Loads {
  private readonly all: Load[] = [];
  /** Of `begin` without `undo`; without any nothing is kept. */
  private open = 0;

  clear(): void {
    this.all.length = 0;
    this.open = 0;
  }

  /** @returns what `undo` is to be told */
  begin(): number {
    this.open += 1;
    return this.all.length;
  }

  /** What has been loaded since then lies in memory again. */
  undo(begun: number): void {
    while (this.all.length > begun) {
      const { word, index, limb } = this.all.pop()!;
      word.hold(index, limb);
    }
    this.open -= 1;
  }

  add(word: Word, index: number, limb: MemoryLimb): void {
    if (this.open > 0) this.all.push({ word, index, limb });
  }
}
