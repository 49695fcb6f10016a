/** Makers of blocks: loops, branches, storage, logs, memory, the stack's end. */
import { newLabel } from '../../bench/gas/code-writer.js';
import { has, NEAR_BYTES, pushArea, pushSlot, type Scope, sink } from './scope.js';
import { walk } from './walk.js';

const STACK_MAX = 1_024;

export type Maker = (scope: Scope) => void;

export function walkBlock(scope: Scope): void {
  walk(scope);
}

/** Runs its body so many times, the count below it on the stack. */
export function loopBlock(scope: Scope): void {
  const { rng, code } = scope;
  const start = newLabel();
  code.push(rng.chance(95) ? rng.between(1, 6) : rng.between(10, 40));
  code.jumpdest(start);
  walk(scope, rng.between(2, 8));
  code.push(1);
  code.op('SWAP1', 'SUB', 'DUP1');
  code.pushLabel(start);
  code.op('JUMPI', 'POP');
}

/** One way or the other, by a word that nobody knows beforehand. */
export function branchBlock(scope: Scope): void {
  const { rng, code } = scope;
  const [other, end] = [newLabel(), newLabel()];
  condition(scope);
  code.pushLabel(other);
  code.op('JUMPI');
  walk(scope, rng.between(1, 6));
  code.pushLabel(end);
  code.op('JUMP');
  // Never run from above: bytes that only look like instructions.
  if (rng.chance(40)) code.raw(rng.bytes(rng.between(1, 8)).map((byte) => byte & 0x5e));
  code.jumpdest(other);
  walk(scope, rng.between(1, 6));
  code.jumpdest(end);
}

function condition({ rng, code }: Scope): void {
  const kind = rng.below(6);
  if (kind === 0) code.op('CALLVALUE');
  else if (kind === 1) {
    code.push(rng.below(96));
    code.op('CALLDATALOAD');
  } else if (kind === 2) {
    code.push(rng.below(4));
    code.op('SLOAD');
  } else if (kind === 3) {
    code.push(rng.below(1 << 20), 3);
    code.op('GAS', 'GT');
  } else if (kind === 4) {
    code.push(rng.below(NEAR_BYTES));
    code.op('MLOAD');
  } else code.push(rng.below(2));
}

/** Sets, clears, restores and reads the same few slots, which is what refunds are made of. */
export function storageBlock(scope: Scope): void {
  const { rng, code } = scope;
  const floor = code.height;
  const slot = rng.below(4);
  for (let left = rng.between(2, 6); left > 0; left -= 1) {
    const isTransient = has(scope, 'cancun') && rng.chance(25);
    const name = isTransient ? ['TLOAD', 'TSTORE'] : ['SLOAD', 'SSTORE'];
    if (rng.chance(65)) code.push(rng.pick([0n, 0n, 1n, 2n, 7n, rng.word()]));
    else code.op(rng.pick(['CALLER', 'GAS', 'NUMBER', 'CALLVALUE']));
    if (rng.chance(80)) code.push(slot);
    else pushSlot(scope);
    code.op(name[1]!);
    code.push(slot);
    code.op(name[0]!);
  }
  sink(scope, floor);
}

export function logBlock(scope: Scope): void {
  const { rng, code } = scope;
  const topics = rng.below(5);
  for (let left = topics; left > 0; left -= 1) {
    if (rng.chance(40)) code.op(rng.pick(['CALLER', 'ADDRESS', 'GAS', 'MSIZE']));
    else code.push(rng.word());
  }
  pushArea(scope, 130);
  code.op(`LOG${topics}`);
}

/** What the last call gave back, mostly as much as there is. */
export function returnDataBlock(scope: Scope): void {
  const { rng, code } = scope;
  const kind = rng.below(100);
  if (kind < 2) code.push(rng.pick([1n, 33n, 2n ** 64n]));
  else if (kind < 20) code.push(0);
  else code.op('RETURNDATASIZE');
  code.push(kind < 2 ? rng.word() : 0);
  code.push(rng.below(NEAR_BYTES));
  code.op('RETURNDATACOPY', 'RETURNDATASIZE');
  sink(scope, 0);
}

/** Up to the last word that the stack takes, and sometimes one more. */
export function fullStackBlock({ rng, code }: Scope): void {
  const words = rng.chance(85) ? rng.between(900, STACK_MAX) : STACK_MAX + rng.below(2);
  code.push(rng.word());
  for (let word = 1; word < words; word += 1) code.op('DUP1');
  for (let word = 0; word < words; word += 1) code.op('POP');
}

/** Deep duplicates and swaps over words that differ. */
export function deepStackBlock(scope: Scope): void {
  const { rng, code } = scope;
  for (let word = 0; word < 17; word += 1) code.push(rng.word());
  for (let left = rng.between(4, 16); left > 0; left -= 1) {
    code.op(`${rng.pick(['DUP', 'SWAP'])}${rng.between(1, 16)}`);
  }
  sink(scope, 0);
}
