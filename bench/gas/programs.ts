/**
 * Programs that do one thing until their gas is gone: an instruction or a precompile with what it
 * needs around it, and operands at which it is slow. What surrounds it is as cheap as can be (DUP,
 * POP), because a program that wants to hurt needs it too.
 */
import { fromHex } from '../../state/base/bytes.js';
import { CodeWriter, newLabel } from './code-writer.js';
import { OPCODES, type Opcode } from './opcodes.js';
import { PRECOMPILES } from './precompiles.js';

export interface GasProgram {
  readonly name: string;
  readonly kind: 'opcode' | 'precompile';
  readonly code: Uint8Array;
}

/** So many in a row, so that the jump back does not count. */
const UNROLLED = 32;
/** Words with bits everywhere, from the fraction of pi. */
const WORDS = [
  0x243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n,
  0x452821e638d01377be5466cf34e90c6cc0ac29b7c97c50dd3f84d5b5b5470917n,
  0x9216d5d98979fb1bd1310ba698dfb5ac2ffd72dbd01adfb7b8e1afed6a267e96n,
];
/** Of instructions over stretches of memory: large enough that the bytes are what costs. */
const STRETCH_BYTES = 1_024;

type Body = (code: CodeWriter) => void;

/** Instructions that a plain repetition does not do: they need operands of a kind. */
const BODIES: Readonly<Record<string, Body>> = {
  JUMP: (code) => {
    const next = newLabel();
    code.pushLabel(next);
    code.op('JUMP');
    code.jumpdest(next);
  },
  JUMPI: (code) => {
    const next = newLabel();
    code.op('DUP1');
    code.pushLabel(next);
    code.op('JUMPI');
    code.jumpdest(next);
  },
  KECCAK256: (code) => over(code, 'KECCAK256', STRETCH_BYTES, 0),
  'KECCAK256 of a word': (code) => over(code, 'KECCAK256', 32, 0),
  CALLDATACOPY: (code) => over(code, 'CALLDATACOPY', STRETCH_BYTES, 0, 0),
  CODECOPY: (code) => over(code, 'CODECOPY', STRETCH_BYTES, 0, 0),
  MCOPY: (code) => over(code, 'MCOPY', STRETCH_BYTES, 1, 0),
  EXTCODECOPY: (code) => {
    for (const value of [STRETCH_BYTES, 0, 0]) code.push(value);
    code.op('ADDRESS', 'EXTCODECOPY');
  },
  RETURNDATACOPY: (code) => over(code, 'RETURNDATACOPY', 0, 0, 0),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].map((topics) => [
      `LOG${topics}`,
      (code: CodeWriter) => {
        for (let left = topics; left > 0; left -= 1) code.op('DUP1');
        over(code, `LOG${topics}`, 32, 0);
      },
    ]),
  ),
  'LOG0 of 1 KB': (code) => over(code, 'LOG0', STRETCH_BYTES, 0),
  MLOAD: (code) => over(code, 'MLOAD', 1),
  MSTORE: (code) => over(code, 'MSTORE', 1, 1),
  MSTORE8: (code) => over(code, 'MSTORE8', 1, 1),
  'MSTORE, memory growing': (code) => code.op('MSIZE', 'DUP1', 'MSTORE'),
  CALLDATALOAD: (code) => over(code, 'CALLDATALOAD', 1),
  BLOCKHASH: (code) => over(code, 'BLOCKHASH', 0),
  BLOBHASH: (code) => over(code, 'BLOBHASH', 0),
  SHL: (code) => over(code, 'SHL', WORDS[0]!, 77),
  SHR: (code) => over(code, 'SHR', WORDS[0]!, 77),
  SAR: (code) => over(code, 'SAR', WORDS[0]!, 77),
  BYTE: (code) => over(code, 'BYTE', WORDS[0]!, 5),
  SIGNEXTEND: (code) => over(code, 'SIGNEXTEND', WORDS[0]!, 5),
  BALANCE: (code) => code.op('ADDRESS', 'BALANCE', 'POP'),
  EXTCODESIZE: (code) => code.op('ADDRESS', 'EXTCODESIZE', 'POP'),
  EXTCODEHASH: (code) => code.op('ADDRESS', 'EXTCODEHASH', 'POP'),
  SLOAD: (code) => over(code, 'SLOAD', 0),
  TLOAD: (code) => over(code, 'TLOAD', 0),
  SSTORE: (code) => over(code, 'SSTORE', 1, 0),
  TSTORE: (code) => over(code, 'TSTORE', 1, 0),
  // GAS is another number each time: an account or a slot that nobody has asked for before.
  'BALANCE, cold': (code) => code.op('GAS', 'BALANCE', 'POP'),
  'EXTCODESIZE, cold': (code) => code.op('GAS', 'EXTCODESIZE', 'POP'),
  'EXTCODEHASH, cold': (code) => code.op('GAS', 'EXTCODEHASH', 'POP'),
  'SLOAD, cold': (code) => code.op('GAS', 'SLOAD', 'POP'),
  'SSTORE, new slots': (code) => code.op('DUP1', 'GAS', 'SSTORE'),
  'TSTORE, new slots': (code) => code.op('DUP1', 'GAS', 'TSTORE'),
  // The low byte of a number far above any precompile's.
  CALL: (code) => call(code, 'CALL', 0xffff),
  CALLCODE: (code) => call(code, 'CALLCODE', 0xffff),
  DELEGATECALL: (code) => call(code, 'DELEGATECALL', 0xffff),
  STATICCALL: (code) => call(code, 'STATICCALL', 0xffff),
  'CALL of itself': (code) => {
    for (const value of [0, 0, 0, 0, 0]) code.push(value);
    code.op('ADDRESS', 'GAS', 'CALL', 'POP');
  },
  CREATE: (code) => over(code, 'CREATE', 0, 0, 0),
  CREATE2: (code) => {
    code.op('GAS');
    for (const value of [0, 0, 0]) code.push(value);
    code.op('CREATE2', 'POP');
  },
  // Code of one byte that is the end: 0x00, 0xfe and so on, created and run as initcode.
  STOP: (code) => ending(code, [0x00]),
  INVALID: (code) => ending(code, [0xfe]),
  RETURN: (code) => ending(code, [0x5f, 0x5f, 0xf3]),
  REVERT: (code) => ending(code, [0x5f, 0x5f, 0xfd]),
  SELFDESTRUCT: (code) => ending(code, [0x30, 0xff]),
};

