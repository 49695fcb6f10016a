/**
 * Proofs of state: what values some keys have under a state root, shown by the tree's own hashes
 * (ARCHITECTURE.md, "Proofs"). Checking one needs the root, the keys and the proof's bytes, all of
 * which may come from a liar but the root; it runs in a browser too, so nothing here is Node's.
 */
import { DeltacastError } from './base/errors.js';
import { hashBlock } from './blake3-block.js';

/** Keys in one proof: an account is three. A proof of so many is half a megabyte at 16M keys. */
export const PROOF_KEYS_MAX = 1_024;
/** Twice what that many keys take; the steps alone have at most 65,535 bytes. */
export const PROOF_BYTES_MAX = 1024 * 1024;

/** How steps and words are laid out, and how many there may be. */
export interface ProofForm {
  readonly version: number;
  /** Of the number of bytes of steps, little-endian, that follows the version. */
  readonly lengthBytes: number;
  readonly keysMax: number;
  readonly bytesMax: number;
}

export const PROOF_FORM: ProofForm = {
  version: 1,
  lengthBytes: 2,
  keysMax: PROOF_KEYS_MAX,
  bytesMax: PROOF_BYTES_MAX,
};
export const PATH_BITS = 256;

/** Steps, two bits each: what is where some of the keys would be. */
export const STEP_EMPTY = 0;
export const STEP_INNER = 1;
/** The only key asked for here, and its value. */
export const STEP_OWN = 2;
/** Any key where several are asked for, or another where one is; its path and value. */
export const STEP_OTHER = 3;

/** As in the root's specification: 0 balance, 1 nonce, 2 code, 3 storage slot. */
export type StateKeyKind = 0 | 1 | 2 | 3;

export interface StateKey {
  readonly kind: StateKeyKind;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes, for kind 3 only. */
  readonly slot?: Uint8Array;
}

/** The 64 bytes that a key's path is the hash of. */
export function encodeKey({ kind, address, slot }: StateKey): Uint8Array {
  const isSlot = kind === 3;
  if (address.length !== 20 || (isSlot ? slot?.length !== 32 : slot !== undefined)) {
    throw invalid('a key has an address of 20 bytes, and a slot of 32 where it is one');
  }
  const key = new Uint8Array(64);
  key.set(address);
  key[31] = kind;
  if (slot !== undefined) key.set(slot, 32);
  return key;
}

export function pathOf(key: StateKey): Uint8Array {
  return hashBlock(encodeKey(key));
}

/** The hash of a key alone in its subtree. @returns a fresh one */
export function leafOf(path: Uint8Array, value: Uint8Array): Uint8Array {
  return joinInto(new Uint8Array(64), path, value, true);
}

/** A leaf has the top bit of its first byte set, a node has it clear. @param message  64 to use */
export function joinInto(
  message: Uint8Array,
  left: Uint8Array,
  right: Uint8Array,
  isLeaf: boolean,
): Uint8Array {
  message.set(left);
  message.set(right, 32);
  const hash = hashBlock(message);
  hash[0] = isLeaf ? hash[0]! | 0x80 : hash[0]! & 0x7f;
  return hash;
}

/**
 * Checks a proof against a root that the caller trusts.
 * @param keys   1 to PROOF_KEYS_MAX, in any order
 * @param proof  bytes from anyone
 * @returns      for each key its 32-byte value, zeros where it is proven that there is none
 * @throws       DeltacastError PROOF_INVALID, whatever is wrong
 */
export function verifyProof(
  root: Uint8Array,
  keys: readonly StateKey[],
  proof: Uint8Array,
): Uint8Array[] {
  return verifyPaths(root, keys.map(pathOf), proof);
}

/** The same for paths. */
export function verifyPaths(
  root: Uint8Array,
  paths: readonly Uint8Array[],
  proof: Uint8Array,
): Uint8Array[] {
  if (root.length !== 32) throw invalid('a root has 32 bytes');
  if (paths.length === 0 || paths.length > PROOF_KEYS_MAX) throw invalid('no keys, or too many');
  const wanted = sortPaths(paths);
  const check = new Check(wanted, new ProofReader(proof));
  const found = check.run();
  if (!isEqual(found, root)) throw invalid('it gives another root');
  return paths.map((path) => (check.values[indexOf(wanted, path)] ?? ZERO_WORD).slice());
}

/** Sorted, each once. */
export function sortPaths(paths: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...paths].sort(compare);
  return sorted.filter((path, index) => index === 0 || compare(sorted[index - 1]!, path) !== 0);
}

