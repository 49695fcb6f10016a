/**
 * The 2,048-bit bloom of logs (Yellow Paper, 4.3.1). Addresses and topics come again and again, so
 * what each sets is remembered; keys are compared in full.
 */
import { keccak256 } from "../kernel/keccak.as";
import { HASH, MEMO, MEMO_ENTRY_BYTES, MEMO_LOG2 } from "./map";

const BLOOM_BYTES: usize = 256;
const ENTRY_LENGTH: usize = 32;
const ENTRY_BITS: usize = 40;

/** Sets what an address (20 bytes) or a topic (32) sets. */
export function addToBloom(bloom: usize, from: usize, length: u32): void {
  const bits = bitsOf(from, length);
  setBit(bloom, <u32>(bits >> 32));
  setBit(bloom, <u32>(bits >> 16));
  setBit(bloom, <u32>bits);
}

/** bloom |= other */
export function mergeBloom(bloom: usize, other: usize): void {
  for (let at: usize = 0; at < BLOOM_BYTES; at += 16) {
    v128.store(bloom + at, v128.or(v128.load(bloom + at), v128.load(other + at)));
  }
}

@inline
function setBit(bloom: usize, pair: u32): void {
  const bit = pair & 2047;
  const at = bloom + BLOOM_BYTES - 1 - (bit >> 3);
  store<u8>(at, <u32>load<u8>(at) | (1 << (bit & 7)));
}

/** The first six bytes of the hash. */
function bitsOf(from: usize, length: u32): u64 {
  const isTopic = length == 32;
  const k0 = load<u64>(from);
  const k1 = load<u64>(from, 8);
  const k2 = isTopic ? load<u64>(from, 16) : <u64>load<u32>(from, 16);
  const k3 = isTopic ? load<u64>(from, 24) : 0;
  const entry = MEMO + indexOf(k0 ^ rotl(k1, 21), k2 ^ rotl(k3, 43)) * MEMO_ENTRY_BYTES;
  const isKnown = load<u64>(entry) == k0 && load<u64>(entry, 8) == k1 &&
    load<u64>(entry, 16) == k2 && load<u64>(entry, 24) == k3 &&
    load<u32>(entry, ENTRY_LENGTH) == length;
  if (!isKnown) {
    keccak256(from, length, HASH);
    store<u64>(entry, k0);
    store<u64>(entry, k1, 8);
    store<u64>(entry, k2, 16);
    store<u64>(entry, k3, 24);
    store<u32>(entry, length, ENTRY_LENGTH);
    store<u64>(entry, load<u64>(HASH, 24) >> 16, ENTRY_BITS);
  }
  return load<u64>(entry, ENTRY_BITS);
}

@inline
function indexOf(a: u64, b: u64): u32 {
  const product = (a + 0x9e3779b97f4a7c15) * (b | 1);
  return <u32>(((product ^ (product >>> 32)) * 0xbf58476d1ce4e5b9) >>> (64 - <u64>MEMO_LOG2));
}
