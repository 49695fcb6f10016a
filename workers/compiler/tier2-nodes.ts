/**
 * Tier 2, what a code does: its blocks, once for each height of the stack and each set of jump
 * destinations that lie on it, so that every jump leads to one known place. For each such node it
 * is worked out which limbs of the stack are the same number however it is entered. The analysis
 * is the translation itself with its code thrown away, repeated until nothing new is learnt: so
 * both agree.
 */
import { assert } from '../../state/base/assert.js';
import type { Block, Blocks } from './blocks.js';
import { Emitter } from './emitter.js';
import { type Entry, entryOf, forget } from './tier2-entry.js';
import { groupsInOrder } from './tier2-order.js';
import { BlockWalker } from './tier2-walker.js';
import { Unsuitable } from './unsuitable.js';
import type { Word } from './word.js';

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
/** What is still learnt after so many walks of a node is learnt at once, and coarsely. */
const PATIENCE = 6;
/**
 * Instructions and stack words that are gone through, for each instruction of the code: twice what
 * the code of mainnet takes whose stack is deepest, of those that were looked at (53).
 */
const WORK_MAX = 106;
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

  /** The same; where there is none yet it is made. */
  findOrAdd(pc: number, slots: readonly Word[], entry: () => Entry): Node {
    const key = this.keyOf(pc, slots);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const number = this.blocks.byPc.get(pc);
    assert(number !== undefined, 'a target is a block');
    if (this.nodes.length >= this.nodesMax) throw new Unsuitable('too many clones');
    const node: Node = {
      index: this.nodes.length,
      block: this.blocks.all[number]!,
      height: slots.length,
      entry: entry(),
      successors: [],
      resumed: null,
    };
    this.nodes.push(node);
    this.byKey.set(key, node);
    return node;
  }

  private keyOf(pc: number, slots: readonly Word[]): string {
    let key = `${pc}:${slots.length}`;
    for (let slot = 0; slot < slots.length; slot += 1) {
      const value = slots[slot]!.smallConstant;
      if (value > 0 && this.blocks.jumpDestinations.has(value)) key += `,${slot}=${value}`;
    }
    return key;
  }
}

/**
 * Walks nodes until what is known where each begins holds for all ways to it: each once as it is
 * found, so that a code with too many is refused soon; then again what has turned out to be known
 * less, a loop until it is settled, and only then what it leads to.
 */
class Analysis extends BlockWalker {
  private readonly graph: NodeGraph;
  /** Nodes to be walked again. */
  private readonly stale = new Set<Node>();
  /** How often each has been walked. */
  private readonly visits: number[] = [];
  private work = 0;
  private readonly workMax: number;
  private current: Node | undefined;

  constructor(graph: NodeGraph) {
    super(new Emitter(), graph.blocks);
    this.e.code.isSilent = true;
    this.graph = graph;
    const { all } = graph.blocks;
    this.workMax = WORK_MAX * all.reduce((sum, { instructions }) => sum + instructions.length, 0);
  }

  run(): void {
    const { graph } = this;
    graph.findOrAdd(0, [], () => ({ words: [], isInPlace: [], memoryBytes: 0 }));
    do {
      const { nodes } = graph;
      while (this.visits.length < nodes.length) this.visit(nodes[this.visits.length]!);
    } while (this.settleAll() || this.visits.length < graph.nodes.length);
  }

  /** @returns false where there was nothing to do */
  private settleAll(): boolean {
    const { graph, stale } = this;
    if (stale.size === 0) return false;
    const before = this.work;
    for (const group of groupsInOrder(graph.nodes)) {
      while (group.some((node) => stale.has(node))) {
        for (const node of group) if (stale.delete(node)) this.visit(node);
      }
    }
    return this.work > before;
  }

  protected override edge(pc: number): void {
    this.learn(pc, this.e.slots, false);
  }

  protected override message(_code: number, pc: number, slots: readonly Word[]): void {
    this.learn(pc, slots, true);
  }

  private visit(node: Node): void {
    const { e } = this;
    this.visits[node.index] = 1 + (this.visits[node.index] ?? 0);
    this.work += node.block.instructions.length + node.height;
    if (this.work > this.workMax) throw new Unsuitable('too much to learn');
    this.current = node;
    node.successors = [];
    node.resumed = null;
    e.begin();
    e.slotsMax = SLOTS_MAX;
    e.failLabel = e.code.block();
    const { words, isInPlace, memoryBytes } = node.entry;
    e.reset([...words], (slot) => isInPlace[slot]!, memoryBytes);
    // Other nodes have these words too: what is loaded here is not loaded there.
    const before = e.save();
    this.walk(node.block);
    e.restore(before);
  }

  private learn(pc: number, slots: readonly Word[], isMessage: boolean): void {
    const { graph, current, e } = this;
    const isInPlace = (slot: number): boolean => isMessage || e.isInPlace(slot);
    const edge = { slots, isInPlace, memoryBytes: e.memoryBytes };
    const count = graph.nodes.length;
    const node = graph.findOrAdd(pc, slots, () => entryOf(edge, current!.entry));
    current!.successors.push(node.index);
    if (isMessage) current!.resumed = node.index;
    if (graph.nodes.length > count) return;
    const visits = this.visits[node.index] ?? 0;
    const isStale = forget(node.entry, edge, visits >= PATIENCE);
    if (isStale && visits > 0) this.stale.add(node);
  }
}