export function bitAt(path: Uint8Array, depth: number): number {
  return ((path[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;
}

/** The first of paths[from, end) that has a 1 at this depth, where all before it are the same. */
export function middleOf(
  paths: readonly Uint8Array[],
  from: number,
  end: number,
  depth: number,
): number {
  let middle = from;
  while (middle < end && bitAt(paths[middle]!, depth) === 0) middle += 1;
  return middle;
}

export const ZERO_WORD: Uint8Array = new Uint8Array(32);

/** Goes down the paths with the steps as they come, and up again with the hashes that they give. */
class Check {
  /** For each path; left out where there is no such key. */
  readonly values: (Uint8Array | undefined)[] = [];
  private readonly paths: readonly Uint8Array[];
  private readonly reader: ProofReader;
  private readonly message = new Uint8Array(64);

  constructor(paths: readonly Uint8Array[], reader: ProofReader) {
    this.paths = paths;
    this.reader = reader;
  }

  /** The root that the proof gives. */
  run(): Uint8Array {
    const root = this.subtree(0, this.paths.length, 0);
    this.reader.end();
    return root;
  }

  private subtree(from: number, end: number, depth: number): Uint8Array {
    if (from === end) return this.reader.flag() ? this.reader.hash() : ZERO_WORD;
    switch (this.reader.step()) {
      case STEP_EMPTY:
        return ZERO_WORD;
      case STEP_INNER:
        return this.inner(from, end, depth);
      case STEP_OWN:
        return this.own(from, end);
      default:
        return this.other(from, end, depth);
    }
  }

  private inner(from: number, end: number, depth: number): Uint8Array {
    if (depth === PATH_BITS) throw invalid('deeper than a path is long');
    const middle = middleOf(this.paths, from, end, depth);
    const left = this.subtree(from, middle, depth + 1);
    const right = this.subtree(middle, end, depth + 1);
    return this.join(left, right, false);
  }

  private own(from: number, end: number): Uint8Array {
    if (from + 1 !== end) throw invalid('which of several keys is not said');
    const value = this.reader.hash();
    this.values[from] = value;
    return this.join(this.paths[from]!, value, true);
  }

  private other(from: number, end: number, depth: number): Uint8Array {
    const path = this.reader.hash();
    const value = this.reader.hash();
    if (!hasSamePrefix(path, this.paths[from]!, depth)) throw invalid('a key at a wrong place');
    for (let index = from; index < end; index += 1) {
      if (!isEqual(path, this.paths[index]!)) continue;
      if (from + 1 === end) throw invalid('the key asked for as if it were another');
      this.values[index] = value;
    }
    return this.join(path, value, true);
  }

  private join(left: Uint8Array, right: Uint8Array, isLeaf: boolean): Uint8Array {
    return joinInto(this.message, left, right, isLeaf);
  }
}

/** Steps from the front, hashes behind them; every byte must be used, and only one way. */
export class ProofReader {
  private readonly bytes: Uint8Array;
  private bit: number;
  private readonly stepsEnd: number;
  private at: number;

  constructor(bytes: Uint8Array, { version, lengthBytes, bytesMax } = PROOF_FORM) {
    if (bytes.length > bytesMax) throw invalid('too many bytes');
    if (bytes[0] !== version) throw invalid('another version');
    const head = 1 + lengthBytes;
    let stepBytes = 0;
    for (let at = head - 1; at > 0; at -= 1) stepBytes = stepBytes * 256 + (bytes[at] ?? 0);
    this.bit = head * 8;
    this.stepsEnd = head + stepBytes;
    if (this.stepsEnd > bytes.length) throw invalid('cut off');
    this.bytes = bytes;
    this.at = this.stepsEnd;
  }

  flag(): boolean {
    return this.nextBit() === 1;
  }

  step(): number {
    const low = this.nextBit();
    return low | (this.nextBit() << 1);
  }

  /** A hash, path or value: never zeros, for which there are steps. A view. */
  hash(): Uint8Array {
    const word = this.bytes.subarray(this.at, this.at + 32);
    if (word.length !== 32) throw invalid('cut off');
    if (isEqual(word, ZERO_WORD)) throw invalid('zeros in the place of a hash');
    this.at += 32;
    return word;
  }

  end(): void {
    if (this.at !== this.bytes.length) throw invalid('bytes that say nothing');
    if ((this.bit + 7) >> 3 !== this.stepsEnd) throw invalid('steps that say nothing');
    while ((this.bit & 7) !== 0) if (this.flag()) throw invalid('a spare bit is set');
  }

  private nextBit(): number {
    const byte = this.bit >> 3;
    if (byte >= this.stepsEnd) throw invalid('cut off');
    const value = ((this.bytes[byte] ?? 0) >> (this.bit & 7)) & 1;
    this.bit += 1;
    return value;
  }
}

export function hasSamePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth += 1) {
    if (bitAt(a, depth) !== bitAt(b, depth)) return false;
  }
  return true;
}

/** Where a path that is in it stands. */
export function indexOf(sorted: readonly Uint8Array[], path: Uint8Array): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle]!, path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < 32; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return compare(a, b) === 0;
}

export function invalid(why: string): DeltacastError {
  return new DeltacastError('PROOF_INVALID', `the proof is not valid: ${why}`, { why });
}
