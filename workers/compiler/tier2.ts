/**
 * Tier 2, for hot code: every jump is static, the whole stack lives in locals, and control flow is
 * Wasm's own blocks and loops. Where ways meet, and where a loop begins, each limb that is not a
 * known number has one local, its seat; between those the state of the translation goes on through
 * branches. Code that does not fit is left to tier 1.
 */
import { assert } from '../../state/base/assert.js';
import * as map from '../kernel/map.js';
import { cutIntoBlocks, type Instruction, type OpcodeView, STACK_WORDS_MAX } from './blocks.js';
import { Emitter, WORD_BYTES } from './emitter.js';
import { entryOf, FIRST_ENTRY_ANSWER, moduleOf } from './entries.js';
import { Local } from './locals.js';
import { COPIED_IN_FUNCTION_MAX, countedLoop, writeTurns } from './tier2-counted.js';
import { enter, isDeep, REACH } from './tier2-entry.js';
import { findFunction, interpretFrom, leaveStack, writeComputedJump } from './tier2-find.js';
import { type Node, NodeGraph, reachOf } from './tier2-nodes.js';
import { WHOLE } from './tier2-regions.js';
import { FUNCTION_LENGTH, Shape } from './tier2-shape.js';
import { BlockWalker } from './tier2-walker.js';
import { storeGas, translateMessage } from './translate.js';
import { Unsuitable } from './unsuitable.js';
import { type Label, Op } from './wasm-code.js';
import type { ModuleFunction } from './wasm-module.js';
import { LIMBS, type MemoryLimb, memoryLimbs, type ReadyLimb, type Word } from './word.js';

/** Instructions of one function, about: V8's optimiser is not linear in them. */
const FUNCTION_LENGTHS = [FUNCTION_LENGTH, 500] as const;
/** V8 follows every local through every branch: time grows with their product. */
const LOCALS_MAX = 320;
/** Branches in branches: each takes room on the native stack while it is written. */
const DEPTH_MAX = 256;
/** Twice what tier 1 makes of a code is enough for its clones. */
export const TIER2_BYTES_MAX = 2 << 20;

/** @returns the module, or null where the code is better left to tier 1 */
export function compileTier2(
  code: Uint8Array,
  opcodes: OpcodeView,
  memoryPages: number,
): Uint8Array<ArrayBuffer> | null {
  try {
    const graph = new NodeGraph(cutIntoBlocks(code, opcodes));
    for (const length of FUNCTION_LENGTHS) {
      const writer = new FunctionWriter(graph, opcodes, length);
      const functions = writer.writeAll();
      if (functions !== null) return moduleOf(functions, writer.helpers(), memoryPages);
    }
    return null;
  } catch (error) {
    if (error instanceof Unsuitable) return null;
    throw error;
  }
}

class FunctionWriter extends BlockWalker {
  private readonly graph: NodeGraph;
  private readonly shape: Shape;
  /** Number of the function, by its root. */
  private readonly functionOf = new Map<number, number>();
  /** For each node what it dominates at once, in the same function, in reverse postorder. */
  private readonly inside: Node[][];
  /** The nodes of each function, by its root. */
  private readonly members = new Map<number, Node[]>();
  private readonly opcodes: OpcodeView;
  private root = 0;
  private depth = 0;
  /** Instructions of turns that are written once more, in this function. */
  private copied = 0;
  private current: Node;
  private labels = new Map<number, Label>();
  private seats = new Map<number, number>();
  /** Where each slot's limbs lie in memory. */
  private places: MemoryLimb[][] = [];

