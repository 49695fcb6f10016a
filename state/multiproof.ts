/**
 * A proof of many keys that is kept as the part of the tree it shows, so that the root after a
 * change of these keys can be computed from it alone. Nothing else is needed, also for deletions: a
 * lone key rises by its hash, whose top bit tells that it is one, and whoever comes into a leaf's
 * place has been shown that leaf's path.
 */
import { WITNESS_BYTES_MAX, WITNESS_CELLS_MAX } from './base/limits.js';
import {
  bitAt,
  encodeKey,
  hasSamePrefix,
  indexOf,
  invalid,
  isEqual,
  joinInto,
  middleOf,
  PATH_BITS,
  type ProofForm,
  ProofReader,
  STEP_EMPTY,
  STEP_INNER,
  STEP_OWN,
  type StateKey,
  type StateKeyKind,
  ZERO_WORD,
} from './proof.js';

/** As a proof of few keys, with a u32 for the number of bytes of steps. */
export const WIDE_FORM: ProofForm = {
  version: 2,
  lengthBytes: 4,
  keysMax: WITNESS_CELLS_MAX,
  bytesMax: WITNESS_BYTES_MAX,
};

const LEAF_BIT = 0x80;
const KEY_BYTES = 64;

/** Many keys as one buffer, which goes to another thread at once. */
export function packKeys(keys: readonly StateKey[]): Uint8Array {
  const packed = new Uint8Array(keys.length * KEY_BYTES);
  for (const [index, key] of keys.entries()) packed.set(encodeKey(key), index * KEY_BYTES);
  return packed;
}

export function unpackKeys(packed: Uint8Array): StateKey[] {
  return Array.from({ length: packed.length / KEY_BYTES }, (_, index) => {
    const key = packed.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
    const [kind, address] = [(key[31] ?? 0) as StateKeyKind, key.subarray(0, 20)];
    return kind === 3 ? { kind, address, slot: key.subarray(32) } : { kind, address };
  });
}

/** What is known of a subtree: at least its hash. */
interface Part {
  readonly hash: Uint8Array;
  /** The two halves of a node that paths lead into. */
  readonly halves: readonly [Part, Part] | null;
  /** A leaf that is shown whole. */
  readonly leaf: Pair | null;
}

interface Pair {
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

const EMPTY: Part = { hash: ZERO_WORD, halves: null, leaf: null };

export class Multiproof {
  /** For each path its value; zeros where there is no such key. */
  readonly values: readonly Uint8Array[];
  private readonly paths: readonly Uint8Array[];
  private readonly whole: Part;

  private constructor(paths: readonly Uint8Array[], whole: Part, values: readonly Uint8Array[]) {
    this.paths = paths;
    this.whole = whole;
    this.values = values;
  }

  /**
   * Reads a proof; which root it gives is for the caller to compare.
   * @param paths  sorted, each once (proof.ts sortPaths)
   * @throws DeltacastError PROOF_INVALID
   */
  static read(paths: readonly Uint8Array[], proof: Uint8Array, form = WIDE_FORM): Multiproof {
    if (paths.length === 0 || paths.length > form.keysMax) throw invalid('no keys, or too many');
    const parser = new Parser(paths, new ProofReader(proof, form));
    const whole = parser.run();
    return new Multiproof(paths, whole, parser.values);
  }

  /** The root that the proof gives. */
  get root(): Uint8Array {
    return this.whole.hash;
  }

  /** The value of a path that is proven. */
  valueOf(path: Uint8Array): Uint8Array {
    const index = indexOf(this.paths, path);
    if (!isEqual(this.paths[index] ?? ZERO_WORD, path)) throw invalid('a key not asked for');
    return this.values[index] ?? ZERO_WORD;
  }

  /**
   * The root when the keys have other values and all else stays.
   * @param values  for each path; zeros where there is no key any more
   */
  rootWith(values: readonly Uint8Array[]): Uint8Array {
    return new Update(this.paths, values).run(this.whole);
  }
}

/** Goes down the paths with the steps as they come. */
class Parser {
  readonly values: Uint8Array[];
  private readonly paths: readonly Uint8Array[];
  private readonly reader: ProofReader;
  private readonly message = new Uint8Array(64);

  constructor(paths: readonly Uint8Array[], reader: ProofReader) {
    this.paths = paths;
    this.reader = reader;
    this.values = new Array<Uint8Array>(paths.length).fill(ZERO_WORD);
  }

  run(): Part {
    const whole = this.subtree(0, this.paths.length, 0);
    this.reader.end();
    return whole;
  }

