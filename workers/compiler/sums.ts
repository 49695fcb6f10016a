/** Sums and differences of words, limb by limb: no more carries than can matter are written. */
import { bound, boundOfSum, LIMB_BITS } from './bits.js';
import type { Emitter } from './emitter.js';
import { fold } from './fold.js';
import { Op } from './wasm-code.js';
import { constantWord, LIMBS, type ReadyLimb, Word } from './word.js';

/** A limb to which no more than this is added seldom carries: a branch is cheaper than sums. */
const SELDOM_MAX = 2n ** 48n;
const WORD_MAX = 2n ** 256n - 1n;

export function add(e: Emitter, a: Word, b: Word): Word {
  const [x, y] = a.constant === undefined ? [a, b] : [b, a];
  const addend = y.constant;
  if (addend === 0n) return x;
  if (addend === undefined || addend < WORD_MAX - SELDOM_MAX) return sum(e, x, y);
  return difference(e, x, constantWord(-addend & WORD_MAX));
}

function isSeldomCarried(word: Word): boolean {
  const limb = word.limbs[0]!;
  return word.isOneLimb && typeof limb === 'bigint' && limb <= SELDOM_MAX;
}

function sum(e: Emitter, a: Word, b: Word): Word {
  if (isSeldomCarried(b) && a.bitsOf(0) === LIMB_BITS && !a.isOneLimb) {
    return step(e, a, b.limbs[0] as bigint, Op.i64Add);
  }
  if (isLong(a) || isLong(b)) return longSum(e, a, b);
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  let carry: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const [bitsX, bitsY] = [a.bitsOf(index), b.bitsOf(index)];
    const isFitting = Math.max(bitsX, bitsY) < LIMB_BITS || index === LIMBS - 1;
    const partial = e.binary(Op.i64Add, x, y);
    const carried = isFitting || x === 0n || y === 0n ? 0n : e.compare(Op.i64LtU, partial, y);
    const whole = e.binary(Op.i64Add, partial, carry);
    const again = isFitting || carry === 0n ? 0n : e.compare(Op.i64LtU, whole, carry);
    limbs.push(whole);
    const isSame = carry === 0n && (x === 0n || y === 0n);
    bounds.push(isSame ? Math.max(bitsX, bitsY) : boundOfSum(bitsX, bitsY));
    carry = e.binary(Op.i64Or, carried, again);
  }
  return new Word(limbs, bounds);
}

export function difference(e: Emitter, a: Word, b: Word): Word {
  if (b.constant === 0n) return a;
  if (isSeldomCarried(b) && !a.isOneLimb) return step(e, a, b.limbs[0] as bigint, Op.i64Sub);
  if (isLong(a) || isLong(b)) return longDifference(e, a, b);
  const limbs: ReadyLimb[] = [];
  const bounds: number[] = [];
  let borrow: ReadyLimb = 0n;
  for (let index = 0; index < LIMBS; index += 1) {
    const x = e.limb(a, index);
    const y = e.limb(b, index);
    const isLast = index === LIMBS - 1;
    if (index > 0 && x === 0n && y === 0n) {
      // Nothing but the borrow, as in the limb below.
      const isAlike = a.limbs[index - 1] === 0n && b.limbs[index - 1] === 0n;
      limbs.push(isAlike ? limbs[index - 1]! : e.binary(Op.i64Sub, 0n, borrow));
      bounds.push(LIMB_BITS);
      continue;
    }
    const partial = e.binary(Op.i64Sub, x, y);
    const borrowed = isLast ? 0n : e.compare(Op.i64LtU, x, y);
    const again = isLast ? 0n : e.compare(Op.i64LtU, partial, borrow);
    limbs.push(e.binary(Op.i64Sub, partial, borrow));
    bounds.push(y === 0n && borrow === 0n ? a.bitsOf(index) : LIMB_BITS);
    borrow = e.binary(Op.i64Or, borrowed, again);
  }
  return new Word(limbs, bounds);
}

/** Its highest limb may be other than zero. */
function isLong({ limbs }: Word): boolean {
  return limbs[LIMBS - 1] !== 0n;
}

/** A limb of a sum or difference without what comes from the limb below. */
interface Piece {
  readonly limb: ReadyLimb;
  /** It wrapped around where the first of these is below the second; null: nowhere. */
  readonly below: readonly [ReadyLimb, ReadyLimb] | null;
  /** What comes from the limb below may make it wrap around. */
  readonly mayWrap: boolean;
}