  /** @param length  instructions of one function, about */
  constructor(graph: NodeGraph, opcodes: OpcodeView, length: number) {
    super(new Emitter(), graph.blocks);
    this.graph = graph;
    this.opcodes = opcodes;
    this.shape = new Shape(graph.nodes, length);
    this.current = graph.nodes[0]!;
    this.inside = graph.nodes.map(() => []);
    const { order, roots, dominator, owner } = this.shape;
    for (const node of order) {
      const root = owner[node.index]!;
      const members = this.members.get(root);
      if (members === undefined) this.members.set(root, [node]);
      else members.push(node);
      if (roots.has(node.index)) this.functionOf.set(node.index, this.functionOf.size);
      else this.inside[dominator[node.index]!]!.push(node);
    }
  }

  /** @returns null where a function has too many locals: they are to be shorter */
  writeAll(): ModuleFunction[] | null {
    const functions: ModuleFunction[] = [];
    let bytes = 0;
    for (const root of this.functionOf.keys()) {
      const made = this.writeFunction(root);
      if (this.e.limbLocals > LOCALS_MAX) return null;
      bytes += made.code.length;
      if (bytes > TIER2_BYTES_MAX) throw new Unsuitable('too much code');
      functions.push(made);
    }
    return functions;
  }

  /** What functions call, if any jump is computed. */
  helpers(): ModuleFunction[] {
    const found = this.shape.order.filter(({ isFound }) => isFound);
    return found.length === 0 ? [] : [findFunction(found, (node) => this.entryOf(node))];
  }

  private writeFunction(root: number): ModuleFunction {
    const { e } = this;
    this.root = root;
    this.labels = new Map();
    this.seats = new Map();
    this.places = [];
    this.copied = 0;
    const node = this.graph.nodes[root]!;
    e.begin();
    const members = this.members.get(root)!;
    e.slotsMax = 1;
    for (const { height, block } of members) {
      e.slotsMax = Math.max(e.slotsMax, height, height + block.need.grows);
    }
    this.readFrame(node);
    e.failLabel = e.code.block();
    if (node.region !== WHOLE) this.checkBounds(node, members);
    // Whatever entered it has put the stack in its places.
    enter(e, node.entry, (slot, index) => this.inMemory(slot, index), true);
    this.writeTree(node);
    e.code.end();
    e.code.i32Const(map.RESULT_FAILED);
    return e.finish();
  }

  private readFrame({ region, height }: Node): void {
    const { e } = this;
    const { code } = e;
    code.get(Local.frame);
    code.memory(Op.i64Load, map.F_GAS);
    code.set(Local.gas);
    e.load32(Local.frame, map.F_MEMORY);
    code.set(Local.memory);
    if (region === WHOLE) code.get(Local.frame);
    else e.load32(Local.frame, map.F_SP);
    code.i32Const((e.slotsMax - (region === WHOLE ? 0 : height)) * WORD_BYTES);
    code.op(Op.i32Sub);
    code.set(Local.base);
  }

  /** A shared function is interpreted where not all of its words are there, or no room for more. */
  private checkBounds(root: Node, members: readonly Node[]): void {
    const { e } = this;
    const { code } = e;
    const takes = root.height - Math.min(...members.map((node) => this.lowestOf(node)));
    const room = STACK_WORDS_MAX - takes - (e.slotsMax - root.height);
    if (room < 0) throw new Unsuitable('a function that needs the whole stack');
    code.get(Local.frame);
    e.load32(Local.frame, map.F_SP);
    code.op(Op.i32Sub);
    code.i32Const(takes * WORD_BYTES);
    code.op(Op.i32Sub);
    code.i32Const(room * WORD_BYTES);
    code.op(Op.i32GtU);
    code.if();
    interpretFrom(e, root.block.pc);
    code.end();
  }

  /** The lowest word that a node reaches, or that was put where it lies. */
  private lowestOf({ region, height, block, entry }: Node): number {
    const { regions } = this.graph;
    const reached = height - block.need.takes;
    const put = entry.words.findIndex((word, slot) => !regions.isUntouched(region, slot, word));
    return put < 0 ? reached : Math.min(put, reached);
  }

