/**
 * Tier 2, computed jumps: the returns of shared functions above all. The target is found among the
 * nodes that such jumps may lead to, each with a check of what it takes for granted: the stack's
 * height and the jump destinations on it. Where none fits the interpreter goes on with the frame,
 * from the jump on. So the analysis need not be right about who returns where.
 */
import * as map from '../kernel/map.js';
import { type Emitter, WORD_BYTES } from './emitter.js';
import { FIRST_ENTRY_ANSWER } from './entries.js';
import { NEXT_HELPER_NUMBER } from './helpers.js';
import { Local } from './locals.js';
import type { Node } from './tier2-nodes.js';
import { WHOLE } from './tier2-regions.js';
import { storeField, storeGas } from './translate.js';
import { Op, WasmCode } from './wasm-code.js';
import type { FunctionType, ModuleFunction } from './wasm-module.js';
import { LIMBS, type Word } from './word.js';

/** (pc, frame) -> entry, or NOWHERE. */
const FIND_TYPE: FunctionType = { params: ['i64', 'i32'], results: ['i32'] };
const NOWHERE = -1;
const PC = 0;
const FRAME = 1;

/** What a computed jump has been charged, and its place. */
export interface ComputedJump {
  readonly pc: number;
  readonly gas: number;
  /** What it has taken, the top last. */
  readonly operands: readonly Word[];
}

/** The stack to its places, and its top to the frame. */
export function leaveStack(e: Emitter): void {
  e.spillAll();
  storeField(e, map.F_SP, () => e.pointer(e.slots.length - 1));
}

/** The interpreter goes on at `pc`; stack and gas are in the frame. */
export function interpretFrom(e: Emitter, pc: number): void {
  const { code } = e;
  storeField(e, map.F_PC, () => {
    e.load32(Local.frame, map.F_CODE);
    code.i32Const(pc);
    code.op(Op.i32Add);
  });
  storeField(e, map.F_COMPILED, () => code.i32Const(0));
  code.get(Local.machine);
  code.get(Local.frame);
  code.memory(Op.i32Store, map.M_NEXT_FRAME);
  code.i32Const(map.RESULT_ENTERS);
  code.op(Op.return);
}

/** Leaves the function, with the stack as it is behind the jump. */
export function writeComputedJump(e: Emitter, { pc, gas, operands }: ComputedJump): void {
  const { code } = e;
  const target = operands.at(-1)!;
  for (const word of operands) e.ready(word);
  leaveStack(e);
  storeGas(e);
  e.put(e.clamped(target));
  code.get(Local.frame);
  code.call(NEXT_HELPER_NUMBER);
  code.tee(Local.next);
  code.i32Const(0);
  code.op(Op.i32LtS);
  code.if();
  const knowledge = e.save();
  for (const word of operands) e.push(word);
  leaveStack(e);
  code.get(Local.gas);
  code.i64Const(BigInt(gas));
  code.op(Op.i64Add);
  code.set(Local.gas);
  storeGas(e);
  interpretFrom(e, pc);
  e.restore(knowledge);
  code.end();
  code.get(Local.next);
  code.i32Const(FIRST_ENTRY_ANSWER);
  code.op(Op.i32Add);
  code.op(Op.return);
}

/** @param nodes  that computed jumps may lead to */
export function findFunction(
  nodes: readonly Node[],
  entryOf: (node: Node) => number,
): ModuleFunction {
  const code = new WasmCode();
  const byPc = new Map<number, Node[]>();
  for (const node of nodes) byPc.set(node.block.pc, [...(byPc.get(node.block.pc) ?? []), node]);
  const places = [...byPc.keys()].sort((a, b) => a - b);
  const write = (first: number, end: number): void => {
    if (end - first <= 1) {
      const pc = places[first]!;
      code.get(PC);
      code.i64Const(BigInt(pc));
      code.op(Op.i64Eq);
      code.if();
      for (const node of byPc.get(pc)!) writeCandidate(code, node, entryOf(node));
      code.end();
      return;
    }
    const middle = (first + end) >> 1;
    code.get(PC);
    code.i64Const(BigInt(places[middle]!));
    code.op(Op.i64LtU);
    code.if();
    write(first, middle);
    code.else();
    write(middle, end);
    code.end();
  };
  if (places.length > 0) write(0, places.length);
  code.i32Const(NOWHERE);
  return { type: FIND_TYPE, locals: [], code: code.view().slice() };
}

function isPartlyKnown({ limbs }: Word): boolean {
  for (let index = 0; index < LIMBS; index += 1) if (typeof limbs[index] === 'bigint') return true;
  return false;
}

/** Answers with the node's entry where all holds that it takes for granted. */
function writeCandidate(code: WasmCode, node: Node, entry: number): void {
  const { words } = node.entry;
  const outside = code.block();
  code.get(FRAME);
  code.get(FRAME);
  code.memory(Op.i32Load, map.F_SP);
  code.op(Op.i32Sub);
  const first = words.findIndex(isPartlyKnown);
  const lowest = node.region === WHOLE ? 0 : first < 0 ? node.height : first;
  code.i32Const(WORD_BYTES * (node.height - lowest));
  code.op(node.region === WHOLE ? Op.i32Ne : Op.i32LtU);
  code.brIf(outside);
  for (let slot = lowest; slot < words.length; slot += 1) {
    for (let index = 0; index < LIMBS; index += 1) {
      const limb = words[slot]!.limbs[index]!;
      if (typeof limb !== 'bigint') continue;
      code.get(FRAME);
      code.memory(Op.i32Load, map.F_SP);
      code.memory(Op.i64Load, WORD_BYTES * (node.height - 1 - slot) + 8 * index);
      code.i64Const(limb);
      code.op(Op.i64Ne);
      code.brIf(outside);
    }
  }
  code.i32Const(entry);
  code.op(Op.return);
  code.end();
}