function longSum(e: Emitter, a: Word, b: Word): Word {
  const bounds: number[] = [];
  const pieces = a.limbs.map((_, index): Piece => {
    const [x, y] = [e.limb(a, index), e.limb(b, index)];
    const [bitsX, bitsY] = [a.bitsOf(index), b.bitsOf(index)];
    const limb = e.binary(Op.i64Add, x, y);
    const mayWrap = Math.max(bitsX, bitsY) === LIMB_BITS;
    bounds.push(boundOfSum(bitsX, bitsY));
    return { limb, mayWrap, below: mayWrap && x !== 0n && y !== 0n ? [limb, y] : null };
  });
  return new Word(carriedOn(e, Op.i64Add, pieces), bounds);
}

function longDifference(e: Emitter, a: Word, b: Word): Word {
  const pieces = a.limbs.map((_, index): Piece => {
    const [x, y] = [e.limb(a, index), e.limb(b, index)];
    const limb = e.binary(Op.i64Sub, x, y);
    return { limb, mayWrap: true, below: y === 0n ? null : [x, y] };
  });
  return new Word(carriedOn(e, Op.i64Sub, pieces));
}

/**
 * Each limb takes what the one below it carries by itself. That this makes it carry in turn is so
 * seldom, or so much a habit of the code, that a branch costs less than to work it out.
 */
function carriedOn(e: Emitter, code: number, pieces: readonly Piece[]): ReadyLimb[] {
  const limbs = pieces.map(({ limb }, index) => {
    const below = index === 0 ? null : pieces[index - 1]!.below;
    return below === null ? limb : selectBelow(e, below, e.binary(code, limb, 1n), limb);
  });
  for (const index of [2, 1]) {
    const { limb, mayWrap } = pieces[index]!;
    if (!mayWrap || limbs[index] === limb) continue;
    for (let above = index + 1; above < LIMBS; above += 1) {
      const whole = limbs[above]!;
      const isOwn = typeof whole === 'number' && whole !== pieces[above]!.limb;
      if (!isOwn) limbs[above] = copyOf(e, whole);
    }
    const order = code === Op.i64Add ? [limbs[index]!, limb] : [limb, limbs[index]!];
    e.put(order[0]!);
    e.put(order[1]!);
    e.code.op(Op.i64LtU);
    e.code.if();
    carryInto(e, code, limbs.slice(index + 1) as number[]);
    e.code.end();
  }
  return limbs;
}

/** `yes` where the first limb is below the second, `no` elsewhere. */
export function selectBelow(
  e: Emitter,
  [x, y]: readonly [ReadyLimb, ReadyLimb],
  yes: ReadyLimb,
  no: ReadyLimb,
): ReadyLimb {
  const known = fold(Op.i64LtU, x, y);
  if (known !== undefined) return known === 1n ? yes : no;
  for (const limb of [yes, no, x, y]) e.put(limb);
  e.code.op(Op.i64LtU);
  e.code.op(Op.select);
  return e.keep();
}

/** A local that holds a limb, and nothing else uses it. */
function copyOf(e: Emitter, limb: ReadyLimb): number {
  const local = e.fresh();
  e.move(limb, local);
  return local;
}

/** Adds or subtracts one, from the lowest limb on; they are locals of their own. */
function carryInto(e: Emitter, code: number, limbs: readonly number[]): void {
  const [local, ...above] = limbs;
  if (local === undefined) return;
  const isSum = code === Op.i64Add;
  if (!isSum) carryIfZero(e, code, local, above);
  e.code.get(local);
  e.code.i64Const(1n);
  e.code.op(code);
  e.code.set(local);
  if (isSum) carryIfZero(e, code, local, above);
}

function carryIfZero(e: Emitter, code: number, local: number, above: readonly number[]): void {
  if (above.length === 0) return;
  e.code.get(local);
  e.code.op(Op.i64Eqz);
  e.code.if();
  carryInto(e, code, above);
  e.code.end();
}

/** A word and a small number, added or subtracted: the upper limbs seldom change. */
function step(e: Emitter, word: Word, by: bigint, code: number): Word {
  const { code: wasm } = e;
  const isSum = code === Op.i64Add;
  const old = word.limbs.map((_, index) => e.limb(word, index));
  const low = e.binary(code, old[0]!, by);
  const upper = old.slice(1).map((limb) => {
    const local = e.fresh();
    e.move(limb, local);
    return local;
  });
  e.put(isSum ? low : old[0]!);
  e.put(by);
  wasm.op(Op.i64LtU);
  wasm.if();
  for (const [index, local] of upper.entries()) {
    if (index > 0) {
      // The limb below was the last of its kind.
      e.put(isSum ? upper[index - 1]! : old[index]!);
      wasm.op(Op.i64Eqz);
      wasm.if();
    }
    e.put(old[index + 1]!);
    wasm.i64Const(1n);
    wasm.op(code);
    wasm.set(local);
  }
  for (const _ of upper) wasm.end();
  if (!isSum) return new Word([low, ...upper]);
  const bounds = upper.map((_, index) => bound(word.bitsOf(index + 1) + 1));
  return new Word([low, ...upper], [LIMB_BITS, ...bounds]);
}
