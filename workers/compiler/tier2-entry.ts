/**
 * What is known of stack and memory where a node of tier 2 begins, however it is entered. Nodes
 * whose stacks are the same below share the words there, so a deep stack costs little.
 */
import { LIMB_BITS, raised } from './bits.js';
import type { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { LIMBS, type Limb, type MemoryLimb, Word } from './word.js';

export interface Entry {
  /** The bottom first; limbs that are no known numbers are in memory (UNKNOWN). Never changed. */
  readonly words: Word[];
  /** The word lies in its place in memory. */
  readonly isInPlace: boolean[];
  memoryBytes: number;
}

/** What is known where an edge leaves a node. */
export interface Edge {
  /** What the node begins with. */
  readonly from: Entry;
  /** So many words are as there. */
  readonly below: number;
  /** The words above. */
  readonly slots: readonly Word[];
  /** A shared function has ended (tier2-nodes.ts). */
  readonly isResumed?: boolean;
  /** All words are in their places. */
  readonly isSpilled: boolean;
  /** The same of one of the words above, counted from the lowest of them. */
  readonly isInPlace: (at: number) => boolean;
  readonly memoryBytes: number;
}

export function heightOf({ below, slots }: Edge): number {
  return below + slots.length;
}

export function wordIn({ from, below, slots }: Edge, slot: number): Word {
  return slot < below ? from.words[slot]! : slots[slot - below]!;
}

const UNKNOWN: MemoryLimb = { base: Local.base, offset: 0 };
/** By which limbs are not known, the others being zero: most words share one of these. */
const PATTERNS = Array.from({ length: 1 << LIMBS }, (_, pattern): Limb[] =>
  [0, 1, 2, 3].map((index) => ((pattern >> index) & 1 ? UNKNOWN : 0n)),
);
/** Words below these are reached by no instruction: where ways meet they are in memory. */
export const REACH = 17;

export function isDeep(slot: number, height: number): boolean {
  return slot < height - REACH;
}

/** What is still the same as in the edge's node is shared. */
export function entryOf(edge: Edge): Entry {
  const { from, below, slots, isSpilled, isInPlace, memoryBytes } = edge;
  const height = heightOf(edge);
  const words = from.words.slice(0, below);
  for (let at = 0; at < slots.length; at += 1) {
    const word = slots[at]!;
    words.push(word === from.words[below + at] ? word : described(word));
  }
  const places: boolean[] = [];
  for (let slot = 0; slot < below; slot += 1) {
    places.push(isSpilled || from.isInPlace[slot]! || mustLie(words, slot, height));
  }
  for (let slot = below; slot < height; slot += 1) {
    places.push(isSpilled || isInPlace(slot - below) || mustLie(words, slot, height));
  }
  return { words, isInPlace: places, memoryBytes };
}

function described(word: Word): Word {
  const { limbs } = word;
  let pattern = 0;
  for (let index = 0; index < LIMBS; index += 1) {
    const limb = limbs[index]!;
    if (typeof limb !== 'bigint') pattern |= 1 << index;
    else if (limb !== 0n)
      return word.isKnown ? word : new Word(limbs.map(numberOrUnknown), word.bits);
  }
  return pattern === 0 ? word : new Word(PATTERNS[pattern]!, word.bits, true);
}

function numberOrUnknown(limb: Limb): bigint | MemoryLimb {
  return typeof limb === 'bigint' ? limb : UNKNOWN;
}

function mustLie(words: readonly Word[], slot: number, height: number): boolean {
  return isDeep(slot, height) && !words[slot]!.isKnown;
}

/**
 * Leaves of an entry what holds for an edge too.
 * @param isLast    and nothing that would have to be left again another time
 * @param canShare  words may be those that the edge's node begins with: in a region they would be
 *   taken for those that were there (tier2-regions.ts)
 * @returns whether that is less than before
 */
export function forget(entry: Entry, edge: Edge, isLast: boolean, canShare: boolean): boolean {
  const { words, isInPlace } = entry;
  const { from, below, slots, isSpilled } = edge;
  const height = heightOf(edge);
  let isLess = entry.memoryBytes > edge.memoryBytes;
  if (isLess) entry.memoryBytes = isLast ? 0 : edge.memoryBytes;
  for (let slot = 0; slot < height; slot += 1) {
    const isBelow = slot < below;
    const word = isBelow ? from.words[slot]! : slots[slot - below]!;
    const known = words[slot]!;
    const common = word === known ? known : commonOf(known, word, isLast);
    if (common !== known) {
      words[slot] = isBelow && canShare && isAlike(common, word) ? word : common;
      isLess = true;
    }
    if (!isInPlace[slot]) {
      isInPlace[slot] = mustLie(words, slot, height);
      continue;
    }
    const isThere = isSpilled || (isBelow ? from.isInPlace[slot]! : edge.isInPlace(slot - below));
    if (!isThere && !mustLie(words, slot, height)) {
      isInPlace[slot] = false;
      isLess = true;
    }
  }
  return isLess;
}

/** `known`, where all of it holds for the other word too. */
function commonOf(known: Word, word: Word, isLast: boolean): Word {
  let common: { readonly limbs: Limb[]; readonly bits: number[] } | undefined;
  for (let index = 0; index < LIMBS; index += 1) {
    const before = known.limbs[index]!;
    const limb = word.limbs[index]!;
    const isFirst = typeof before === 'bigint';
    if (isFirst && before === limb) continue;
    const bits = word.bitsOf(index);
    if (!isFirst && bits <= known.bits[index]!) continue;
    // It may be loaded just now, where the edge's node leads to itself.
    common ??= {
      limbs: known.limbs.map(numberOrUnknown),
      bits: [0, 1, 2, 3].map((at) => known.bitsOf(at)),
    };
    const both = common.bits[index]!;
    common.limbs[index] = UNKNOWN;
    common.bits[index] = isFirst ? Math.max(both, bits) : raised(both, bits);
    if (isLast) common.bits[index] = LIMB_BITS;
  }
  return common === undefined ? known : new Word(common.limbs, common.bits);
}

/** The same known numbers, and bounds of the others. */
function isAlike(a: Word, b: Word): boolean {
  for (let index = 0; index < LIMBS; index += 1) {
    const limb = a.limbs[index]!;
    if (typeof limb === 'bigint') {
      if (limb !== b.limbs[index]) return false;
    } else if (typeof b.limbs[index] === 'bigint' || a.bits[index] !== b.bits[index]) return false;
  }
  return true;
}

/**
 * Makes the emitter know what a node begins with.
 * @param place      of a limb that is no number
 * @param isSpilled  all words are in their places
 */
export function enter(
  e: Emitter,
  entry: Entry,
  place: (slot: number, index: number) => Limb,
  isSpilled = false,
): void {
  const { words, isInPlace, memoryBytes } = entry;
  const slots: Word[] = [];
  for (let slot = 0; slot < words.length; slot += 1) {
    const word = words[slot]!;
    if (word.isKnown) {
      slots.push(word);
      continue;
    }
    const limbs: Limb[] = [];
    for (let index = 0; index < LIMBS; index += 1) {
      const limb = word.limbs[index]!;
      limbs.push(typeof limb === 'bigint' ? limb : place(slot, index));
    }
    slots.push(new Word(limbs, word.bits));
  }
  e.reset(slots, (slot) => isSpilled || isInPlace[slot]!, memoryBytes);
}
