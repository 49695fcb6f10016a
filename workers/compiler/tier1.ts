/**
 * Tier 1, for any code, in time linear in its length. Within a block the stack is in locals;
 * between blocks it is in its place in memory, where the interpreter has it too. A jump whose
 * target is known goes straight to its block; another finds it by a binary search over all
 * destinations. Blocks are put into functions in the order of the code.
 */
import { assert } from '../../state/base/assert.js';
import * as map from '../kernel/map.js';
import * as op from '../kernel/opcodes.js';
import {
  type Block,
  type Blocks,
  cutIntoBlocks,
  type Instruction,
  type OpcodeView,
} from './blocks.js';
import { Emitter } from './emitter.js';
import { ENTRIES_PER_FUNCTION, entryOf, FIRST_ENTRY_ANSWER, moduleOf } from './entries.js';
import { NEXT_HELPER_NUMBER } from './helpers.js';
import { Local } from './locals.js';
import {
  checkStack,
  ifTrue,
  storeField,
  storeGas,
  translateEnd,
  translateMessage,
  translatePlain,
} from './translate.js';
import { type Label, Op, WasmCode } from './wasm-code.js';
import type { FunctionType, ModuleFunction } from './wasm-module.js';
import { type Word, wordAt } from './word.js';

/**
 * V8's optimiser stays linear while functions are small: a 22 KB contract as one function did not
 * finish within a minute.
 */
const FUNCTION_BLOCKS_MAX = 128;
const FUNCTION_INSTRUCTIONS_MAX = 1_200;
/** Above it a code stays interpreted: a real one of 24 KiB, the most there is, makes 1 MB. */
export const WASM_BYTES_MAX = 3 << 20;

const FIND_TYPE: FunctionType = { params: ['i64'], results: ['i32'] };
const NOWHERE = -1;

/** Blocks of one function: those with numbers [first, end). */
interface Part {
  readonly first: number;
  readonly end: number;
}

/** @returns the module, or null where the code is over a limit */
export function compileTier1(
  code: Uint8Array,
  opcodes: OpcodeView,
  memoryPages: number,
): Uint8Array<ArrayBuffer> | null {
  const blocks = cutIntoBlocks(code, opcodes);
  const parts = cutIntoParts(blocks.all);
  const writer = new PartWriter(blocks, parts);
  const functions: ModuleFunction[] = [];
  let bytes = 0;
  for (const index of parts.keys()) {
    const made = writer.write(index);
    functions.push(made);
    bytes += made.code.length;
    if (bytes > WASM_BYTES_MAX) return null;
  }
  return moduleOf(functions, [findFunction(blocks, (block) => writer.entry(block))], memoryPages);
}

function cutIntoParts(all: readonly Block[]): Part[] {
  const parts: Part[] = [];
  let first = 0;
  let instructions = 0;
  for (const [index, block] of all.entries()) {
    const length = block.instructions.length;
    const isFull =
      index - first >= FUNCTION_BLOCKS_MAX || instructions + length > FUNCTION_INSTRUCTIONS_MAX;
    if (isFull && index > first) {
      parts.push({ first, end: index });
      first = index;
      instructions = 0;
    }
    instructions += length;
  }
  parts.push({ first, end: all.length });
  return parts;
}

class PartWriter {
  private readonly blocks: Blocks;
  private readonly parts: readonly Part[];
  /** For each block the number of its part. */
  private readonly partOf: number[] = [];
  private readonly e = new Emitter();
  private part: Part = { first: 0, end: 0 };
  private partIndex = 0;
  private current = 0;
  /** Before each block of the part, in their order. */
  private labels: Label[] = [];
  private again: Label = 0;

  constructor(blocks: Blocks, parts: readonly Part[]) {
    this.blocks = blocks;
    this.parts = parts;
    for (const [index, { first, end }] of parts.entries()) {
      for (let block = first; block < end; block += 1) this.partOf[block] = index;
    }
  }

  entry(block: number): number {
    const part = this.partOf[block]!;
    return entryOf(part, block - this.parts[part]!.first);
  }

  write(index: number): ModuleFunction {
    const { e, blocks } = this;
    const { code } = e;
    this.partIndex = index;
    this.part = this.parts[index]!;
    const { first, end } = this.part;
    assert(end - first <= ENTRIES_PER_FUNCTION, 'an entry names a block by one byte');
    e.begin();
    readFrame(e);
    e.failLabel = code.block();
    this.again = code.loop();
    this.labels = [];
    for (let block = end - 1; block >= first; block -= 1) this.labels[block - first] = code.block();
    code.get(Local.next);
    code.brTable(this.labels, this.labels[0]!);
    for (let block = first; block < end; block += 1) {
      code.end();
      this.current = block;
      this.writeBlock(blocks.all[block]!);
    }
    code.op(Op.unreachable);
    code.end();
    code.end();
    code.i32Const(map.RESULT_FAILED);
    return e.finish();
  }

  private writeBlock(block: Block): void {
    const { e } = this;
    const { takes, grows } = block.need;
    e.code.get(Local.top);
    e.code.i32Const(-32 * grows);
    e.code.op(Op.i32Add);
    e.code.set(Local.base);
    e.slotsMax = takes + grows;
    const slots: Word[] = [];
    for (let slot = 0; slot < takes; slot += 1) slots.push(wordAt(Local.base, e.offsetOf(slot)));
    e.reset(slots, () => true, 0);
    for (const instruction of block.instructions) {
      const { stack, gas } = instruction;
      if (stack !== null) checkStack(e, stack.takes, stack.grows);
      e.charge(gas);
      this.writeInstruction(block, instruction);
      e.collect();
    }
    if (block.end === 'falls') this.goTo(block.nextPc);
  }

