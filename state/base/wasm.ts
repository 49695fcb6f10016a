/**
 * Finds, compiles and instantiates our kernels (dist/kernel/NAME.wasm), whether this file runs
 * from dist or from the sources under a test runner. A kernel is compiled once per thread, straight
 * to optimised code: V8 cannot replace a Wasm function while it runs, and its baseline code is
 * several times slower.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { assert } from './assert.js';

const modules = new Map<string, WebAssembly.Module>();

/** Where the build puts a kernel. @throws AssertionError when it has not been built */
export function kernelUrl(name: string): URL {
  assert(/^[a-z0-9-]+$/.test(name), 'a kernel name is lower-case letters and digits');
  const fromDist = new URL(`../../kernel/${name}.wasm`, import.meta.url);
  const fromSources = new URL(`../../dist/kernel/${name}.wasm`, import.meta.url);
  const url = existsSync(fromDist) ? fromDist : fromSources;
  assert(existsSync(url), `kernel ${name} is not built: run npm run build`);
  return url;
}

/** The compiled module of a kernel; the second call in a thread costs nothing. */
export function compileKernel(name: string): WebAssembly.Module {
  const known = modules.get(name);
  if (known !== undefined) return known;
  const module = compileOptimised(readFileSync(kernelUrl(name)));
  modules.set(name, module);
  return module;
}

/**
 * A fresh instance over `memory`; its exports typed by the caller's interface.
 * @param imports  functions for the module's `env`, beside the memory
 */
export function instantiateKernel<Exports>(
  name: string,
  memory: WebAssembly.Memory,
  imports: Readonly<Record<string, WebAssembly.ImportValue>> = {},
): Exports {
  const instance = new WebAssembly.Instance(compileKernel(name), { env: { ...imports, memory } });
  return instance.exports as Exports;
}

/**
 * The flags are of the whole process; they are put back at once for code compiled by others. To
 * V8 no baseline means no tiers either, and it goes on to think so: without the last two, every
 * function of every later module is optimised as soon as it is there, on threads of V8's own.
 */
function compileOptimised(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  setFlagsFromString('--no-liftoff');
  setFlagsFromString('--no-wasm-lazy-compilation');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString('--liftoff');
    setFlagsFromString('--wasm-lazy-compilation');
    setFlagsFromString('--wasm-tier-up');
    setFlagsFromString('--wasm-dynamic-tiering');
  }
}
