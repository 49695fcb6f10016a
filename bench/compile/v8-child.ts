/**
 * The process of v8.ts: compiles each module that it is sent, whole, and answers with the processor
 * time. The flags that it was started with say by which compiler.
 */
import { processorMs, timesOf } from './times.js';

/** V8 keeps compiled code by a module's bytes: a section with another name makes another one. */
function marked(wasm: Uint8Array, number: number): Uint8Array<ArrayBuffer> {
  const name = Buffer.from(number.toString(36).padStart(4, '0'));
  return Buffer.concat([wasm, Uint8Array.of(0, name.length + 1, name.length), name]);
}

let modules = 0;

process.on('message', (wasm: Uint8Array) => {
  const times = timesOf(() => {
    modules += 1;
    const bytes = marked(wasm, modules);
    return processorMs(() => new WebAssembly.Module(bytes));
  });
  process.send?.(times);
});