  private writeInstruction(block: Block, instruction: Instruction): void {
    const { e } = this;
    const { code } = instruction;
    if (translateEnd(e, block, instruction, () => this.writeMessage(block, code))) return;
    if (code === op.OP_JUMP) {
      this.jump(e.pop());
      return;
    }
    if (code === op.OP_JUMPI) {
      this.jumpIf();
      return;
    }
    translatePlain(e, instruction);
  }

  private writeMessage(block: Block, code: number): void {
    const { e } = this;
    const next = this.blocks.byPc.get(block.nextPc)!;
    e.spillAll();
    translateMessage(e, code, this.entry(next));
    e.load32(Local.frame, map.F_SP);
    e.code.set(Local.top);
    this.goToBlock(next);
  }

  private jumpIf(): void {
    const { e } = this;
    const target = e.pop();
    const condition = e.pop();
    const known = condition.constant;
    if (known === 0n) return;
    if (known !== undefined) {
      this.jump(target);
      return;
    }
    ifTrue(e, condition);
    const knowledge = e.save();
    this.jump(target);
    e.restore(knowledge);
    e.code.end();
  }

  private jump(target: Word): void {
    const { e } = this;
    const known = target.constant;
    if (known !== undefined) {
      const isDestination = known < 2n ** 32n && this.blocks.jumpDestinations.has(Number(known));
      if (isDestination) {
        this.goTo(Number(known));
        return;
      }
      e.code.br(e.failLabel);
      return;
    }
    const pc = e.clamped(target);
    this.leaveStack();
    this.find(pc);
  }

  /** To a destination that is known only now. */
  private find(pc: bigint | number): void {
    const { e, again, partIndex } = this;
    const { code } = e;
    e.put(pc);
    code.call(NEXT_HELPER_NUMBER);
    code.tee(Local.next);
    code.i32Const(0);
    code.op(Op.i32LtS);
    code.brIf(e.failLabel);
    code.get(Local.next);
    code.i32Const(Math.log2(ENTRIES_PER_FUNCTION));
    code.op(Op.i32ShrU);
    code.i32Const(partIndex);
    code.op(Op.i32Eq);
    code.if();
    code.get(Local.next);
    code.i32Const(ENTRIES_PER_FUNCTION - 1);
    code.op(Op.i32And);
    code.set(Local.next);
    code.br(again);
    code.end();
    this.leaveFrame();
    code.get(Local.next);
    code.i32Const(FIRST_ENTRY_ANSWER);
    code.op(Op.i32Add);
    code.op(Op.return);
  }

  private goTo(pc: number): void {
    this.leaveStack();
    this.goToBlock(this.blocks.byPc.get(pc)!);
  }

  /** With the stack in memory and Local.top at its top. */
  private goToBlock(target: number): void {
    const { e, part, current, labels, again } = this;
    const { code } = e;
    const index = target - part.first;
    if (target >= part.first && target < part.end) {
      if (target > current) {
        code.br(labels[index]!);
        return;
      }
      code.i32Const(index);
      code.set(Local.next);
      code.br(again);
      return;
    }
    this.leaveFrame();
    code.i32Const(FIRST_ENTRY_ANSWER + this.entry(target));
    code.op(Op.return);
  }

  private leaveStack(): void {
    const { e } = this;
    e.spillAll();
    e.pointer(e.slots.length - 1);
    e.code.set(Local.top);
  }

  private leaveFrame(): void {
    const { e } = this;
    storeField(e, map.F_SP, () => e.code.get(Local.top));
    storeGas(e);
  }
}

/** What a function needs of the frame that it is entered with. */
function readFrame(e: Emitter): void {
  const { code } = e;
  code.get(Local.frame);
  code.memory(Op.i64Load, map.F_GAS);
  code.set(Local.gas);
  e.load32(Local.frame, map.F_SP);
  code.set(Local.top);
  e.load32(Local.frame, map.F_MEMORY);
  code.set(Local.memory);
  code.get(Local.entry);
  code.set(Local.next);
}

/** pc -> entry, or NOWHERE: a binary search written out. A table of 8,000 targets cost V8 3 s. */
function findFunction(blocks: Blocks, entry: (block: number) => number): ModuleFunction {
  const code = new WasmCode();
  const destinations = [...blocks.jumpDestinations]
    .filter((pc) => blocks.byPc.has(pc))
    .sort((a, b) => a - b);
  const write = (first: number, end: number): void => {
    if (end - first <= 1) {
      const pc = destinations[first];
      if (pc === undefined) {
        code.i32Const(NOWHERE);
        return;
      }
      code.i32Const(entry(blocks.byPc.get(pc)!));
      code.i32Const(NOWHERE);
      code.get(0);
      code.i64Const(BigInt(pc));
      code.op(Op.i64Eq);
      code.op(Op.select);
      return;
    }
    const middle = (first + end) >> 1;
    code.get(0);
    code.i64Const(BigInt(destinations[middle]!));
    code.op(Op.i64LtU);
    code.if();
    write(first, middle);
    code.op(Op.return);
    code.end();
    write(middle, end);
  };
  write(0, destinations.length);
  return { type: FIND_TYPE, locals: [], code: code.view().slice() };
}
