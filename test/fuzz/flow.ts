/**
 * Makers of blocks that a translation of whole stretches of code could get wrong: routines with a
 * return address, computed jumps, words left for later, memory at its edges, and anything at all.
 */
import { type CodeWriter, newLabel } from '../../bench/gas/code-writer.js';
import { OPCODES } from '../../bench/gas/opcodes.js';
import { isFrom } from '../../workers/fork.js';
import { pushAddress, pushArea, pushOffset, pushSlot, type Scope, sink } from './scope.js';
import { walk } from './walk.js';

/** Bytes of one entry of a jump table: JUMPDEST, PUSH1, PUSH2, JUMP. */
const ENTRY_BYTES = 7;
const PAGE_BYTES = 0x1_0000;

/** Called from places with other heights of the stack: the return address is a word on it. */
export function routineBlock(scope: Scope): void {
  const { rng, code } = scope;
  const [routine, end] = [newLabel(), newLabel()];
  const calls = rng.between(1, 3);
  for (let call = 0; call < calls; call += 1) {
    const back = newLabel();
    for (let left = rng.below(3); left > 0; left -= 1) code.push(rng.word());
    code.pushLabel(back);
    code.push(rng.word());
    code.pushLabel(routine);
    code.op('JUMP');
    code.jumpdest(back);
    // The argument became the result, and the return address is gone.
    code.height -= 1;
  }
  code.pushLabel(end);
  code.op('JUMP');
  const { height } = code;
  code.jumpdest(routine);
  code.height = 2;
  walk(scope, rng.between(1, 4));
  code.op(rng.pick(['NOT', 'ISZERO', 'CALLDATALOAD', 'JUMPDEST']), 'SWAP1', 'JUMP');
  code.height = height;
  code.jumpdest(end);
  sink(scope, rng.chance(80) ? 0 : rng.below(height));
}

/** To one of several places, as far as a computed word says. */
export function dispatchBlock(scope: Scope): void {
  const { rng, code } = scope;
  const [table, end] = [newLabel(), newLabel()];
  const entries = rng.between(2, 5);
  code.push(rng.chance(97) ? ENTRY_BYTES : ENTRY_BYTES - rng.below(3));
  code.push(rng.chance(97) ? entries : entries + 1);
  code.push(rng.below(70));
  code.op('CALLDATALOAD', 'MOD', 'MUL');
  code.pushLabel(table);
  code.op('ADD', rng.pick(['JUMP', 'JUMP', 'DUP1']));
  if (code.height > 0) code.op('JUMPI');
  table.offset = code.length;
  for (let entry = 0; entry < entries; entry += 1) {
    code.op('JUMPDEST');
    code.push(rng.below(256));
    code.pushLabel(end);
    code.op('JUMP');
    code.height = 0;
  }
  code.jumpdest(end);
  code.height = 1;
  sink(scope, 0);
}

/** Later blocks begin above these words. */
export function leaveBlock({ rng, code }: Scope): void {
  for (let left = rng.between(1, 6); left > 0; left -= 1) code.push(rng.word());
  code.op(rng.pick(['DUP1', 'ADDRESS', 'GAS', 'MSIZE']));
}

/** Memory where it ends now or at the end of a page; operands that are huge. */
export function edgeBlock(scope: Scope): void {
  const { rng, code } = scope;
  const kind = rng.below(5);
  if (kind === 0) {
    code.push(rng.word());
    code.push(rng.below(66));
    code.op('MSIZE', 'SUB', rng.chance(90) ? 'MLOAD' : 'MSTORE8');
    sink(scope, 0);
  } else if (kind === 1) {
    code.push(rng.word());
    code.push(PAGE_BYTES - 33 + rng.below(34));
    code.op(rng.pick(['MSTORE', 'MSTORE8']), 'MSIZE');
    sink(scope, 0);
  } else if (kind === 2) {
    code.push(0);
    code.push(rng.word());
    code.push(rng.word());
    code.op(rng.pick(['CALLDATACOPY', 'CODECOPY']));
  } else if (kind === 3) {
    code.push(rng.pick([2n ** 256n - 1n, 2n ** 64n, 2n ** 32n, 2n ** 32n - 16n, 2n ** 53n]));
    code.op(rng.pick(['CALLDATALOAD', 'BLOCKHASH', 'SLOAD', 'BALANCE']));
    sink(scope, 0);
  } else {
    code.push(rng.pick([31n, 32n, 33n, 255n, 256n, 2n ** 32n, 2n ** 64n, 2n ** 255n]));
    code.push(rng.word());
    code.op('SWAP1', rng.pick(['SHL', 'SHR', 'SAR', 'BYTE', 'SIGNEXTEND', 'EXP']));
    sink(scope, 0);
  }
}

/** Instructions as they come: the stack may be too short, jumps may go astray. */
export function wildBlock(scope: Scope): void {
  const { rng, code, world } = scope;
  const labels = Array.from({ length: 3 }, newLabel);
  for (let left = rng.between(6, 40); left > 0; left -= 1) {
    const { name, takes, since } = rng.pick(OPCODES);
    if (!isFrom(world.fork, since) || /^PUSH/.test(name)) continue;
    const isStray = rng.chance(3);
    while (!isStray && code.height < takes) wildOperand(scope, name);
    if (isStray && code.height < takes) code.height = takes;
    if (/^JUMPI?$/.test(name) && rng.chance(90)) wildJump(scope, labels, name);
    else if (!/^(STOP|RETURN|REVERT|INVALID|SELFDESTRUCT)$/.test(name) || rng.chance(10)) {
      code.op(name);
    }
  }
  for (const label of labels) if (label.offset === 0) code.jumpdest(label);
}

function wildOperand(scope: Scope, name: string): void {
  const { rng, code } = scope;
  const kind = rng.below(10);
  if (/CALL$|CALLCODE|BALANCE|EXT/.test(name) && kind < 3) pushAddress(scope);
  else if (kind < 4) pushOffset(scope);
  else if (kind < 6) pushSlot(scope);
  else if (kind < 7) pushArea(scope, 40);
  else code.push(rng.chance(70) ? rng.below(64) : rng.word());
}

/** Forward: a circle would take all the gas that there is, at a price of 8 a round. */
function wildJump({ rng, code }: Scope, labels: { offset: number }[], name: string): void {
  const label = rng.pick(labels);
  if (label.offset > 0) return;
  code.pushLabel(label);
  code.op(name);
  if (rng.chance(50)) code.raw(rng.bytes(rng.between(1, 4)));
  code.jumpdest(label);
}

/** A JUMPDEST of this block as its offset, but with bits above the lowest 32. */
export function jumpBeyond(code: CodeWriter, high: bigint): void {
  const label = newLabel();
  code.push(high);
  code.pushLabel(label);
  code.op('ADD', 'JUMP');
  code.jumpdest(label);
}
