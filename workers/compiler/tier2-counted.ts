/**
 * Tier 2, loops that count down: one block that takes one from a word of the stack, does nothing
 * but arithmetic, and goes on with itself until that word is zero. Before such a loop its turns
 * but the last are written once more, for a counter that is short and gas that is enough for them:
 * gas is charged at once, the counter is one limb, and the jump is known to be taken. The loop
 * itself follows with what is left: the last turn, or all of them where the counter is long or gas
 * runs out on the way. Upper limbs of the counter are not looked at: a loop of 2^64 turns never
 * comes to its end, and nobody sees what it does until gas ends.
 */
import * as op from '../kernel/opcodes.js';
import type { Block, Instruction, OpcodeView } from './blocks.js';
import type { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { translatePlain } from './translate.js';
import { Op } from './wasm-code.js';
import { type ReadyLimb, smallWord, type Word } from './word.js';

export interface CountedLoop {
  /** How many words lie above the counter. */
  readonly depth: number;
  /** Those of one turn, without the jump. */
  readonly turn: readonly Instruction[];
  /** Which of them takes one from the counter. */
  readonly countdown: number;
  /** Of one turn. */
  readonly gas: number;
  /** So many turns are written one behind the other: a power of two. */
  readonly copies: number;
}

/** Turns one behind the other: Fibonacci numbers take 0.90 ns instead of 1.21, with four 0.83. */
const COPIES = [2, 1];
/** Longer turns gain too little for being written more than once. */
const COPIED_INSTRUCTIONS_MAX = 64;
/** Of all loops of a Wasm function, about a third of what it may have else (tier2-shape.ts). */
export const COPIED_IN_FUNCTION_MAX = 512;
/** Counters that are shorter are counted in one limb, and gas for as many turns is one too. */
const COUNTER_BITS = 32;
const WORD_MAX = 2n ** 256n - 1n;

/** They neither fail nor charge, see nothing but the stack, and call no kernel function. */
const PLAIN: ReadonlySet<number> = new Set([
  ...[op.OP_ADD, op.OP_SUB, op.OP_MUL, op.OP_AND, op.OP_OR, op.OP_XOR, op.OP_NOT],
  ...[op.OP_SHL, op.OP_SHR, op.OP_SAR, op.OP_BYTE, op.OP_PC, op.OP_POP, op.OP_JUMPDEST],
  ...[op.OP_LT, op.OP_GT, op.OP_SLT, op.OP_SGT, op.OP_EQ, op.OP_ISZERO, op.OP_PUSH0],
]);

/** A word: as it lay in a slot when the turn began, that less one, a known number, or any other. */
interface Value {
  readonly slot?: number;
  readonly slotLessOne?: number;
  readonly number?: bigint;
}

const ANY: Value = {};

/** @returns null where a block is no such loop */
export function countedLoop(block: Block, opcodes: OpcodeView): CountedLoop | null {
  const { instructions, need, pc } = block;
  const stack: Value[] = Array.from({ length: need.takes }, (_, slot) => ({ slot }));
  let countdown = -1;
  let gas = 0;
  for (let at = 0; at < instructions.length; at += 1) {
    const instruction = instructions[at]!;
    gas += instruction.gas;
    if (instruction.code === op.OP_JUMPI) {
      const [target, condition] = [stack.pop(), stack.pop()];
      const slot = condition?.slotLessOne;
      if (target?.number !== BigInt(pc) || slot === undefined) return null;
      if (stack.length !== need.takes || stack[slot]!.slotLessOne !== slot) return null;
      const turn = instructions.slice(0, at);
      const copies = COPIES.find((count) => count * at <= COPIED_INSTRUCTIONS_MAX);
      if (copies === undefined) return null;
      return { depth: need.takes - 1 - slot, turn, countdown, gas, copies };
    }
    if (!follow(stack, instruction, opcodes)) return null;
    if (stack.at(-1)?.slotLessOne !== undefined && isCount(instruction)) {
      // Two of them are more than a counter.
      if (countdown >= 0) return null;
      countdown = at;
    }
  }
  return null;
}

function isCount({ code }: Instruction): boolean {
  return code === op.OP_SUB || code === op.OP_ADD;
}

/** What an instruction does to the stack. @returns false where it does more */
function follow(stack: Value[], { code, word }: Instruction, opcodes: OpcodeView): boolean {
  if (word !== null) {
    stack.push({ number: word.constant! });
    return true;
  }
  const isDup = code >= op.OP_DUP1 && code < op.OP_DUP1 + 16;
  const isSwap = code >= op.OP_SWAP1 && code < op.OP_SWAP1 + 16;
  if (isDup) stack.push(stack.at(op.OP_DUP1 - 1 - code)!);
  else if (isSwap) swap(stack, code - op.OP_SWAP1 + 1);
  else {
    const facts = opcodes[code];
    if (facts === undefined || !PLAIN.has(code)) return false;
    const { takes, gives } = facts;
    const top = stack.at(-1);
    const next = stack.at(-2);
    stack.length -= takes;
    if (gives === 1) stack.push(resultOf(code, top, next));
  }
  return true;
}

function swap(stack: Value[], depth: number): void {
  const top = stack.length - 1;
  [stack[top], stack[top - depth]] = [stack[top - depth]!, stack[top]!];
}

function resultOf(code: number, top: Value | undefined, next: Value | undefined): Value {
  const isLess = code === op.OP_SUB && next?.number === 1n;
  const isMore = code === op.OP_ADD && next?.number === WORD_MAX;
  const of = isLess || isMore ? top : code === op.OP_ADD && top?.number === WORD_MAX ? next : null;
  return of?.slot === undefined ? ANY : { slotLessOne: of.slot };
}

/** Where a loop begins. */
export interface Turns {
  readonly loop: CountedLoop;
  /** The local of the counter's lowest limb. */
  readonly low: number;
  readonly bits: number;
  /** Makes the emitter know what the loop begins with, with this counter. */
  readonly begin: (counter: Word) => void;
  /** Puts the stack where the loop begins with it, but for the counter's upper limbs. */
  readonly finish: () => boolean;
}

/** @returns false where it cannot be done, and nothing has been written */
export function writeTurns(e: Emitter, { loop, low, bits, begin, finish }: Turns): boolean {
  const { code } = e;
  const mark = code.mark();
  const { copies } = loop;
  const turns = e.binary(Op.i64And, e.binary(Op.i64Sub, low, 1n), 2n ** 64n - BigInt(copies));
  const gas = e.binary(Op.i64Mul, turns, BigInt(loop.gas));
  writeCondition(e, { low, gas, least: BigInt(copies + 1) });
  code.if();
  code.get(Local.gas);
  e.put(gas);
  code.op(Op.i64Sub);
  code.set(Local.gas);
  const again = code.loop();
  begin(smallWord(low, Math.min(bits, COUNTER_BITS)));
  for (let copy = 0; copy < copies; copy += 1) writeTurn(e, loop);
  if (!finish()) {
    code.rewind(mark);
    return false;
  }
  e.put(low);
  code.i64Const(BigInt(copies));
  code.op(Op.i64GtU);
  code.brIf(again);
  code.end();
  code.end();
  return true;
}

interface Condition {
  /** The counter's lowest limb. */
  readonly low: number;
  readonly least: bigint;
  /** What there is to be of gas. */
  readonly gas: ReadyLimb;
}

/** The counter is short and not below the least, and gas is enough. */
function writeCondition(e: Emitter, { low, least, gas }: Condition): void {
  const { code } = e;
  e.put(e.binary(Op.i64Sub, low, least));
  code.i64Const(2n ** BigInt(COUNTER_BITS) - least);
  code.op(Op.i64LtU);
  e.put(gas);
  code.get(Local.gas);
  code.op(Op.i64LeU);
  code.op(Op.i32And);
}

function writeTurn(e: Emitter, { turn, countdown }: CountedLoop): void {
  for (let at = 0; at < turn.length; at += 1) {
    const instruction = turn[at]!;
    if (at === countdown) {
      const words = [e.pop(), e.pop()];
      const counter = words.find((word) => !word.isKnown)!;
      const less = e.binary(Op.i64Sub, e.limb(counter, 0), 1n);
      e.push(smallWord(less, counter.bitsOf(0)));
    } else translatePlain(e, instruction);
    e.collect();
  }
  e.pop();
  e.pop();
}
