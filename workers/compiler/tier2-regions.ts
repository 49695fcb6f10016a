/**
 * Tier 2, functions of a code that are kept once, whoever calls them: each is a region of its own,
 * in which heights of the stack are counted from where it begins, since it begins at many. Its
 * return is a computed jump, which finds its target at run time (tier2-find.ts). Where a caller
 * then goes on is known from how the function changes the stack's height; what is on the stack is
 * not, but for the jump destinations that are looked at before the target is entered.
 */
import { Local } from './locals.js';
import type { Sharing } from './tier2-calls.js';
import { type Edge, type Entry, wordIn } from './tier2-entry.js';
import { type Word, wordAt } from './word.js';

/** The region of what is no shared function: there all heights are known. */
export const WHOLE = 0;
/** Words that are taken to lie on the stack where a shared function begins. */
export const BELOW = 24;
/** A function that ends with more heights than these is not followed further. */
const CHANGES_MAX = 4;

/** Told how much higher the stack is when the function has ended. */
type Resume = (change: number) => void;

interface Region {
  /** Nothing is known of any word; all are in their places. */
  readonly entry: Entry;
  readonly changes: Set<number>;
  readonly callers: Map<string, Resume>;
}

export class Regions {
  private readonly sharing: Sharing;
  private readonly regions = new Map<number, Region>();

  constructor(sharing: Sharing) {
    this.sharing = sharing;
  }

  /** Where code begins that only computed jumps lead to, it seems. */
  get loose(): ReadonlySet<number> {
    return this.sharing.loose;
  }

  isShared(pc: number): boolean {
    return this.sharing.shared.has(pc);
  }

  of(pc: number): Region {
    const known = this.regions.get(pc);
    if (known !== undefined) return known;
    const words = Array.from({ length: BELOW }, () => wordAt(Local.base, 0));
    const entry = { words, isInPlace: words.map(() => true), memoryBytes: 0 };
    const made: Region = { entry, changes: new Set(), callers: new Map() };
    this.regions.set(pc, made);
    return made;
  }

  /** Nothing in the region has put another word there: it is left in memory where ways meet. */
  isUntouched(region: number, slot: number, word: Word): boolean {
    return region !== WHOLE && this.of(region).entry.words[slot] === word;
  }

  /**
   * Where another word may lie than the one that lay there when the region was entered, it is one
   * of which as little is known. @returns whether there is such a place that was not known
   */
  touch(region: number, { words }: Entry, edge: Edge): boolean {
    if (region === WHOLE) return false;
    let isNew = false;
    for (let slot = 0; slot < words.length; slot += 1) {
      const word = words[slot]!;
      if (word === wordIn(edge, slot) || !this.isUntouched(region, slot, word)) continue;
      words[slot] = wordAt(Local.base, 0);
      isNew = true;
    }
    return isNew;
  }

  /** A function is called, by a caller with a name of its own. */
  enter(pc: number, caller: string, resume: Resume): void {
    const { callers, changes } = this.of(pc);
    callers.set(caller, resume);
    for (const change of [...changes]) resume(change);
  }

  /** A function ends. */
  leave(pc: number, change: number): void {
    const { callers, changes } = this.of(pc);
    if (changes.has(change) || changes.size >= CHANGES_MAX) return;
    changes.add(change);
    for (const resume of [...callers.values()]) resume(change);
  }

  /** Of the return address in a stack with which a function is called, or -1. */
  returnSlot(slots: readonly Word[]): number {
    const { values } = this.sharing;
    return slots.findLastIndex(({ smallConstant }) => values.has(smallConstant));
  }
}
