/**
 * The interpreter engine: our own EVM in the kernel (kernel/*.as.ts), London to Osaka, and what
 * JavaScript has to do for it: precompiles, signers of authorizations, hashes of blocks that the
 * arena does not have yet. Older forks, and the rare transaction that needs more room than its
 * thread's window has, go to the reference engine, which gives the same outcome.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { instantiateOver } from '../state/cold/kernels.js';
import { framesOf, type Region } from '../state/layout.js';
import { readAuthorization } from './authorizations.js';
import { blobBaseFee } from './blob-fee.js';
import {
  type BlockContext,
  type CodeChange,
  type Engine,
  type ExecutionMode,
  type KernelEngine,
  type RunStep,
  SYSTEM_ADDRESS,
} from './engine.js';
import { isFrom } from './fork.js';
import { type MachineMemory, setUpMachine } from './interpreter-memory.js';
import * as map from './kernel/map.js';
import { INTERPRETED_FORKS, type InterpretedFork, packOpcodes } from './kernel/opcode-table.js';
import { NO_WINDOW, Precompiles } from './precompiles.js';
import { LOADING } from './protocol-map.js';
import { setWord } from './record.js';
import type { BlockHashSource, ReferenceEngine } from './reference/reference-engine.js';

export interface EvmKernel {
  /** For the scheduler alone (kernel/scheduler.as.ts). */
  readonly runStep: RunStep;
  executeTransaction(m: number, record: number, out: number, end: number, isHead: number): number;
  executeSystemCall(m: number, call: number, length: number, out: number, end: number): number;
  /** What frames of compiled code are called through. */
  readonly table: WebAssembly.Table;
  /** What compiled code calls, beside the above. */
  readonly [name: string]: WebAssembly.ExportValue;
}

/** Makes functions of codes (compiler/code-cache.ts). */
export interface Compiler {
  /** Place in the kernel's table of the function for a code entry; 0: it is to be interpreted. */
  compiled(entry: number): number;
  beginBlock(fork: InterpretedFork): void;
  /** As Engine has it. */
  change?(change: CodeChange): void;
}

export type CompilerFactory = (arena: Arena, kernel: EvmKernel, table: Region) => Compiler;

/** What makes an interpreter another engine. */
export interface InterpreterOptions {
  readonly name: string;
  readonly createCompiler: CompilerFactory;
}

/** How often each reason handed a transaction to the reference engine. */
export interface HandOvers {
  window: number;
  hash: number;
  fault: number;
}

/** Caller and callee of a system call, each padded to 24 bytes, before its input. */
const CALL_HEAD_BYTES = 48;
const CALLEE_AT = 24;
/** A transaction that asks for ever more hashes than BLOCKHASH reaches back to is a fault. */
const HASHES_MAX = 256;
/** Addresses of precompiles end here in each fork; P256VERIFY apart. */
const PRECOMPILES_LAST = { london: 0x09, cancun: 0x0a, prague: 0x11 } as const;

export class InterpreterEngine implements Engine {
  readonly name: string;
  readonly handOvers: HandOvers = { window: 0, hash: 0, fault: 0 };
  private readonly bytes: Uint8Array;
  private readonly buffer: ArrayBufferLike;
  private readonly view: DataView;
  private readonly blockHash: BlockHashSource;
  private readonly arena: Arena;
  /** Loaded when it is first needed: it is most of the time that a thread takes to start. */
  private reference: ReferenceEngine | undefined;
  private readonly precompiles = new Precompiles();
  private readonly kernel: EvmKernel;
  private readonly place: MachineMemory;
  private readonly m: number;
  private readonly compiler: Compiler | null = null;
  private context: BlockContext | undefined;
  private isInterpreted = false;
  private isReferenceReady = false;

  constructor(arena: Arena, blockHash: BlockHashSource, options?: InterpreterOptions) {
    this.name = options?.name ?? 'interpreter';
    this.bytes = arena.bytes;
    this.buffer = arena.memory.buffer;
    this.view = new DataView(arena.memory.buffer);
    this.blockHash = blockHash;
    this.arena = arena;
    this.place = setUpMachine(
      arena.memory,
      framesOf(arena.layout, arena.thread),
      options !== undefined,
    );
    this.m = this.place.machine;
    this.kernel = instantiateOver<EvmKernel>(arena, 'evm', {
      precompile: (...call: PrecompileArguments) => this.precompile(...call),
      authority: (tuple: number, length: number, out: number) =>
        this.authority(tuple >>> 0, length, out >>> 0),
      compiled: (entry: number) => this.compiler?.compiled(entry >>> 0) ?? 0,
    });
    if (options === undefined) return;
    this.compiler = options.createCompiler(arena, this.kernel, this.place.compiled);
  }

