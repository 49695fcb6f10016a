/**
 * The state of a translation and what all opcodes are written with: the stack as far as it is known
 * (word.ts), its place in memory, locals, gas. Stack words get to memory only where a kernel
 * function reads them there or control leaves what this function knows. The place of a word in
 * memory is the one that the interpreter gives it, so both can go on with each other's frames.
 */
import { assert } from '../../state/base/assert.js';
import { fold } from './fold.js';
import { InBounds } from './in-bounds.js';
import { KERNEL_NUMBERS, type KernelName } from './kernel-functions.js';
import { type Knowledge, Loads, type Written } from './knowledge.js';
import { ENTRY_TYPE, FIRST_LIMB_LOCAL, FIXED_LOCALS, Local } from './locals.js';
import { type Label, Op, WasmCode } from './wasm-code.js';
import type { ModuleFunction } from './wasm-module.js';
import { keepClaims, LIMBS, type ReadyLimb, Word, wordAt } from './word.js';

export const WORD_BYTES = 32;
/** A function that has fewer locals than this takes new ones rather than look for free ones. */
const COLLECT_FROM = 96;
/** When the stack holds more locals it goes to memory: V8's time grows with their number. */
const HELD_MAX = 128;

export class Emitter {
  readonly code = new WasmCode();
  /** The stack, its bottom first, as far down as the code reaches. */
  slots: Word[] = [];
  /** For each slot the word that its place in memory holds. */
  private memory: (Word | undefined)[] = [];
  /** EVM memory has at least so many bytes. */
  memoryBytes = 0;
  /** Small numbers that lie in EVM memory as words, none upon another. */
  written: readonly Written[] = [];
  readonly inBounds = new InBounds();
  /** Slot `slotsMax - 1` lies at Local.base. */
  slotsMax = 0;
  /** Where a failed frame goes. */
  failLabel: Label = 0;
  private localCount = 0;
  private free: number[] = [];
  /** A local was asked for and none was free. */
  private isShort = false;
  /** For each limb's local the last count of marks in which it was held. */
  private readonly marks: number[] = [];
  private mark = 0;
  private readonly reserved = new Set<number>();
  readonly loads = new Loads();

  /** i64 locals for limbs. */
  get limbLocals(): number {
    return this.localCount;
  }

  /** Begins a function. */
  begin(): void {
    this.code.clear();
    this.localCount = 0;
    this.free = [];
    this.isShort = false;
    this.reserved.clear();
    this.loads.clear();
    this.reset([], () => false, 0);
  }

  finish(): ModuleFunction {
    const locals = [...FIXED_LOCALS, [1 + this.localCount, 'i64'] as const];
    return { type: ENTRY_TYPE, locals, code: this.code.view().slice() };
  }

  /** Forgets everything but these slots. @param isInPlace  which of them lie in their places */
  reset(slots: Word[], isInPlace: (slot: number) => boolean, memoryBytes: number): void {
    this.slots = slots;
    this.memory = slots.map((word, slot) => (isInPlace(slot) ? word : undefined));
    this.memoryBytes = memoryBytes;
    this.written = [];
    this.inBounds.clear();
  }

  isInPlace(slot: number): boolean {
    return this.memory[slot] === this.slots[slot];
  }

  /** For a branch: what is known now, to go on with behind it. To be restored once. */
  save(): Knowledge {
    const { slots, memory, memoryBytes, written } = this;
    const loads = this.loads.begin();
    const inBounds = this.inBounds.save();
    return { slots: [...slots], memory: [...memory], memoryBytes, written, inBounds, loads };
  }

  /** What was loaded in the branch is loaded there alone. */
  restore({ slots, memory, memoryBytes, written, inBounds, loads }: Knowledge): void {
    this.loads.undo(loads);
    this.slots = slots;
    this.memory = memory;
    this.memoryBytes = memoryBytes;
    this.written = written;
    this.inBounds.restore(inBounds);
    // What was found free since then may be held by what is known again.
    this.free = [];
    this.isShort = true;
  }

  /** It has been seen that a word is not above another (Word.limited), wherever it lies. */
  limit(word: Word, other: Word, isStrict: boolean): Word {
    const better = word.limited(other, isStrict);
    this.replace(word, better);
    return better;
  }

  /** More is known of a word, wherever it lies. */
  replace(word: Word, better: Word): void {
    const { slots, memory } = this;
    this.inBounds.replace(word, better);
    for (let slot = 0; slot < slots.length; slot += 1)
      if (slots[slot] === word) slots[slot] = better;
    for (let slot = 0; slot < memory.length; slot += 1) {
      if (memory[slot] === word) memory[slot] = better;
    }
  }

