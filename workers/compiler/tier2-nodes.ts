/**
 * Tier 2, what a code does: its blocks, once for each height of the stack and each set of jump
 * destinations that lie on it, so that every jump leads to one known place. For each such node it
 * is worked out which limbs of the stack are the same number however it is entered. The analysis
 * is the translation itself with its code thrown away, repeated until nothing new is learnt: so
 * both agree.
 */
import { assert } from '../../state/base/assert.js';
import { raised } from './bits.js';
import type { Block, Blocks } from './blocks.js';
import { Emitter } from './emitter.js';
import { BlockWalker } from './tier2-walker.js';
import { Unsuitable } from './unsuitable.js';
import { LIMBS, type Limb, Word } from './word.js';

/** What is known of the stack, the bottom first, and of memory where a node begins. */
export interface Entry {
  /** LIMBS for each word; null where it is not one number. */
  readonly limbs: (bigint | null)[];
  /** Bounds of those that are null (bits.ts). */
  readonly bits: number[];
  /** The word lies in its place in memory. */
  readonly isInPlace: boolean[];
  memoryBytes: number;
}

export interface Node {
  readonly index: number;
  readonly block: Block;
  readonly height: number;
  readonly entry: Entry;
  /** Indices of nodes; one for each way there. */
  successors: number[];
  /** Of those, the one that begins when a message has ended. */
  resumed: number | null;
}

/** More clones than this, or more than so many for each block: the code stays in tier 1. */
const NODES_MAX = 3_000;
const CLONES_MAX = 5;
/** Times that nodes are looked at again; learning ends long before. */
const VISITS_PER_NODE = 24;
/** Above all heights: places in memory do not matter to the analysis. */
const SLOTS_MAX = 4_096;

export class NodeGraph {
  readonly nodes: Node[] = [];
  readonly blocks: Blocks;
  private readonly byKey = new Map<string, Node>();
  private readonly nodesMax: number;

  /** @throws Unsuitable */
  constructor(blocks: Blocks) {
    this.blocks = blocks;
    this.nodesMax = Math.min(NODES_MAX, 16 + CLONES_MAX * blocks.all.length);
    new Analysis(this).run();
  }

  /** The node for code at `pc` with this stack. */
  find(pc: number, slots: readonly Word[]): Node | undefined {
    return this.byKey.get(this.keyOf(pc, slots));
  }

  add(pc: number, slots: readonly Word[], entry: Entry): Node {
    const number = this.blocks.byPc.get(pc);
    assert(number !== undefined, 'a target is a block');
    if (this.nodes.length >= this.nodesMax) throw new Unsuitable('too many clones');
    const node: Node = {
      index: this.nodes.length,
      block: this.blocks.all[number]!,
      height: slots.length,
      entry,
      successors: [],
      resumed: null,
    };
    this.nodes.push(node);
    this.byKey.set(this.keyOf(pc, slots), node);
    return node;
  }

  private keyOf(pc: number, slots: readonly Word[]): string {
    let key = `${pc}:${slots.length}`;
    for (const [slot, word] of slots.entries()) {
      const value = word.smallConstant;
      if (value > 0 && this.blocks.jumpDestinations.has(value)) key += `,${slot}=${value}`;
    }
    return key;
  }
}

/** Walks nodes until what is known where each begins holds for all ways to it. */
class Analysis extends BlockWalker {
  private readonly graph: NodeGraph;
  private readonly waiting: Node[] = [];
  private readonly isWaiting = new Set<Node>();
  private current: Node | undefined;

  constructor(graph: NodeGraph) {
    super(new Emitter(), graph.blocks);
    this.e.code.isSilent = true;
    this.graph = graph;
  }

  run(): void {
    const { graph } = this;
    const nothing = { limbs: [], bits: [], isInPlace: [], memoryBytes: 0 };
    this.wait(graph.add(0, [], nothing));
    let visits = 0;
    for (let node = this.waiting.shift(); node !== undefined; node = this.waiting.shift()) {
      this.isWaiting.delete(node);
      visits += 1;
      if (visits > VISITS_PER_NODE * (graph.nodes.length + 4)) throw new Unsuitable('no end');
      this.visit(node);
    }
  }

