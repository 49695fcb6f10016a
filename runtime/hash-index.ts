/**
 * From a 32-byte hash to a number (a place in the chain), for every transaction and block of a
 * chain's life: open addressing over typed arrays, 16 bytes an entry. Only 64 bits of a hash
 * are kept, so the finder checks the whole hash at the place that it gets; where an entry stands
 * depends on a secret seed, so nobody can grind hashes that crowd together.
 */
import { assert } from '../state/base/assert.js';
import type { Random } from '../state/base/ports.js';

const SLOTS_FIRST = 1 << 10;
/** Linear probing stays short below two thirds. */
const LOAD_MAX = 2 / 3;
const EMPTY = -1;
const HASH_BYTES = 32;
/** Of the eight bytes that are kept: from the middle, leading ones can be ground for vanity. */
const TAG_AT = 12;

export class HashIndex {
  private readonly seed: number;
  /** Two numbers an entry. */
  private tags: Uint32Array;
  private places: Float64Array;
  private used = 0;

  constructor(random: Random) {
    const bytes = random.bytes(4);
    this.seed = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) | 1;
    this.tags = new Uint32Array(2 * SLOTS_FIRST);
    this.places = new Float64Array(SLOTS_FIRST).fill(EMPTY);
  }

  get count(): number {
    return this.used;
  }

  /**
   * @param place  an integer in [0, 2^53); a hash that is there already gets the new place
   * @param at     where the hash begins in the bytes
   */
  set(bytes: Uint8Array, place: number, at = 0): void {
    assert(place >= 0 && Number.isSafeInteger(place), 'a place is a number');
    if (this.used + 1 > this.places.length * LOAD_MAX) this.grow();
    assert(at + HASH_BYTES <= bytes.length, 'a hash has 32 bytes');
    const [high, low] = [partOf(bytes, at + TAG_AT), partOf(bytes, at + TAG_AT + 4)];
    if (this.insert(high, low, place)) this.used += 1;
  }

  /** The place of the hash with the same 64 bits, or -1. */
  get(hash: Uint8Array): number {
    assert(hash.length === HASH_BYTES, 'a hash has 32 bytes');
    return this.places[this.slotOf(partOf(hash, TAG_AT), partOf(hash, TAG_AT + 4))] ?? EMPTY;
  }

  private insert(high: number, low: number, place: number): boolean {
    const slot = this.slotOf(high, low);
    const isNew = this.places[slot] === EMPTY;
    this.tags[2 * slot] = high;
    this.tags[2 * slot + 1] = low;
    this.places[slot] = place;
    return isNew;
  }

  /** The slot with this tag, or the free one where it belongs. */
  private slotOf(high: number, low: number): number {
    const { places, tags, seed } = this;
    const mask = places.length - 1;
    let slot = (Math.imul(low ^ seed, seed) ^ high) & mask;
    while (places[slot] !== EMPTY && (tags[2 * slot] !== high || tags[2 * slot + 1] !== low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const { tags, places } = this;
    this.tags = new Uint32Array(tags.length * 2);
    this.places = new Float64Array(places.length * 2).fill(EMPTY);
    for (let slot = 0; slot < places.length; slot += 1) {
      const place = places[slot] ?? EMPTY;
      if (place !== EMPTY) this.insert(tags[2 * slot] ?? 0, tags[2 * slot + 1] ?? 0, place);
    }
  }
}

/** Four bytes as an unsigned number. */
function partOf(hash: Uint8Array, at: number): number {
  return ((hash[at]! << 24) | (hash[at + 1]! << 16) | (hash[at + 2]! << 8) | hash[at + 3]!) >>> 0;
}