  // Locals.

  /** A local for a limb. Between instructions it stays only where a slot holds it. */
  fresh(): number {
    const freed = this.free.pop();
    if (freed !== undefined) return freed;
    this.isShort = true;
    this.localCount += 1;
    return FIRST_LIMB_LOCAL + this.localCount - 1;
  }

  /** A local that is never given to another, nor was before. */
  reserve(): number {
    this.localCount += 1;
    const local = FIRST_LIMB_LOCAL + this.localCount - 1;
    this.reserved.add(local);
    return local;
  }

  /** Between instructions, when locals run short: finds those that nothing holds. */
  collect(): void {
    if (!this.isShort || this.localCount < COLLECT_FROM) return;
    this.isShort = false;
    if (this.markHeld() > HELD_MAX) {
      this.moveToMemory();
      this.markHeld();
    }
    const { marks, mark, memory } = this;
    this.free = [];
    for (let index = this.localCount - 1; index >= 0; index -= 1) {
      if (marks[index] !== mark && !this.reserved.has(FIRST_LIMB_LOCAL + index)) {
        this.free.push(FIRST_LIMB_LOCAL + index);
      }
    }
    // What memory holds and no slot does may have lost its locals: it would have to be loaded.
    for (let slot = 0; slot < memory.length; slot += 1) {
      if (memory[slot]?.mark !== mark) memory[slot] = undefined;
    }
  }

  /** Marks what the stack holds. @returns the number of locals */
  private markHeld(): number {
    const { marks } = this;
    this.mark += 1;
    let count = 0;
    for (const word of this.slots) {
      word.mark = this.mark;
      for (const limb of word.limbs) {
        if (typeof limb !== 'number' || marks[limb - FIRST_LIMB_LOCAL] === this.mark) continue;
        marks[limb - FIRST_LIMB_LOCAL] = this.mark;
        count += 1;
      }
    }
    return count;
  }

  /** What is known stays known, which words are the same too. */
  private moveToMemory(): void {
    this.spillAll();
    const moved = new Map<Word, Word>();
    for (const [slot, word] of this.slots.entries()) {
      if (moved.has(word)) continue;
      const there = wordAt(Local.base, this.offsetOf(slot));
      const kept = word.limbs.map((limb, index) =>
        typeof limb === 'bigint' ? limb : there.limbs[index]!,
      );
      moved.set(word, new Word(kept, word.bits));
    }
    keepClaims(moved);
    this.slots = this.slots.map((word) => moved.get(word)!);
    this.memory = [...this.slots];
    this.inBounds.clear();
  }

  // Limbs.

  /** A limb as a number or a local; from memory it is loaded now. */
  limb(word: Word, index: number): ReadyLimb {
    const limb = word.limbs[index]!;
    if (typeof limb !== 'object') return limb;
    this.loads.add(word, index, limb);
    this.code.get(limb.base);
    this.code.memory(Op.i64Load, limb.offset);
    const local = this.keep();
    word.hold(index, local);
    return local;
  }

  /** All limbs ready: before code that may not be run. */
  ready(word: Word): void {
    for (let index = 0; index < LIMBS; index += 1) this.limb(word, index);
  }

  /** Puts a limb on Wasm's stack. */
  put(limb: ReadyLimb): void {
    if (typeof limb === 'bigint') this.code.i64Const(limb);
    else this.code.get(limb);
  }

  /** Makes a local hold a limb. */
  move(limb: ReadyLimb, local: number): void {
    this.put(limb);
    this.code.set(local);
  }

  /** New locals for all limbs of a word. */
  freshLimbs(): number[] {
    return [this.fresh(), this.fresh(), this.fresh(), this.fresh()];
  }

  /** Takes Wasm's top i64 into a local. */
  keep(): number {
    const local = this.fresh();
    this.code.set(local);
    return local;
  }

  /** The same for a truth value (i32). */
  keepBoolean(): number {
    this.code.op(Op.i64ExtendI32U);
    return this.keep();
  }

  /** An i64 instruction of two operands; what is known is worked out now. */
  binary(code: number, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
    const known = fold(code, x, y);
    if (known !== undefined) return known;
    this.put(x);
    this.put(y);
    this.code.op(code);
    return this.keep();
  }