  /** A node and all of its function that it dominates, with the state as the emitter has it. */
  private writeTree(node: Node): void {
    const { e, shape } = this;
    const { index } = node;
    const isLoop =
      !node.isRoot &&
      shape.predecessors[index]!.some(
        (from) => shape.owner[from] === this.root && shape.isBack(from, index),
      );
    if (isLoop) {
      this.sit(node);
      this.writeTurns(node);
      this.labels.set(index, e.code.loop());
      this.takeSeats(node);
    }
    const meetings = this.inside[index]!.filter((inner) => this.isMeeting(inner));
    for (const inner of [...meetings].reverse()) this.labels.set(inner.index, e.code.block());
    this.current = node;
    this.walk(node.block);
    for (const inner of meetings) {
      e.code.end();
      this.takeSeats(inner);
      this.writeTree(inner);
    }
    if (isLoop) e.code.end();
    // Nothing falls out of a tree.
    e.code.op(Op.unreachable);
  }

  /** Of a loop that counts down, all but the last: what is left has the loop itself. */
  private writeTurns(node: Node): void {
    const { e, graph } = this;
    const { block, height } = node;
    const loop = countedLoop(block, this.opcodes);
    if (loop === null || !node.successors.includes(node.index)) return;
    const copied = this.copied + loop.copies * loop.turn.length;
    if (copied > COPIED_IN_FUNCTION_MAX) return;
    const slot = height - 1 - loop.depth;
    const { takes, grows } = block.need;
    const isFitting = height >= takes && height + grows <= STACK_WORDS_MAX;
    if (!isFitting || this.liesInMemory(node, slot)) return;
    const { limbs, bits } = node.entry.words[slot]!;
    if (typeof limbs[0] === 'bigint') return;
    this.copied = copied;
    this.current = node;
    writeTurns(e, {
      loop,
      bits: bits[0]!,
      low: this.seatOf(slot, 0),
      begin: (counter) => {
        this.takeSeats(node);
        e.replace(e.slots[slot]!, counter);
      },
      finish: () => {
        const to = graph.find(node, block.pc, { below: 0, slots: e.slots });
        if (to !== node || !this.isSure(node)) return false;
        this.move(node, slot);
        return true;
      },
    });
  }

  /** More than one way leads to it, loops apart. */
  private isMeeting({ index }: Node): boolean {
    const { shape } = this;
    let ways = 0;
    for (const from of shape.predecessors[index]!) if (!shape.isBack(from, index)) ways += 1;
    return ways > 1;
  }

  protected override edge(pc: number): void {
    const { e, shape, graph } = this;
    const from = this.current;
    const to = graph.find(from, pc, { below: 0, slots: e.slots });
    if (to === undefined) {
      assert(from.region !== WHOLE, 'the analysis saw each edge');
      leaveStack(e);
      storeGas(e);
      interpretFrom(e, pc);
      return;
    }
    assert(from.successors.includes(to.index), 'the analysis saw each edge');
    const isBack = shape.isBack(from.index, to.index);
    const isInside = shape.owner[to.index] === this.root && !to.isRoot;
    if (!isInside || (to.index === this.root && !isBack)) {
      this.leaveTo(to);
      return;
    }
    if (isBack || this.isMeeting(to)) {
      this.sit(to);
      e.code.br(this.labels.get(to.index)!);
      return;
    }
    this.depth += 1;
    if (this.depth > DEPTH_MAX) throw new Unsuitable('branches too deep');
    this.writeTree(to);
    this.depth -= 1;
    this.current = from;
  }

  protected override message(code: number, pc: number, slots: readonly Word[]): void {
    const { e, graph, current } = this;
    const to = graph.find(current, pc, { below: 0, slots });
    assert(to !== undefined, 'the analysis saw what a message goes on with');
    e.spillAll();
    translateMessage(e, code, this.entryOf(to));
    storeGas(e);
    this.answer(to);
  }

  protected override computedJump({ pc, code }: Instruction, operands: readonly Word[]): void {
    writeComputedJump(this.e, { pc, gas: this.opcodes[code]!.gas, operands });
  }

