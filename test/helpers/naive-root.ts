/**
 * The state root written straight from its specification (ARCHITECTURE.md, "The state root"): no
 * buckets, no levels, nothing kept. Keys and paths in hex, so that maps and sorting are plain.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, fromHex, toHex } from '../../state/base/bytes.js';

const EMPTY = new Uint8Array(32);

/** A leaf has the top bit of its first byte set, a node has it clear. */
function hashPair(left: Uint8Array, right: Uint8Array, isLeaf: boolean): Uint8Array {
  const hash = blake3(concatBytes(left, right));
  hash[0] = isLeaf ? hash[0]! | 0x80 : hash[0]! & 0x7f;
  return hash;
}

/** Of pairs whose paths have the first `depth` bits in common. */
export function naiveSubtree(
  leaves: readonly (readonly [string, string])[],
  depth: number,
): Uint8Array {
  if (leaves.length === 0) return EMPTY;
  const [path, value] = leaves[0]!;
  if (leaves.length === 1) return hashPair(fromHex(path), fromHex(value), true);
  const bitOf = (hex: string): number => (fromHex(hex)[depth >> 3]! >> (7 - (depth & 7))) & 1;
  const [left, right] = [0, 1].map((bit) =>
    naiveSubtree(
      leaves.filter(([at]) => bitOf(at) === bit),
      depth + 1,
    ),
  );
  return hashPair(left!, right!, false);
}

/** @param values  path -> value, both 32 bytes in hex; a value of 0 is a key that is not there */
export function naiveRoot(values: ReadonlyMap<string, string>): string {
  return toHex(
    naiveSubtree(
      [...values].filter(([, value]) => !/^0x0+$/.test(value)),
      0,
    ),
  );
}

/** @param kind  0 balance, 1 nonce, 2 code, 3 slot @param slot  32 bytes; zeros for a field */
export function naivePath(kind: number, address: Uint8Array, slot: Uint8Array): string {
  const kindBytes = new Uint8Array(12);
  kindBytes[11] = kind;
  return toHex(blake3(concatBytes(address, kindBytes, slot)));
}
