/**
 * Writes proofs in the form that proof.ts checks, from whatever can tell the nodes of a state tree.
 */
import { assert } from './base/assert.js';
import { DeltacastError } from './base/errors.js';
import {
  bitAt,
  middleOf,
  PROOF_FORM,
  type ProofForm,
  STEP_EMPTY,
  STEP_INNER,
  STEP_OTHER,
  STEP_OWN,
} from './proof.js';
import type { TrieNode } from './trie/reader.js';

export interface ProofSource {
  /** The subtree of all paths with the first `depth` bits of `path`. */
  nodeAt(path: Uint8Array, depth: number): TrieNode;
  /** The 32-byte value of a leaf that `nodeAt` told of. */
  valueOf(path: Uint8Array, leaf: Uint8Array): Uint8Array;
}

/**
 * @param paths  sorted, each once, 1 to the form's most (proof.ts sortPaths)
 * @throws DeltacastError PROOF_UNAVAILABLE where it would be too large
 */
export function writeProof(
  paths: readonly Uint8Array[],
  source: ProofSource,
  form = PROOF_FORM,
): Uint8Array {
  assert(paths.length > 0 && paths.length <= form.keysMax, 'a proof has a bounded set of keys');
  const writer = new ProofWriter(paths, source);
  writer.subtree(0, paths.length, 0);
  return writer.finish(form);
}

class ProofWriter {
  private readonly paths: readonly Uint8Array[];
  private readonly source: ProofSource;
  private readonly bits: number[] = [];
  private readonly words: Uint8Array[] = [];

  constructor(paths: readonly Uint8Array[], source: ProofSource) {
    this.paths = paths;
    this.source = source;
  }

  /** What is at `depth` on the way of paths[from, end), at least one. */
  subtree(from: number, end: number, depth: number): void {
    const first = this.paths[from]!;
    const node = this.source.nodeAt(first, depth);
    if (node.kind === 'empty') this.step(STEP_EMPTY);
    else if (node.kind === 'leaf') this.leaf(from, end, node);
    else this.inner(from, end, depth);
  }

  /** Version, length of the steps, the steps from the lowest bit of each byte on, the words. */
  finish({ version, lengthBytes, bytesMax }: ProofForm): Uint8Array {
    const head = 1 + lengthBytes;
    const stepBytes = (this.bits.length + 7) >> 3;
    const bytes = head + stepBytes + 32 * this.words.length;
    if (stepBytes >= 256 ** lengthBytes || bytes > bytesMax) {
      throw new DeltacastError('PROOF_UNAVAILABLE', 'the proof is too large', { bytes });
    }
    const out = new Uint8Array(bytes);
    out[0] = version;
    for (let at = 0; at < lengthBytes; at += 1) out[1 + at] = stepBytes / 256 ** at;
    for (const [index, bit] of this.bits.entries()) {
      out[head + (index >> 3)]! |= bit << (index & 7);
    }
    let at = head + stepBytes;
    for (const word of this.words) {
      out.set(word, at);
      at += 32;
    }
    return out;
  }

  private inner(from: number, end: number, depth: number): void {
    const first = this.paths[from]!;
    this.step(STEP_INNER);
    const middle = middleOf(this.paths, from, end, depth);
    if (from === middle) this.sibling(first, depth);
    else this.subtree(from, middle, depth + 1);
    if (middle === end) this.sibling(first, depth);
    else this.subtree(middle, end, depth + 1);
  }

  private leaf(from: number, end: number, leaf: { path: Uint8Array; hash: Uint8Array }): void {
    const value = this.source.valueOf(leaf.path, leaf.hash);
    const isOwn = from + 1 === end && isEqual(leaf.path, this.paths[from]!);
    this.step(isOwn ? STEP_OWN : STEP_OTHER);
    if (!isOwn) this.words.push(leaf.path);
    this.words.push(value);
  }

  /** The half at `depth` that a path does not go into. */
  private sibling(path: Uint8Array, depth: number): void {
    const other = path.slice();
    other[depth >> 3]! ^= 0x80 >> (depth & 7);
    assert(bitAt(other, depth) !== bitAt(path, depth), 'a sibling is on the other side');
    const node = this.source.nodeAt(other, depth + 1);
    this.bits.push(node.kind === 'empty' ? 0 : 1);
    if (node.kind !== 'empty') this.words.push(node.hash);
  }

  private step(step: number): void {
    this.bits.push(step & 1, step >> 1);
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index]);
}
