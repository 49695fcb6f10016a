/**
 * Tier 2, which internal functions of a code are kept once. Compilers call an internal function by
 * a jump with its return address on the stack, mostly the place behind that jump. Where cloning
 * each of them for each place that calls it would make too much code, the long ones are shared. All
 * this is a guess from how compilers write code: a wrong one costs time, never a result.
 */
import * as op from '../kernel/opcodes.js';
import { type Block, type Blocks, isPush } from './blocks.js';
import { BELOW } from './tier2-regions.js';

/** Instructions after cloning, for each of the code: with 2.6 a swap took 5% longer. */
const GROWTH_MAX = 2.9;
/** A function that is longer, with its clones inside, is shared: the first that is enough. */
const CLONED_MAX = [Number.POSITIVE_INFINITY, 800, 400, 200, 100, 50, 25, 12, 0];
/** Blocks that are looked at to find all functions, for each block of the code. */
const WORK_MAX = 12;

export interface Sharing {
  /** Where functions begin that are kept once. */
  readonly shared: ReadonlySet<number>;
  /** Where functions begin that computed jumps may lead to. */
  readonly loose: ReadonlySet<number>;
  /** Places that the code pushes as words: return addresses above all. */
  readonly values: ReadonlySet<number>;
}

interface Body {
  /** Instructions of its own. */
  readonly length: number;
  /** Where the functions begin that it calls, one for each call. */
  readonly callees: readonly number[];
}

/** How control leaves a block. */
interface Ways {
  /** Within its function. */
  readonly next: readonly number[];
  readonly callees: readonly number[];
}

export function sharingOf(blocks: Blocks): Sharing {
  const places = new Places(blocks);
  const { values, returnSites } = places;
  const loose = [...values].filter((pc) => !returnSites.has(pc) && canShare(blocks, pc));
  const shared = new Functions(blocks, places).choose();
  return { shared, loose: new Set(loose), values };
}

function canShare({ byPc, all }: Blocks, pc: number): boolean {
  const number = byPc.get(pc);
  return pc !== 0 && number !== undefined && all[number]!.need.takes <= BELOW;
}

/** Jump destinations by how the code names them. */
class Places {
  readonly values = new Set<number>();
  /** Values that lie behind a jump: where a call returns to. */
  readonly returnSites = new Set<number>();
  readonly ofBlock = new Map<Block, Ways>();
  private readonly blocks: Blocks;
  /** The same as `values`, by block. */
  private readonly pushed = new Map<Block, number[]>();

  constructor(blocks: Blocks) {
    this.blocks = blocks;
    const { all } = blocks;
    // Compilers write all places of a code with the same width.
    const narrowest = (all.at(-1)?.pc ?? 0) > 0xff ? op.OP_PUSH1 + 1 : op.OP_PUSH1;
    for (const block of all) this.readValues(block, narrowest);
    for (const { end, nextPc } of all) {
      if (end === 'jumps' && this.values.has(nextPc)) this.returnSites.add(nextPc);
    }
    const begins = new Set<number>();
    for (const block of all) {
      const target = targetOf(block);
      if (target !== null && this.isCall(block)) begins.add(target);
    }
    for (const block of all) this.ofBlock.set(block, this.waysOf(block, begins));
  }

  private readValues(block: Block, narrowest: number): void {
    const { instructions } = block;
    const pushed: number[] = [];
    for (let index = 0; index < instructions.length; index += 1) {
      const { code, value } = instructions[index]!;
      if (code < narrowest || !isPush(code)) continue;
      const next = instructions[index + 1]?.code;
      const isWord = next !== op.OP_JUMP && next !== op.OP_JUMPI;
      if (!isWord || !this.blocks.jumpDestinations.has(placeOf(value))) continue;
      pushed.push(placeOf(value));
      this.values.add(placeOf(value));
    }
    this.pushed.set(block, pushed);
  }

  /** A jump with a return address that has just been pushed, or that is to come back behind it. */
  private isCall(block: Block): boolean {
    const isReturnedTo = this.returnSites.has(block.nextPc);
    return block.end === 'jumps' && (isReturnedTo || this.pushed.get(block)!.length > 0);
  }

  private waysOf(block: Block, begins: ReadonlySet<number>): Ways {
    const { returnSites } = this;
    const { instructions, end, nextPc } = block;
    const next: number[] = [];
    const callees: number[] = [];
    for (let index = 1; index < instructions.length; index += 1) {
      if (instructions[index]!.code !== op.OP_JUMPI) continue;
      next.push(placeOf(instructions[index - 1]!.value));
    }
    // A return address where nothing has been called is a function, called with the result.
    for (const pc of this.pushed.get(block)!) (returnSites.has(pc) ? next : callees).push(pc);
    const isGoneOnWith = end === 'falls' || end === 'messages';
    if (isGoneOnWith || (end === 'jumps' && returnSites.has(nextPc))) next.push(nextPc);
    const target = targetOf(block);
    if (target !== null) (begins.has(target) ? callees : next).push(target);
    return { next, callees };
  }
}

