/** Arguments for any function of an ABI, by chance: what is known, what is at an edge, anything. */
import { AbiCoder, type FunctionFragment, type ParamType } from 'ethers';
import type { Rng } from '../fuzz/rng.js';

const LENGTH_MAX = 4;
const BYTES_MAX = 80;
const WORD_BITS = 256;

export interface Known {
  /** Addresses that mean something. */
  readonly addresses: readonly string[];
  /** Numbers that mean something to these contracts: amounts, ids, times. */
  readonly numbers: readonly bigint[];
}

export function anyValue(type: ParamType, known: Known, rng: Rng): unknown {
  if (type.isArray()) {
    const length = type.arrayLength >= 0 ? type.arrayLength : rng.below(LENGTH_MAX + 1);
    return Array.from({ length }, () => anyValue(type.arrayChildren, known, rng));
  }
  if (type.isTuple()) return type.components.map((part) => anyValue(part, known, rng));
  const { baseType } = type;
  if (baseType === 'address') return anyAddress(known, rng);
  if (baseType === 'bool') return rng.chance(50);
  if (baseType === 'string') return Buffer.from(rng.bytes(rng.below(BYTES_MAX))).toString('base64');
  if (baseType === 'bytes') return rng.bytes(rng.chance(40) ? 0 : rng.below(BYTES_MAX));
  const fixed = /^bytes(\d+)$/.exec(baseType);
  if (fixed !== null) return rng.bytes(Number(fixed[1]));
  const number = /^(u?)int(\d*)$/.exec(baseType);
  if (number === null) throw new Error(`no value of type ${baseType}`);
  const bits = number[2] === '' ? WORD_BITS : Number(number[2]);
  const word = anyNumber(known, rng);
  return number[1] === 'u' ? BigInt.asUintN(bits, word) : BigInt.asIntN(bits, word);
}

/** Call data of a function; now and then shorter, longer or dirtier than it should be. */
export function anyCall(of: FunctionFragment, known: Known, rng: Rng): string {
  const values = of.inputs.map((input) => anyValue(input, known, rng));
  const data = of.selector + AbiCoder.defaultAbiCoder().encode(of.inputs, values).slice(2);
  const kind = rng.below(20);
  if (kind === 0) return data.slice(0, 2 + 2 * rng.below(data.length / 2));
  if (kind === 1) return data + Buffer.from(rng.bytes(rng.below(BYTES_MAX))).toString('hex');
  if (kind > 2 || data.length <= 10) return data;
  const at = 10 + 2 * rng.below((data.length - 10) / 2);
  return data.slice(0, at) + Buffer.from(rng.bytes(1)).toString('hex') + data.slice(at + 2);
}

/** Words after a selector of which nothing is known. */
export function anyWords(selector: string, known: Known, rng: Rng): string {
  let data = selector;
  for (let left = rng.below(7); left > 0; left -= 1) {
    const word = rng.chance(45) ? BigInt(anyAddress(known, rng)) : anyNumber(known, rng);
    data += BigInt.asUintN(WORD_BITS, word).toString(16).padStart(64, '0');
  }
  return data + Buffer.from(rng.bytes(rng.chance(15) ? rng.below(40) : 0)).toString('hex');
}

function anyAddress({ addresses }: Known, rng: Rng): string {
  if (rng.chance(92)) return rng.pick(addresses);
  return rng.chance(50)
    ? `0x${'00'.repeat(20)}`
    : `0x${Buffer.from(rng.bytes(20)).toString('hex')}`;
}

function anyNumber({ numbers }: Known, rng: Rng): bigint {
  const kind = rng.below(10);
  if (kind < 4 && numbers.length > 0) return rng.pick(numbers) + BigInt(rng.between(-1, 1));
  return kind < 8 ? BigInt(rng.below(6)) : rng.word();
}
