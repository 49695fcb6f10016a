/** Calling the kernel with operands where they lie on the frame's stack; the answer is gas left. */
import { type Emitter, Local } from './emitter.js';
import type { KernelName } from './kernel-functions.js';

export function callWithOperands(e: Emitter, name: KernelName, operands: number): void {
  const top = e.operands(operands);
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  e.pointer(top);
  e.code.get(Local.gas);
  e.call(name);
  e.keepGas();
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