/** What a push names, if it is a place: nothing else is as low. */
function placeOf(value: bigint): number {
  return value <= 0xffffffn ? Number(value) : -1;
}

/** Of the jump at a block's end, where it was pushed right before. */
function targetOf({ end, instructions }: Block): number | null {
  const before = instructions.at(-2);
  return end === 'jumps' && before !== undefined && isPush(before.code)
    ? placeOf(before.value)
    : null;
}

class Functions {
  private readonly blocks: Blocks;
  private readonly places: Places;
  /** By the place where the function begins; the first is the code's own. */
  private readonly bodies = new Map<number, Body>();
  /** How many places call each. */
  private readonly calls = new Map<number, number>();
  private work = 0;
  private readonly workMax: number;

  constructor(blocks: Blocks, places: Places) {
    this.blocks = blocks;
    this.places = places;
    this.workMax = WORK_MAX * blocks.all.length;
    const wanted = [0];
    for (const pc of wanted) {
      if (this.bodies.has(pc)) continue;
      const body = this.bodyOf(pc);
      this.bodies.set(pc, body);
      for (const callee of body.callees) {
        this.calls.set(callee, 1 + (this.calls.get(callee) ?? 0));
        wanted.push(callee);
      }
    }
  }

  /** As few as are enough. */
  choose(): Set<number> {
    const { blocks, work, workMax } = this;
    const length = blocks.all.reduce((sum, { instructions }) => sum + instructions.length, 0);
    let shared = new Set<number>();
    for (const most of work > workMax ? CLONED_MAX.slice(-1) : CLONED_MAX) {
      const cloned = new Cloning(this.bodies, this.calls, most, (pc) => canShare(blocks, pc));
      shared = cloned.shared;
      if (cloned.length <= GROWTH_MAX * length) break;
    }
    return shared;
  }

  private bodyOf(start: number): Body {
    const { blocks, places } = this;
    const callees: number[] = [];
    const seen = new Set<number>();
    const wanted = [start];
    let length = 0;
    for (let pc = wanted.pop(); pc !== undefined; pc = wanted.pop()) {
      const number = blocks.byPc.get(pc);
      if (number === undefined || seen.has(pc) || this.work > this.workMax) continue;
      seen.add(pc);
      this.work += 1;
      const block = blocks.all[number]!;
      const ways = places.ofBlock.get(block)!;
      length += block.instructions.length;
      wanted.push(...ways.next);
      callees.push(...ways.callees);
    }
    return { length, callees };
  }
}

/** What a code would be, were functions up to some length cloned for each place that calls them. */
class Cloning {
  readonly shared = new Set<number>();
  /** Instructions. */
  length = 0;
  private readonly bodies: ReadonlyMap<number, Body>;
  private readonly calls: ReadonlyMap<number, number>;
  private readonly most: number;
  private readonly canShare: (pc: number) => boolean;
  /** With clones inside. */
  private readonly lengths = new Map<number, number>();

  constructor(
    bodies: ReadonlyMap<number, Body>,
    calls: ReadonlyMap<number, number>,
    most: number,
    canShare: (pc: number) => boolean,
  ) {
    this.bodies = bodies;
    this.calls = calls;
    this.most = most;
    this.canShare = canShare;
    this.visit(0);
  }

  /** Callees first, without recursion: functions may be a long chain. */
  private visit(start: number): void {
    const stack = [{ pc: start, next: 0, length: this.bodies.get(start)!.length }];
    const isOpen = new Set([start]);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const callee = this.bodies.get(top.pc)?.callees[top.next];
      top.next += 1;
      if (callee === undefined) {
        stack.pop();
        isOpen.delete(top.pc);
        this.close(top.pc, top.length);
        const caller = stack.at(-1);
        // It is looked at once more, now as one that is known.
        if (caller !== undefined) caller.next -= 1;
        continue;
      }
      const known = this.lengths.get(callee);
      if (known !== undefined) {
        if (!this.shared.has(callee)) top.length += known;
      } else if (isOpen.has(callee)) {
        // A function that calls itself has no end of clones.
        if (this.canShare(callee)) this.shared.add(callee);
      } else {
        isOpen.add(callee);
        stack.push({ pc: callee, next: 0, length: this.bodies.get(callee)?.length ?? 0 });
      }
    }
  }

  private close(pc: number, length: number): void {
    const isOnce = (this.calls.get(pc) ?? 0) <= 1;
    if (length > this.most && !isOnce && this.canShare(pc)) this.shared.add(pc);
    if (pc === 0 || this.shared.has(pc)) this.length += length;
    this.lengths.set(pc, length);
  }
}
