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
import { opcodesOf } from './blocks.js';
import { EXPORT_NAME } from './entries.js';
import { KERNEL_NAMES } from './kernel-functions.js';
import { compileTier1 } from './tier1.js';
import { compileTier2 } from './tier2.js';

/** EIP-170: what is longer was never deployed by a rule that we know. */
const CODE_BYTES_MAX = 24_576;
const HASH_BYTES = 32;
/** At 50 KB of machine code each, 100 MB. When it is full all are forgotten, between blocks. */
const CODES_MAX = 2_048;
const INTERPRETED = 0;

/** `first`: tier 1 for all, for tests; `both`: tier 2 where a code is fit for it. */
export type Tiers = 'first' | 'both';

export class CodeCache implements Compiler {
  /** Codes by what became of them. */
  readonly counts = { tier1: 0, tier2: 0, interpreted: 0 };
  private readonly arena: Arena;
  private readonly kernel: EvmKernel;
  private readonly view: DataView;
  /** The kernel's own memory of what it was answered. */
  private readonly table: Region;
  private readonly imports: Record<string, WebAssembly.ImportValue>;
  /** Hash and fork -> place in the kernel's table. */
  private readonly places = new Map<string, number>();
  /** Places whose code is forgotten. */
  private readonly free: number[] = [];
  private readonly tiers: Tiers;
  private fork: InterpretedFork | undefined;

  constructor(arena: Arena, kernel: EvmKernel, table: Region, tiers: Tiers) {
    this.tiers = tiers;
    this.arena = arena;
    this.kernel = kernel;
    this.table = table;
    this.view = new DataView(arena.memory.buffer);
    this.imports = { memory: arena.memory };
    for (const name of KERNEL_NAMES) this.imports[name] = kernel[name]!;
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

  private moduleOf(code: Uint8Array, fork: InterpretedFork): Uint8Array<ArrayBuffer> | null {
    const { pages } = this.arena.layout;
    const opcodes = opcodesOf(fork);
    const best = this.tiers === 'both' ? compileTier2(code, opcodes, pages) : null;
    if (best !== null) this.counts.tier2 += 1;
    const bytes = best ?? compileTier1(code, opcodes, pages);
    if (best === null && bytes !== null) this.counts.tier1 += 1;
    if (bytes === null) this.counts.interpreted += 1;
    return bytes;
  }

  /** Only while no frame is under way: its function might be replaced. */
  private forget(): void {
    for (const place of this.places.values()) {
      if (place === INTERPRETED) continue;
      this.kernel.table.set(place, null);
      this.free.push(place);
    }
    this.places.clear();
  }

  private make(code: Uint8Array, fork: InterpretedFork): number {
    if (code.length > CODE_BYTES_MAX) return INTERPRETED;
    const bytes = this.moduleOf(code, fork);
    if (bytes === null) return INTERPRETED;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: this.imports });
    const place = this.free.pop() ?? this.kernel.table.grow(1);
    this.kernel.table.set(place, instance.exports[EXPORT_NAME]);
    return place;
  }
}
