/**
 * Tier 2, for hot code: every jump is static, the whole stack lives in locals, and control flow is
 * Wasm's own blocks and loops. Where ways meet, and where a loop begins, each limb that is not a
 * known number has one local, its seat; between those the state of the translation goes on through
 * branches. Code that does not fit is left to tier 1.
 */
import { assert } from '../../state/base/assert.js';
import * as map from '../kernel/map.js';
import { cutIntoBlocks, type OpcodeView } from './blocks.js';
import { Emitter, WORD_BYTES } from './emitter.js';
import { entryOf, FIRST_ENTRY_ANSWER, moduleOf } from './entries.js';
import { Local } from './locals.js';
import { enter, isDeep, REACH } from './tier2-entry.js';
import { type Node, NodeGraph } from './tier2-nodes.js';
import { Shape } from './tier2-shape.js';
import { BlockWalker } from './tier2-walker.js';
import { storeGas, translateMessage } from './translate.js';
import { Unsuitable } from './unsuitable.js';
import { type Label, Op } from './wasm-code.js';
import type { ModuleFunction } from './wasm-module.js';
import { LIMBS, type MemoryLimb, type ReadyLimb, type Word } from './word.js';

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
    return moduleOf(new FunctionWriter(graph).writeAll(), [], memoryPages);
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
  private root = 0;
  private depth = 0;
  private current: Node;
  private labels = new Map<number, Label>();
  private seats = new Map<number, number>();

  constructor(graph: NodeGraph) {
    super(new Emitter(), graph.blocks);
    this.graph = graph;
    this.shape = new Shape(graph.nodes);
    this.current = graph.nodes[0]!;
    this.inside = graph.nodes.map(() => []);
    const { order, roots, dominator } = this.shape;
    for (const node of order) {
      if (roots.has(node.index)) this.functionOf.set(node.index, this.functionOf.size);
      else this.inside[dominator[node.index]!]!.push(node);
    }
  }

  writeAll(): ModuleFunction[] {
    const functions: ModuleFunction[] = [];
    let bytes = 0;
    for (const root of this.functionOf.keys()) {
      const made = this.writeFunction(root);
      bytes += made.code.length;
      if (bytes > TIER2_BYTES_MAX) throw new Unsuitable('too much code');
      functions.push(made);
    }
    return functions;
  }

  private writeFunction(root: number): ModuleFunction {
    const { e } = this;
    this.root = root;
    this.labels = new Map();
    this.seats = new Map();
    const node = this.graph.nodes[root]!;
    e.begin();
    e.slotsMax = this.slotsOf(root);
    this.readFrame();
    e.failLabel = e.code.block();
    // Whatever entered it has put the stack in its places.
    const everywhere = { ...node.entry, isInPlace: node.entry.isInPlace.map(() => true) };
    enter(e, everywhere, (slot, index) => this.inMemory(slot, index));
    this.writeTree(node);
    e.code.end();
    e.code.i32Const(map.RESULT_FAILED);
    if (e.limbLocals > LOCALS_MAX) throw new Unsuitable('too many locals');
    return e.finish();
  }

  /** The most words that the stack holds in a function. */
  private slotsOf(root: number): number {
    const { shape, graph } = this;
    const heights = graph.nodes
      .filter(({ index }) => shape.owner[index] === root)
      .map(({ height, block }) => height + block.need.grows);
    return Math.max(1, ...heights);
  }

  private readFrame(): void {
    const { e } = this;
    const { code } = e;
    code.get(Local.frame);
    code.memory(Op.i64Load, map.F_GAS);
    code.set(Local.gas);
    e.load32(Local.frame, map.F_MEMORY);
    code.set(Local.memory);
    code.get(Local.frame);
    code.i32Const(e.slotsMax * WORD_BYTES);
    code.op(Op.i32Sub);
    code.set(Local.base);
  }

  /** A node and all of its function that it dominates, with the state as the emitter has it. */
  private writeTree(node: Node): void {
    const { e, shape } = this;
    const { index } = node;
    const isLoop = shape.predecessors[index]!.some(
      (from) => shape.owner[from] === this.root && shape.isBack(from, index),
    );
    if (isLoop) {
      this.sit(node);
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

  /** More than one way leads to it, loops apart. */
  private isMeeting({ index }: Node): boolean {
    const { shape } = this;
    const ways = shape.predecessors[index]!.filter((from) => !shape.isBack(from, index));
    return ways.length > 1;
  }

  protected override edge(pc: number): void {
    const { e, shape, graph } = this;
    const from = this.current;
    const to = graph.find(pc, e.slots);
    assert(to !== undefined && from.successors.includes(to.index), 'the analysis saw each edge');
    const isBack = shape.isBack(from.index, to.index);
    if (shape.owner[to.index] !== this.root || (to.index === this.root && !isBack)) {
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
    const { e, graph } = this;
    const to = graph.find(pc, slots);
    assert(to !== undefined, 'the analysis saw what a message goes on with');
    e.spillAll();
    translateMessage(e, code, this.entryOf(to));
    storeGas(e);
    this.answer(to);
  }

  /** To another function: the stack goes to its places. */
  private leaveTo(to: Node): void {
    const { e } = this;
    this.expectKnown(to);
    e.spillAll();
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
    const { e } = this;
    this.expectKnown(to);
    const moves: { limb: ReadyLimb; seat: number }[] = [];
    for (const [slot, { limbs }] of to.entry.words.entries()) {
      if (isDeep(slot, to.height)) continue;
      for (let index = 0; index < LIMBS; index += 1) {
        if (typeof limbs[index] === 'bigint') continue;
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
  private expectKnown(to: Node): void {
    const { slots } = this.e;
    const isSure = to.entry.words.every((known, slot) => {
      const word = slots[slot]!;
      return known.limbs.every((limb, index) =>
        typeof limb === 'bigint'
          ? word.limbs[index] === limb
          : word.bitsOf(index) <= known.bits[index]!,
      );
    });
    if (!isSure) throw new Unsuitable('the analysis knew more');
  }

  private takeSeats({ entry, height }: Node): void {
    enter(this.e, entry, (slot, index) =>
      isDeep(slot, height) ? this.inMemory(slot, index) : this.seatOf(slot, index),
    );
  }

  private inMemory(slot: number, index: number): MemoryLimb {
    return { base: Local.base, offset: this.e.offsetOf(slot) + 8 * index };
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