/** @param operands  from the lowest on the stack to the top */
function over(code: CodeWriter, name: string, ...operands: (number | bigint)[]): void {
  const before = code.height;
  for (const operand of operands) code.push(operand);
  code.op(name);
  while (code.height > before) code.op('POP');
}

function call(code: CodeWriter, kind: string, address: number): void {
  for (const value of [0, 0, 0, 0]) code.push(value);
  if (kind === 'CALL' || kind === 'CALLCODE') code.push(0);
  code.push(address);
  code.op('GAS', kind, 'POP');
}

function ending(code: CodeWriter, initcode: readonly number[]): void {
  const size = initcode.length;
  code.push(BigInt(`0x${Buffer.from(initcode).toString('hex')}`), size);
  code.push(0);
  code.op('MSTORE');
  code.push(size);
  code.push(32 - size);
  code.push(0);
  code.op('CREATE', 'POP');
}

/** All instructions of the newest fork, the same in other circumstances, and all precompiles. */
export function gasPrograms(): GasProgram[] {
  const plain = OPCODES.filter(({ name }) => BODIES[name] === undefined).map((opcode) => ({
    name: opcode.name,
    kind: 'opcode' as const,
    code: repeated((code) => plainly(code, opcode)),
  }));
  const special = Object.entries(BODIES).map(([name, body]) => ({
    name,
    kind: 'opcode' as const,
    code: repeated(body),
  }));
  const precompiles = PRECOMPILES.map(({ name, address, input }) => ({
    name,
    kind: 'precompile' as const,
    code: calling(address, input),
  }));
  return [...plain, ...special, ...precompiles];
}

/** Copies of words below, the instruction, and its result away. */
function plainly(code: CodeWriter, { name, takes, leaves }: Opcode): void {
  const before = code.height;
  if (name.startsWith('PUSH')) {
    const width = Number(name.slice(4));
    if (width === 0) code.op(name);
    else code.push(BigInt.asUintN(width * 8, WORDS[0]!), width);
  } else if (/^(DUP|SWAP)/.test(name)) code.op(name);
  else {
    for (let left = takes; left > 0; left -= 1) code.op('DUP3');
    code.op(name);
    if (leaves > 1) throw new Error(`${name} leaves one word`);
  }
  while (code.height > before) code.op('POP');
}

/** Words on the stack, then the body again and again. */
function repeated(body: Body): Uint8Array {
  const code = new CodeWriter();
  for (let index = 0; index < 18; index += 1) code.push(WORDS[index % WORDS.length]!);
  return looped(code, body);
}

function looped(code: CodeWriter, body: Body): Uint8Array {
  const start = newLabel();
  code.jumpdest(start);
  for (let left = UNROLLED; left > 0; left -= 1) body(code);
  code.pushLabel(start);
  code.op('JUMP');
  return fromHex(code.build('gas').hex);
}

/** The input lies behind the code: copied into memory once. */
function calling(address: number, input: Uint8Array): Uint8Array {
  const code = new CodeWriter();
  const [data, begin] = [newLabel(), newLabel()];
  code.push(input.length);
  code.pushLabel(data);
  code.push(0);
  code.op('CODECOPY');
  code.pushLabel(begin);
  code.op('JUMP');
  code.data(data, input);
  code.raw(new Uint8Array(32));
  code.jumpdest(begin);
  return looped(code, () => {
    for (const value of [0, 0, input.length, 0, address]) code.push(value);
    code.op('GAS', 'STATICCALL', 'POP');
  });
}