  get inKernel(): KernelEngine {
    return { machine: this.isInterpreted ? this.m : 0, runStep: this.kernel.runStep };
  }

  changeCode(change: CodeChange): void {
    this.compiler?.change?.(change);
  }

  beginBlock(block: BlockContext): void {
    const forkBefore = this.context?.fork;
    this.context = block;
    this.isReferenceReady = false;
    const fork = INTERPRETED_FORKS.find((name) => name === block.fork);
    this.isInterpreted = fork !== undefined;
    if (fork === undefined) return;
    this.writeContext(block, fork);
    this.compiler?.beginBlock(fork);
    if (forkBefore !== fork) this.bytes.set(packOpcodes(fork), this.m + map.M_OPCODES);
  }

  execute(
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): number | Promise<number> {
    if (!this.isInterpreted) return this.handOver(transaction, outcome, mode);
    const record = this.recordAt(transaction);
    if (record < 0) return this.handOver(transaction, outcome, mode);
    const written = this.interpret(record, outcome, mode);
    return written >= map.NO_ROOM ? written : this.resolve(written, transaction, outcome, mode);
  }

  async systemCall(to: Uint8Array, data: Uint8Array, outcome: Uint8Array): Promise<number> {
    const { record } = this.place;
    const isFitting = data.length + CALL_HEAD_BYTES <= record.bytes;
    for (let tries = 0; this.isInterpreted && isFitting && tries <= HASHES_MAX; tries += 1) {
      this.bytes.set(SYSTEM_ADDRESS, record.base);
      this.bytes.set(to, record.base + CALLEE_AT);
      this.bytes.set(data, record.base + CALL_HEAD_BYTES);
      const written = this.writeBeside(outcome, (out, end) =>
        this.kernel.executeSystemCall(this.m, record.base, data.length, out, end),
      );
      if (written >= map.NO_ROOM) return written;
      if (!(await this.fetch(written))) break;
    }
    return (await this.readyReference()).systemCall(to, data, outcome);
  }

  /** @returns where the record lies in the arena, or -1 where there is no room for it */
  private recordAt(transaction: Uint8Array): number {
    if (transaction.buffer === this.buffer) return transaction.byteOffset;
    const { base, bytes } = this.place.record;
    if (transaction.length > bytes) return -1;
    this.bytes.set(transaction, base);
    return base;
  }

  private interpret(record: number, outcome: Uint8Array, mode: ExecutionMode): number {
    const { kernel, m } = this;
    const isHead = mode === 'head' ? 1 : 0;
    // No closure and few getters on this path: 480 ns an empty transfer here, 580 with them.
    if (outcome.buffer === this.buffer) {
      const out = outcome.byteOffset;
      return kernel.executeTransaction(m, record, out, out + outcome.length, isHead);
    }
    return this.writeBeside(outcome, (out, end) =>
      kernel.executeTransaction(m, record, out, end, isHead),
    );
  }

  /** Where the outcome's place is not in the arena, it is written beside and copied. */
  private writeBeside(outcome: Uint8Array, run: (out: number, end: number) => number): number {
    const { base, bytes } = this.place.outcome;
    const room = Math.min(bytes, outcome.length);
    const written = run(base, base + room);
    if (written > 0) outcome.set(this.bytes.subarray(base, base + written));
    if (written !== map.NO_ROOM) return written;
    return outcome.length <= bytes ? map.NO_ROOM : -map.ABORT_WINDOW;
  }

  /** What the kernel alone could not do. */
  private async resolve(
    why: number,
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): Promise<number> {
    let written = why;
    for (let tries = 0; tries <= HASHES_MAX && (await this.fetch(written)); tries += 1) {
      written = this.interpret(this.recordAt(transaction), outcome, mode);
    }
    if (written >= map.NO_ROOM) return written;
    if (written === -map.ABORT_WINDOW) this.handOvers.window += 1;
    else if (written === -map.ABORT_HASH) this.handOvers.hash += 1;
    else this.handOvers.fault += 1;
    return this.handOver(transaction, outcome, mode);
  }

  /** Brings what the kernel gave up for the lack of. @returns false where that was not why */
  private async fetch(why: number): Promise<boolean> {
    if (why === -map.ABORT_FAULT) return await this.loading(() => this.precompiles.complete());
    if (why !== -map.ABORT_HASH) return false;
    await this.fetchHash();
    return true;
  }

  /** Asks for the hash that the kernel wants and puts it where the kernel looks first. */
  private async fetchHash(): Promise<void> {
    const number = this.view.getUint32(this.m + map.M_ABORT_NUMBER, true);
    const hash = await this.blockHash(number);
    assert(hash.length === 32, 'a block hash has 32 bytes');
    const line = this.m + map.M_HASHES + (number % HASHES_MAX) * map.HASH_LINE_BYTES;
    this.view.setBigUint64(line, BigInt(number), true);
    this.view.setBigUint64(line + 8, 1n, true);
    for (let index = 0; index < 32; index += 1) this.bytes[line + 16 + index] = hash[31 - index]!;
  }

