/**
 * Contracts that call one another as deep as it goes, with as much in each frame as is wanted: so
 * many words on the stack when they call, and memory up to an offset. Call data: how much deeper,
 * and the offset. They return a word in which the gas left, the size of memory, every word that was
 * on the stack and what the frame below returned are summed up.
 */
import { CodeWriter, type Label, newLabel } from '../../bench/gas/code-writer.js';

/** Longer than any code that is compiled (EIP-170). */
const LONG_BYTES = 24_577;
/** Three words of memory for the message and its answer; what an offset says lies behind. */
const MESSAGE_BYTES = 96;
const CALL_WORDS = 7;
const CREATE_WORDS = 3;

/** Fit for tier 2; with a jump that is not static; over the limit on length; creating another. */
export type TowerKind = 'static' | 'computed' | 'long' | 'creating';

export interface Tower {
  readonly kind: TowerKind;
  /** Address in hex of the contract that is called. */
  readonly next: string;
  /** On the stack when it calls, operands included: 10 to 1,024. */
  readonly words: number;
}

/** @returns runtime code, in hex with prefix */
export function towerCode(tower: Tower): string {
  const code = new CodeWriter();
  code.push(32);
  code.op('CALLDATALOAD');
  code.push(0);
  code.op('CALLDATALOAD');
  if (tower.kind === 'creating') createNext(code, tower);
  else callNext(code, tower);
  if (tower.kind === 'long') code.raw(new Uint8Array(Math.max(0, LONG_BYTES - code.length)));
  return `0x${code.build(tower.kind).hex}`;
}

/** [n offset]: the message that is n - 1 goes down, and what comes of it is returned. */
function callNext(code: CodeWriter, { kind, next, words }: Tower): void {
  const end = newLabel();
  leaveAtZero(code, end);
  code.push(1);
  code.op('DUP2', 'SUB');
  code.push(0);
  code.op('MSTORE', 'DUP2');
  code.push(32);
  code.op('MSTORE', 'SWAP1');
  code.push(MESSAGE_BYTES);
  code.op('ADD', 'DUP2', 'SWAP1', 'MSTORE');
  if (kind === 'computed') jumpByMemory(code);
  fill(code, words - CALL_WORDS);
  for (const operand of [32, 64, 64, 0, 0]) code.push(operand);
  code.push(BigInt(next), 20);
  code.op('GAS', 'CALL');
  sumUp(code);
  code.push(64);
  code.op('MLOAD', 'ADD', 'MSIZE');
  returnSum(code, end);
}

/** [n offset]: the same by an initcode, itself a tower, which deploys what it would return. */
function createNext(code: CodeWriter, { next, words }: Tower): void {
  const [end, place] = [newLabel(), newLabel()];
  const initcode = new CodeWriter();
  initcode.push(0, 32);
  initcode.push(0, 32);
  callNext(initcode, { kind: 'static', next, words });
  leaveAtZero(code, end);
  code.push(initcode.length);
  code.pushLabel(place);
  code.push(0);
  code.op('CODECOPY');
  code.push(1);
  code.op('DUP2', 'SUB');
  // Where its two words are: behind a PUSH32 each, the offset first.
  code.push(34);
  code.op('MSTORE', 'DUP2');
  code.push(1);
  code.op('MSTORE');
  fill(code, words - CREATE_WORDS);
  for (const operand of [initcode.length, 0, 0]) code.push(operand);
  code.op('CREATE');
  sumUp(code);
  code.op('MSIZE');
  returnSum(code, end);
  code.data(place, Buffer.from(initcode.build('initcode').hex, 'hex'));
}

function leaveAtZero(code: CodeWriter, end: Label): void {
  code.op('DUP1', 'ISZERO');
  code.pushLabel(end);
  code.op('JUMPI');
}

/** No compiler knows what a word of memory will be. */
function jumpByMemory(code: CodeWriter): void {
  const on = newLabel();
  code.pushLabel(on);
  code.push(64);
  code.op('MSTORE');
  code.push(64);
  code.op('MLOAD', 'JUMP');
  code.jumpdest(on);
}

/** Words that are known, words that are not, and words out of their order. */
function fill(code: CodeWriter, height: number): void {
  for (let index = 0; code.height < height; index += 1) {
    code.op(index % 8 === 7 ? 'GAS' : 'PC');
    if (index % 32 === 31) code.op('SWAP16');
  }
}

function sumUp(code: CodeWriter): void {
  while (code.height > 1) code.op('ADD');
}

/** [a b], and so it is at the end that was jumped to: the sum with the gas left is returned. */
function returnSum(code: CodeWriter, end: Label): void {
  code.jumpdest(end);
  code.op('ADD', 'GAS', 'ADD');
  code.push(0);
  code.op('MSTORE');
  code.push(32);
  code.push(0);
  code.op('RETURN');
}
