/**
 * Programs: a few blocks and an end. Most ends return memory, so that what the blocks computed can
 * be compared; a few fail in every way that there is.
 */

import { assemble, type CodeBlock, CodeWriter, newLabel } from '../../bench/gas/code-writer.js';
import {
  branchBlock,
  deepStackBlock,
  fullStackBlock,
  logBlock,
  loopBlock,
  type Maker,
  returnDataBlock,
  storageBlock,
  walkBlock,
} from './blocks.js';
import { callBlock, createBlock, createInitcode, precompileBlock } from './calls.js';
import {
  dispatchBlock,
  edgeBlock,
  jumpBeyond,
  leaveBlock,
  routineBlock,
  wildBlock,
} from './flow.js';
import type { Rng } from './rng.js';
import { NEAR_BYTES, pushAddress, type Scope } from './scope.js';
import type { World } from './world.js';

/** Code within code within code: more only makes the others rare. */
const DEPTH_MAX = 2;

const MAKERS: readonly (readonly [number, Maker])[] = [
  [200, walkBlock],
  [80, loopBlock],
  [80, branchBlock],
  [130, storageBlock],
  [60, logBlock],
  [40, returnDataBlock],
  [60, deepStackBlock],
  [190, callBlock],
  [130, precompileBlock],
  [60, routineBlock],
  [50, dispatchBlock],
  [30, leaveBlock],
  [50, edgeBlock],
  [4, fullStackBlock],
];
const WITH_CREATION: typeof MAKERS = [...MAKERS, [60, createBlock]];

/** The blocks of a contract, the last of them its end. */
export function createBlocks(rng: Rng, world: World, count: number): CodeBlock[] {
  const blocks = Array.from({ length: count }, () => createOne(rng, world, 0));
  return [...blocks, endBlock(scopeOf(rng, world, 0))];
}

/** Instructions as they come. */
export function createWild(rng: Rng, world: World): CodeBlock[] {
  return Array.from({ length: rng.between(1, 3) }, () => {
    const scope = scopeOf(rng, world, DEPTH_MAX);
    wildBlock(scope);
    return scope.code.build('wild');
  });
}

/** Creation code for a transaction. */
export function createDeployment(rng: Rng, world: World): Uint8Array {
  return createInitcode({ rng, nested: nestedIn(rng, world, 0) });
}

function createOne(rng: Rng, world: World, depth: number): CodeBlock {
  const scope = scopeOf(rng, world, depth);
  const maker = rng.weighted(depth < DEPTH_MAX ? WITH_CREATION : MAKERS);
  maker(scope);
  return scope.code.build(maker.name);
}

function scopeOf(rng: Rng, world: World, depth: number): Scope {
  return { rng, world, code: new CodeWriter(), nested: nestedIn(rng, world, depth) };
}

function nestedIn(rng: Rng, world: World, depth: number): Scope['nested'] {
  return (end) => {
    const count = rng.between(0, depth === 0 ? 3 : 1);
    const blocks = Array.from({ length: count }, () => createOne(rng, world, depth + 1));
    if (end === 'closed') blocks.push(endBlock(scopeOf(rng, world, depth + 1)));
    return assemble(blocks);
  };
}

function endBlock(scope: Scope): CodeBlock {
  const { rng, code } = scope;
  const end = rng.weighted<Maker>([
    [680, returnEnd],
    [150, () => code.op('STOP')],
    [50, () => undefined],
    [55, revertEnd],
    [40, destroyEnd],
    [10, () => code.op('INVALID')],
    [5, () => code.raw(Uint8Array.of(rng.pick([0x0c, 0x1f, 0x21, 0x4b, 0xb0, 0xef, 0x5f, 0x1e])))],
    [12, jumpAstrayEnd],
    [10, () => code.raw(Uint8Array.of(rng.pick([0x01, 0x50, 0x80, 0x90, 0xf1, 0x55, 0x37])))],
    [5, truncatedPushEnd],
  ]);
  end(scope);
  return code.build('end');
}

function returnEnd({ rng, code }: Scope): void {
  code.push(rng.chance(75) ? NEAR_BYTES + 32 : rng.below(70));
  code.push(rng.chance(75) ? 0 : rng.below(100));
  code.op('RETURN');
}

function revertEnd({ rng, code }: Scope): void {
  code.push(rng.below(100));
  code.push(rng.below(100));
  code.op('REVERT');
}

function destroyEnd(scope: Scope): void {
  pushAddress(scope);
  scope.code.op('SELFDESTRUCT');
}

/** Into data, beyond the end, or far beyond any code. */
function jumpAstrayEnd({ rng, code }: Scope): void {
  const kind = rng.below(4);
  if (kind === 3) jumpBeyond(code, rng.pick([2n ** 32n, 2n ** 64n, 2n ** 255n]));
  else if (kind === 0) {
    const data = newLabel();
    code.pushLabel(data);
    code.op('JUMP');
    // A JUMPDEST that is the operand of a PUSH1.
    code.raw(Uint8Array.of(0x60));
    code.data(data, Uint8Array.of(0x5b));
  } else {
    code.push(kind === 1 ? 0xffff : rng.word());
    code.op('JUMP');
  }
}

/** Bytes that the code does not have are zeros; then it ends. */
function truncatedPushEnd({ rng, code }: Scope): void {
  code.raw(Uint8Array.of(0x60 + rng.between(1, 31), rng.below(256)));
}
