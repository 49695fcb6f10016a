import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const WASM = new URL('../../../dist/state/base/wasm.js', import.meta.url).href;
const NOPS = 3_000;
const SETTLE_MS = 500;

/** A module of one function that nobody calls; how V8 compiles it goes to the standard output. */
const script = (hasKernel: boolean): string => `
  const { compileKernel } = await import('${WASM}');
  if (${hasKernel}) compileKernel('state');
  const leb = (n) => [(n & 0x7f) | 0x80, n >> 7];
  const body = [0, ...new Array(${NOPS}).fill(1), 0x0b];
  const code = [1, ...leb(body.length), ...body];
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  (await import('node:v8')).setFlagsFromString('--no-wasm-lazy-compilation');
  new WebAssembly.Module(Uint8Array.from([...head, 10, ...leb(code.length), ...code]));
  setTimeout(() => {}, ${SETTLE_MS});
`;

/** The compilers that the function has been through. */
function compilersOf(hasKernel: boolean): string[] {
  const flags = ['--trace-wasm-compilation-times', '--input-type=module', '-e', script(hasKernel)];
  const lines = execFileSync(process.execPath, flags, { encoding: 'utf8' }).split('\n');
  const ours = lines.filter((line) => line.includes(`bodysize ${NOPS + 2}`));
  return ours.map((line) => /using (\w+)/.exec(line)?.[1] ?? line);
}

it('what is compiled after a kernel is optimised only where it turns out hot', () => {
  expect(compilersOf(false)).toEqual(['Liftoff']);
  expect(compilersOf(true)).toEqual(['Liftoff']);
});
