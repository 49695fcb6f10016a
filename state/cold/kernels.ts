/**
 * Kernels over an arena. Each that knows cells is built twice (kernel/lines.as.ts): as a rule every
 * cell has its lines and the kernel knows of no other; where cells may be cold, it is the build
 * that asks for them.
 */
import type { Arena } from '../arena.js';
import { instantiateKernel } from '../base/wasm.js';

/**
 * A fresh instance, as instantiateKernel gives it.
 * @param arena  as attached by the calling thread
 */
export function instantiateOver<Exports>(
  arena: Pick<Arena, 'memory' | 'faults'>,
  name: 'state' | 'evm' | 'scheduler',
  imports: Readonly<Record<string, WebAssembly.ImportValue>> = {},
): Exports {
  const { memory, faults } = arena;
  if (faults === null) return instantiateKernel<Exports>(name, memory, imports);
  return instantiateKernel<Exports>(`${name}-cold`, memory, { ...imports, fault: faults.fault });
}
