/**
 * Depth 1,024 on every engine: frames of compiled code of either tier, of interpreted code and of
 * initcode, and all of them in turns; with full stacks, and with memory as large as the gas allows.
 * What does not fit a thread's window is left to the reference engine, and comes out the same.
 * `RUNS=100 npx vitest run test/contracts/depth.test.ts` for all, and full stacks to the limit.
 */
import { describe, expect, it } from 'vitest';
import { toHex, toWord } from '../../state/base/bytes.js';
import { type Agreed, Panel } from './panel.js';
import { type TowerKind, towerCode } from './towers.js';

const RUNS = Number(process.env['RUNS'] ?? 1);
const isMany = RUNS >= 20;
/** As large windows as there are. */
const ARENA_MEGABYTES = 880;
/** Below the limit by itself: the limit ends it. */
const BEYOND_DEPTH = 1_100;
/** (64/63)^1024 is 10^7: enough is left at the bottom. */
const GAS_WITHOUT_END = 10 ** 13;
/** A block's gas, as of 2025. */
const BLOCK_GAS = 60_000_000;
/** So many words a frame, and 6 KB of memory, fit a window 1,024 times. */
const WORDS_THAT_FIT = 240;
const MEMORY_THAT_FITS = 6_000;
const STACK_WORDS = 1_024;
/** Full stacks that fit a window, and some that do not. */
const FULL_STACKS_THAT_FIT = 200;
const FULL_STACKS_TOO_MANY = isMany ? BEYOND_DEPTH : 300;

const KINDS: readonly TowerKind[] = ['static', 'computed', 'long', 'creating'];
const FATES = { static: 'tier 2', computed: 'tier 1', long: 'interpreted' } as const;

const panel = new Panel({ megabytes: ARENA_MEGABYTES });
const addressOf = (kind: TowerKind) => `0x${`7${KINDS.indexOf(kind)}`.repeat(20)}`;

/** Contracts of these kinds, each calling the one after it and the last the first. */
async function build(kinds: readonly TowerKind[], words: number): Promise<void> {
  const alloc = Object.fromEntries(
    kinds.map((kind, index) => {
      const next = addressOf(kinds[(index + 1) % kinds.length]!);
      return [addressOf(kind), { nonce: 1, code: towerCode({ kind, next, words }) }];
    }),
  );
  await panel.begin(alloc, { fork: 'prague', gasLimit: Number.MAX_SAFE_INTEGER });
}

function climb(first: TowerKind, depth: number, offset: number, gasLimit: number): Promise<Agreed> {
  const words = [toWord(BigInt(depth)), toWord(BigInt(offset))];
  return panel.try({ to: addressOf(first), data: toHex(Buffer.concat(words)), gasLimit });
}

/** Runs, and gives how many of the three engines left it to the reference engine. */
async function handedOver(run: () => Promise<Agreed>): Promise<number> {
  const before = panel.handedOver;
  const { isOk } = await run();
  expect(isOk).toBe(true);
  return panel.handedOver - before;
}

describe.each([...KINDS.map((kind) => [kind, [kind]] as const), ['in turns', KINDS] as const])(
  'frames that are %s',
  (_name, kinds) => {
    const first = kinds[0]!;

    it('go to the limit and back', async () => {
      await build(kinds, WORDS_THAT_FIT);
      expect(await handedOver(() => climb(first, BEYOND_DEPTH, 0, GAS_WITHOUT_END))).toBe(0);
      for (const kind of kinds) {
        if (kind === 'creating') continue;
        const hash = panel.codeHash(addressOf(kind));
        expect(panel.both.fates.get(hash)).toBe(FATES[kind]);
        expect(panel.first.fates.get(hash)).toBe(kind === 'long' ? 'interpreted' : 'tier 1');
      }
    });

    it.runIf(isMany || kinds.length > 1)('go there with memory in each', async () => {
      await build(kinds, 10);
      const run = () => climb(first, BEYOND_DEPTH, MEMORY_THAT_FITS, GAS_WITHOUT_END);
      expect(await handedOver(run)).toBe(0);
    });

    it.runIf(isMany || kinds.length > 1)('have full stacks', async () => {
      await build(kinds, STACK_WORDS);
      expect(await handedOver(() => climb(first, FULL_STACKS_THAT_FIT, 0, GAS_WITHOUT_END))).toBe(
        0,
      );
    });
  },
);

it('more full stacks than fit a window give the same', async () => {
  await build(KINDS, STACK_WORDS);
  const run = () => climb('static', FULL_STACKS_TOO_MANY, 0, GAS_WITHOUT_END);
  expect(await handedOver(run)).toBe(3);
});

it('one word more than a stack has is one too many, wherever it is', async () => {
  for (const kind of KINDS) {
    await build([kind], STACK_WORDS + 1);
    expect((await climb(kind, 3, 0, BLOCK_GAS)).isOk).toBe(false);
  }
});

it.each(['static', 'computed', 'long'] as const)(
  'a frame that is %s has the memory that a block of gas pays for',
  async (kind) => {
    await build([kind], 10);
    // 3 w + w^2 / 512 for w words (Yellow Paper, appendix H), and something left for the rest.
    const words = Math.floor((-3 + Math.sqrt(9 + (4 * (BLOCK_GAS - 200_000)) / 512)) * 256);
    expect(await handedOver(() => climb(kind, 1, words * 32, BLOCK_GAS))).toBe(0);
    const { isOk, gasUsed } = await climb(kind, 1, words * 64, BLOCK_GAS);
    expect([isOk, gasUsed]).toEqual([false, BLOCK_GAS]);
  },
);

it('more memory in all frames together than fits a window gives the same', async () => {
  await build(['static', 'computed', 'long'], 10);
  const run = () => climb('static', BEYOND_DEPTH, 200_000, BLOCK_GAS);
  expect(await handedOver(run)).toBe(3);
});
