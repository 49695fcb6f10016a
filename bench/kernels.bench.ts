/**
 * The arithmetic and hash kernels: `node dist/bench/kernels.bench.js [rounds] [name]` after a
 * build; with a name only the cases whose name contains it.
 * Nanoseconds for one call, loops inside the kernel, what an empty loop takes not subtracted:
 * best and median of the rounds, beside what an earlier prototype reached on another processor.
 * Cases take turns, so that a busy machine does not fall upon one of them alone.
 *
 * The prototype's 5 ns for a product of words cannot be had where a processor multiplies once a
 * cycle: `34 i64.mul` is what the multiplications alone take (12.4 ns beside 18.6 for the product,
 * Zen 3). Sums by columns instead of by rows, and 28 multiplications with low halves put together
 * by shifts, were measured at 18.9 and 19.0: additions and shifts are then what it waits for.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { instantiateKernel } from '../state/base/wasm.js';

const ROUNDS = Number(process.argv[2] ?? 41);
const NAME = process.argv[3] ?? '';
/** A window is about this long: short enough to fit between two interruptions. */
const WINDOW_NS = 500_000;
const LINES = 64;
const LINE_BYTES = 128;
const RING = 0x10000;
const MEMORY_PAGES = 2;

type Loop = (ring: number, count: number, length: number, step: number) => void;
type Draw = (index: number) => readonly [a: bigint, b: bigint, n: bigint];

interface Case {
  readonly name: string;
  readonly loop: string;
  readonly draw: Draw;
  /** Nanoseconds of the prototype, where it has the same measurement. */
  readonly prototype?: number;
  /** Bytes of a message, and whether the memo is asked for one line or for all. */
  readonly length?: number;
  readonly step?: number;
  /** Results of one call. */
  readonly results?: number;
}

const memory = new WebAssembly.Memory({
  initial: MEMORY_PAGES,
  maximum: MEMORY_PAGES,
  shared: true,
});
const kernel = instantiateKernel<Readonly<Record<string, Loop>>>('word', memory);
const limbs = new BigUint64Array(memory.buffer);

let state = 0x2545f491;
/** xorshift32: the same operands in every run. */
function random32(): bigint {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return BigInt(state >>> 0);
}

/** A number of exactly `length` bits. */
function bits(length: number): bigint {
  let value = 0n;
  for (let done = 0; done < length; done += 32) value = (value << 32n) | random32();
  const top = 1n << BigInt(length - 1);
  return (value & (top - 1n)) | top;
}

/** The prime of the BN254 field, the usual modulus of MULMOD. */
const BN254 = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const ETHER = 10n ** 18n;

const of =
  (a: number, b: number): Draw =>
  () => [bits(a), bits(b), 0n];
const small =
  (bound: number): Draw =>
  (index) => [bits(256), bits(256), BigInt((index * 37) % bound)];
const field =
  (modulus: bigint): Draw =>
  () => [bits(256) % modulus, bits(256) % modulus, modulus];
const wide =
  (modulus: number): Draw =>
  () => [bits(256), bits(256), bits(modulus)];

