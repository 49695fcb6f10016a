/** What translates an opcode: it takes words from the emitter's stack and puts others there. */
import type { Emitter } from './emitter.js';
import type { Word } from './word.js';

export type OpcodeEmitter = (e: Emitter) => void;

/** For opcodes of two words and a result. @param of  told the top word first */
export function withTwo(e: Emitter, of: (a: Word, b: Word) => Word): void {
  const a = e.pop();
  const b = e.pop();
  e.push(of(a, b));
}
