/**
 * Tier 2, what a code does: its blocks, once for each height of the stack and each set of jump
 * destinations that lie on it, so that every jump but a shared function's return leads to one known
 * place (tier2-regions.ts). For each such node it is worked out which limbs of the stack are the
 * same number however it is entered. The analysis is the translation itself with its code thrown
 * away, repeated until nothing new is learnt: so both agree.
 */
import { assert } from '../../state/base/assert.js';
import { type Block, type Blocks, STACK_WORDS_MAX } from './blocks.js';
import { Emitter } from './emitter.js';
import { Local } from './locals.js';
import { sharingOf } from './tier2-calls.js';
import { type Edge, type Entry, entryOf, forget, heightOf } from './tier2-entry.js';
import { nameBelow, type StackName, StackNames } from './tier2-names.js';
import { groupsInOrder } from './tier2-order.js';
import { BELOW, Regions, WHOLE } from './tier2-regions.js';
import { BlockWalker } from './tier2-walker.js';
import { Unsuitable } from './unsuitable.js';
import { type Word, wordAt } from './word.js';

export interface Node {
  readonly index: number;
  readonly block: Block;
  /** The place of the shared function that it is a part of, or WHOLE. */
  readonly region: number;
  /** In a shared function as if BELOW words lay on the stack where it begins. */
  readonly height: number;
  /** Of the stack that it begins with. */
  readonly name: StackName;
  readonly entry: Entry;
  /** Indices of nodes; one for each way there. */
  successors: number[];
  /** A shared function begins here. */
  readonly isRoot: boolean;
  /** It is gone on with when a message or a shared function has ended. */
  isResumed: boolean;
  /** Computed jumps find it. */
  isFound: boolean;
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
/** A shared function that leaves more words is not followed. */
const RESULTS_MAX = 32;
/** Above all heights: places in memory do not matter to the analysis. */
const SLOTS_MAX = 4_096;

/** A stack, as far as it is not the same as where the block before begins. */
export interface Stack {
  readonly below: number;
  readonly slots: readonly Word[];
  /** A shared function has ended: what lies below is not as in the node that has called it. */
  readonly isResumed?: boolean;
}

export class NodeGraph {
  readonly nodes: Node[] = [];
  readonly blocks: Blocks;
  readonly regions: Regions;
  private readonly names = new StackNames();
  /** By the block's place, and then by height and name of the stack. */
  private readonly byKey = new Map<number, Map<number, Node>>();
  /** Those where regions begin, by place. */
  private readonly roots = new Map<number, Node>();
  private readonly nodesMax: number;

  /** @throws Unsuitable */
  constructor(blocks: Blocks) {
    this.blocks = blocks;
    this.regions = new Regions(sharingOf(blocks));
    this.nodesMax = Math.min(NODES_MAX, 16 + CLONES_MAX * blocks.all.length);
    new Analysis(this).run();
  }

  /**
   * The node for code at `pc` with this stack, reached from another one.
   * @returns undefined where the stack does not fit what is known of it: it is to be interpreted
   */
  find(from: Node, pc: number, stack: Stack): Node | undefined {
    if (this.regions.isShared(pc)) return this.roots.get(pc);
    const height = stack.below + stack.slots.length;
    return this.byKey.get(pc)?.get(keyOf(this.nameOf(from, stack), height));
  }

  /** The same; where there is none yet it is made. */
  findOrAdd(from: Node, pc: number, edge: Edge): Node | undefined {
    const { regions, byKey } = this;
    if (regions.isShared(pc)) return this.root(pc);
    const { region } = from;
    const height = heightOf(edge);
    const name = this.nameOf(from, edge);
    const key = keyOf(name, height);
    const nodes = byKey.get(pc) ?? new Map<number, Node>();
    const known = nodes.get(key);
    if (known !== undefined) return known;
    const block = this.blockAt(pc);
    if (!doesFit(block, region, height)) return undefined;
    const node = this.add({ block, region, height, name, entry: entryOf(edge) }, false);
    byKey.set(pc, nodes.set(key, node));
    return node;
  }

