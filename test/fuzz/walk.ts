/**
 * A walk over the instructions that compute and look: each takes what is on the stack or what is
 * pushed for it, so that every one of them comes by often and few of them fail.
 */

import { OPCODES, type Opcode } from '../../bench/gas/opcodes.js';
import { isFrom } from '../../workers/fork.js';
import { has, pushAddress, pushArea, pushOffset, pushSlot, type Scope, sink } from './scope.js';

const STEPS_MAX = 24;
/** Room for DUP16 and SWAP16 above what the block has. */
const HEIGHT_MAX = 40;

type Operands = (scope: Scope) => void;

/** A small number mostly: shifts, bytes, indexes. */
const small =
  (bound: number): Operands =>
  ({ rng, code }) =>
    code.push(rng.chance(80) ? rng.below(bound) : rng.word());

/** Instructions whose operand on top must be of a kind; those below it are taken as they are. */
const TOP: Readonly<Record<string, Operands>> = {
  BALANCE: pushAddress,
  EXTCODESIZE: pushAddress,
  EXTCODEHASH: pushAddress,
  CALLDATALOAD: small(130),
  BLOCKHASH: ({ rng, code, world }) =>
    code.push(rng.chance(70) ? Math.max(0, world.number - rng.below(260)) : rng.word()),
  BLOBHASH: small(3),
  MLOAD: pushOffset,
  MSTORE: pushOffset,
  MSTORE8: pushOffset,
  SLOAD: pushSlot,
  SSTORE: pushSlot,
  TLOAD: pushSlot,
  TSTORE: pushSlot,
  KECCAK256: (scope) => pushArea(scope, 300),
  BYTE: small(34),
  SIGNEXTEND: small(33),
  SHL: small(260),
  SHR: small(260),
  SAR: small(260),
  CALLDATACOPY: copy,
  CODECOPY: copy,
  EXTCODECOPY: (scope) => {
    copy(scope);
    pushAddress(scope);
  },
  MCOPY: (scope) => {
    const { rng, code } = scope;
    const isNear = rng.chance(97);
    code.push(rng.chance(90) ? rng.below(200) : 0);
    code.push(isNear ? rng.below(512) : rng.word());
    code.push(isNear ? rng.below(512) : rng.below(0x8000));
  },
  EXP: ({ rng, code }) => {
    code.push(rng.chance(70) ? rng.below(70_000) : rng.word());
    code.push(rng.word());
  },
};

/** Size, source and destination: sources may lie anywhere, what is not there is zero. */
function copy({ rng, code }: Scope): void {
  code.push(rng.chance(90) ? rng.below(100) : 0);
  code.push(rng.chance(85) ? rng.below(200) : rng.word());
  code.push(rng.chance(97) ? rng.below(512) : rng.below(0x8000));
}

/** Not walked over: control flow, calls and what ends a program have makers of their own. */
const ELSEWHERE = new RegExp(
  '^(STOP|JUMP|JUMPI|JUMPDEST|CREATE2?|CALL|CALLCODE|DELEGATECALL|STATICCALL|RETURN|REVERT' +
    '|INVALID|SELFDESTRUCT|LOG\\d|RETURNDATACOPY)$',
);
const WALKED = OPCODES.filter(({ name }) => !ELSEWHERE.test(name));
const HEAVY = /^(SSTORE|SLOAD|BALANCE|EXTCODE\w+|EXP)$/;

export function walk(scope: Scope, steps = scope.rng.between(4, STEPS_MAX)): void {
  const { rng, code } = scope;
  const floor = code.height;
  for (let left = steps; left > 0; left -= 1) step(scope, floor);
  // Words that stay show what DUP and SWAP did.
  sink(scope, floor);
  if (rng.chance(20)) code.op('MSIZE', 'POP');
}

function step(scope: Scope, floor: number): void {
  const { rng, code, world } = scope;
  const opcode = rng.pick(rng.chance(35) ? STACKLESS : WALKED);
  if (!isFrom(world.fork, opcode.since)) return;
  if (HEAVY.test(opcode.name) && rng.chance(50)) return;
  if (code.height - floor > HEIGHT_MAX) {
    sink(scope, floor + 4);
    return;
  }
  if (opcode.name.startsWith('PUSH')) pushOf(scope, opcode);
  else apply(scope, opcode, floor);
}

/** Arithmetic, comparison and bits: what the others would drown. */
const STACKLESS = WALKED.filter(({ code }) => code < 0x20);

function pushOf({ rng, code }: Scope, { name }: Opcode): void {
  const width = Number(name.slice(4));
  if (width === 0) code.op('PUSH0');
  else code.push(rng.chance(50) ? rng.number(width) : BigInt.asUintN(width * 8, rng.word()), width);
}

function apply(scope: Scope, { name, takes }: Opcode, floor: number): void {
  const { rng, code } = scope;
  const operands = TOP[name];
  const before = code.height;
  // Below the operands of a kind come words of any.
  const own = name === 'EXTCODECOPY' ? 4 : operands === undefined ? 0 : ownOf(name);
  while (code.height - floor < takes - own) {
    if (rng.chance(30)) code.op(rng.pick(['ADDRESS', 'CALLVALUE', 'GAS', 'SELFBALANCE', 'PC']));
    else code.push(rng.word());
  }
  if (operands !== undefined && (own > 1 || rng.chance(97))) operands(scope);
  else while (code.height - floor < takes) code.push(rng.word());
  if (before > code.height) throw new Error('operands are pushed');
  code.op(name);
  if (name === 'CLZ' && !has(scope, 'osaka')) throw new Error('an instruction of the future');
}

/** Words that the operands maker pushes. */
function ownOf(name: string): number {
  if (/^(CALLDATACOPY|CODECOPY|MCOPY)$/.test(name)) return 3;
  return name === 'KECCAK256' || name === 'EXP' ? 2 : 1;
}
