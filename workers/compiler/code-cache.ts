/**
 * The compiled codes of one thread: by code hash and fork, each a function in the kernel's table. A
 * code is compiled when it is first asked for; one over the limits is remembered as interpreted.
 */
import type { Arena } from '../../state/arena.js';
import { assert } from '../../state/base/assert.js';
import { CODE_HEADER_BYTES, CODE_LENGTH } from '../../state/kernel/map.js';
import type { Region } from '../../state/layout.js';
import type { Compiler, EvmKernel } from '../interpreter-engine.js';
import type { InterpretedFork } from '../kernel/opcode-table.js';
import { compileCode, type Tiers } from './compile-code.js';
import { FunctionTable } from './function-table.js';

const HASH_BYTES = 32;
/** At 50 KB of machine code each, 100 MB. When it is full all are forgotten, between blocks. */
const CODES_MAX = 2_048;
const INTERPRETED = 0;

export class CodeCache implements Compiler {
  /** Codes by what became of them. */
  readonly counts = { tier1: 0, tier2: 0, interpreted: 0 };
  private readonly arena: Arena;
  private readonly view: DataView;
  /** The kernel's own memory of what it was answered. */
  private readonly table: Region;
  private readonly functions: FunctionTable;
  /** Hash and fork -> place in the kernel's table. */
  private readonly places = new Map<string, number>();
  private readonly tiers: Tiers;
  private fork: InterpretedFork | undefined;

  constructor(arena: Arena, kernel: EvmKernel, table: Region, tiers: Tiers) {
    this.tiers = tiers;
    this.arena = arena;
    this.table = table;
    this.view = new DataView(arena.memory.buffer);
    this.functions = new FunctionTable(arena, kernel);
  }

  beginBlock(fork: InterpretedFork): void {
    const isFull = this.places.size >= CODES_MAX;
    if (fork === this.fork && !isFull) return;
    this.fork = fork;
    if (isFull) this.forget();
    const { base, bytes } = this.table;
    this.arena.bytes.fill(0, base, base + bytes);
  }

  compiled(entry: number): number {
    const { arena, fork } = this;
    assert(fork !== undefined, 'a code runs in a block');
    const hash = Buffer.from(arena.bytes.slice(entry, entry + HASH_BYTES)).toString('hex');
    const key = `${fork}:${hash}`;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    if (this.places.size >= CODES_MAX) return INTERPRETED;
    const start = entry + CODE_HEADER_BYTES;
    const length = this.view.getUint32(entry + CODE_LENGTH, true);
    const place = this.make(arena.bytes.slice(start, start + length), fork);
    this.places.set(key, place);
    return place;
  }

  /** Only while no frame is under way. */
  private forget(): void {
    for (const place of this.places.values()) {
      if (place !== INTERPRETED) this.functions.remove(place);
    }
    this.places.clear();
  }

  private make(code: Uint8Array, fork: InterpretedFork): number {
    const made = compileCode(code, fork, this.arena.layout.pages, this.tiers);
    if (made === null) {
      this.counts.interpreted += 1;
      return INTERPRETED;
    }
    this.counts[made.tier === 1 ? 'tier1' : 'tier2'] += 1;
    return this.functions.add(new WebAssembly.Module(made.bytes));
  }
}
