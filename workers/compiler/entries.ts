/**
 * How a compiled code is entered and left. It is several Wasm functions, each of some blocks; an
 * entry names a function and one of its blocks. A function that goes on in another one leaves gas
 * and stack in the frame and answers with the entry; a small loop, which is what the kernel calls,
 * enters that.
 */

import * as map from '../kernel/map.js';
import { multiplyFunction } from './helpers.js';
import { KERNEL_IMPORTS } from './kernel-functions.js';
import { ENTRY_TYPE } from './locals.js';
import { Op, WasmCode } from './wasm-code.js';
import {
  encodeModule,
  type FunctionType,
  type ModuleFunction,
  TypeNumbers,
} from './wasm-module.js';

/** Blocks of a function that can be entered are fewer than this. */
export const ENTRIES_PER_FUNCTION = 256;
/** Answers from here on are entries; below are the kernel's RESULT_... */
export const FIRST_ENTRY_ANSWER = 8;
/** What the kernel finds the code by. */
export const EXPORT_NAME = 'run';
/** What finds the target of a computed jump, in modules that have one. */
export const FIND_NAME = 'find';

/** The same in every module. */
const MULTIPLY = multiplyFunction();
const RUN_TYPE: FunctionType = { params: ['i32', 'i32'], results: ['i32'] };

export function entryOf(functionIndex: number, block: number): number {
  return functionIndex * ENTRIES_PER_FUNCTION + block;
}

/**
 * @param functions  in the order of the numbers that entries name them by
 * @param helpers    more than every module has: what finds targets of computed jumps, or nothing
 */
export function moduleOf(
  functions: readonly ModuleFunction[],
  helpers: readonly ModuleFunction[],
  memoryPages: number,
): Uint8Array<ArrayBuffer> {
  const types = new TypeNumbers();
  const entryType = types.of(ENTRY_TYPE);
  const first = [MULTIPLY, ...helpers];
  const exported = new Map([[EXPORT_NAME, first.length + functions.length]]);
  if (helpers.length > 0) exported.set(FIND_NAME, 1);
  return encodeModule(
    {
      imports: KERNEL_IMPORTS,
      functions: [...first, ...functions, enteringLoop(functions.length, first.length, entryType)],
      table: functions.map((_, index) => first.length + index),
      exported,
      memoryPages,
    },
    types,
  );
}

/** (machine, frame) -> RESULT_... */
function enteringLoop(count: number, helpers: number, entryType: number): ModuleFunction {
  const code = new WasmCode();
  const [machine, frame, next] = [0, 1, 2];
  code.get(frame);
  code.memory(Op.i32Load, map.F_RESUME);
  code.set(next);
  const again = code.loop();
  code.get(machine);
  code.get(frame);
  code.get(next);
  code.i32Const(ENTRIES_PER_FUNCTION - 1);
  code.op(Op.i32And);
  if (count === 1) code.call(KERNEL_IMPORTS.length + helpers);
  else {
    code.get(next);
    code.i32Const(Math.log2(ENTRIES_PER_FUNCTION));
    code.op(Op.i32ShrU);
    code.callIndirect(entryType);
  }
  code.i32Const(FIRST_ENTRY_ANSWER);
  code.op(Op.i32Sub);
  code.tee(next);
  code.i32Const(0);
  code.op(Op.i32LtS);
  code.if();
  code.get(next);
  code.i32Const(FIRST_ENTRY_ANSWER);
  code.op(Op.i32Add);
  code.op(Op.return);
  code.end();
  code.br(again);
  code.end();
  code.op(Op.unreachable);
  return { type: RUN_TYPE, locals: [[1, 'i32']], code: code.view().slice() };
}
