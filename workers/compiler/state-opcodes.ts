/** Opcodes about state, block and transaction, which the kernel answers, and those of the stack. */
import * as map from '../kernel/map.js';
import * as op from '../kernel/opcodes.js';
import type { Emitter } from './emitter.js';
import { callWithOperands } from './kernel-call.js';
import type { KernelName } from './kernel-functions.js';
import { Local } from './locals.js';
import type { OpcodeEmitter } from './opcode-emitter.js';
import { Op } from './wasm-code.js';
import { constantWord, smallWord, wordAt } from './word.js';

export const STATE_OPCODES: readonly (readonly [code: number, emit: OpcodeEmitter])[] = [
  [op.OP_SLOAD, (e) => askWithFrame(e, 'sload')],
  [op.OP_SSTORE, (e) => callWithOperands(e, 'sstore', 2)],
  [op.OP_TLOAD, loadTransient],
  [op.OP_TSTORE, (e) => callWithOperands(e, 'tstore', 2)],
  [op.OP_BALANCE, (e) => ask(e, 'balance')],
  [op.OP_EXTCODESIZE, (e) => ask(e, 'extCodeSize')],
  [op.OP_EXTCODEHASH, (e) => ask(e, 'extCodeHash')],
  [op.OP_EXTCODECOPY, (e) => callWithOperands(e, 'extCodeCopy', 4)],
  [op.OP_BLOCKHASH, (e) => ask(e, 'blockHash')],
  [op.OP_BLOBHASH, askBlobHash],
  [op.OP_SELFBALANCE, askSelfBalance],
  [op.OP_CALLVALUE, (e) => e.push(wordAt(Local.frame, map.F_VALUE))],
  [op.OP_CALLDATASIZE, (e) => pushField(e, Local.frame, map.F_INPUT_LENGTH)],
  [op.OP_CODESIZE, (e) => pushField(e, Local.frame, map.F_CODE_LENGTH)],
  [op.OP_RETURNDATASIZE, (e) => pushField(e, Local.machine, map.M_RETURN_LENGTH)],
  [op.OP_MSIZE, (e) => pushField(e, Local.frame, map.F_MEMORY_SIZE)],
  [op.OP_GASPRICE, (e) => e.push(wordAt(Local.machine, map.M_GAS_PRICE))],
  [op.OP_PREVRANDAO, (e) => e.push(wordAt(Local.machine, map.M_RANDAO))],
  [op.OP_BASEFEE, (e) => e.push(wordAt(Local.machine, map.M_BASE_FEE))],
  [op.OP_BLOBBASEFEE, (e) => e.push(wordAt(Local.machine, map.M_BLOB_FEE))],
  [op.OP_TIMESTAMP, (e) => pushNumber(e, map.M_TIMESTAMP)],
  [op.OP_NUMBER, (e) => pushNumber(e, map.M_NUMBER)],
  [op.OP_GASLIMIT, (e) => pushNumber(e, map.M_BLOCK_GAS_LIMIT)],
  [op.OP_CHAINID, (e) => pushNumber(e, map.M_CHAIN_ID)],
  [op.OP_GAS, pushGas],
  [op.OP_POP, (e) => void e.pop()],
  [op.OP_JUMPDEST, () => {}],
  [op.OP_PUSH0, (e) => e.push(constantWord(0n))],
  ...Array.from({ length: 16 }, (_, n) => [op.OP_DUP1 + n, (e: Emitter) => copy(e, n)] as const),
  ...Array.from({ length: 16 }, (_, n) => [op.OP_SWAP1 + n, (e: Emitter) => swap(e, n)] as const),
  ...Array.from({ length: 5 }, (_, n) => [op.OP_LOG0 + n, (e: Emitter) => log(e, n)] as const),
];

/** A word of the stack gives way to an answer. */
function ask(e: Emitter, name: KernelName): void {
  const top = e.operands(1);
  e.expectResult();
  e.code.get(Local.machine);
  answer(e, name, top);
}

function askWithFrame(e: Emitter, name: KernelName): void {
  const top = e.operands(1);
  e.expectResult();
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  answer(e, name, top);
}

function answer(e: Emitter, name: KernelName, top: number): void {
  e.pointer(top);
  e.code.get(Local.gas);
  e.call(name);
  e.keepGas();
  e.pushResult();
}

function loadTransient(e: Emitter): void {
  const top = e.operands(1);
  e.expectResult();
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  e.pointer(top);
  e.call('tload');
  e.pushResult();
}

function askBlobHash(e: Emitter): void {
  const top = e.operands(1);
  e.expectResult();
  e.code.get(Local.machine);
  e.pointer(top);
  e.call('blobHash');
  e.pushResult();
}

function askSelfBalance(e: Emitter): void {
  e.expectResult();
  e.code.get(Local.frame);
  e.pointer(e.slots.length);
  e.call('selfBalance');
  e.pushResult();
}

/** A u64 of the block. */
function pushNumber(e: Emitter, offset: number): void {
  e.push(smallWord({ base: Local.machine, offset }));
}

function pushGas(e: Emitter): void {
  e.code.get(Local.gas);
  e.push(smallWord(e.keep(), map.COMPILED_GAS_BITS));
}

function copy(e: Emitter, below: number): void {
  e.push(e.slots[e.slots.length - 1 - below]!);
}

function swap(e: Emitter, below: number): void {
  const { slots } = e;
  const top = slots.length - 1;
  const other = top - 1 - below;
  [slots[top], slots[other]] = [slots[other]!, slots[top]!];
}

function log(e: Emitter, topics: number): void {
  const top = e.operands(2 + topics);
  e.code.get(Local.machine);
  e.code.get(Local.frame);
  e.pointer(top);
  e.code.get(Local.gas);
  e.code.i32Const(topics);
  e.call('log');
  e.keepGas();
}

/** A u32 field as a word. */
function pushField(e: Emitter, base: number, offset: number): void {
  e.code.get(base);
  e.code.memory(Op.i64Load32U, offset);
  e.push(smallWord(e.keep(), 32));
}
