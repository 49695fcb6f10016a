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
