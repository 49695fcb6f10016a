/**
 * Tier 2, the shape of a graph of nodes: reverse postorder, dominators, and the cut into functions.
 * A function is entered at its root alone, so everything that control may reach from another
 * function becomes a root too; between functions the stack is in memory.
 * Source: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"; Ramsey, "Beyond Relooper".
 */
import type { Node } from './tier2-nodes.js';
import { reversePostorder } from './tier2-order.js';

/** Instructions of one function, about: V8's optimiser is not linear in them. */
export const FUNCTION_LENGTH = 1_500;
const NONE = -1;

export class Shape {
  /** Nodes in reverse postorder: but for loops, each after all that lead to it. */
  readonly order: readonly Node[];
  /** Place in `order`, by node. */
  readonly rank: Int32Array;
  /** By node; the first node's is itself. */
  readonly dominator: Int32Array;
  readonly predecessors: number[][];
  readonly roots = new Set<number>([0]);
  /** The root of the function that each node is in. */
  readonly owner: Int32Array;
  /** For each node how many loops it is in. */
  private readonly loopDepth: Int32Array;
  private readonly nodes: readonly Node[];
  private readonly lengthMax: number;

  constructor(nodes: readonly Node[], lengthMax: number = FUNCTION_LENGTH) {
    this.nodes = nodes;
    this.lengthMax = lengthMax;
    this.order = reversePostorder(nodes);
    // Arrays that are filled out of order would be tables of hashes.
    this.rank = new Int32Array(nodes.length);
    this.dominator = new Int32Array(nodes.length).fill(NONE);
    this.owner = new Int32Array(nodes.length);
    this.loopDepth = new Int32Array(nodes.length);
    for (const [rank, { index }] of this.order.entries()) this.rank[index] = rank;
    this.predecessors = nodes.map(() => []);
    for (const { index, successors } of this.order) {
      for (const to of successors) this.predecessors[to]!.push(index);
    }
    this.findDominators();
    this.cutIrreducible();
    this.countLoops();
    for (const { index, isResumed } of this.order) if (isResumed) this.roots.add(index);
    this.closeRoots();
    this.cutLong();
    this.closeRoots();
  }

  dominates(a: number, b: number): boolean {
    let at = b;
    while (this.rank[at]! > this.rank[a]!) at = this.dominator[at]!;
    return at === a;
  }

  /** An edge that closes a loop. */
  isBack(from: number, to: number): boolean {
    return this.rank[to]! <= this.rank[from]!;
  }

  private findDominators(): void {
    const { order, rank, dominator, predecessors } = this;
    dominator[0] = 0;
    for (let isChanging = true; isChanging; ) {
      isChanging = false;
      for (const { index } of order) {
        if (index === 0) continue;
        let common = NONE;
        for (const from of predecessors[index]!) {
          if (dominator[from] === NONE) continue;
          common = common === NONE ? from : meet(from, common, dominator, rank);
        }
        if (dominator[index] !== common) {
          dominator[index] = common;
          isChanging = true;
        }
      }
    }
  }

  /** Where a loop is entered in two places, one of them begins a function: it is no loop then. */
  private cutIrreducible(): void {
    for (const { index, successors } of this.order) {
      for (const to of successors) {
        if (this.isBack(index, to) && !this.dominates(to, index)) this.roots.add(to);
      }
    }
  }

  /** A loop is what leads back to its first node. */
  private countLoops(): void {
    const { order, predecessors, loopDepth } = this;
    for (const { index } of order) {
      const isLoop = (from: number): boolean =>
        this.isBack(from, index) && this.dominates(index, from);
      const ends = predecessors[index]!.filter(isLoop);
      if (ends.length === 0) continue;
      const inside = new Set([index]);
      for (let at = ends.pop(); at !== undefined; at = ends.pop()) {
        if (inside.has(at)) continue;
        inside.add(at);
        ends.push(...predecessors[at]!);
      }
      for (const at of inside) loopDepth[at]! += 1;
    }
  }

  /** Until no edge leads into the middle of another function. */
  private closeRoots(): void {
    const { order, owner, roots, dominator } = this;
    for (let isChanging = true; isChanging; ) {
      isChanging = false;
      for (const { index } of order) {
        owner[index] = roots.has(index) ? index : owner[dominator[index]!]!;
      }
      for (const { index, successors } of order) {
        for (const to of successors) {
          if (owner[to] === owner[index] || roots.has(to)) continue;
          roots.add(to);
          isChanging = true;
        }
      }
    }
  }

  /**
   * From the leaves up: where a function would be too long, branches leave it, first those that
   * are in fewest loops, and of those the longest.
   */
  private cutLong(): void {
    const { order, owner, roots, dominator, loopDepth } = this;
    const length = new Int32Array(this.nodes.length);
    const children: number[][] = this.nodes.map(() => []);
    for (const { index, block } of [...order].reverse()) {
      const inside = children[index]!.sort(
        (a, b) => loopDepth[a]! - loopDepth[b]! || length[b]! - length[a]!,
      );
      let sum = block.instructions.length;
      for (const child of inside) sum += length[child]!;
      for (const child of inside) {
        if (sum <= this.lengthMax) break;
        roots.add(child);
        sum -= length[child]!;
      }
      length[index] = sum;
      const parent = dominator[index]!;
      if (!roots.has(index) && owner[parent] === owner[index]) children[parent]!.push(index);
    }
  }
}

function meet(a: number, b: number, dominator: Int32Array, rank: Int32Array): number {
  let one = a;
  let other = b;
  while (one !== other) {
    while (rank[one]! > rank[other]!) one = dominator[one]!;
    while (rank[other]! > rank[one]!) other = dominator[other]!;
  }
  return one;
}
