/**
 * EVM code cut into blocks: stretches that are entered at their start only. A block goes on through
 * JUMPIs that are not taken and ends where control must be found anew: at a jump, a halt, a message
 * (code goes on there later, from memory), before a JUMPDEST. For each instruction it is known what
 * is to be charged and checked before it: gas by sections, the stack by stretches between JUMPIs.
 * One pass over the code, one over each block.
 */
import { INTERPRETED_FORKS, type InterpretedFork, OPCODES } from '../kernel/opcode-table.js';
import * as op from '../kernel/opcodes.js';
import { constantWord, type Word } from './word.js';

export interface Instruction {
  readonly pc: number;
  readonly code: number;
  /** Of a PUSH; 0 otherwise. */
  readonly value: bigint;
  /** The same as a word, for all who push it; null of what is no PUSH. */
  readonly word: Word | null;
  /** Static gas of the section that begins here; 0 where none does. */
  readonly gas: number;
  /** What the stack must hold and have room for from here on, as seen from the block's start. */
  readonly stack: StackNeed | null;
}

/** Words that must lie on the stack at the block's start, and how many more it will then hold. */
export interface StackNeed {
  readonly takes: number;
  readonly grows: number;
}

/**
 * How a block ends: it halts or jumps by its last instruction, which may also `fail`; it goes on at
 * the next block; or its last instruction starts a message, after which the next block goes on.
 */
export type BlockEnd = 'halts' | 'jumps' | 'fails' | 'falls' | 'messages';

export interface Block {
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  readonly end: BlockEnd;
  /** Where code goes on that is not jumped to. */
  readonly nextPc: number;
  /** Of the whole block. */
  readonly need: StackNeed;
}

/** In the order of their places; `byPc` holds the number of each. */
export interface Blocks {
  readonly all: readonly Block[];
  readonly byPc: ReadonlyMap<number, number>;
  readonly jumpDestinations: ReadonlySet<number>;
}

export const STACK_WORDS_MAX = 1_024;
/**
 * A longer block is cut: what is kept of a block while it is translated grows with it, and V8's
 * optimiser is not linear in one block's length.
 */
export const BLOCK_INSTRUCTIONS_MAX = 512;

export interface OpcodeFacts {
  readonly takes: number;
  readonly gives: number;
  readonly gas: number;
}

/** By code; undefined where the fork has none. */
export type OpcodeView = readonly (OpcodeFacts | undefined)[];

const views = new Map<InterpretedFork, OpcodeView>();

export function opcodesOf(fork: InterpretedFork): OpcodeView {
  const known = views.get(fork);
  if (known !== undefined) return known;
  const age = INTERPRETED_FORKS.indexOf(fork);
  const view: (OpcodeFacts | undefined)[] = new Array(256).fill(undefined);
  for (const { code, takes, gives, gas, since } of OPCODES) {
    if (INTERPRETED_FORKS.indexOf(since) <= age) view[code] = { takes, gives, gas };
  }
  views.set(fork, view);
  return view;
}

export function isPush(code: number): boolean {
  return code >= op.OP_PUSH1 && code <= op.OP_PUSH32;
}

export function isMessage(code: number): boolean {
  return MESSAGES.has(code);
}

const MESSAGES = new Set([
  op.OP_CREATE,
  op.OP_CREATE2,
  op.OP_CALL,
  op.OP_CALLCODE,
  op.OP_DELEGATECALL,
  op.OP_STATICCALL,
]);
const HALTS = new Set([op.OP_STOP, op.OP_RETURN, op.OP_REVERT, op.OP_SELFDESTRUCT]);
/** These must see, or come to see, the exact gas left. */
const ENDS_SECTION = new Set([...MESSAGES, op.OP_GAS, op.OP_SSTORE, op.OP_JUMPI]);

