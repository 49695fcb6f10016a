/** What an i64 instruction gives where its operands say it already. */
import { Op } from './wasm-code.js';
import { LIMB_MAX, type ReadyLimb } from './word.js';

/** @returns the result, or undefined where the instruction has to be run */
export function fold(code: number, x: ReadyLimb, y: ReadyLimb): ReadyLimb | undefined {
  if (typeof x === 'bigint' && typeof y === 'bigint') return constant(code, x, y);
  if (x === y) return ofItself(code, x);
  return typeof y === 'bigint' ? withRight(code, x, y) : withLeft(code, x as bigint, y);
}

function constant(code: number, x: bigint, y: bigint): bigint | undefined {
  switch (code) {
    case Op.i64Add:
      return (x + y) & LIMB_MAX;
    case Op.i64Sub:
      return (x - y) & LIMB_MAX;
    case Op.i64Mul:
      return (x * y) & LIMB_MAX;
    case Op.i64And:
      return x & y;
    case Op.i64Or:
      return x | y;
    case Op.i64Xor:
      return x ^ y;
    case Op.i64Shl:
      return (x << (y & 63n)) & LIMB_MAX;
    case Op.i64ShrU:
      return x >> (y & 63n);
    case Op.i64ShrS:
      return BigInt.asUintN(64, BigInt.asIntN(64, x) >> (y & 63n));
    case Op.i64Eq:
      return x === y ? 1n : 0n;
    case Op.i64LtU:
      return x < y ? 1n : 0n;
    case Op.i64LtS:
      return BigInt.asIntN(64, x) < BigInt.asIntN(64, y) ? 1n : 0n;
    default:
      return undefined;
  }
}

/** Both operands are the same local. */
function ofItself(code: number, x: ReadyLimb): ReadyLimb | undefined {
  if (code === Op.i64And || code === Op.i64Or) return x;
  if (code === Op.i64Sub || code === Op.i64Xor) return 0n;
  if (code === Op.i64LtU || code === Op.i64LtS) return 0n;
  return code === Op.i64Eq ? 1n : undefined;
}

function withRight(code: number, x: ReadyLimb, y: bigint): ReadyLimb | undefined {
  if (y === 0n) {
    if (code === Op.i64And || code === Op.i64Mul || code === Op.i64LtU) return 0n;
    const isSame = KEEPS_WITH_ZERO.has(code);
    return isSame ? x : undefined;
  }
  if (y === LIMB_MAX && code === Op.i64And) return x;
  if (y === LIMB_MAX && code === Op.i64Or) return LIMB_MAX;
  return y === 1n && code === Op.i64Mul ? x : undefined;
}

function withLeft(code: number, x: bigint, y: ReadyLimb): ReadyLimb | undefined {
  if (COMMUTES.has(code)) return withRight(code, y, x);
  if (x === LIMB_MAX && code === Op.i64LtU) return 0n;
  const isShift = code === Op.i64Shl || code === Op.i64ShrU || code === Op.i64ShrS;
  return x === 0n && isShift ? 0n : undefined;
}

const COMMUTES: ReadonlySet<number> = new Set([
  Op.i64Add,
  Op.i64Mul,
  Op.i64And,
  Op.i64Or,
  Op.i64Xor,
]);
const KEEPS_WITH_ZERO: ReadonlySet<number> = new Set([
  Op.i64Add,
  Op.i64Sub,
  Op.i64Or,
  Op.i64Xor,
  Op.i64Shl,
  Op.i64ShrU,
  Op.i64ShrS,
]);