  protected override edge(pc: number): void {
    this.learn(pc, this.e.slots, false);
  }

  protected override message(_code: number, pc: number, slots: readonly Word[]): void {
    this.learn(pc, slots, true);
  }

  private visit(node: Node): void {
    const { e } = this;
    this.current = node;
    node.successors = [];
    node.resumed = null;
    e.begin();
    e.slotsMax = SLOTS_MAX;
    e.failLabel = e.code.block();
    const locals = (_slot: number, _index: number): Limb => e.fresh();
    enter(e, node.entry, locals);
    this.walk(node.block);
  }

  private learn(pc: number, slots: readonly Word[], isMessage: boolean): void {
    const { graph, current, e } = this;
    const isInPlace = (slot: number): boolean => isMessage || e.isInPlace(slot);
    const known = graph.find(pc, slots);
    const node = known ?? graph.add(pc, slots, describe(slots, isInPlace, e.memoryBytes));
    current!.successors.push(node.index);
    if (isMessage) current!.resumed = node.index;
    const isNew = known === undefined || forget(node.entry, slots, isInPlace, e.memoryBytes);
    if (isNew) this.wait(node);
  }

  private wait(node: Node): void {
    if (this.isWaiting.has(node)) return;
    this.isWaiting.add(node);
    this.waiting.push(node);
  }
}

function describe(
  slots: readonly Word[],
  isInPlace: (slot: number) => boolean,
  memoryBytes: number,
): Entry {
  const limbs: (bigint | null)[] = [];
  const bits: number[] = [];
  const places: boolean[] = [];
  for (let slot = 0; slot < slots.length; slot += 1) {
    const word = slots[slot]!;
    for (let index = 0; index < LIMBS; index += 1) {
      const limb = word.limbs[index]!;
      limbs.push(typeof limb === 'bigint' ? limb : null);
      bits.push(word.bitsOf(index));
    }
    places.push(isInPlace(slot));
  }
  return { limbs, bits, isInPlace: places, memoryBytes };
}

/** Leaves of an entry what holds for these slots too. @returns whether that is less than before */
function forget(
  entry: Entry,
  slots: readonly Word[],
  isInPlace: (slot: number) => boolean,
  memoryBytes: number,
): boolean {
  let isLess = entry.memoryBytes > memoryBytes;
  if (isLess) entry.memoryBytes = memoryBytes;
  for (const [slot, word] of slots.entries()) {
    for (let index = 0; index < LIMBS; index += 1) {
      if (forgetLimb(entry, LIMBS * slot + index, word.limbs[index]!, word.bitsOf(index))) {
        isLess = true;
      }
    }
    const isStill = entry.isInPlace[slot]! && isInPlace(slot);
    if (entry.isInPlace[slot] !== isStill) isLess = true;
    entry.isInPlace[slot] = isStill;
  }
  return isLess;
}

function forgetLimb({ limbs, bits }: Entry, place: number, limb: Limb, now: number): boolean {
  const known = limbs[place]!;
  if (known === limb) return false;
  const before = bits[place]!;
  const isFirst = known !== null;
  if (!isFirst && now <= before) return false;
  limbs[place] = null;
  bits[place] = isFirst ? Math.max(before, now) : raised(before, now);
  return true;
}

/** Makes the emitter know what a node begins with. @param place  of a limb that is no number */
export function enter(
  e: Emitter,
  entry: Entry,
  place: (slot: number, index: number) => Limb,
): void {
  const slots = entry.isInPlace.map((_, slot) => {
    const limbs: Limb[] = [];
    for (let index = 0; index < LIMBS; index += 1) {
      limbs.push(entry.limbs[LIMBS * slot + index] ?? place(slot, index));
    }
    return new Word(limbs, entry.bits.slice(LIMBS * slot, LIMBS * (slot + 1)));
  });
  e.reset(slots, (slot) => entry.isInPlace[slot]!, entry.memoryBytes);
}