export function cutIntoBlocks(code: Uint8Array, opcodes: OpcodeView): Blocks {
  const all: Block[] = [];
  const byPc = new Map<number, number>();
  const jumpDestinations = findJumpDestinations(code);
  // Bytes that nothing leads to, behind a jump or a halt, belong to no block.
  for (let pc = 0, isReached = true; isReached || pc < code.length; ) {
    const block = readBlock(code, pc, opcodes);
    byPc.set(pc, all.length);
    all.push(block);
    isReached = block.end === 'falls' || block.end === 'messages';
    pc = isReached ? block.nextPc : nextDestination(code, block.nextPc);
  }
  return { all, byPc, jumpDestinations };
}

function findJumpDestinations(code: Uint8Array): Set<number> {
  const found = new Set<number>();
  for (let pc = 0; pc < code.length; pc += lengthOf(code[pc]!)) {
    if (code[pc] === op.OP_JUMPDEST) found.add(pc);
  }
  return found;
}

function nextDestination(code: Uint8Array, from: number): number {
  let pc = from;
  while (pc < code.length && code[pc] !== op.OP_JUMPDEST) pc += lengthOf(code[pc]!);
  return pc;
}

function lengthOf(code: number): number {
  return isPush(code) ? code - op.OP_PUSH1 + 2 : 1;
}

interface Draft {
  pc: number;
  code: number;
  value: bigint;
  word: Word | null;
  gas: number;
  stack: StackNeed | null;
}

function readBlock(code: Uint8Array, start: number, opcodes: OpcodeView): Block {
  const drafts: Draft[] = [];
  let end: BlockEnd = 'falls';
  let pc = start;
  while (end === 'falls' && drafts.length < BLOCK_INSTRUCTIONS_MAX) {
    // Behind the last byte the code reads as zeros, which is STOP.
    const opcode = code[pc] ?? op.OP_STOP;
    if (opcode === op.OP_JUMPDEST && pc !== start) break;
    const length = lengthOf(opcode);
    const value = pushed(code, pc, length);
    const word = length > 1 ? constantWord(value) : null;
    drafts.push({ pc, code: opcode, value, word, gas: 0, stack: null });
    pc += length;
    end = endOf(opcode, opcodes);
  }
  chargeSections(drafts, opcodes);
  const need = checkStretches(drafts, opcodes);
  return { pc: start, instructions: drafts, end, nextPc: pc, need };
}

function endOf(opcode: number, opcodes: OpcodeView): BlockEnd {
  if (opcodes[opcode] === undefined) return 'fails';
  if (HALTS.has(opcode)) return 'halts';
  if (opcode === op.OP_JUMP) return 'jumps';
  return MESSAGES.has(opcode) ? 'messages' : 'falls';
}

function pushed(code: Uint8Array, pc: number, length: number): bigint {
  let value = 0n;
  for (let at = pc + 1; at < pc + length; at += 1) value = (value << 8n) | BigInt(code[at] ?? 0);
  return value;
}

function chargeSections(drafts: readonly Draft[], opcodes: OpcodeView): void {
  let first: Draft | undefined;
  for (const draft of drafts) {
    first ??= draft;
    first.gas += opcodes[draft.code]?.gas ?? 0;
    if (ENDS_SECTION.has(draft.code)) first = undefined;
  }
}

/** A stretch that asks for no more than those before it is not checked again. */
function checkStretches(drafts: readonly Draft[], opcodes: OpcodeView): StackNeed {
  let takes = 0;
  let grows = 0;
  let height = 0;
  let first: Draft | undefined;
  for (const draft of drafts) {
    first ??= draft;
    const facts = opcodes[draft.code];
    if (facts === undefined) break;
    const before = { takes, grows };
    takes = Math.max(takes, facts.takes - height);
    height += facts.gives - facts.takes;
    grows = Math.max(grows, height);
    if (takes > before.takes || grows > before.grows) first.stack = { takes, grows };
    if (draft.code === op.OP_JUMPI) first = undefined;
  }
  return { takes, grows };
}
