/** What is known of stack and memory at one point of a translation; a branch begins with a copy. */
import type { Word } from './word.js';

export interface Knowledge {
  readonly slots: readonly Word[];
  /** For each slot the word that its place in memory holds. */
  readonly memory: readonly (Word | undefined)[];
  /** EVM memory has at least so many bytes. */
  readonly memoryBytes: number;
}

/** Copies of words that stay shared as they were. */
export function copied(slots: readonly Word[], memory: readonly (Word | undefined)[]) {
  const copies = new Map<Word, Word>();
  const copy = (word: Word): Word => {
    const known = copies.get(word);
    if (known !== undefined) return known;
    const made = word.copy();
    copies.set(word, made);
    return made;
  };
  return { slots: slots.map(copy), memory: memory.map((word) => word && copy(word)) };
}
