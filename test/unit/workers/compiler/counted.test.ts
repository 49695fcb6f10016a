import { expect, it } from 'vitest';
import { toHex } from '../../../../state/base/bytes.js';
import { cutIntoBlocks, opcodesOf } from '../../../../workers/compiler/blocks.js';
import { countedLoop } from '../../../../workers/compiler/tier2-counted.js';
import * as opcodes from '../../../../workers/kernel/opcodes.js';
import { Rng } from '../../../fuzz/rng.js';
import { CONTRACT, op, push, TwoEngines } from '../../../helpers/two-engines.js';

/**
 * Loops that count down, of which tier 2 writes the turns but the last once more: counters next to
 * where that begins and ends, gas that ends on the way, and what looks like such a loop and is not.
 */

const CODES = Number(process.env['RUNS'] ?? 8);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const OPCODES = opcodesOf('osaka');
/** Below, at and above what a turn, two, and a short counter are. */
const COUNTERS = [0n, 1n, 2n, 3n, 4n, 5n, 8n, 9n, 100n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n];
const LONG = [2n ** 64n, 2n ** 64n + 3n, 2n ** 128n + 5n, 2n ** 255n, 2n ** 256n - 1n];
const GAS = [25_000, 60_000];

const BINARY = [
  ...[opcodes.OP_ADD, opcodes.OP_SUB, opcodes.OP_MUL, opcodes.OP_AND, opcodes.OP_OR],
  ...[opcodes.OP_XOR, opcodes.OP_LT, opcodes.OP_SGT, opcodes.OP_SHL, opcodes.OP_SHR],
  ...[opcodes.OP_SAR, opcodes.OP_BYTE, opcodes.OP_EQ],
];
/** [n ...] -> [n - 1 ...]: a number taken away, or all ones added, on either side. */
const COUNTDOWNS = ['60019003', `${push(2n ** 256n - 1n)}01`, `${push(2n ** 256n - 1n)}9001`];

/** Arithmetic over the words below the counter, which it may read as well: [n x y] as it was. */
function bodyOf(rng: Rng): string {
  let hex = '';
  for (let count = 1 + rng.below(5); count > 0; count -= 1) {
    const operand = rng.pick(['80', '82', push(BigInt(rng.below(300))), push(2n ** 200n + 7n)]);
    // SWAP1, an operand from under it, the operation, SWAP1; and sometimes x and y change places.
    hex += `90${operand}${rng.chance(50) ? '90' : ''}${op(rng.pick(BINARY))}90`;
    if (rng.chance(30)) hex += '909190';
  }
  return hex;
}

/** y x n, the loop from place 9 on, and the memory with x and y. */
function codeOf(body: string, countdown: string, condition = '80'): string {
  return `6020356040355f35${'5b'}${body}${countdown}${condition}600857505f5260205260405ff3`;
}

async function compare(engines: TwoEngines, code: string, words: bigint[], gasLimit: number) {
  const data = `0x${words.map((value) => value.toString(16).padStart(64, '0')).join('')}`;
  const state = { [toHex(CONTRACT)]: { code } };
  const { ours, theirs } = await engines.run(state, { data, gasLimit });
  expect(ours).toEqual(theirs);
  return ours;
}

it('ends as other loops do', async () => {
  const engines = new TwoEngines('compiled');
  await engines.beginBlock('osaka');
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CODES; seed += 1) {
    const rng = new Rng(seed);
    const countdown = rng.pick(COUNTDOWNS);
    const code = codeOf(bodyOf(rng), countdown);
    const block = cutIntoBlocks(Buffer.from(code, 'hex'), OPCODES).all[1]!;
    expect(countedLoop(block, OPCODES), `SEED=${seed} RUNS=1 ${code}`).not.toBeNull();
    for (const n of [...COUNTERS, ...LONG]) {
      const gas = n < 101n ? 60_000 : rng.pick(GAS);
      await compare(engines, code, [n, 2n ** 255n + BigInt(seed), 3n], gas);
    }
  }
});

it('charges to the last unit of gas', async () => {
  const engines = new TwoEngines('compiled');
  await engines.beginBlock('osaka');
  const code = codeOf('9060010190', '60019003');
  const { gasUsed } = await compare(engines, code, [50n, 1n, 2n], 100_000);
  for (const more of [-60, -40, -20, -1, 0, 1, 20]) {
    const { status } = await compare(engines, code, [50n, 1n, 2n], gasUsed + more);
    expect(status === 1, `${more}`).toBe(more >= 0);
  }
});

it.each([
  ['counts by two', '60029003', '80'],
  ['counts up', '600101', '80'],
  ['takes itself away', '8003', '80'],
  ['counts twice', '6001900360019003', '80'],
  ['tests another word', '60019003', '81'],
  ['tests the word as it was', '8060019003', '81'],
  ['looks at memory', '60019003', '5f515080'],
  ['looks at gas', '60019003', '5a5080'],
  ['divides', '60019003906003900490', '80'],
])('a loop that %s is none', (_, countdown, condition) => {
  const { all } = cutIntoBlocks(Buffer.from(codeOf('', countdown, condition), 'hex'), OPCODES);
  expect(all[1]!.instructions.length).toBeGreaterThan(6);
  expect(countedLoop(all[1]!, OPCODES)).toBeNull();
});