const CASES: readonly Case[] = [
  { name: 'nothing: the loop', loop: 'loopNothing', draw: of(256, 256) },
  { name: 'add', loop: 'loopAdd', draw: of(256, 256) },
  { name: 'add, each needs the one before', loop: 'loopAddChain', draw: of(256, 256) },
  { name: 'sub', loop: 'loopSub', draw: of(256, 256) },
  { name: 'lt', loop: 'loopLt', draw: of(256, 256) },
  { name: 'eq', loop: 'loopEq', draw: of(256, 256) },
  { name: 'xor', loop: 'loopXor', draw: of(256, 256) },
  { name: 'shl', loop: 'loopShl', draw: small(256) },
  { name: 'shr', loop: 'loopShr', draw: small(256) },
  { name: 'sar', loop: 'loopSar', draw: small(256) },
  { name: 'byteAt', loop: 'loopByteAt', draw: small(32) },
  { name: 'signExtend', loop: 'loopSignExtend', draw: small(31) },
  { name: 'clz', loop: 'loopClz', draw: of(256, 256) },
  { name: 'fromBytes 32', loop: 'loopFromBytes', draw: of(256, 256) },
  { name: 'add, toBytes, fromBytes: a chain', loop: 'loopRoundTrip', draw: of(256, 256) },
  { name: 'mul 256 x 256', loop: 'loopMul', draw: of(256, 256), prototype: 5 },
  { name: 'mul 128 x 64', loop: 'loopMul', draw: of(128, 64) },
  { name: '34 i64.mul', loop: 'loopMultiplications', draw: of(256, 256) },
  { name: 'mul 64 x 64', loop: 'loopMul', draw: of(64, 64) },
  {
    name: 'mul, each needs the one before',
    loop: 'loopMulChain',
    // Odd, or the product would soon be zero.
    draw: () => [bits(256) | 1n, bits(256) | 1n, 0n],
  },
  { name: 'div 64 / 64', loop: 'loopDiv', draw: of(64, 50), prototype: 11 },
  { name: 'div 128 / 60 (by 10^18)', loop: 'loopDiv', draw: () => [bits(128), ETHER, 0n] },
  { name: 'div 256 / 60 (by 10^18)', loop: 'loopDiv', draw: () => [bits(256), ETHER, 0n] },
  { name: 'div 256 / 2^8', loop: 'loopDiv', draw: () => [bits(256), 256n, 0n] },
  { name: 'div 256 / 2^224', loop: 'loopDiv', draw: () => [bits(256), 1n << 224n, 0n] },
  { name: 'div 256 / 128', loop: 'loopDiv', draw: of(256, 128), prototype: 73 },
  { name: 'div 256 / 192', loop: 'loopDiv', draw: of(256, 192) },
  { name: 'div 256 / 254', loop: 'loopDiv', draw: of(256, 254) },
  { name: 'mod 256 / 60', loop: 'loopMod', draw: of(256, 60) },
  { name: 'mod 256 / 128', loop: 'loopMod', draw: of(256, 128) },
  { name: 'sdiv 256 / 128', loop: 'loopSdiv', draw: of(256, 128) },
  { name: 'smod 256 / 128', loop: 'loopSmod', draw: of(256, 128) },
  { name: 'addmod in the BN254 field', loop: 'loopAddmod', draw: field(BN254) },
  { name: 'addmod 256 + 256 mod 128', loop: 'loopAddmod', draw: wide(128) },
  { name: 'mulmod in the BN254 field', loop: 'loopMulmod', draw: field(BN254) },
  {
    name: 'mulmod 256 x 256 mod 2^256 - 1',
    loop: 'loopMulmod',
    draw: () => [bits(256), bits(256), 2n ** 256n - 1n],
  },
  { name: 'mulmod 256 x 256 mod 128', loop: 'loopMulmod', draw: wide(128) },
  { name: 'mulmod 256 x 256 mod 60', loop: 'loopMulmod', draw: wide(60) },
  { name: 'exp 10 ^ 18', loop: 'loopExp', draw: () => [10n, 18n, 0n] },
  { name: 'exp 2 ^ 112', loop: 'loopExp', draw: () => [2n, 112n, 0n] },
  { name: 'exp 256 bits ^ 256 bits', loop: 'loopExp', draw: () => [bits(256) | 1n, bits(256), 0n] },
  { name: 'keccak 32 bytes', loop: 'loopKeccak', draw: of(256, 256), length: 32 },
  { name: 'keccak 64 bytes', loop: 'loopKeccak', draw: of(256, 256), length: 64, prototype: 374 },
  { name: 'keccak 1,000 bytes', loop: 'loopKeccak', draw: of(256, 256), length: 1_000 },
  {
    name: 'keccak two of 64 bytes, each',
    loop: 'loopKeccakPair',
    draw: of(256, 256),
    length: 64,
    results: 2,
    prototype: 187,
  },
  {
    name: 'keccak memo, hit',
    loop: 'loopKeccakMemo',
    draw: of(256, 256),
    length: 64,
    step: 0,
    prototype: 15,
  },
];

function fill({ draw }: Case): void {
  limbs.fill(0n, RING / 8);
  for (let index = 0; index < LINES; index++) {
    draw(index).forEach((word, place) => {
      for (let limb = 0; limb < 4; limb++) {
        const at = (RING + index * LINE_BYTES + place * 32) / 8 + limb;
        limbs[at] = BigInt.asUintN(64, word >> BigInt(64 * limb));
      }
    });
  }
}

/** @returns nanoseconds for one result */
function timeOnce(test: Case, count: number): number {
  const loop = kernel[test.loop]!;
  const before = process.hrtime.bigint();
  loop(RING, count, test.length ?? 0, test.step ?? 1);
  return Number(process.hrtime.bigint() - before) / count / (test.results ?? 1);
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1]!;
const column = (value: number): string => value.toFixed(value < 100 ? 1 : 0).padStart(8);

function main(): void {
  const runs = CASES.filter(({ name }) => name.includes(NAME)).map((test) => {
    fill(test);
    timeOnce(test, 100);
    return { test, count: Math.ceil(WINDOW_NS / timeOnce(test, 100)), times: [] as number[] };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { test, count, times } of runs) {
      fill(test);
      times.push(timeOnce(test, count));
    }
  }
  console.log(`ns, ${ROUNDS} rounds`.padEnd(34), '    best  median  prototype');
  for (const { test, times } of runs) {
    times.sort((a, b) => a - b);
    const prototype = test.prototype === undefined ? '' : `  ${column(test.prototype)}`;
    console.log(test.name.padEnd(34), column(times[0]!) + column(median(times)) + prototype);
  }
}

/** The library that the rest of the program uses, called from JavaScript. */
function library(): void {
  const message = new Uint8Array(64);
  const times: number[] = [];
  const calls = 200;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) message.set(keccak_256(message));
    times.push(Number(process.hrtime.bigint() - before) / calls);
  }
  times.sort((a, b) => a - b);
  console.log('@noble/hashes, 64 bytes'.padEnd(34), column(times[0]!) + column(median(times)));
}

main();
if ('keccak'.includes(NAME)) library();
