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

/** What the emitter has where an edge leaves a node. */
export interface Edge {
  readonly slots: readonly Word[];
  readonly isInPlace: (slot: number) => boolean;
  readonly memoryBytes: number;
}

const UNKNOWN: MemoryLimb = { base: Local.base, offset: 0 };
/** Words below these are reached by no instruction: where ways meet they are in memory. */
export const REACH = 17;

export function isDeep(slot: number, height: number): boolean {
  return slot < height - REACH;
}

/** @param from  what was known where the edge's node begins: what is still the same is shared */
export function entryOf({ slots, isInPlace, memoryBytes }: Edge, from: Entry | undefined): Entry {
  const words: Word[] = [];
  const places: boolean[] = [];
  for (let slot = 0; slot < slots.length; slot += 1) {
    const word = slots[slot]!;
    words.push(word === from?.words[slot] ? word : described(word));
    places.push(isInPlace(slot) || mustLie(words, slot, slots.length));
  }
  return { words, isInPlace: places, memoryBytes };
}

function described(word: Word): Word {
  const bits = [0, 1, 2, 3].map((index) => word.bitsOf(index));
  return new Word(word.limbs.map(numberOrUnknown), bits);
}

function numberOrUnknown(limb: Limb): bigint | MemoryLimb {
  return typeof limb === 'bigint' ? limb : UNKNOWN;
}

function mustLie(words: readonly Word[], slot: number, height: number): boolean {
  return isDeep(slot, height) && words[slot]!.constant === undefined;
}

/**
 * Leaves of an entry what holds for an edge too.
 * @param isLast  and nothing that would have to be left again another time
 * @returns whether that is less than before
 */
export function forget(entry: Entry, edge: Edge, isLast: boolean): boolean {
  const { words, isInPlace } = entry;
  const { slots } = edge;
  let isLess = entry.memoryBytes > edge.memoryBytes;
  if (isLess) entry.memoryBytes = isLast ? 0 : edge.memoryBytes;
  for (let slot = 0; slot < slots.length; slot += 1) {
    const word = slots[slot]!;
    const known = words[slot]!;
    const common = word === known ? known : commonOf(known, word, isLast);
    if (common !== known) {
      words[slot] = common;
      isLess = true;
    }
    if (!isInPlace[slot]) isInPlace[slot] = mustLie(words, slot, slots.length);
    else if (!edge.isInPlace(slot) && !mustLie(words, slot, slots.length)) {
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

/** Makes the emitter know what a node begins with. @param place  of a limb that is no number */
export function enter(
  e: Emitter,
  entry: Entry,
  place: (slot: number, index: number) => Limb,
): void {
  const slots = entry.words.map((word, slot) => {
    const limb = (known: Limb, index: number): Limb =>
      typeof known === 'bigint' ? known : place(slot, index);
    return new Word(word.limbs.map(limb), word.bits);
  });
  e.reset(slots, (slot) => entry.isInPlace[slot]!, entry.memoryBytes);
}
