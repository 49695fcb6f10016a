/** What the makers of blocks share: where they write, and operands that several of them push. */

import type { CodeWriter } from '../../bench/gas/code-writer.js';
import { isFrom } from '../../workers/fork.js';
import type { Rng } from './rng.js';
import { anyAddress, type World } from './world.js';

export interface Scope {
  readonly rng: Rng;
  readonly world: World;
  readonly code: CodeWriter;
  /** Another program, smaller than this one; an open one goes on at its end. */
  readonly nested: (end: 'open' | 'closed') => Uint8Array;
}

/** Memory that programs use: what they return, with room for inputs behind. */
export const NEAR_BYTES = 512;
export const INPUT_OFFSET = 0x400;
const FAR_BYTES = 0x8000;
const DIRTY_BITS = 160n;

export function has(scope: Scope, since: 'shanghai' | 'cancun' | 'prague' | 'osaka'): boolean {
  return isFrom(scope.world.fork, since);
}

/** Size and then offset of memory, as most instructions take them (the offset on top). */
export function pushArea({ rng, code }: Scope, sizeMax = 96): void {
  const kind = rng.below(1_000);
  if (kind < 4) {
    // Costs more than there is, or wraps.
    code.push(rng.pick([1n, 32n, 2n ** 32n, 2n ** 64n]));
    code.push(rng.pick([2n ** 32n, 2n ** 53n, 2n ** 64n - 1n, 2n ** 256n - 1n, 2n ** 63n]));
  } else if (kind < 40) {
    code.push(0);
    code.push(rng.word());
  } else if (kind < 70) {
    code.push(rng.between(0, sizeMax));
    code.push(rng.below(FAR_BYTES));
  } else {
    code.push(rng.between(0, sizeMax));
    code.push(rng.below(NEAR_BYTES - 32));
  }
}

/** An offset for a word of memory. */
export function pushOffset({ rng, code }: Scope): void {
  const kind = rng.below(1_000);
  if (kind < 2) code.push(rng.pick([2n ** 32n - 1n, 2n ** 64n, 2n ** 256n - 32n, 2n ** 31n]));
  else if (kind < 30) code.push(rng.below(FAR_BYTES));
  else if (kind < 500) code.push(rng.below(NEAR_BYTES / 32) * 32);
  else code.push(rng.below(NEAR_BYTES - 32));
}

/** Few slots, so that they are warm, written and cleared again; sometimes any other. */
export function pushSlot({ rng, code }: Scope): void {
  code.push(rng.chance(90) ? rng.below(5) : rng.word());
}

/** An address, sometimes with bits above it that must not matter. */
export function pushAddress({ rng, code, world }: Scope, address = anyAddress(rng, world)): void {
  const value = BigInt(address);
  const kind = rng.below(100);
  if (kind < 5) code.push(value | (rng.number(12) << DIRTY_BITS), 32);
  else if (kind < 10) code.op(rng.pick(['ADDRESS', 'CALLER', 'ORIGIN', 'COINBASE']));
  else code.push(value, 20);
}

/** Takes every word of this block off the stack, most of them into what can be seen later. */
export function sink(scope: Scope, floor: number): void {
  const { rng, code } = scope;
  while (code.height > floor) {
    const isPair = code.height >= floor + 2;
    const kind = rng.below(100);
    if (isPair && kind < 55) code.op(rng.pick(['XOR', 'ADD', 'SUB', 'MUL']));
    else if (kind < 88) {
      pushOffset(scope);
      code.op(rng.chance(85) ? 'MSTORE' : 'MSTORE8');
    } else if (kind < 94) {
      pushSlot(scope);
      code.op(has(scope, 'cancun') && rng.chance(50) ? 'TSTORE' : 'SSTORE');
    } else code.op('POP');
  }
}
