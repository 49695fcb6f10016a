/** Makers of blocks that run other code: calls of all kinds, precompiles, creation. */

import { newLabel } from '../../bench/gas/code-writer.js';
import { concatBytes } from '../../state/base/bytes.js';
import { inputFor } from './precompile-inputs.js';
import { INPUT_OFFSET, NEAR_BYTES, pushAddress, pushSlot, type Scope, sink } from './scope.js';
import { anyAddress, precompile, precompilesOf } from './world.js';

const KINDS = [
  [45, 'CALL'],
  [10, 'CALLCODE'],
  [20, 'DELEGATECALL'],
  [25, 'STATICCALL'],
] as const;
/** Above the largest code (EIP-170). */
const CODE_TOO_LARGE = 24_577;
const PUSHED_BYTES_MAX = 32;

export function callBlock(scope: Scope): void {
  const { rng, code } = scope;
  const kind = rng.weighted(KINDS);
  pushOutput(scope);
  code.push(rng.below(100));
  code.push(rng.below(NEAR_BYTES));
  if (kind === 'CALL' || kind === 'CALLCODE') pushValue(scope);
  pushAddress(scope, calleeOf(scope));
  pushGas(scope);
  code.op(kind);
  afterCall(scope);
}

function calleeOf({ rng, world }: Scope): string {
  const isForward = world.callees.length > 0 && rng.chance(75);
  return isForward ? rng.pick(world.callees) : anyAddress(rng, world);
}

/** Size and offset of what is to be copied out. */
function pushOutput({ rng, code }: Scope): void {
  code.push(rng.chance(70) ? rng.below(100) : 0);
  code.push(rng.chance(98) ? rng.below(NEAR_BYTES) : rng.below(0x8000));
}

function pushValue({ rng, code }: Scope): void {
  const kind = rng.below(100);
  if (kind < 70) code.push(0);
  else if (kind < 92) code.push(rng.between(1, 3));
  else if (kind < 97) code.op('SELFBALANCE');
  else code.push(rng.word());
}

/** Mostly a part, so that a callee that fails does not end everything. */
function pushGas({ rng, code }: Scope): void {
  const kind = rng.below(100);
  if (kind < 8) code.op('GAS');
  else if (kind < 85) code.push(rng.between(8_000, 60_000));
  else if (kind < 97) code.push(rng.below(6_000));
  else code.push(rng.word());
}

/** The success is kept, and what came back is looked at. */
function afterCall(scope: Scope): void {
  const { rng, code } = scope;
  code.op('RETURNDATASIZE');
  if (rng.chance(40)) {
    code.op('RETURNDATASIZE');
    code.push(0);
    code.push(rng.below(NEAR_BYTES));
    code.op('RETURNDATACOPY');
  }
  sink(scope, 0);
}

/** What takes microseconds: recovery, hashes, identity, small powers, addition on a curve. */
const LIGHT = [1, 2, 3, 4, 5, 6, 9];

function precompileFor({ rng, world }: Scope): string {
  // New ones are there in few forks only.
  const address = rng.chance(75)
    ? rng.pick(precompilesOf(world.fork))
    : precompile(rng.pick([9, 10, 11, 12, 13, 14, 15, 16, 17, 0x100, 0x100]));
  const isLight = LIGHT.includes(Number(address)) || rng.chance(world.heavyPercent);
  return isLight ? address : precompile(rng.pick(LIGHT));
}

export function precompileBlock(scope: Scope): void {
  const { rng, code } = scope;
  const address = precompileFor(scope);
  const input = inputFor(rng, Number(BigInt(address)));
  copyIn(scope, input);
  const kind = rng.weighted(KINDS);
  code.push(rng.chance(80) ? rng.below(140) : 0);
  code.push(rng.below(NEAR_BYTES));
  code.push(input.length);
  code.push(INPUT_OFFSET);
  if (kind === 'CALL' || kind === 'CALLCODE') code.push(rng.chance(85) ? 0 : 1);
  pushAddress(scope, address);
  if (rng.chance(75)) code.push(rng.between(10_000, 120_000));
  else pushGas(scope);
  code.op(kind);
  afterCall(scope);
}

/** Puts bytes into memory at INPUT_OFFSET: they lie in the code, jumped over. */
function copyIn({ rng, code }: Scope, bytes: Uint8Array): void {
  const [data, end] = [newLabel(), newLabel()];
  code.push(bytes.length);
  code.pushLabel(data);
  code.push(INPUT_OFFSET);
  code.op('CODECOPY');
  code.pushLabel(end);
  code.op('JUMP');
  code.data(data, bytes);
  // The data may end like a PUSH32: what follows it would be its operand.
  if (rng.chance(99)) code.raw(new Uint8Array(PUSHED_BYTES_MAX));
  code.jumpdest(end);
}

export function createBlock(scope: Scope): void {
  const { rng, code } = scope;
  const initcode = createInitcode(scope);
  copyIn(scope, initcode);
  const isSalted = rng.chance(50);
  if (isSalted) code.push(rng.chance(80) ? rng.below(3) : rng.word());
  code.push(initcode.length);
  code.push(INPUT_OFFSET);
  pushValue(scope);
  code.op(isSalted ? 'CREATE2' : 'CREATE');
  if (rng.chance(70)) callCreated(scope);
  sink(scope, 0);
}

/** The new address is on the stack, or 0; it is looked at and called. */
function callCreated(scope: Scope): void {
  const { rng, code } = scope;
  code.op('DUP1', rng.pick(['EXTCODEHASH', 'EXTCODESIZE', 'BALANCE']), 'SWAP1');
  for (const size of [32, 0, 32, 0]) code.push(size);
  code.push(rng.chance(80) ? 0 : 1);
  code.op('DUP6');
  code.push(rng.between(20_000, 100_000));
  code.op('CALL');
  pushSlot(scope);
  code.op('SLOAD');
}

/** Code that leaves code: a small program, nothing, or what must not be left. */
export function createInitcode({ rng, nested }: Pick<Scope, 'rng' | 'nested'>): Uint8Array {
  const kind = rng.below(100);
  // A program whose own output becomes the code, or that fails.
  if (kind < 25) return nested('closed');
  if (kind < 28) return pushReturn(CODE_TOO_LARGE - rng.below(2), 0);
  if (kind < 31) return pushReturn(1, 0xef);
  const runtime = kind < 36 ? rng.bytes(rng.below(5)) : nested('closed');
  const front = kind < 60 ? nested('open') : new Uint8Array(0);
  return concatBytes(front, returning(runtime, front.length));
}

/** MSTORE8 of a byte at 0, then RETURN of so many bytes. */
function pushReturn(size: number, byte: number): Uint8Array {
  return Uint8Array.of(0x60, byte, 0x60, 0, 0x53, 0x61, size >> 8, size & 0xff, 0x60, 0, 0xf3);
}

const RETURNING_BYTES = 15;

/** CODECOPY of what follows, and RETURN. @param at  where this code lies */
function returning(runtime: Uint8Array, at: number): Uint8Array {
  const [size, from] = [runtime.length, at + RETURNING_BYTES];
  const head = Uint8Array.of(
    ...[0x61, size >> 8, size & 0xff, 0x80, 0x61, from >> 8, from & 0xff],
    ...[0x61, 0x08, 0x00, 0x39, 0x61, 0x08, 0x00, 0xf3],
  );
  return concatBytes(head, runtime);
}
