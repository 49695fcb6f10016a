/** Entry of hash.wasm: Keccak-256 alone, for state/base/keccak.ts, on a memory of its own. */
import { toBytes } from "./convert.as";
import { keccak256 } from "./keccak.as";

/** Hashes `length` bytes at `from`; the 32 bytes of the hash, as they are written, go to `out`. */
export function keccakBytes(from: usize, length: u32, out: usize): void {
  keccak256(from, length, out);
  toBytes(out, out);
}
