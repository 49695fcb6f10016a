/**
 * How much gas codes have spent, as the kernels of all threads counted it (kernel/use.as.ts). It
 * lies in the threads' windows of the arena; it is read and taken away between batches, when none
 * of them is at work.
 */
import type { Arena } from '../../state/arena.js';
import { framesOf } from '../../state/layout.js';
import * as map from '../kernel/map.js';
import { hashAt } from './code-key.js';

export interface CodeUse {
  /** keccak256 of the code, 64 hex digits. */
  readonly hash: string;
  readonly gas: number;
}

export class Uses {
  /** Gas of all frames until the last look. */
  gasCompiled = 0;
  gasInterpreted = 0;
  private readonly arena: Arena;
  private readonly view: DataView;
  private readonly machines: readonly number[];
  private readonly gasMin: number;

  /**
   * @param threads  numbers of those that execute
   * @param gasMin   less stays where it is until it is more
   */
  constructor(arena: Arena, threads: readonly number[], gasMin: number) {
    this.arena = arena;
    this.gasMin = gasMin;
    this.view = new DataView(arena.memory.buffer);
    this.machines = threads.map((thread) => framesOf(arena.layout, thread).base);
  }

  /** Gas that was run compiled, as a part of all; 0 before anything was run. */
  get compiledShare(): number {
    const all = this.gasCompiled + this.gasInterpreted;
    return all > 0 ? this.gasCompiled / all : 0;
  }

  /** What was spent since the last time, a code at most once a thread. */
  take(): CodeUse[] {
    const uses: CodeUse[] = [];
    for (const machine of this.machines) {
      this.gasCompiled += this.takeGas(machine + map.M_GAS_COMPILED);
      this.gasInterpreted += this.takeGas(machine + map.M_GAS_INTERPRETED);
      this.takeLines(machine, uses);
    }
    return uses;
  }

  private takeLines(machine: number, uses: CodeUse[]): void {
    const { view, arena, gasMin } = this;
    const table = view.getUint32(machine + map.M_COMPILED_TABLE, true);
    // The thread has not begun yet.
    if (table === 0) return;
    const end = table + (view.getUint32(machine + map.M_COMPILED_MASK, true) + 1) * LINE;
    for (let line = table; line < end; line += LINE) {
      if (view.getFloat64(line + map.COMPILED_USE, true) < gasMin) continue;
      const hash = hashAt(arena.bytes, line + map.COMPILED_HASH);
      uses.push({ hash, gas: this.takeGas(line + map.COMPILED_USE) });
    }
  }

  private takeGas(at: number): number {
    const gas = this.view.getFloat64(at, true);
    this.view.setFloat64(at, 0, true);
    return gas;
  }
}

const LINE = map.COMPILED_LINE_BYTES;
