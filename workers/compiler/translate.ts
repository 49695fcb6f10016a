/** One instruction, or a halt, as Wasm; jumps and messages are each tier's own. */
import { assert } from '../../state/base/assert.js';
import * as map from '../kernel/map.js';
import * as op from '../kernel/opcodes.js';
import { ARITHMETIC } from './arithmetic.js';
import { type Block, type Instruction, STACK_WORDS_MAX } from './blocks.js';
import { COMPARISONS } from './comparisons.js';
import { DIVISIONS } from './division.js';
import { type Emitter, WORD_BYTES } from './emitter.js';
import { HASHES } from './hashes.js';
import { callWithOperands } from './kernel-call.js';
import { Local } from './locals.js';
import { MEMORY_OPCODES, touchRange } from './memory-opcodes.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { POWERS } from './power.js';
import { SHIFTS } from './shifts.js';
import { STATE_OPCODES } from './state-opcodes.js';
import { Op } from './wasm-code.js';
import { smallWord, type Word } from './word.js';

const EMITTERS: ReadonlyMap<number, OpcodeEmitter> = new Map([
  ...ARITHMETIC,
  ...COMPARISONS,
  ...DIVISIONS,
  ...HASHES,
  ...SHIFTS,
  ...MEMORY_OPCODES,
  ...POWERS,
  ...STATE_OPCODES,
]);

/** Everything but jumps, halts and messages. */
export function translatePlain(e: Emitter, { code, pc, word }: Instruction): void {
  if (word !== null) e.push(word);
  else if (code === op.OP_PC) e.push(smallWord(BigInt(pc)));
  else {
    const emit = EMITTERS.get(code);
    assert(emit !== undefined, 'every opcode is translated');
    emit(e);
  }
}

/**
 * The instruction that a block ends with, where that is neither a jump nor the next block.
 * @param leave  what the tier does for a message
 * @returns false where it is something else
 */
export function translateEnd(
  e: Emitter,
  block: Block,
  instruction: Instruction,
  leave: () => void,
): boolean {
  if (instruction !== block.instructions.at(-1)) return false;
  if (block.end === 'fails') e.code.br(e.failLabel);
  else if (block.end === 'halts') translateHalt(e, instruction.code);
  else if (block.end === 'messages') leave();
  else return false;
  return true;
}

/** STOP, RETURN, REVERT, SELFDESTRUCT. */
function translateHalt(e: Emitter, code: number): void {
  const result = code === op.OP_REVERT ? map.RESULT_REVERTED : map.RESULT_OK;
  if (code === op.OP_SELFDESTRUCT) callWithOperands(e, 'selfDestruct', 1);
  if (code === op.OP_RETURN || code === op.OP_REVERT) storeOutput(e);
  else storeField(e, map.F_OUT_LENGTH, () => e.code.i32Const(0));
  storeGas(e);
  e.code.i32Const(result);
  e.code.op(Op.return);
}

/** What a frame that has ended returns is told as a pointer. */
function storeOutput(e: Emitter): void {
  const at = e.pop();
  const [offset, length] = touchRange(e, at, e.pop());
  storeField(e, map.F_OUT, () => {
    e.code.get(Local.memory);
    e.put(offset);
    e.code.op(Op.i32WrapI64);
    e.code.op(Op.i32Add);
  });
  storeField(e, map.F_OUT_LENGTH, () => {
    e.put(length);
    e.code.op(Op.i32WrapI64);
  });
}

export function storeField(e: Emitter, field: number, value: () => void): void {
  e.code.get(Local.frame);
  value();
  e.code.memory(Op.i32Store, field);
}

export function storeGas(e: Emitter): void {
  e.code.get(Local.frame);
  e.code.get(Local.gas);
  e.code.memory(Op.i64Store, map.F_GAS);
}

/** Puts on Wasm's stack whether a word is not zero. */
export function isTrue(e: Emitter, word: Word): void {
  if (word.isBoolean) {
    e.put(e.limb(word, 0));
    e.code.op(Op.i32WrapI64);
    return;
  }
  e.put(e.anyOf(word, 0));
  e.code.i64Const(0n);
  e.code.op(Op.i64Ne);
}

/**
 * Opens a Wasm block that is run where a word is not zero; one `end` closes it. Of a word of more
 * than one limb the lowest mostly tells, and the others need not be at hand.
 */
export function ifTrue(e: Emitter, word: Word): void {
  const { code } = e;
  const low = e.limb(word, 0);
  if (word.isOneLimb || typeof low === 'bigint') {
    isTrue(e, word);
    code.if();
    return;
  }
  e.ready(word);
  const isZero = code.block();
  const isKnown = code.block();
  e.put(low);
  code.i64Const(0n);
  code.op(Op.i64Ne);
  code.brIf(isKnown);
  e.put(e.anyOf(word, 1));
  code.op(Op.i64Eqz);
  code.brIf(isZero);
  code.end();
}

/** Local.top is the stack's top at the block's start; one unsigned comparison checks both ends. */
export function checkStack(e: Emitter, takes: number, grows: number): void {
  if (takes + grows > STACK_WORDS_MAX) {
    e.code.br(e.failLabel);
    return;
  }
  if (takes === 0 && grows === 0) return;
  e.code.get(Local.frame);
  e.code.get(Local.top);
  e.code.op(Op.i32Sub);
  e.code.i32Const(takes * WORD_BYTES);
  e.code.op(Op.i32Sub);
  e.code.i32Const((STACK_WORDS_MAX - takes - grows) * WORD_BYTES);
  e.code.op(Op.i32GtU);
  e.code.brIf(e.failLabel);
}

/**
 * CALL and its kin, with the whole stack in its places: either the result is there at once, or the
 * function is left so that another frame runs first. @param resume  the entry to go on with then
 */
export function translateMessage(e: Emitter, code: number, resume: number): void {
  const isCreation = code === op.OP_CREATE || code === op.OP_CREATE2;
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  e.pointer(e.slots.length - 1);
  e.code.get(Local.gas);
  e.code.i32Const(code);
  e.call(isCreation ? 'createOpcode' : 'callOpcode');
  e.keepGas();
  e.load32(Local.machine, map.M_NEXT_FRAME);
  e.code.if();
  storeField(e, map.F_RESUME, () => e.code.i32Const(resume));
  e.code.i32Const(map.RESULT_ENTERS);
  e.code.op(Op.return);
  e.code.end();
}
