/** Calling the kernel with operands where they lie on the frame's stack; the answer is gas left. */
import type { Emitter } from './emitter.js';
import type { KernelName } from './kernel-functions.js';
import { Local } from './locals.js';
import { Op } from './wasm-code.js';
import { type ReadyLimb, Word } from './word.js';

export function callWithOperands(e: Emitter, name: KernelName, operands: number): void {
  const top = e.operands(operands);
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  e.pointer(top);
  e.code.get(Local.gas);
  e.call(name);
  e.keepGas();
  // Some of them write to EVM memory.
  e.written = [];
}

/** A word gives way to what the kernel makes of it. */
export function kernelUnary(e: Emitter, name: KernelName): void {
  const top = e.operands(1);
  e.expectResult();
  e.pointer(top);
  e.pointer(top);
  e.call(name);
  e.pushResult();
}

/** Two words give way to what the kernel makes of them; the top one is its first operand. */
export function kernelBinary(e: Emitter, name: KernelName): void {
  const top = e.operands(2);
  e.expectResult();
  for (const slot of [top, top - 1, top - 1]) e.pointer(slot);
  e.call(name);
  e.pushResult();
}

export function kernelTernary(e: Emitter, name: KernelName): void {
  const top = e.operands(3);
  e.expectResult();
  for (const slot of [top, top - 1, top - 2, top - 2]) e.pointer(slot);
  e.call(name);
  e.pushResult();
}

/** What is done in place where operands are as they mostly are. */
export interface PlainCase {
  /** Puts on Wasm's stack (i32) whether they are. */
  readonly test: (a: Word, b: Word) => void;
  readonly result: (a: Word, b: Word) => readonly ReadyLimb[];
}

/** As `kernelBinary`, but the kernel is called only where the case is not a plain one. */
export function plainOrKernel(e: Emitter, name: KernelName, { test, result }: PlainCase): void {
  const { code } = e;
  const top = e.slots.length - 1;
  const [b, a] = e.slots.slice(-2) as [Word, Word];
  for (const word of [a, b]) e.ready(word);
  e.pop();
  e.pop();
  for (const slot of [top, top - 1]) e.evict(slot);
  const limbs = e.freshLimbs();
  test(a, b);
  code.if();
  for (const [index, limb] of result(a, b).entries()) e.move(limb, limbs[index]!);
  code.else();
  e.store(a, top);
  e.store(b, top - 1);
  for (const slot of [top, top - 1, top - 1]) e.pointer(slot);
  e.call(name);
  for (const [index, local] of limbs.entries()) {
    code.get(Local.base);
    code.memory(Op.i64Load, e.offsetOf(top - 1) + 8 * index);
    code.set(local);
  }
  code.end();
  e.push(new Word(limbs));
}
