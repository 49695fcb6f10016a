/**
 * V8's baseline compiler, brought to go through a module in the calling thread. Where V8 is to
 * compile a module at once, one of its own threads takes part, whose priority nobody can set; what
 * it compiles when it is called, the caller compiles. So each function is called once, on a frame
 * without gas in a memory that is nobody's: there it fails at its first charge, or traps.
 */
import { setFlagsFromString } from 'node:v8';
import * as map from '../kernel/map.js';
import { EXPORT_NAME, entryOf, FIND_NAME } from './entries.js';
import { KERNEL_IMPORTS } from './kernel-functions.js';
import { Op, WasmCode } from './wasm-code.js';
import { encodeModule, TypeNumbers } from './wasm-module.js';
import { tableLengthOf } from './wasm-reader.js';

/** Both in the first page, and zero until a function writes there. */
const MACHINE = 0;
const FRAME = 32_768;

interface CalledExports {
  readonly [EXPORT_NAME]: (machine: number, frame: number) => number;
  readonly [FIND_NAME]?: (pc: bigint, frame: number) => number;
}

export class FirstCalls {
  readonly pages: number;
  private readonly memory: WebAssembly.Memory;
  private readonly imports: Record<string, WebAssembly.ImportValue>;

  /** @param pages  of the memory that the modules import */
  constructor(pages: number) {
    this.pages = pages;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.imports = { ...trappingImports(this.memory, pages), memory: this.memory };
  }

  compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
    const module = createLazily(bytes);
    const instance = new WebAssembly.Instance(module, { env: this.imports });
    const exports = instance.exports as unknown as CalledExports;
    const count = tableLengthOf(bytes);
    const view = new DataView(this.memory.buffer);
    for (let index = 0; index < count; index += 1) {
      view.setBigUint64(FRAME + map.F_GAS, 0n, true);
      view.setUint32(FRAME + map.F_RESUME, entryOf(index, 0), true);
      attempt(() => exports[EXPORT_NAME](MACHINE, FRAME));
    }
    attempt(() => exports[FIND_NAME]?.(0n, FRAME));
    return module;
  }
}

/** What compiled code imports, of the right types; never called where there is no gas. */
function trappingImports(memory: WebAssembly.Memory, memoryPages: number) {
  const code = new WasmCode();
  code.op(Op.unreachable);
  const functions = KERNEL_IMPORTS.map(({ type }) => ({ type, locals: [], code: code.view() }));
  const exported = new Map(KERNEL_IMPORTS.map(({ name }, index) => [name, index]));
  const parts = { imports: [], functions, table: [], exported, memoryPages };
  const module = createLazily(encodeModule(parts, new TypeNumbers()));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

/**
 * V8 would validate with its own threads, too. Flags are of the process: the first is V8's default,
 * said again since another thread may be compiling a kernel without; the second is put back.
 */
function createLazily(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  setFlagsFromString('--wasm-lazy-compilation');
  setFlagsFromString('--wasm-lazy-validation');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString('--no-wasm-lazy-validation');
  }
}

/** A trap is an end, too. */
function attempt(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
}
