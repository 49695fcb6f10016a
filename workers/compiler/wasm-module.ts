/**
 * A WebAssembly module from its parts: function types, imports, functions, one table of functions
 * of its own, exports. Source: https://webassembly.github.io/spec/core/binary/modules.html
 */
import { WasmCode } from './wasm-code.js';

export type ValueType = 'i32' | 'i64' | 'v128';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ImportedFunction {
  readonly name: string;
  readonly type: FunctionType;
}

export interface ModuleFunction {
  readonly type: FunctionType;
  /** Runs of locals of one type, in their order behind the parameters. */
  readonly locals: readonly (readonly [count: number, type: ValueType])[];
  /** The instructions, without the last `end`. */
  readonly code: Uint8Array;
}

export interface ModuleParts {
  /** All from `env`; they are numbered first. */
  readonly imports: readonly ImportedFunction[];
  readonly functions: readonly ModuleFunction[];
  /** Functions, counted from the first that is not imported, that fill the module's own table. */
  readonly table: readonly number[];
  /** Exported functions, counted alike, by name. */
  readonly exported: ReadonlyMap<string, number>;
  /** Of the imported memory, in pages: as it was created. */
  readonly memoryPages: number;
}

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const FUNCTION_FORM = 0x60;
const FUNCREF = 0x70;
const SHARED_WITH_MAXIMUM = 0x03;
const KIND_FUNCTION = 0x00;
const KIND_MEMORY = 0x02;
const CODE_END = 0x0b;

/** Sections in the order that the format asks for. */
const Section = { type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 };

/** The numbers of types, in the order in which they are first asked for. */
export class TypeNumbers {
  readonly all: FunctionType[] = [];
  private readonly numbers = new Map<string, number>();

  of(type: FunctionType): number {
    const key = `${type.params.join()}:${type.results.join()}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.all.length);
    return this.all.push(type) - 1;
  }
}

/** @param types  with the numbers that the functions' indirect calls name */
export function encodeModule(parts: ModuleParts, types: TypeNumbers): Uint8Array<ArrayBuffer> {
  const { imports, functions, table, exported, memoryPages } = parts;
  const importCount = imports.length;
  const importTypes = imports.map(({ type }) => types.of(type));
  const functionTypes = functions.map(({ type }) => types.of(type));
  const out = new WasmCode();
  out.append(Uint8Array.from(HEADER));
  section(out, Section.type, (to) => vector(to, types.all, typeInto));
  section(out, Section.import, (to) => {
    to.u32(importCount + 1);
    name(to, 'env');
    name(to, 'memory');
    for (const byte of [KIND_MEMORY, SHARED_WITH_MAXIMUM]) to.op(byte);
    to.u32(memoryPages);
    to.u32(memoryPages);
    for (const [index, imported] of imports.entries()) {
      name(to, 'env');
      name(to, imported.name);
      to.op(KIND_FUNCTION);
      to.u32(importTypes[index]!);
    }
  });
  section(out, Section.function, (to) => vector(to, functionTypes, (at, type) => at.u32(type)));
  section(out, Section.table, (to) => {
    for (const byte of [1, FUNCREF, 0]) to.op(byte);
    to.u32(table.length);
  });
  section(out, Section.export, (to) => {
    vector(to, [...exported], (at, [exportName, index]) => {
      name(at, exportName);
      at.op(KIND_FUNCTION);
      at.u32(importCount + index);
    });
  });
  section(out, Section.element, (to) => {
    to.u32(1);
    to.u32(0);
    to.i32Const(0);
    to.op(CODE_END);
    vector(to, table, (at, index) => at.u32(importCount + index));
  });
  section(out, Section.code, (to) => {
    const head = new WasmCode();
    vector(to, functions, (at, body) => bodyInto(at, body, head));
  });
  return out.view().slice();
}

function section(out: WasmCode, id: number, write: (to: WasmCode) => void): void {
  const content = new WasmCode();
  write(content);
  out.op(id);
  out.u32(content.length);
  out.append(content.view());
}

function vector<T>(to: WasmCode, items: readonly T[], write: (to: WasmCode, item: T) => void) {
  to.u32(items.length);
  for (const item of items) write(to, item);
}

function name(to: WasmCode, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  to.u32(bytes.length);
  to.append(bytes);
}

function typeInto(to: WasmCode, { params, results }: FunctionType): void {
  to.op(FUNCTION_FORM);
  vector(to, params, (at, type) => at.op(TYPE_CODES[type]));
  vector(to, results, (at, type) => at.op(TYPE_CODES[type]));
}

/** @param head  made once for all, and cleared here */
function bodyInto(to: WasmCode, { locals, code }: ModuleFunction, head: WasmCode): void {
  head.clear();
  vector(head, locals, (at, [count, type]) => {
    at.u32(count);
    at.op(TYPE_CODES[type]);
  });
  to.u32(head.length + code.length + 1);
  to.append(head.view());
  to.append(code);
  to.op(CODE_END);
}
