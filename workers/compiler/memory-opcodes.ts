/**
 * Opcodes of the frame's memory and input: bounds are compared in place and only growth calls the
 * kernel; bytes are turned by SIMD. What is known to be grown is not compared again.
 */
import * as map from '../kernel/map.js';
import * as op from '../kernel/opcodes.js';
import { LIMB_BITS } from './bits.js';
import { type Emitter, WORD_BYTES } from './emitter.js';
import { callWithOperands } from './kernel-call.js';
import { Local } from './locals.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { Op, Simd } from './wasm-code.js';
import { type ReadyLimb, smallWord, Word } from './word.js';

const VECTOR = 8;
const U32_END = 2n ** 32n;
/** Offsets that may be in bounds are shorter. */
const OFFSET_BITS = 32;
const OFFSETS = smallWord(0, OFFSET_BITS);
/** What is hashed (hashes.ts) has mostly just been written. */
const WRITTEN_MAX = 4;
const REVERSED = Array.from({ length: 16 }, (_, index) => 15 - index);
/** A 32-bit number turned, and zeros behind it: there is no lane 255. */
const REVERSED_4 = [3, 2, 1, 0, ...Array.from({ length: 12 }, () => 255)];

export const MEMORY_OPCODES: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_MLOAD, loadWord],
  [op.OP_MSTORE, storeWord],
  [op.OP_MSTORE8, storeByte],
  [op.OP_MCOPY, (e) => callWithOperands(e, 'memoryCopy', 3)],
  [op.OP_CALLDATALOAD, loadInput],
  [op.OP_CALLDATACOPY, (e) => callWithOperands(e, 'callDataCopy', 3)],
  [op.OP_CODECOPY, (e) => callWithOperands(e, 'codeCopy', 3)],
  [op.OP_RETURNDATACOPY, (e) => callWithOperands(e, 'returnDataCopy', 3)],
  [op.OP_ADDRESS, pushSelf],
  [op.OP_CALLER, (e) => e.push(addressAt(e, Local.frame, map.F_CALLER))],
  [op.OP_ORIGIN, (e) => e.push(addressAt(e, Local.machine, map.M_ORIGIN))],
  [op.OP_COINBASE, (e) => e.push(addressAt(e, Local.machine, map.M_COINBASE))],
];

/**
 * Charges for and clears [offset, offset + length) as far as it is new. Behind it the offset is
 * known to be in bounds. @returns the offset as a limb
 */
export function touchAt(e: Emitter, word: Word, length: bigint): ReadyLimb {
  const isShort = isOffset(word);
  const low = e.limb(word, 0);
  // The largest of so many bits, and the word from there on; a double is exact here.
  const end = 2 ** word.bitsOf(0) - 1 + Number(length);
  if (isShort && end <= e.memoryBytes) return low;
  if (word.constant !== undefined) {
    const offset = e.clamped(word);
    touchKnown(e, offset as bigint, length);
    return offset;
  }
  if (!e.inBounds.has(word, Number(length))) writeTouch(e, word, low, length);
  const known = e.limit(word, OFFSETS, false);
  if (!e.code.isSilent) e.inBounds.addSpan(known, Number(length), isOffset);
  return low;
}

/** It may lie in bounds. */
function isOffset(word: Word): boolean {
  return word.isOneLimb && word.bitsOf(0) <= OFFSET_BITS;
}

function writeTouch(e: Emitter, word: Word, low: ReadyLimb, length: bigint): void {
  const { code } = e;
  const isShort = isOffset(word);
  const upper = e.anyOf(word, 1);
  e.put(low);
  code.i64Const(length);
  code.op(Op.i64Add);
  code.get(Local.frame);
  code.memory(Op.i64Load32U, map.F_MEMORY_SIZE);
  code.op(Op.i64GtU);
  if (!isShort) {
    // What is 2^32 or more; an end that wrapped around belongs to such an offset.
    e.put(e.binary(Op.i64Or, upper, e.binary(Op.i64ShrU, low, BigInt(OFFSET_BITS))));
    code.i64Const(0n);
    code.op(Op.i64Ne);
    code.op(Op.i32Or);
  }
  code.if();
  callTouch(e, e.clamped(word), length);
  code.end();
}

