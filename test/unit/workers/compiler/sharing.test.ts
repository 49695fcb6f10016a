import { describe, expect, it } from 'vitest';
import { assembleProgram } from '../../../../runtime/load/assembler.js';
import { fromHex, toHex, toWord } from '../../../../state/base/bytes.js';
import { cutIntoBlocks, opcodesOf } from '../../../../workers/compiler/blocks.js';
import { compileTier2 } from '../../../../workers/compiler/tier2.js';
import { sharingOf } from '../../../../workers/compiler/tier2-calls.js';
import { CONTRACT, TwoEngines } from '../../../helpers/two-engines.js';

/** Internal functions that tier 2 keeps once: what they compute, and what they may not do. */

const OPCODES = opcodesOf('osaka');
const ANSWER = '0 MSTORE 32 0 RETURN';
/** So long that a function with it is not cloned. */
const LONG = 'DUP2 ADD DUP1 MUL '.repeat(40);
const argument = (index: number): string => `${32 * index} CALLDATALOAD`;

const PROGRAMS: Readonly<Record<string, string>> = {
  // Where ways meet, its operands lie in one order or the other.
  'called from four places, in loops too': `
    0 5
    @again: SWAP1 @a SWAP1 ${argument(0)} @f JUMP @a: @b SWAP1 ${argument(1)} @f JUMP
    @b: @c SWAP1 1 @f JUMP @c: @d SWAP1 ${argument(2)} @f JUMP
    @d: SWAP1 1 SWAP1 SUB DUP1 @again JUMPI POP ${ANSWER}
    @f: DUP1 DUP3 LT @skip JUMPI SWAP1 @skip: ${LONG} SUB SWAP1 JUMP`,
  'that calls itself': `
    @end ${argument(0)} @f JUMP @end: ${ANSWER}
    @f: DUP1 @more JUMPI SWAP1 JUMP
    @more: @back 1 DUP3 SUB @f JUMP @back: ADD SWAP1 JUMP`,
  'that returns where the input says': `
    @a 7 @f JUMP @a: @e SWAP1 @f JUMP @e: @h SWAP1 @f JUMP @h: @b SWAP1 @f JUMP
    @b: ${argument(0)} @c ADD SWAP1 @f JUMP
    @c: 1 ADD @d: ${ANSWER}
    @f: ${LONG} SWAP1 JUMP`,
  'that takes more than its callers have': `
    @a 1 @f JUMP @a: @e 2 @f JUMP @e: @h 5 @f JUMP @h: @b SWAP1 @f JUMP
    @b: ${argument(0)} @g JUMPI ${ANSWER}
    @g: @b 3 @f JUMP
    @f: ${LONG} SWAP1 SWAP2 POP SWAP1 JUMP`,
};
const INPUTS = [
  [0n, 1n, 2n],
  [1n, 2n ** 255n, 3n],
  [2n, 2n ** 64n, 2n ** 64n - 1n],
  [300n, 5n, 0n],
  [400n, 5n, 7n],
  [2n ** 256n - 1n, 1n, 1n],
];

describe('a function that is kept once', () => {
  it.each(Object.entries(PROGRAMS))('%s is exact', async (_name, text) => {
    const hex = assembleProgram(text);
    const blocks = cutIntoBlocks(fromHex(`0x${hex}`), OPCODES);
    expect(sharingOf(blocks).shared.size).toBeGreaterThan(0);
    expect(compileTier2(fromHex(`0x${hex}`), OPCODES, 1)).not.toBeNull();
    const engines = new TwoEngines('compiled');
    await engines.beginBlock('osaka');
    for (const input of INPUTS) {
      const data = `0x${input.map((word) => toHex(toWord(word)).slice(2)).join('')}`;
      for (const gasLimit of [60_000, 900_000]) {
        const { ours, theirs } = await engines.run(
          { [toHex(CONTRACT)]: { code: `0x${hex}`, nonce: 1n } },
          { data, gasLimit },
        );
        expect(ours, `${input}`).toEqual(theirs);
      }
    }
  });
});
