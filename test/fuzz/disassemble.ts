/** Code as people read it: one instruction a line, its offset in front. */
import { OPCODES } from '../../bench/gas/opcodes.js';

const NAMES = new Map(OPCODES.map(({ code, name }) => [code, name]));
const [PUSH1, PUSH32] = [0x60, 0x7f];

export function disassemble(code: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const byte = code[at] ?? 0;
    const name = NAMES.get(byte) ?? `0x${byte.toString(16).padStart(2, '0')}`;
    const operand = byte >= PUSH1 && byte <= PUSH32 ? byte - PUSH1 + 1 : 0;
    const hex = Buffer.from(code.subarray(at + 1, at + 1 + operand)).toString('hex');
    lines.push(`${String(at).padStart(5)}  ${name}${operand > 0 ? ` 0x${hex}` : ''}`);
    at += operand;
  }
  return lines;
}
