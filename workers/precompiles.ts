/**
 * Precompiles for the kernel, those that it does not do itself: native and Wasm libraries (curves/)
 * behind one synchronous function. The kernel hands over pointers; libraries get a copy, since they
 * do not expect shared memory.
 */
import { hash } from 'node:crypto';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { assert } from '../state/base/assert.js';
import { keccak256 } from '../state/base/keccak.js';
import { type Bls, loadBls } from './curves/bls12-381.js';
import { type Bn254, loadBn254 } from './curves/bn254.js';
import { evaluatePoint, KZG_OUTPUT, setKzgCurve } from './curves/kzg.js';
import { NoPoint } from './curves/mcl.js';
import { isSignature } from './curves/p256.js';
import { type ForkName, isFrom } from './fork.js';
import {
  BLS_G1_MSM_BYTES,
  BLS_G2_MSM_BYTES,
  BLS_PAIR_BYTES,
  BN254_PAIR_BYTES,
  gasOfPrecompile,
} from './precompile-gas.js';
import { recoverPoint } from './signature.js';

/** Answers to the kernel beside the gas used (kernel/precompiles.as.ts). */
const FAILED = -1;
export const NO_WINDOW = -2;
const BROKEN = -3;

/** What is not a precompile's kind of input, and costs all gas. */
const NONE = null;
const EMPTY = new Uint8Array(0);

export interface PrecompileCall {
  readonly number: number;
  readonly input: Uint8Array;
  readonly gas: number;
}

/** Where a fork has what needs them: BN254 from Byzantium on, BLS12-381 from Cancun's KZG on. */
export interface CurveLibraries {
  readonly bn254: Bn254;
  readonly bls: Bls | undefined;
}

/** Loads what a fork's precompiles need: some 150 ms for each curve's first time in a thread. */
export async function loadCurves(fork: ForkName): Promise<CurveLibraries> {
  const [bn254, bls] = await Promise.all([
    loadBn254(),
    isFrom(fork, 'cancun') ? loadBls() : undefined,
  ]);
  if (bls !== undefined) setKzgCurve(bls);
  return { bn254, bls };
}

type Curves = { -readonly [Name in keyof CurveLibraries]?: CurveLibraries[Name] | undefined };

/**
 * Curves are loaded when a call first needs them: most threads never do, and one that takes the
 * place of another is at work in half the time.
 */
export class Precompiles {
  private readonly curves: Curves = {};
  /** What the last call lacked. */
  private lacked: keyof CurveLibraries | null = null;

  /** Loads what the last call lacked; what is loaded stays. @returns whether it lacked anything */
  async complete(): Promise<boolean> {
    const { lacked, curves } = this;
    this.lacked = null;
    if (lacked === 'bn254') curves.bn254 = await loadBn254();
    if (lacked === 'bls') {
      curves.bls = await loadBls();
      setKzgCurve(curves.bls);
    }
    return lacked !== null;
  }

  /**
   * Runs one.
   * @returns its output and the gas that it used, or FAILED, or BROKEN; after `complete` has said
   *          true it is worth another try
   */
  run(call: PrecompileCall): { readonly output: Uint8Array; readonly gas: number } | number {
    const { curves } = this;
    const { number, input } = call;
    const gas = gasOfPrecompile(number, input.length);
    if (gas > call.gas) return FAILED;
    const needed = curveOf(number);
    if (needed !== null && curves[needed] === undefined) {
      this.lacked = needed;
      return BROKEN;
    }
    try {
      const output =
        number >= FIRST_BLS && number <= LAST_BLS
          ? outputOfBls(curves, number, input)
          : outputOf(curves, number, input);
      return output === NONE ? FAILED : { output, gas };
    } catch (error) {
      return error instanceof NoPoint ? FAILED : BROKEN;
    }
  }
}

const FIRST_BN254 = 0x06;
const LAST_BN254 = 0x08;
const POINT_EVALUATION = 0x0a;
const FIRST_BLS = 0x0b;
const LAST_BLS = 0x11;

function curveOf(number: number): keyof CurveLibraries | null {
  if (number >= FIRST_BN254 && number <= LAST_BN254) return 'bn254';
  return number >= POINT_EVALUATION && number <= LAST_BLS ? 'bls' : null;
}

function outputOf({ bn254, bls }: Curves, number: number, input: Uint8Array) {
  if (number >= FIRST_BN254 && number <= LAST_BN254) return outputOfBn254(bn254, number, input);
  switch (number) {
    case 0x01:
      return recoverSigner(padded(input, 128));
    case 0x02:
      return hash('sha256', input, 'buffer');
    case 0x03:
      return leftPadded(ripemd160(input));
    case POINT_EVALUATION:
      assert(bls !== undefined, 'BLS12-381 is loaded');
      return input.length === 192 && evaluatePoint(bls, input) ? KZG_OUTPUT : NONE;
    case 0x100:
      return input.length === 160 && isSignature(input) ? leftPadded(Uint8Array.of(1)) : EMPTY;
    default:
      throw new Error(`no precompile ${number}`);
  }
}

function outputOfBn254(bn254: Bn254 | undefined, number: number, input: Uint8Array) {
  assert(bn254 !== undefined, 'BN254 is loaded');
  if (number === FIRST_BN254) return bn254.add(padded(input, 128));
  if (number !== LAST_BN254) return bn254.mul(padded(input, 96));
  return input.length % BN254_PAIR_BYTES === 0 ? bn254.pairing(input) : NONE;
}

function outputOfBls({ bls }: Curves, number: number, input: Uint8Array) {
  assert(bls !== undefined, 'BLS12-381 is loaded');
  const { length } = input;
  const isPairs = (bytes: number) => length > 0 && length % bytes === 0;
  switch (number) {
    case 0x0b:
      return length === 256 ? bls.addG1(input) : NONE;
    case 0x0c:
      return isPairs(BLS_G1_MSM_BYTES) ? bls.msmG1(input) : NONE;
    case 0x0d:
      return length === 512 ? bls.addG2(input) : NONE;
    case 0x0e:
      return isPairs(BLS_G2_MSM_BYTES) ? bls.msmG2(input) : NONE;
    case 0x0f:
      return isPairs(BLS_PAIR_BYTES) ? bls.pairingCheck(input) : NONE;
    case 0x10:
      return length === 64 ? bls.mapFPtoG1(input) : NONE;
    default:
      return length === 128 ? bls.mapFP2toG2(input) : NONE;
  }
}

/** @param input  hash, v as a word, r and s. @returns a word; nothing where there is no signer */
function recoverSigner(input: Uint8Array): Uint8Array {
  const v = input[63]!;
  for (let at = 32; at < 63; at += 1) if (input[at] !== 0) return EMPTY;
  if (v !== 27 && v !== 28) return EMPTY;
  const hashed = input.subarray(0, 32);
  const point = recoverPoint(hashed, input.subarray(64, 96), input.subarray(96, 128), v - 27);
  return point === null ? EMPTY : leftPadded(keccak256(point).subarray(12));
}

function padded(input: Uint8Array, bytes: number): Uint8Array {
  if (input.length >= bytes) return input;
  const whole = new Uint8Array(bytes);
  whole.set(input);
  return whole;
}

function leftPadded(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(32);
  word.set(bytes, 32 - bytes.length);
  return word;
}
