/**
 * A small assembler for the loads' own contracts: words separated by spaces. A name is an
 * instruction, a number in decimal or 0x-hex is pushed in as few bytes as it needs, `@name:` is a
 * place to jump to and `@name` pushes it. What a program does is said where it is written.
 */
import { assert } from '../../state/base/assert.js';

/** Of the Yellow Paper, appendix H; PUSH, DUP and SWAP are counted from theirs. */
const CODES: Readonly<Record<string, number>> = {
  ...{ STOP: 0x00, ADD: 0x01, MUL: 0x02, SUB: 0x03, DIV: 0x04, MOD: 0x06 },
  ...{ ADDMOD: 0x08, MULMOD: 0x09 },
  ...{ LT: 0x10, GT: 0x11, AND: 0x16, OR: 0x17, XOR: 0x18, SHL: 0x1b, SHR: 0x1c },
  ...{ KECCAK256: 0x20, CALLDATALOAD: 0x35, POP: 0x50, MLOAD: 0x51, MSTORE: 0x52 },
  ...{ JUMP: 0x56, JUMPI: 0x57, JUMPDEST: 0x5b, RETURN: 0xf3 },
};
const PUSH0 = 0x5f;
const PUSH2 = 0x61;
const DUP0 = 0x7f;
const SWAP0 = 0x8f;

/** @returns the code as hex without prefix */
export function assembleProgram(text: string): string {
  const bytes: number[] = [];
  const places = new Map<string, number>();
  const references: { readonly at: number; readonly name: string }[] = [];
  for (const word of text.trim().split(/\s+/)) {
    if (word.startsWith('@') && word.endsWith(':')) {
      places.set(word.slice(1, -1), bytes.length);
      bytes.push(codeOf('JUMPDEST'));
    } else if (word.startsWith('@')) {
      references.push({ at: bytes.length + 1, name: word.slice(1) });
      bytes.push(PUSH2, 0, 0);
    } else if (/^\d/.test(word)) bytes.push(...pushOf(BigInt(word)));
    else bytes.push(codeOf(word));
  }
  for (const { at, name } of references) {
    const place = places.get(name);
    assert(place !== undefined, `the program has a place @${name}`);
    bytes[at] = place >> 8;
    bytes[at + 1] = place & 0xff;
  }
  return Buffer.from(bytes).toString('hex');
}

function pushOf(value: bigint): number[] {
  if (value === 0n) return [PUSH0];
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return [PUSH0 + bytes.length, ...bytes];
}

function codeOf(name: string): number {
  const numbered = /^(DUP|SWAP)(\d+)$/.exec(name);
  if (numbered !== null) return (numbered[1] === 'DUP' ? DUP0 : SWAP0) + Number(numbered[2]);
  const code = CODES[name];
  assert(code !== undefined, `the assembler knows ${name}`);
  return code;
}
