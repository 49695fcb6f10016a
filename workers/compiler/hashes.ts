/**
 * KECCAK256. Solc keeps the elements of a dynamic array from the hash of its slot on, a number that
 * is known: where it is stored and then hashed, so is the hash. Elements of mappings are found by
 * the kernel in its table (workers/kernel/places.as.ts), which reads the key from memory; handing
 * it over in registers saved 0.3 of 4.4 ns, which is not worth another way.
 */
import { toBigInt, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import * as op from '../kernel/opcodes.js';
import type { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { touchRange } from './memory-opcodes.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { Op } from './wasm-code.js';
import { constantWord, type ReadyLimb } from './word.js';

const WORD_GAS = 6n;
const U32_END = 2n ** 32n;
const WORD_LENGTH = 32n;

export const HASHES: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_KECCAK256, hash],
];

function hash(e: Emitter): void {
  const at = e.pop();
  const [offset, length] = touchRange(e, at, e.pop());
  chargeWords(e, length);
  const slot = length === WORD_LENGTH ? slotAt(e, offset) : undefined;
  if (slot === undefined) hashMessage(e, offset, length);
  else e.push(constantWord(arrayPlace(slot)));
}

function slotAt(e: Emitter, offset: ReadyLimb): number | undefined {
  return e.written.find((one) => BigInt(one.offset) === offset)?.value;
}

/** Hashes of slots; the analysis asks for one again and again. */
const arrayPlaces = new Map<number, bigint>();
const ARRAY_PLACES_MAX = 4_096;

function arrayPlace(slot: number): bigint {
  const known = arrayPlaces.get(slot);
  if (known !== undefined) return known;
  if (arrayPlaces.size >= ARRAY_PLACES_MAX) arrayPlaces.clear();
  const place = toBigInt(keccak256(toWord(BigInt(slot))));
  arrayPlaces.set(slot, place);
  return place;
}

function hashMessage(e: Emitter, offset: ReadyLimb, length: ReadyLimb): void {
  const { code } = e;
  e.expectResult();
  for (const local of [Local.machine, Local.frame, Local.memory]) code.get(local);
  e.put(offset);
  code.op(Op.i32WrapI64);
  code.op(Op.i32Add);
  e.put(length);
  code.op(Op.i32WrapI64);
  e.pointer(e.slots.length);
  e.call('hashMessage');
  e.pushResult();
}

function chargeWords(e: Emitter, length: ReadyLimb): void {
  if (typeof length === 'bigint') {
    // More than 2^32 bytes have been refused before.
    if (length < U32_END) e.charge(Number(WORD_GAS * ((length + 31n) / 32n)));
    return;
  }
  const words = e.binary(Op.i64ShrU, e.binary(Op.i64Add, length, 31n), 5n);
  e.code.get(Local.gas);
  e.put(e.binary(Op.i64Mul, words, WORD_GAS));
  e.code.op(Op.i64Sub);
  e.keepGas();
}
