/**
 * From a 32-byte hash to a number (a place in the chain), for every transaction and block of a
 * chain's life: open addressing over two typed arrays, 16 bytes an entry. Only 64 bits of a hash
 * are kept, so the finder checks the whole hash at the place that it gets; where an entry stands
 * depends on a secret seed, so nobody can grind hashes that crowd together.
 */
import { assert } from '../state/base/assert.js';
import type { Random } from '../state/base/ports.js';

const SLOTS_FIRST = 1 << 10;
/** Linear probing stays short below two thirds. */
const LOAD_MAX = 2 / 3;
const EMPTY = -1;

export class HashIndex {
  private readonly seed: number;
  private tags: BigUint64Array;
  private places: Float64Array;
  private used = 0;

  constructor(random: Random) {
    const bytes = random.bytes(4);
    this.seed = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) | 1;
    this.tags = new BigUint64Array(SLOTS_FIRST);
    this.places = new Float64Array(SLOTS_FIRST).fill(EMPTY);
  }

  get count(): number {
    return this.used;
  }

  /** @param place  an integer in [0, 2^53); a hash that is there already gets the new place */
  set(hash: Uint8Array, place: number): void {
    assert(place >= 0 && Number.isSafeInteger(place), 'a place is a number');
    if (this.used + 1 > this.places.length * LOAD_MAX) this.grow();
    if (this.insert(tagOf(hash), place)) this.used += 1;
  }

  /** The place of the hash with the same 64 bits, or -1. */
  get(hash: Uint8Array): number {
    return this.places[this.slotOf(tagOf(hash))] ?? EMPTY;
  }

  private insert(tag: bigint, place: number): boolean {
    const slot = this.slotOf(tag);
    const isNew = this.places[slot] === EMPTY;
    this.tags[slot] = tag;
    this.places[slot] = place;
    return isNew;
  }

  /** The slot with this tag, or the free one where it belongs. */
  private slotOf(tag: bigint): number {
    const mask = this.places.length - 1;
    const low = Number(tag & 0xffff_ffffn) ^ this.seed;
    let slot = (Math.imul(low, this.seed) ^ Number(tag >> 32n)) & mask;
    while (this.places[slot] !== EMPTY && this.tags[slot] !== tag) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { tags, places } = this;
    this.tags = new BigUint64Array(places.length * 2);
    this.places = new Float64Array(places.length * 2).fill(EMPTY);
    for (const [index, place] of places.entries()) {
      if (place !== EMPTY) this.insert(tags[index] ?? 0n, place);
    }
  }
}

/** Eight bytes from the middle: leading ones can be ground for vanity. */
function tagOf(hash: Uint8Array): bigint {
  assert(hash.length === 32, 'a hash has 32 bytes');
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(12);
}