/** The same for a length that need not be known. @returns offset and length */
export function touchRange(
  e: Emitter,
  offset: Word,
  length: Word,
): readonly [offset: ReadyLimb, length: ReadyLimb] {
  const bytes = length.constant;
  if (bytes !== undefined && bytes > 0n && bytes < U32_END) {
    return [touchAt(e, offset, bytes), bytes];
  }
  const limbs = [e.clamped(offset), e.clamped(length)] as const;
  if (bytes !== 0n) callTouch(e, ...limbs);
  return limbs;
}

function touchKnown(e: Emitter, offset: bigint, length: bigint): void {
  const { code } = e;
  if (offset + length >= U32_END) {
    callTouch(e, offset, length);
    return;
  }
  const end = Number(offset + length);
  if (end <= e.memoryBytes) return;
  e.load32(Local.frame, map.F_MEMORY_SIZE);
  code.i32Const(end);
  code.op(Op.i32LtU);
  e.memoryBytes = Math.ceil(end / 32) * 32;
  code.if();
  callTouch(e, offset, length);
  code.end();
}

function callTouch(e: Emitter, offset: ReadyLimb, length: ReadyLimb): void {
  for (const local of [Local.machine, Local.frame, Local.gas]) e.code.get(local);
  e.put(offset);
  e.put(length);
  e.call('touch');
  e.keepGas();
}

/**
 * Where an offset lies that is in bounds: a local with a pointer, and what to add to it.
 * @param base  local with a pointer to offset 0
 */
function place(e: Emitter, base: number, offset: ReadyLimb): readonly [local: number, at: number] {
  if (typeof offset === 'bigint') return [base, Number(offset)];
  e.code.get(base);
  e.put(offset);
  e.code.op(Op.i32WrapI64);
  e.code.op(Op.i32Add);
  e.code.set(Local.pointer);
  return [Local.pointer, 0];
}

function loadWord(e: Emitter): void {
  const offset = touchAt(e, e.pop(), 32n);
  if (isHuge(offset)) {
    e.push(smallWord(0n));
    return;
  }
  e.push(turnedWord(e, ...place(e, Local.memory, offset)));
}

/** Behind what the kernel has refused nothing is run: no code is needed. */
function isHuge(offset: ReadyLimb): boolean {
  return typeof offset === 'bigint' && offset >= U32_END;
}

function storeWord(e: Emitter): void {
  const at = e.pop();
  const word = e.pop();
  e.ready(word);
  const offset = touchAt(e, at, 32n);
  if (isHuge(offset)) return;
  const [base, first] = place(e, Local.memory, offset);
  storeHalf(e, base, first, word, 2);
  storeHalf(e, base, first + 16, word, 0);
  remember(e, offset, word);
}

/** At an offset that is not known it may lie upon anything. */
function remember(e: Emitter, offset: ReadyLimb, word: Word): void {
  if (typeof offset !== 'bigint') {
    e.written = [];
    return;
  }
  const at = Number(offset);
  const value = word.smallConstant;
  const others = e.written.filter((one) => Math.abs(one.offset - at) >= WORD_BYTES);
  e.written = value < 0 ? others : [...others.slice(1 - WRITTEN_MAX), { offset: at, value }];
}

/** Always sixteen bytes at once: a load as wide as the store does not wait for it. */
function storeHalf(e: Emitter, base: number, at: number, word: Word, index: number): void {
  const { code } = e;
  const low = e.limb(word, index);
  const high = e.limb(word, index + 1);
  code.get(base);
  if (typeof low === 'bigint' && typeof high === 'bigint') {
    if (!code.isSilent) code.simdBytes(Simd.constant, bytesOf(high, low));
  } else {
    e.put(low);
    code.simd(Simd.splat);
    if (high !== low) {
      e.put(high);
      code.simdLane(Simd.replaceLane, 1);
    }
    turned(e, REVERSED);
  }
  code.simdMemory(Simd.store, at);
}

