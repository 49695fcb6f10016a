/**
 * Goes through a block for tier 2, where the height of the stack and the target of each jump are
 * known: by the analysis and by the translation alike, which differ in what they do where the
 * block is left.
 */
import * as op from '../kernel/opcodes.js';
import { type Block, type Blocks, type Instruction, STACK_WORDS_MAX } from './blocks.js';
import type { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { ifTrue, isTrue, translateEnd, translatePlain } from './translate.js';
import { constantWord, type Word, wordAt } from './word.js';

/** How many words each of the messages takes. */
const MESSAGE_TAKES: ReadonlyMap<number, number> = new Map([
  [op.OP_CREATE, 3],
  [op.OP_CREATE2, 4],
  [op.OP_CALL, 7],
  [op.OP_CALLCODE, 7],
  [op.OP_DELEGATECALL, 6],
  [op.OP_STATICCALL, 6],
]);

/** A comparison is denied this often, with ISZERO, and something is still learnt from it. */
const DENIALS_MAX = 4;

export abstract class BlockWalker {
  protected readonly e: Emitter;
  protected readonly blocks: Blocks;
  /** So many words lie below those that the emitter has. */
  protected below = 0;

  constructor(e: Emitter, blocks: Blocks) {
    this.e = e;
    this.blocks = blocks;
  }

  /** Control goes to `pc` with the stack as the emitter has it, and does not come back. */
  protected abstract edge(pc: number): void;

  /** A message begins; after it `pc` goes on with these slots, the last of them its result. */
  protected abstract message(code: number, pc: number, slots: readonly Word[]): void;

  /**
   * A jump's target is not known. The stack is as it is behind the jump.
   * @param operands  what the jump has taken, the top last
   */
  protected abstract computedJump(instruction: Instruction, operands: readonly Word[]): void;

  protected walk(block: Block): void {
    const { e } = this;
    const height = this.below + e.slots.length;
    // The analysis knows nothing of what other nodes have written.
    e.written = [];
    const { instructions } = block;
    for (let at = 0; at < instructions.length; at += 1) {
      const instruction = instructions[at]!;
      const { stack, gas, code } = instruction;
      const isShort = stack !== null && height < stack.takes;
      if (isShort || (stack !== null && height + stack.grows > STACK_WORDS_MAX)) {
        e.code.br(e.failLabel);
        return;
      }
      e.charge(gas);
      if (at === instructions.length - 1 && this.doesEnd(block, instruction)) return;
      if (code === op.OP_JUMP) {
        const target = e.pop();
        this.jump(instruction, target, [target]);
        return;
      }
      if (code === op.OP_JUMPI) {
        if (this.jumpIf(instruction)) return;
      } else translatePlain(e, instruction);
      e.collect();
    }
    this.edge(block.nextPc);
  }

  /** Written apart: a closure an instruction was a sixth of what the analysis allocates. */
  private doesEnd(block: Block, instruction: Instruction): boolean {
    const { code } = instruction;
    return translateEnd(this.e, block, instruction, () => this.leaveByMessage(block, code));
  }

  private leaveByMessage(block: Block, code: number): void {
    const { e } = this;
    const rest = e.slots.slice(0, e.slots.length - MESSAGE_TAKES.get(code)!);
    const result = wordAt(Local.base, e.offsetOf(rest.length));
    this.message(code, block.nextPc, [...rest, result]);
  }

  /** @returns true where it is always taken */
  private jumpIf(instruction: Instruction): boolean {
    const { e } = this;
    const target = e.pop();
    const condition = e.pop();
    const operands = [condition, target];
    const known = condition.constant;
    if (known === 0n) return false;
    if (known !== undefined) {
      this.jump(instruction, target, operands);
      return true;
    }
    if (this.isNowhere(target)) {
      isTrue(e, condition);
      e.code.brIf(e.failLabel);
    } else {
      ifTrue(e, condition);
      const knowledge = e.save();
      believe(e, condition, true);
      this.jump(instruction, target, operands);
      e.restore(knowledge);
      e.code.end();
    }
    believe(e, condition, false);
    return false;
  }

  private jump(instruction: Instruction, target: Word, operands: readonly Word[]): void {
    if (this.isNowhere(target)) this.e.code.br(this.e.failLabel);
    else if (target.constant === undefined) this.computedJump(instruction, operands);
    else this.edge(target.smallConstant);
  }

  /** It is known to be no destination. */
  private isNowhere(target: Word): boolean {
    const isKnown = target.constant !== undefined;
    return isKnown && !this.blocks.jumpDestinations.has(target.smallConstant);
  }
}

/** From here on a condition is known to hold, or not to, and what it denies the other way round. */
function believe(e: Emitter, condition: Word, isTrue: boolean): void {
  let word: Word | undefined = condition;
  let holds = isTrue;
  for (let depth = 0; word !== undefined && depth < DENIALS_MAX; depth += 1) {
    settle(e, word, !holds);
    if (word.claim !== undefined) {
      const { a, below } = word.claim;
      if (holds) e.limit(a, below, true);
      else e.limit(below, a, false);
    }
    word = word.denied;
    holds = !holds;
  }
}

/** A word is zero, or it is not, which says all of a truth value. */
function settle(e: Emitter, word: Word, isZero: boolean): void {
  if (word.constant !== undefined) return;
  if (isZero) e.replace(word, constantWord(0n));
  else if (word.isBoolean) e.replace(word, constantWord(1n));
}
