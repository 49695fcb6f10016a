/**
 * Our own modules as text, in the manner of the WebAssembly text format, for people who debug the
 * compiler. It reads what wasm-module.ts writes and no more.
 */
import { assert } from '../../state/base/assert.js';
import { KERNEL_NAMES } from './kernel-functions.js';
import { Op, Simd } from './wasm-code.js';
import { WasmReader } from './wasm-reader.js';

const CODE_SECTION = 10;
const NAMES = namesOf(Op);
const SIMD_NAMES = namesOf(Simd);
const TYPES: Readonly<Record<number, string>> = { 127: 'i32', 126: 'i64', 123: 'v128' };
const BLOCKS: Readonly<Record<number, string>> = { 2: 'block', 3: 'loop', 4: 'if' };
const BRANCHES: Readonly<Record<number, string>> = { 12: 'br', 13: 'br_if' };
const LOCALS: Readonly<Record<number, string>> = {
  32: 'local.get',
  33: 'local.set',
  34: 'local.tee',
};

export function textOfModule(module: Uint8Array): string {
  const reader = WasmReader.ofSection(module, CODE_SECTION);
  return reader === null ? '' : textOfCode(reader);
}

function textOfCode(reader: WasmReader): string {
  const lines: string[] = [];
  const count = reader.u32();
  for (let index = 0; index < count; index += 1) {
    const bytes = reader.u32();
    const end = reader.at + bytes;
    lines.push(`(func ${KERNEL_NAMES.length + index} ;; ${bytes} bytes`);
    const runs = reader.u32();
    for (let run = 0; run < runs; run += 1) {
      lines.push(`  (local ${reader.u32()} x ${TYPES[reader.byte()]})`);
    }
    let depth = 1;
    while (reader.at < end) {
      const text = textOfInstruction(reader);
      if (text === 'end' || text === 'else') depth -= 1;
      lines.push(`${'  '.repeat(Math.max(depth, 0))}${text}`);
      if (/^(block|loop|if|else)$/.test(text)) depth += 1;
    }
    lines.push(')');
  }
  return lines.join('\n');
}

function textOfInstruction(reader: WasmReader): string {
  const code = reader.byte();
  const block = BLOCKS[code];
  if (block !== undefined) {
    reader.byte();
    return block;
  }
  if (code === 0x05) return 'else';
  if (code === 0x0b) return 'end';
  if (code === 0x0e) {
    const targets = Array.from({ length: reader.u32() + 1 }, () => reader.u32());
    return `br_table ${targets.join(' ')}`;
  }
  if (code === 0x10) return textOfCall(reader.u32());
  if (code === 0x11) return `call_indirect (type ${reader.u32()}) (table ${reader.u32()})`;
  if (code === 0x41) return `i32.const ${reader.signed()}`;
  if (code === 0x42) return `i64.const ${reader.signed()}`;
  if (code === 0xfd) return textOfSimd(reader);
  const local = LOCALS[code] ?? BRANCHES[code];
  if (local !== undefined) return `${local} ${reader.u32()}`;
  const name = NAMES.get(code);
  assert(name !== undefined, 'a module of ours has known instructions only');
  return isMemory(code) ? `${name} align=${reader.u32()} offset=${reader.u32()}` : name;
}

function textOfCall(number: number): string {
  const kernel = KERNEL_NAMES[number];
  return kernel === undefined ? `call ${number}` : `call $${kernel}`;
}

function textOfSimd(reader: WasmReader): string {
  const code = reader.u32();
  const name = `v128.${SIMD_NAMES.get(code)}`;
  if (code === Simd.load || code === Simd.store || code === Simd.load32Zero) {
    return `${name} align=${reader.u32()} offset=${reader.u32()}`;
  }
  if (code === Simd.constant) {
    return `${name} ${Array.from({ length: 16 }, () => reader.byte()).join(' ')}`;
  }
  return code === Simd.splat || code === Simd.swizzle ? name : `${name} ${reader.byte()}`;
}

function isMemory(code: number): boolean {
  return code >= 0x28 && code <= 0x3e;
}

/** `i64LtU` becomes `i64.lt_u`. */
function namesOf(codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(
    Object.entries(codes).map(([name, code]) => {
      const [, type = '', rest = ''] = /^(i32|i64)?(.*)$/.exec(name) ?? [];
      const snake = rest.replace(/(?<=.)([A-Z]|\d+(?=U))/g, '_$1').toLowerCase();
      return [code, type === '' ? snake : `${type}.${snake.replace(/^_/, '')}`];
    }),
  );
}