  private subtree(from: number, end: number, depth: number): Part {
    const { reader } = this;
    if (from === end) return reader.flag() ? partOf(reader.hash()) : EMPTY;
    const step = reader.step();
    if (step === STEP_EMPTY) return EMPTY;
    if (step === STEP_INNER) return this.inner(from, end, depth);
    return step === STEP_OWN ? this.own(from, end) : this.other(from, end, depth);
  }

  private inner(from: number, end: number, depth: number): Part {
    if (depth === PATH_BITS) throw invalid('deeper than a path is long');
    const middle = middleOf(this.paths, from, end, depth);
    const left = this.subtree(from, middle, depth + 1);
    const right = this.subtree(middle, end, depth + 1);
    const hash = joinInto(this.message, left.hash, right.hash, false);
    return { hash, halves: [left, right], leaf: null };
  }

  private own(from: number, end: number): Part {
    if (from + 1 !== end) throw invalid('which of several keys is not said');
    const value = this.reader.hash();
    this.values[from] = value;
    return this.leaf(this.paths[from]!, value);
  }

  private other(from: number, end: number, depth: number): Part {
    const path = this.reader.hash();
    const value = this.reader.hash();
    if (!hasSamePrefix(path, this.paths[from]!, depth)) throw invalid('a key at a wrong place');
    for (let index = from; index < end; index += 1) {
      if (!isEqual(path, this.paths[index]!)) continue;
      if (from + 1 === end) throw invalid('the key asked for as if it were another');
      this.values[index] = value;
    }
    return this.leaf(path, value);
  }

  private leaf(path: Uint8Array, value: Uint8Array): Part {
    const hash = joinInto(this.message, path, value, true);
    return { hash, halves: null, leaf: { path, value } };
  }
}

/** Goes down the parts again with new values, and up with the hashes that these give. */
class Update {
  private readonly paths: readonly Uint8Array[];
  private readonly values: readonly Uint8Array[];
  private readonly message = new Uint8Array(64);

  constructor(paths: readonly Uint8Array[], values: readonly Uint8Array[]) {
    this.paths = paths;
    this.values = values;
  }

  run(whole: Part): Uint8Array {
    return this.hashOf(whole, 0, this.paths.length, 0);
  }

  private hashOf(part: Part, from: number, end: number, depth: number): Uint8Array {
    if (from === end) return part.hash;
    if (part.halves === null) return this.build(this.pairsOf(part.leaf, from, end), depth);
    const middle = middleOf(this.paths, from, end, depth);
    const [left, right] = part.halves;
    return this.join(
      this.hashOf(left, from, middle, depth + 1),
      this.hashOf(right, middle, end, depth + 1),
    );
  }

  /** All that is now where there was one key or none. */
  private pairsOf(leaf: Pair | null, from: number, end: number): Pair[] {
    const pairs: Pair[] = [];
    let isAsked = leaf === null;
    for (let index = from; index < end; index += 1) {
      const path = this.paths[index]!;
      const value = this.values[index]!;
      if (leaf !== null && isEqual(leaf.path, path)) isAsked = true;
      if (!isEqual(value, ZERO_WORD)) pairs.push({ path, value });
    }
    if (!isAsked && leaf !== null) pairs.push(leaf);
    return pairs;
  }

  private build(pairs: readonly Pair[], depth: number): Uint8Array {
    const [first] = pairs;
    if (first === undefined) return ZERO_WORD;
    if (pairs.length === 1) return joinInto(this.message, first.path, first.value, true);
    const halves = [0, 1].map((bit) => pairs.filter(({ path }) => bitAt(path, depth) === bit));
    const [left, right] = halves.map((half) => this.build(half, depth + 1));
    return joinInto(this.message, left!, right!, false);
  }

  /** A lone key rises. */
  private join(left: Uint8Array, right: Uint8Array): Uint8Array {
    if (isEmpty(left) && (isEmpty(right) || isLeaf(right))) return right;
    if (isEmpty(right) && isLeaf(left)) return left;
    return joinInto(this.message, left, right, false);
  }
}

function partOf(hash: Uint8Array): Part {
  return { hash, halves: null, leaf: null };
}

function isEmpty(hash: Uint8Array): boolean {
  return isEqual(hash, ZERO_WORD);
}

/** No leaf's hash is zero: its top bit is set. */
function isLeaf(hash: Uint8Array): boolean {
  return ((hash[0] ?? 0) & LEAF_BIT) !== 0;
}
