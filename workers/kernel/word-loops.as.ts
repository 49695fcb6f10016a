/**
 * Loops around each operation for the benchmark, so that the call from JavaScript does not count.
 * Operands are a ring of 64 lines of 128 bytes {a, b, n, out}: more than one pattern for the branch
 * predictor, and all of it in the first-level cache.
 */
import * as keccak from "./keccak.as";
import { keccakMemo } from "./keccak-memo.as";
import * as u256 from "./u256.as";

@inline
function line(ring: usize, index: u32): usize {
  return ring + (<usize>(index & 63) << 7);
}

export function loopNothing(ring: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = line(ring, i);
    store<u64>(at, load<u64>(at), 96);
  }
}

export function loopAdd(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.add(at, at + 32, at + 96);
}

/** Each sum is an operand of the next one. */
export function loopAddChain(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.add(at, ring, ring);
}

export function loopSub(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.sub(at, at + 32, at + 96);
}

export function loopMul(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.mul(at, at + 32, at + 96);
}

/**
 * No more than the 34 multiplications of 64 bits that a product of words is made of here, each of
 * other operands and none waiting for another: what the machine takes for them alone.
 */
export function loopMultiplications(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    let sum: u64 = 0;
    const b0 = load<u64>(at, 32), b1 = load<u64>(at, 40);
    for (let limb: usize = 0; limb < 32; limb += 8) sum ^= eight(load<u64>(at + limb), b0, b1);
    store<u64>(at, sum ^ (b0 * b0) ^ (b1 * b1), 96);
  }
}

@inline
function eight(a: u64, b: u64, c: u64): u64 {
  return (a * b) ^ (a * c) ^ (a * (b >>> 1)) ^ (a * (c >>> 1)) ^ ((a >>> 1) * b) ^ ((a >>> 1) * c)
    ^ ((a >>> 1) * (b >>> 1)) ^ ((a >>> 1) * (c >>> 1));
}

export function loopMulChain(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.mul(at, ring, ring);
}

export function loopDiv(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.div(at, at + 32, at + 96);
}

export function loopMod(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.mod(at, at + 32, at + 96);
}

export function loopSdiv(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.sdiv(at, at + 32, at + 96);
}

export function loopSmod(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.smod(at, at + 32, at + 96);
}

export function loopAddmod(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    u256.addmod(at, at + 32, at + 64, at + 96);
  }
}

export function loopMulmod(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    u256.mulmod(at, at + 32, at + 64, at + 96);
  }
}

export function loopExp(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.exp(at, at + 32, at + 96);
}

/** The question is whether `b` is less than `a`, or how `b` is shifted by what is at `n`. */
export function loopLt(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    store<u64>(at, u64(u256.lt(at, at + 32)), 96);
  }
}

export function loopEq(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    store<u64>(at, u64(u256.eq(at, at + 32)), 96);
  }
}

export function loopXor(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.xor(at, at + 32, at + 96);
}

export function loopShl(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.shl(at + 64, at, at + 96);
}

export function loopShr(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.shr(at + 64, at, at + 96);
}

export function loopSar(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.sar(at + 64, at, at + 96);
}

export function loopByteAt(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    u256.byteAt(at + 64, at, at + 96);
  }
}

export function loopSignExtend(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    u256.signExtend(at + 64, at, at + 96);
  }
}

export function loopClz(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.clz(at, at + 96);
}

export function loopFromBytes(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) u256.fromBytes(at, 32, at + 96);
}

/** A word is made by an addition, written as bytes and read back: MSTORE and MLOAD. */
export function loopRoundTrip(ring: usize, count: u32): void {
  for (let i: u32 = 0, at = ring; i < count; at = line(ring, ++i)) {
    u256.add(at, ring, ring);
    u256.toBytes(ring, ring + 64);
    u256.fromBytes(ring + 64, 32, ring);
  }
}

/** `length` bytes that begin at the ring; every hash depends on the one before. */
export function loopKeccak(ring: usize, count: u32, length: u32): void {
  for (let i: u32 = 0; i < count; i++) keccak.keccak256(ring, length, ring);
}

export function loopKeccakPair(ring: usize, count: u32, length: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    keccak.keccak256Pair(ring, ring + 256, length, ring, ring + 256);
  }
}

/** A memo lies behind the ring; `step` 0 asks for the same line again and again. */
export function loopKeccakMemo(ring: usize, count: u32, length: u32, step: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = line(ring, i * step);
    keccakMemo(at, length, at + 96, ring + 8192);
  }
}
