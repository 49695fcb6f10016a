/**
 * Contracts that are made to cost a compiler much and their author little: each is as long as a
 * code may be, ends a call at once unless it is asked to run, and has in it what some step of
 * compiling takes worst. Forty: eight kinds, five of each that differ in length and order.
 */
import { Rng } from '../fuzz/rng.js';

/** EIP-170. */
export const CODE_BYTES_MAX = 24_576;
const VARIANTS = 5;
/** PUSH0 CALLDATALOAD PUSH1 6 JUMPI STOP JUMPDEST: the rest runs only where it is asked for. */
const GATE = [0x5f, 0x35, 0x60, 0x06, 0x57, 0x00, 0x5b];

/** Appends a piece of code that begins at `pc`. */
type Piece = (pc: number, rng: Rng) => number[];

const push2 = (value: number): number[] => [0x61, value >> 8, value & 0xff];

const KINDS: Readonly<Record<string, Piece>> = {
  /** Each is a block, and a target of every jump that is not static. */
  'jump destinations': () => [0x5b],
  /** No jump is static: what is jumped to was computed. */
  'computed jumps': (pc) => [0x5b, 0x36, ...push2(pc + 6), 0x01, 0x56],
  'conditional jumps': (pc, rng) => [0x5b, 0x36, ...push2(back(pc, rng)), 0x57],
  /** Return addresses on the stack, in ever other numbers: what cloning of blocks lives on. */
  'return addresses': (pc, rng) => [0x5b, ...push2(back(pc, rng)), ...push2(back(pc, rng)), 0x56],
  /** Every word of a deep stack is another at the end of each block. */
  'deep stacks': (_pc, rng) => [0x5b, 0x80 + rng.below(7), 0x90 + rng.below(7), 0x5a, 0x01],
  multiplications: (_pc, rng) => [0x80 + rng.below(3), 0x02, 0x80, 0x80 + rng.below(3), 0x09],
  /** Each is a message: an entry, and all of the stack in memory. */
  messages: () => [0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xf1, 0x50],
  /** Two ways into each loop. */
  'tangled loops': (pc, rng) => [0x5b, 0x36, ...push2(pc + 6), 0x57, 0x5a, ...tangle(pc, rng)],
};

export interface Bomb {
  readonly name: string;
  readonly code: Uint8Array;
}

export function createBombs(): Bomb[] {
  return Object.entries(KINDS).flatMap(([name, piece], kind) =>
    Array.from({ length: VARIANTS }, (_, variant) => ({
      name: `${name} ${variant}`,
      code: codeOf(piece, new Rng(kind * VARIANTS + variant), CODE_BYTES_MAX - variant),
    })),
  );
}

function codeOf(piece: Piece, rng: Rng, length: number): Uint8Array {
  // Enough on the stack for what the pieces take.
  const bytes = [...GATE, ...Array.from({ length: 8 }, () => 0x36)];
  for (;;) {
    const next = piece(bytes.length, rng);
    if (bytes.length + next.length > length) break;
    bytes.push(...next);
  }
  while (bytes.length < length) bytes.push(0x00);
  return Uint8Array.from(bytes);
}

/** Somewhere before; the gate's JUMPDEST at the least. */
function back(pc: number, rng: Rng): number {
  const size = 6;
  const first = GATE.length + 8;
  const pieces = Math.floor((pc - first) / size);
  return pieces === 0 ? GATE.length - 1 : first + size * rng.below(pieces);
}

function tangle(pc: number, rng: Rng): number[] {
  const size = 12;
  const first = GATE.length + 8;
  const pieces = Math.floor((pc - first) / size);
  const target = pieces === 0 ? GATE.length - 1 : first + size * rng.below(pieces);
  return [0x5b, ...push2(target), 0x57, 0x36];
}
