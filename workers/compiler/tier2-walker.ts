/**
 * Goes through a block for tier 2, where the height of the stack and the target of each jump are
 * known: by the analysis and by the translation alike, which differ in what they do where the
 * block is left.
 */
import * as op from '../kernel/opcodes.js';
import { type Block, type Blocks, STACK_WORDS_MAX } from './blocks.js';
import type { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { ifTrue, isTrue, translateEnd, translatePlain } from './translate.js';
import { Unsuitable } from './unsuitable.js';
import { type Claim, type Word, wordAt } from './word.js';

/** How many words each of the messages takes. */
const MESSAGE_TAKES: ReadonlyMap<number, number> = new Map([
  [op.OP_CREATE, 3],
  [op.OP_CREATE2, 4],
  [op.OP_CALL, 7],
  [op.OP_CALLCODE, 7],
  [op.OP_DELEGATECALL, 6],
  [op.OP_STATICCALL, 6],
]);

export abstract class BlockWalker {
  protected readonly e: Emitter;
  protected readonly blocks: Blocks;

  constructor(e: Emitter, blocks: Blocks) {
    this.e = e;
    this.blocks = blocks;
  }

  /** Control goes to `pc` with the stack as the emitter has it, and does not come back. */
  protected abstract edge(pc: number): void;

  /** A message begins; after it `pc` goes on with these slots, the last of them its result. */
  protected abstract message(code: number, pc: number, slots: readonly Word[]): void;

  /** @throws Unsuitable where a jump's target is not known */
  protected walk(block: Block): void {
    const { e } = this;
    const height = e.slots.length;
    // The analysis knows nothing of what other nodes have written.
    e.written = [];
    for (const instruction of block.instructions) {
      const { stack, gas, code } = instruction;
      const isShort = stack !== null && height < stack.takes;
      if (isShort || (stack !== null && height + stack.grows > STACK_WORDS_MAX)) {
        e.code.br(e.failLabel);
        return;
      }
      e.charge(gas);
      if (translateEnd(e, block, instruction, () => this.leaveByMessage(block, code))) return;
      if (code === op.OP_JUMP) {
        this.jump(e.pop());
        return;
      }
      if (code === op.OP_JUMPI) {
        if (this.jumpIf()) return;
      } else translatePlain(e, instruction);
      e.collect();
    }
    this.edge(block.nextPc);
  }

  private leaveByMessage(block: Block, code: number): void {
    const { e } = this;
    const rest = e.slots.slice(0, e.slots.length - MESSAGE_TAKES.get(code)!);
    const result = wordAt(Local.base, e.offsetOf(rest.length));
    this.message(code, block.nextPc, [...rest, result]);
  }

  /** @returns true where it is always taken */
  private jumpIf(): boolean {
    const { e } = this;
    const target = e.pop();
    const condition = e.pop();
    const known = condition.constant;
    if (known === 0n) return false;
    if (known !== undefined) {
      this.jump(target);
      return true;
    }
    const pc = this.destination(target);
    const { claim } = condition;
    if (pc === null) {
      isTrue(e, condition);
      e.code.brIf(e.failLabel);
    } else {
      ifTrue(e, condition);
      const knowledge = e.save();
      believe(e, claim, true);
      this.edge(pc);
      e.restore(knowledge);
      e.code.end();
    }
    believe(e, claim, false);
    return false;
  }

  private jump(target: Word): void {
    const pc = this.destination(target);
    if (pc === null) this.e.code.br(this.e.failLabel);
    else this.edge(pc);
  }

  /** null: it is no destination. */
  private destination(target: Word): number | null {
    const pc = target.smallConstant;
    if (pc < 0 && target.constant === undefined) throw new Unsuitable('a jump that is not static');
    return this.blocks.jumpDestinations.has(pc) ? pc : null;
  }
}

/** From here on the claim is known to hold, or not to. */
function believe(e: Emitter, claim: Claim | undefined, isTrue: boolean): void {
  if (claim === undefined || claim.below === null) return;
  const { a, below, isDenied } = claim;
  if (isTrue !== isDenied) e.limit(a, below, true);
  else e.limit(below, a, false);
}