  /** To another function: the stack goes to its places. */
  private leaveTo(to: Node): void {
    const { e } = this;
    if (!to.isRoot && !this.isSure(to)) throw new Unsuitable('the analysis knew more');
    if (to.region === WHOLE) e.spillAll();
    else leaveStack(e);
    storeGas(e);
    this.answer(to);
  }

  private answer(to: Node): void {
    this.e.code.i32Const(FIRST_ENTRY_ANSWER + this.entryOf(to));
    this.e.code.op(Op.return);
  }

  private entryOf({ index }: Node): number {
    return entryOf(this.functionOf.get(index)!, 0);
  }

  /** Moves all limbs that are not known numbers to their seats at once. */
  private sit(to: Node): void {
    if (!this.isSure(to)) throw new Unsuitable('the analysis knew more');
    this.move(to);
  }

  /** @param counter  a slot whose upper limbs are as they were */
  private move(to: Node, counter = -1): void {
    const { e } = this;
    const moves: { limb: ReadyLimb; seat: number }[] = [];
    const { words } = to.entry;
    for (let slot = 0; slot < words.length; slot += 1) {
      const { limbs } = words[slot]!;
      if (this.liesInMemory(to, slot)) continue;
      for (let index = 0; index < LIMBS; index += 1) {
        if (typeof limbs[index] === 'bigint' || (slot === counter && index > 0)) continue;
        const limb = e.limb(e.slots[slot]!, index);
        const seat = this.seatOf(slot, index);
        if (limb !== seat) moves.push({ limb, seat });
      }
    }
    for (let slot = 0; slot < to.height; slot += 1) if (to.entry.isInPlace[slot]) e.spill(slot);
    for (const { limb } of moves) e.put(limb);
    for (const { seat } of moves.reverse()) e.code.set(seat);
  }

  /** The analysis was not more sure than the translation is. */
  private isSure(to: Node): boolean {
    const { slots } = this.e;
    const { words } = to.entry;
    const { current } = this;
    const untouched = reachOf(current);
    for (let slot = 0; slot < words.length; slot += 1) {
      // What the block does not reach was looked at when it was entered.
      if (slot < untouched && words[slot] === current.entry.words[slot]) continue;
      if (!holdsFor(words[slot]!, slots[slot]!)) return false;
    }
    return true;
  }

  private takeSeats(node: Node): void {
    enter(this.e, node.entry, (slot, index) =>
      this.liesInMemory(node, slot) ? this.inMemory(slot, index) : this.seatOf(slot, index),
    );
  }

  private liesInMemory({ region, entry, height }: Node, slot: number): boolean {
    if (isDeep(slot, height)) return true;
    return this.graph.regions.isUntouched(region, slot, entry.words[slot]!);
  }

  private inMemory(slot: number, index: number): MemoryLimb {
    return this.placesOf(slot)[index]!;
  }

  private placesOf(slot: number): MemoryLimb[] {
    return (this.places[slot] ??= memoryLimbs(Local.base, this.e.offsetOf(slot)));
  }

  /** Words that are not deep are so few that no two of them come to the same place. */
  private seatOf(slot: number, index: number): number {
    const place = LIMBS * (slot % REACH) + index;
    const known = this.seats.get(place);
    if (known !== undefined) return known;
    const seat = this.e.reserve();
    this.seats.set(place, seat);
    return seat;
  }
}

/** Nothing is known of the one that is not true of the other. */
function holdsFor(known: Word, word: Word): boolean {
  if (known === word) return true;
  for (let index = 0; index < LIMBS; index += 1) {
    const limb = known.limbs[index]!;
    const isTrue =
      typeof limb === 'bigint'
        ? word.limbs[index] === limb
        : word.bitsOf(index) <= known.bits[index]!;
    if (!isTrue) return false;
  }
  return true;
}
