/**
 * Writes blocks of code: pieces that take nothing from the stack that they did not put there
 * themselves and that may stand anywhere, so that a program stays one when any of them is taken
 * away. Jump targets within a block are relative; `assemble` adds where the block came to lie.
 */
import { concatBytes, fromHex } from '../../state/base/bytes.js';
import { opcodeOf } from './opcodes.js';

export interface CodeBlock {
  /** What made it, for people. */
  readonly kind: string;
  readonly hex: string;
  /** Where the operands of PUSH2 are that hold an offset within the block. */
  readonly fixups: readonly number[];
}

export interface Label {
  offset: number;
}

const PUSH0 = 0x5f;
const PUSH2 = 0x61;

export class CodeWriter {
  /** Words of this block on the stack. */
  height = 0;
  private readonly bytes: number[] = [];
  private readonly references: { readonly at: number; readonly label: Label }[] = [];

  op(...names: readonly string[]): void {
    for (const name of names) {
      const { code, takes, leaves } = opcodeOf(name);
      if (this.height < takes) throw new Error(`${name} takes ${takes}, there are ${this.height}`);
      this.height += leaves - takes;
      this.bytes.push(code);
    }
  }

  /** Bytes written. */
  get length(): number {
    return this.bytes.length;
  }

  /** In as few bytes as it has, or in `width` (1 to 32). PUSH0 is never used: it is an op. */
  push(value: bigint | number, width = 0): void {
    const hex = value.toString(16);
    const bytes = Math.max(width, Math.ceil(hex.length / 2));
    this.bytes.push(PUSH0 + bytes);
    for (let left = bytes; left > 0; left -= 1) {
      const at = hex.length - left * 2;
      this.bytes.push(at <= -2 ? 0 : Number.parseInt(hex.slice(Math.max(at, 0), at + 2), 16));
    }
    this.height += 1;
  }

  pushLabel(label: Label): void {
    this.bytes.push(PUSH2, 0, 0);
    this.references.push({ at: this.bytes.length - 2, label });
    this.height += 1;
  }

  /** The label is here, where a jump may go to. */
  jumpdest(label: Label): void {
    label.offset = this.bytes.length;
    this.op('JUMPDEST');
  }

  /** Bytes that are never run: put where no execution comes by. */
  data(label: Label, bytes: Uint8Array): void {
    label.offset = this.bytes.length;
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.bytes.push(byte);
  }

  build(kind: string): CodeBlock {
    for (const { at, label } of this.references) {
      this.bytes[at] = label.offset >> 8;
      this.bytes[at + 1] = label.offset & 0xff;
    }
    const hex = Buffer.from(this.bytes).toString('hex');
    return { kind, hex, fixups: this.references.map(({ at }) => at) };
  }
}

export function newLabel(): Label {
  return { offset: 0 };
}

/** The code that blocks are, one after the other. */
export function assemble(blocks: readonly CodeBlock[]): Uint8Array {
  let base = 0;
  const parts = blocks.map(({ hex, fixups }) => {
    const bytes = fromHex(hex);
    for (const at of fixups) {
      const target = base + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
      bytes[at] = (target >> 8) & 0xff;
      bytes[at + 1] = target & 0xff;
    }
    base += bytes.length;
    return bytes;
  });
  return concatBytes(...parts);
}
