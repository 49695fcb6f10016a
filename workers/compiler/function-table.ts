/**
 * Compiled codes as functions that a thread's kernel can call: each is an instance of a module, its
 * function in the kernel's table. Places of codes that are gone are used again.
 */
import type { Arena } from '../../state/arena.js';
import type { EvmKernel } from '../interpreter-engine.js';
import { EXPORT_NAME } from './entries.js';
import { KERNEL_NAMES } from './kernel-functions.js';

export class FunctionTable {
  private readonly kernel: EvmKernel;
  private readonly imports: Record<string, WebAssembly.ImportValue>;
  private readonly free: number[] = [];

  constructor(arena: Arena, kernel: EvmKernel) {
    this.kernel = kernel;
    this.imports = { memory: arena.memory };
    for (const name of KERNEL_NAMES) this.imports[name] = kernel[name]!;
  }

  /** @returns its place, above 0 */
  add(module: WebAssembly.Module): number {
    const { table } = this.kernel;
    const instance = new WebAssembly.Instance(module, { env: this.imports });
    const place = this.free.pop() ?? table.grow(1);
    table.set(place, instance.exports[EXPORT_NAME]);
    return place;
  }

  /** Only while no frame is under way: its function might be replaced. */
  remove(place: number): void {
    this.kernel.table.set(place, null);
    this.free.push(place);
  }
}