  /** Where the code begins. */
  first(): Node {
    const entry = { words: [], isInPlace: [], memoryBytes: 0 };
    const name = this.names.bottomOf(WHOLE);
    const block = this.blockAt(0);
    const node = this.add({ block, region: WHOLE, height: 0, name, entry }, false);
    this.byKey.set(0, new Map([[keyOf(name, 0), node]]));
    return node;
  }

  /** Where a shared function begins, or code that only computed jumps lead to. */
  root(pc: number): Node {
    const known = this.roots.get(pc);
    if (known !== undefined) return known;
    const { entry } = this.regions.of(pc);
    const block = this.blockAt(pc);
    const name = this.names.bottomOf(pc);
    const node = this.add({ block, region: pc, height: BELOW, name, entry }, true);
    this.roots.set(pc, node);
    return node;
  }

  private add(
    facts: Pick<Node, 'block' | 'region' | 'height' | 'name' | 'entry'>,
    isRoot: boolean,
  ): Node {
    if (this.nodes.length >= this.nodesMax) throw new Unsuitable('too many clones');
    const index = this.nodes.length;
    const { block, region, height, name, entry } = facts;
    const node: Node = {
      index,
      block,
      region,
      height,
      name,
      entry,
      successors: [],
      isRoot,
      isResumed: isRoot,
      isFound: isRoot,
    };
    this.nodes.push(node);
    return node;
  }

  private blockAt(pc: number): Block {
    const number = this.blocks.byPc.get(pc);
    assert(number !== undefined, 'a target is a block');
    return this.blocks.all[number]!;
  }

  /** What the node's block does not reach is named as in the node. */
  private nameOf(from: Node, { below, slots, isResumed }: Stack): StackName {
    const { names, blocks } = this;
    const first = isResumed === true ? below : Math.max(below, reachOf(from));
    let name = isResumed === true ? names.bottomOf(from.region) : nameBelow(from.name, first);
    for (let at = first - below; at < slots.length; at += 1) {
      const value = slots[at]!.smallConstant;
      if (value > 0 && blocks.jumpDestinations.has(value)) {
        name = names.with(name, below + at, value);
      }
    }
    return name;
  }
}

function keyOf({ id }: StackName, height: number): number {
  return id * (STACK_WORDS_MAX + 1) + height;
}

/** The lowest slot that a node's block reaches. */
export function reachOf({ height, block }: Node): number {
  return Math.max(0, height - block.need.takes);
}

/** In a shared function the stack's bounds are looked at where it is entered, and only there. */
function doesFit({ need }: Block, region: number, height: number): boolean {
  if (region === WHOLE) return true;
  return need.takes <= height && height + need.grows <= STACK_WORDS_MAX;
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
    graph.first();
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
    const { e, current, below } = this;
    const { slots, memoryBytes } = e;
    const from = current!.entry;
    const isInPlace = (at: number): boolean => e.isInPlace(at);
    this.learn(current!, pc, { from, below, slots, isSpilled: false, isInPlace, memoryBytes });
    if (this.graph.regions.isShared(pc)) this.call(current!, pc, this.stackOf(slots));
  }

  protected override message(_code: number, pc: number, slots: readonly Word[]): void {
    const { current, below, e } = this;
    const from = current!.entry;
    const { memoryBytes } = e;
    const edge = { from, below, slots, isSpilled: true, isInPlace: () => true, memoryBytes };
    const node = this.learn(current!, pc, edge);
    if (node === undefined) throw new Unsuitable('a message that cannot be followed');
    node.isResumed = true;
  }