  private async handOver(
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): Promise<number> {
    return (await this.readyReference()).execute(transaction, outcome, mode);
  }

  private async readyReference(): Promise<ReferenceEngine> {
    const { context, arena, blockHash } = this;
    assert(context !== undefined, 'a transaction belongs to a block');
    if (this.reference === undefined) {
      const module = await this.loading(() => import('./reference/reference-engine.js'));
      this.reference = new module.ReferenceEngine(arena, blockHash);
    }
    const { reference } = this;
    if (!this.isReferenceReady) await this.loading(() => reference.beginBlock(context));
    this.isReferenceReady = true;
    return reference;
  }

  /** Says that this thread does not hang, however long it takes. */
  private async loading<Result>(load: () => Promise<Result>): Promise<Result> {
    const { base, bytes } = this.arena.layout.control;
    const words = new Int32Array(this.buffer, base, bytes / Int32Array.BYTES_PER_ELEMENT);
    Atomics.add(words, LOADING, 1);
    try {
      return await load();
    } finally {
      Atomics.sub(words, LOADING, 1);
    }
  }

  private writeContext(block: BlockContext, fork: InterpretedFork): void {
    const { m, view, bytes } = this;
    const isMerged = isFrom(fork, 'paris');
    const randao = isMerged ? BigInt(`0x${Buffer.from(block.prevRandao).toString('hex')}`) : 0n;
    view.setUint32(m + map.M_FORK, INTERPRETED_FORKS.indexOf(fork), true);
    view.setUint32(m + map.M_PRECOMPILES, lastPrecompile(fork), true);
    bytes.set(block.coinbase, m + map.M_COINBASE);
    view.setBigUint64(m + map.M_NUMBER, BigInt(block.number), true);
    view.setBigUint64(m + map.M_TIMESTAMP, BigInt(block.timestamp), true);
    view.setBigUint64(m + map.M_BLOCK_GAS_LIMIT, BigInt(block.gasLimit), true);
    view.setBigUint64(m + map.M_CHAIN_ID, BigInt(block.chainId), true);
    setWord(view, m + map.M_BASE_FEE, block.baseFee);
    setWord(view, m + map.M_RANDAO, isMerged ? randao : block.difficulty);
    setWord(view, m + map.M_BLOB_FEE, isFrom(fork, 'cancun') ? blobBaseFee(block) : 0n);
    // Hashes from outside are of one chain and one block's ancestors.
    const hashes = m + map.M_HASHES;
    bytes.fill(0, hashes, hashes + HASHES_MAX * map.HASH_LINE_BYTES);
  }

  /** The kernel's import. @returns gas used, or a refusal of precompiles.ts */
  private precompile(...[number, input, length, gas, low, end, lengthAt]: PrecompileArguments) {
    const from = input >>> 0;
    const result = this.precompiles.run({
      number,
      input: this.bytes.slice(from, from + (length >>> 0)),
      gas,
    });
    if (typeof result === 'number') return result;
    const { output } = result;
    const to = (end >>> 0) - output.length;
    if (to < low >>> 0) return NO_WINDOW;
    this.bytes.set(output, to);
    this.view.setUint32(lengthAt >>> 0, output.length, true);
    return result.gas;
  }

  private authority(tuple: number, length: number, out: number): number {
    const { context, bytes, view } = this;
    assert(context !== undefined, 'a transaction belongs to a block');
    const parts = readAuthorization(bytes.slice(tuple, tuple + length), context.chainId);
    if (parts === null) return 0;
    bytes.fill(0, out, out + CALL_HEAD_BYTES);
    bytes.set(parts.authority, out);
    bytes.set(parts.delegate, out + CALLEE_AT);
    view.setBigUint64(out + CALL_HEAD_BYTES, parts.nonce, true);
    return 1;
  }
}

type PrecompileArguments = [
  number: number,
  input: number,
  length: number,
  gas: number,
  low: number,
  end: number,
  lengthAt: number,
];

function lastPrecompile(fork: InterpretedFork): number {
  if (isFrom(fork, 'prague')) return PRECOMPILES_LAST.prague;
  return isFrom(fork, 'cancun') ? PRECOMPILES_LAST.cancun : PRECOMPILES_LAST.london;
}

/** What engine-factory.ts looks for in an engine's module. */
export function createEngine(arena: Arena, blockHash: BlockHashSource): Engine {
  return new InterpreterEngine(arena, blockHash);
}
