import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compileCode } from '../../../../workers/compiler/compile-code.js';
import { KERNEL_IMPORTS } from '../../../../workers/compiler/kernel-functions.js';
import { tableLengthOf } from '../../../../workers/compiler/wasm-reader.js';
import { createBombs } from '../../../bombs/codes.js';

const DIST = new URL('../../../../dist/workers/compiler/', import.meta.url).href;
/** Of each kind one: all that a module can be made of. */
const BOMBS = createBombs().filter((_, index) => index % 5 === 0);

const directory = mkdtempSync(join(tmpdir(), 'first-calls-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Numbers of the functions that V8 compiles for a module. */
function compiledFunctions(bytes: Uint8Array): Set<number> {
  const script = `
    const { FirstCalls } = await import('${DIST}first-calls.js');
    const calls = new FirstCalls(1);
    const chunks = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    console.log('begin');
    calls.compile(new Uint8Array(Buffer.concat(chunks)));
  `;
  const flags = ['--trace-wasm-compilation-times', '--input-type=module', '-e', script];
  // A pipe would be full, and V8 does not wait until it is not.
  const path = join(directory, 'compiled');
  const file = openSync(path, 'w');
  execFileSync(process.execPath, flags, { input: bytes, stdio: ['pipe', file, 'inherit'] });
  closeSync(file);
  const [, printed = ''] = readFileSync(path, 'latin1').split('begin\n');
  const found = printed.matchAll(/Compiled function \w+#(\d+) using Liftoff/g);
  return new Set([...found].map(([, number]) => Number(number)));
}

it.each(BOMBS)('brings V8 to compile every function of $name', ({ code }) => {
  const { bytes } = compileCode(code, 'osaka', 1)!;
  const compiled = compiledFunctions(bytes);
  const all =
    WebAssembly.Module.exports(new WebAssembly.Module(bytes)).length + tableLengthOf(bytes);
  // The product of words, which every module has, is compiled where it is first needed.
  compiled.delete(KERNEL_IMPORTS.length);
  expect(compiled.size).toBe(all);
});
