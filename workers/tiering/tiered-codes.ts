/**
 * The compiled codes of one thread of the engine `auto`: what was posted to it. All else is
 * interpreted, and how much of it was run is counted by the kernel (kernel/use.as.ts).
 */
import type { Arena } from '../../state/arena.js';
import { assert } from '../../state/base/assert.js';
import type { Region } from '../../state/layout.js';
import { FunctionTable } from '../compiler/function-table.js';
import type { CodeChange } from '../engine.js';
import type { Compiler, EvmKernel } from '../interpreter-engine.js';
import * as map from '../kernel/map.js';
import type { InterpretedFork } from '../kernel/opcode-table.js';
import { hashAt, textOfKey } from './code-key.js';

const INTERPRETED = 0;

export class TieredCodes implements Compiler {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  /** The kernel's own memory of what it was answered. */
  private readonly table: Region;
  private readonly functions: FunctionTable;
  /** Key -> place in the kernel's table of functions. */
  private readonly places = new Map<string, number>();
  private fork: InterpretedFork | undefined;

  constructor(arena: Arena, kernel: EvmKernel, table: Region) {
    this.bytes = arena.bytes;
    this.view = new DataView(arena.memory.buffer);
    this.table = table;
    this.functions = new FunctionTable(arena, kernel);
  }

  beginBlock(fork: InterpretedFork): void {
    if (fork === this.fork) return;
    this.fork = fork;
    const { base, bytes } = this.table;
    this.bytes.fill(0, base, base + bytes);
  }

  compiled(entry: number): number {
    const { fork } = this;
    assert(fork !== undefined, 'a code runs in a block');
    const hash = hashAt(this.bytes, entry);
    return this.places.get(textOfKey({ fork, hash })) ?? INTERPRETED;
  }

  change({ fork, hash, module }: CodeChange): void {
    const key = textOfKey({ fork, hash });
    const before = this.places.get(key);
    if (before !== undefined) this.functions.remove(before);
    this.places.delete(key);
    if (module !== null) this.places.set(key, this.functions.add(module));
    if (fork === this.fork) this.tellKernel(hash, this.places.get(key) ?? INTERPRETED);
  }

  private tellKernel(hash: string, place: number): void {
    const { base, bytes } = this.table;
    for (let line = base; line < base + bytes; line += map.COMPILED_LINE_BYTES) {
      if (this.view.getUint32(line + map.COMPILED_ENTRY, true) === 0) continue;
      if (hashAt(this.bytes, line + map.COMPILED_HASH) !== hash) continue;
      this.view.setUint32(line + map.COMPILED_INDEX, place, true);
    }
  }
}