  /** With a return address on the stack it is a call, else the return of a shared function. */
  protected override computedJump(): void {
    const { e, current, graph } = this;
    const { regions } = graph;
    const { region, block } = current!;
    const stack = this.stackOf(e.slots);
    const isCall = stack.some(({ smallConstant }) => smallConstant === block.nextPc);
    if (!isCall && region !== WHOLE) {
      regions.leave(region, stack.length - BELOW);
      return;
    }
    if (regions.loose.size === 0) throw new Unsuitable('a jump that is not static');
    for (const pc of regions.loose) {
      current!.successors.push(graph.root(pc).index);
      this.call(current!, pc, stack);
    }
  }

  /** A shared function is jumped to with such a stack. */
  private call(from: Node, callee: number, slots: readonly Word[]): void {
    const { regions } = this.graph;
    const height = slots.length;
    const at = regions.returnSlot(slots);
    if (at >= 0) {
      const pc = slots[at]!.smallConstant;
      const below = slots.slice(0, at);
      const resume = (change: number): void => this.resume(from, pc, below, height + change);
      regions.enter(callee, `${from.index}:${pc}`, resume);
    } else if (from.region !== WHOLE) {
      const before = height - BELOW;
      regions.enter(callee, `${from.index}`, (change) =>
        regions.leave(from.region, before + change),
      );
    }
  }

  /** A shared function that a node has called ends at such a height. */
  private resume(from: Node, pc: number, below: readonly Word[], height: number): void {
    const { regions, blocks } = this.graph;
    const results = height - below.length;
    if (results < 0 || results > RESULTS_MAX) return;
    const slots = below.map((word, slot) => {
      const isChecked = blocks.jumpDestinations.has(word.smallConstant);
      const isKept = isChecked || regions.isUntouched(from.region, slot, word);
      return isKept ? word : wordAt(Local.base, 0);
    });
    for (let count = 0; count < results; count += 1) slots.push(wordAt(Local.base, 0));
    const node = this.learn(from, pc, {
      from: from.entry,
      below: 0,
      slots,
      isResumed: true,
      isSpilled: true,
      isInPlace: () => true,
      memoryBytes: 0,
    });
    if (node === undefined) return;
    node.isResumed = true;
    node.isFound = true;
    if (regions.isShared(pc)) this.call(from, pc, slots);
  }

  /** The whole stack, where these words lie on what the node's block does not reach. */
  private stackOf(slots: readonly Word[]): Word[] {
    return [...this.current!.entry.words.slice(0, this.below), ...slots];
  }

  private visit(node: Node): void {
    const { e } = this;
    this.visits[node.index] = 1 + (this.visits[node.index] ?? 0);
    this.work += node.block.instructions.length + node.height;
    if (this.work > this.workMax) throw new Unsuitable('too much to learn');
    this.current = node;
    node.successors = [];
    e.begin();
    e.slotsMax = SLOTS_MAX;
    e.failLabel = e.code.block();
    const { words, isInPlace, memoryBytes } = node.entry;
    const below = reachOf(node);
    this.below = below;
    e.reset(words.slice(below), (slot) => isInPlace[below + slot]!, memoryBytes);
    // Other nodes have these words too: what is loaded here is not loaded there.
    const loads = e.loads.begin();
    this.walk(node.block);
    e.loads.undo(loads);
  }

  /** @returns where that leads; undefined where it is not followed */
  private learn(from: Node, pc: number, edge: Edge): Node | undefined {
    const { graph } = this;
    const count = graph.nodes.length;
    const node = graph.findOrAdd(from, pc, edge);
    if (node === undefined) return undefined;
    from.successors.push(node.index);
    if (graph.nodes.length > count || graph.regions.isShared(pc)) return node;
    const visits = this.visits[node.index] ?? 0;
    const isMoved = graph.regions.touch(node.region, node.entry, edge);
    const isLess = forget(node.entry, edge, visits >= PATIENCE, node.region === WHOLE);
    if ((isMoved || isLess) && visits > 0) this.stale.add(node);
    return node;
  }
}
