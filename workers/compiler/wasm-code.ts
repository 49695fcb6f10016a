/**
 * The body of one WebAssembly function, written byte by byte: LEB128 numbers, instructions, and
 * labels that become relative depths. Only what compiled contracts need.
 * Source: https://webassembly.github.io/spec/core/binary/ (instructions, values).
 */
import { assert } from '../../state/base/assert.js';

/** Instructions without immediates, and those whose immediate is a memory argument. */
export const Op = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Load: 0x28,
  i64Load: 0x29,
  i64Load8U: 0x31,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  i64Store8: 0x3c,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i64LeU: 0x58,
  i64GeU: 0x5a,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i32ShrU: 0x76,
  i64Clz: 0x79,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
} as const;

/** The same behind the SIMD prefix. */
export const Simd = {
  load: 0,
  store: 11,
  constant: 12,
  swizzle: 14,
  splat: 18,
  extractLane: 29,
  replaceLane: 30,
  load32Zero: 92,
} as const;

const SIMD_PREFIX = 0xfd;
const VOID = 0x40;
const FIRST_BYTES = 1_024;
/** Longest single write: a v128 constant with its prefix. */
const WRITE_BYTES_MAX = 32;

/** The depth at which a block was opened. */
export type Label = number;

export interface CodeMark {
  readonly length: number;
  readonly depth: number;
}

export class WasmCode {
  length = 0;
  /** Nothing is written: only depths are kept. */
  isSilent = false;
  private bytes = new Uint8Array(FIRST_BYTES);
  private depth = 0;

  /** What has been written; good until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    this.depth = 0;
  }

  /** A place to come back to. */
  mark(): CodeMark {
    return { length: this.length, depth: this.depth };
  }

  /** What was written since then is forgotten. */
  rewind({ length, depth }: CodeMark): void {
    this.length = length;
    this.depth = depth;
  }

  op(code: number): void {
    if (this.isSilent) return;
    this.room(WRITE_BYTES_MAX);
    this.bytes[this.length++] = code;
  }

  /** Unsigned LEB128. */
  u32(value: number): void {
    if (this.isSilent) return;
    this.room(WRITE_BYTES_MAX);
    let left = value;
    while (left > 0x7f) {
      this.bytes[this.length++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.bytes[this.length++] = left;
  }

  i32Const(value: number): void {
    if (this.isSilent) return;
    this.op(0x41);
    let left = value | 0;
    while (left < -0x40 || left > 0x3f) {
      this.bytes[this.length++] = (left & 0x7f) | 0x80;
      left >>= 7;
    }
    this.bytes[this.length++] = left & 0x7f;
  }

  /** @param value  0 to 2^64 - 1 */
  i64Const(value: bigint): void {
    if (this.isSilent) return;
    this.op(0x42);
    if (value < 0x40n) {
      this.bytes[this.length++] = Number(value);
      return;
    }
    let left = BigInt.asIntN(64, value);
    while (left < -0x40n || left > 0x3fn) {
      this.bytes[this.length++] = Number(left & 0x7fn) | 0x80;
      left >>= 7n;
    }
    this.bytes[this.length++] = Number(left & 0x7fn);
  }

  get(local: number): void {
    this.op(0x20);
    this.u32(local);
  }

  set(local: number): void {
    this.op(0x21);
    this.u32(local);
  }

  tee(local: number): void {
    this.op(0x22);
    this.u32(local);
  }

  /** A load or store. No alignment is promised. */
  memory(code: number, offset: number): void {
    this.op(code);
    this.u32(0);
    this.u32(offset);
  }

  simd(code: number): void {
    this.op(SIMD_PREFIX);
    this.u32(code);
  }

  simdMemory(code: number, offset: number): void {
    this.simd(code);
    this.u32(0);
    this.u32(offset);
  }

  simdLane(code: number, lane: number): void {
    this.simd(code);
    this.op(lane);
  }

  /** Sixteen bytes: of a constant. */
  simdBytes(code: number, bytes: ArrayLike<number>): void {
    if (this.isSilent) return;
    this.simd(code);
    this.room(WRITE_BYTES_MAX);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  call(index: number): void {
    this.op(0x10);
    this.u32(index);
  }

  callIndirect(type: number): void {
    this.op(0x11);
    this.u32(type);
    this.u32(0);
  }

  block(): Label {
    return this.open(0x02);
  }

  loop(): Label {
    return this.open(0x03);
  }

  if(): Label {
    return this.open(0x04);
  }

  else(): void {
    this.op(0x05);
  }

  end(): void {
    this.depth -= 1;
    this.op(0x0b);
  }

  br(label: Label): void {
    this.op(0x0c);
    this.u32(this.relative(label));
  }

  brIf(label: Label): void {
    this.op(0x0d);
    this.u32(this.relative(label));
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.op(0x0e);
    this.u32(labels.length);
    for (const label of labels) this.u32(this.relative(label));
    this.u32(this.relative(otherwise));
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private open(code: number): Label {
    this.op(code);
    this.op(VOID);
    this.depth += 1;
    return this.depth;
  }

  private relative(label: Label): number {
    assert(label > 0 && label <= this.depth, 'a branch leads to an open block');
    return this.depth - label;
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.bytes.length + bytes));
    larger.set(this.view());
    this.bytes = larger;
  }
}