  /** A comparison, as 0 or 1. */
  compare(code: number, x: ReadyLimb, y: ReadyLimb): ReadyLimb {
    const known = fold(code, x, y);
    if (known !== undefined) return known;
    this.put(x);
    this.put(y);
    this.code.op(code);
    return this.keepBoolean();
  }

  /** Some limbs of a word or'ed. */
  anyOf(word: Word, from: number): ReadyLimb {
    let all: ReadyLimb = 0n;
    for (let index = from; index < LIMBS; index += 1) {
      all = this.binary(Op.i64Or, all, this.limb(word, index));
    }
    return all;
  }

  /** The word as a u64: 2^64 - 1 where it is not below 2^64. */
  clamped(word: Word): ReadyLimb {
    const low = this.limb(word, 0);
    const high = this.anyOf(word, 1);
    if (typeof high === 'bigint') return high === 0n ? low : 2n ** 64n - 1n;
    this.code.i64Const(2n ** 64n - 1n);
    this.put(low);
    this.put(high);
    this.code.i64Const(0n);
    this.code.op(Op.i64Ne);
    this.code.op(Op.select);
    return this.keep();
  }

  // The stack.

  pop(): Word {
    const word = this.slots.pop();
    assert(word !== undefined, 'a block takes what it was said to take');
    return word;
  }

  push(word: Word): void {
    this.slots.push(word);
    assert(this.slots.length <= this.slotsMax, 'a block grows as it was said to grow');
  }

  /** Offset of a slot from Local.base. */
  offsetOf(slot: number): number {
    return WORD_BYTES * (this.slotsMax - 1 - slot);
  }

  /** Puts a pointer to a slot on Wasm's stack. */
  pointer(slot: number): void {
    const offset = this.offsetOf(slot);
    this.code.get(Local.base);
    if (offset === 0) return;
    this.code.i32Const(offset);
    this.code.op(Op.i32Add);
  }

  /** Writes a slot to its place in memory, unless it lies there. */
  spill(slot: number): void {
    const word = this.slots[slot]!;
    if (this.memory[slot] === word) return;
    this.evict(slot);
    this.ready(word);
    this.store(word, slot);
    this.memory[slot] = word;
  }

  /** Writes a word whose limbs are ready to a slot's place, which is free for it. */
  store(word: Word, slot: number): void {
    for (let index = 0; index < LIMBS; index += 1) {
      this.code.get(Local.base);
      this.put(this.limb(word, index));
      this.code.memory(Op.i64Store, this.offsetOf(slot) + 8 * index);
    }
  }

  /** All that moves is loaded before the first is written. */
  spillAll(): void {
    const { slots, memory } = this;
    for (let slot = 0; slot < slots.length; slot += 1) {
      if (memory[slot] !== slots[slot]) this.ready(slots[slot]!);
    }
    for (let slot = 0; slot < slots.length; slot += 1) this.spill(slot);
  }

  /** The place of a slot is about to be written: who still needs what lies there has it loaded. */
  evict(slot: number): void {
    const word = this.memory[slot];
    this.memory[slot] = undefined;
    if (word !== undefined && this.slots.includes(word)) this.ready(word);
  }

  // Kernel functions.

  /** The top `count` words to their places; they are taken off. @returns the slot of the top one */
  operands(count: number): number {
    const top = this.slots.length - 1;
    for (let slot = top; slot > top - count; slot -= 1) this.spill(slot);
    for (let slot = top; slot > top - count; slot -= 1) this.slots.pop();
    return top;
  }

  /** The kernel will write a word to the next free slot. */
  expectResult(): void {
    this.evict(this.slots.length);
  }

  /** The kernel has written it. */
  pushResult(): void {
    const slot = this.slots.length;
    const word = wordAt(Local.base, this.offsetOf(slot));
    this.push(word);
    this.memory[slot] = word;
  }

  call(name: KernelName): void {
    this.code.call(KERNEL_NUMBERS[name]);
  }

  // Gas and failure.

  charge(gas: number): void {
    if (gas === 0 || this.code.isSilent) return;
    this.code.get(Local.gas);
    this.code.i64Const(BigInt(gas));
    this.code.op(Op.i64Sub);
    this.keepGas();
  }

  /** Takes the gas left from Wasm's stack; below 0 the frame fails. */
  keepGas(): void {
    this.code.tee(Local.gas);
    this.code.i64Const(0n);
    this.code.op(Op.i64LtS);
    this.code.brIf(this.failLabel);
  }

  load32(base: number, offset: number): void {
    this.code.get(base);
    this.code.memory(Op.i32Load, offset);
  }
}