const SIXTEEN = new DataView(new ArrayBuffer(16));
const SIXTEEN_BYTES = new Uint8Array(SIXTEEN.buffer);

/** Sixteen bytes, the highest first, good until the next call. */
function bytesOf(high: bigint, low: bigint): Uint8Array {
  SIXTEEN.setBigUint64(0, high);
  SIXTEEN.setBigUint64(8, low);
  return SIXTEEN_BYTES;
}

/**
 * Turns the vector on Wasm's stack. The lanes are a constant of their own, which V8 keeps in a
 * register; those of a shuffle it makes anew each time.
 */
function turned(e: Emitter, lanes: readonly number[]): void {
  e.code.simdBytes(Simd.constant, lanes);
  e.code.simd(Simd.swizzle);
}

/** 32 big-endian bytes as a word. */
function turnedWord(e: Emitter, base: number, at: number): Word {
  const high = turnedHalf(e, base, at);
  const low = turnedHalf(e, base, at + 16);
  return new Word([...low, ...high]);
}

function turnedHalf(e: Emitter, base: number, at: number): number[] {
  e.code.get(base);
  e.code.simdMemory(Simd.load, at);
  turned(e, REVERSED);
  e.code.tee(VECTOR);
  e.code.simdLane(Simd.extractLane, 0);
  const low = e.keep();
  e.code.get(VECTOR);
  e.code.simdLane(Simd.extractLane, 1);
  return [low, e.keep()];
}

/** 20 bytes as a word. */
function addressAt(e: Emitter, base: number, at: number): Word {
  const low = turnedHalf(e, base, at + 4);
  e.code.get(base);
  e.code.simdMemory(Simd.load32Zero, at);
  turned(e, REVERSED_4);
  e.code.simdLane(Simd.extractLane, 0);
  return new Word([...low, e.keep(), 0n], [LIMB_BITS, LIMB_BITS, 32, 0]);
}

function pushSelf(e: Emitter): void {
  e.load32(Local.frame, map.F_SELF);
  e.code.set(Local.pointer);
  e.push(addressAt(e, Local.pointer, 0));
}

function storeByte(e: Emitter): void {
  const at = e.pop();
  const value = e.limb(e.pop(), 0);
  const offset = touchAt(e, at, 1n);
  if (isHuge(offset)) return;
  const [base, first] = place(e, Local.memory, offset);
  e.code.get(base);
  e.put(value);
  e.code.memory(Op.i64Store8, first);
  e.written = [];
}

/** Mostly there are 32 bytes at the offset; what lies across the end is the kernel's. */
function loadInput(e: Emitter): void {
  const offset = e.clamped(e.pop());
  const { code } = e;
  const limbs = e.freshLimbs();
  e.put(offset);
  code.i64Const(U32_END);
  code.op(Op.i64LtU);
  e.put(e.binary(Op.i64Add, offset, 32n));
  code.get(Local.frame);
  code.memory(Op.i64Load32U, map.F_INPUT_LENGTH);
  code.op(Op.i64LeU);
  code.op(Op.i32And);
  code.if();
  e.load32(Local.frame, map.F_INPUT);
  e.put(offset);
  code.op(Op.i32WrapI64);
  code.op(Op.i32Add);
  code.set(Local.pointer);
  moveInto(e, turnedWord(e, Local.pointer, 0), limbs);
  code.else();
  code.get(Local.frame);
  e.put(offset);
  code.get(Local.machine);
  code.i32Const(map.M_SCRATCH);
  code.op(Op.i32Add);
  e.call('callDataWord');
  for (const [index, local] of limbs.entries()) {
    code.get(Local.machine);
    code.memory(Op.i64Load, map.M_SCRATCH + 8 * index);
    code.set(local);
  }
  code.end();
  e.push(new Word(limbs));
}

function moveInto(e: Emitter, word: Word, locals: readonly number[]): void {
  for (const [index, local] of locals.entries()) e.move(e.limb(word, index), local);
}
