/** Blocks long enough to have a middle in which a thread can be lost. */
import { toHex, toWord } from '../../state/base/bytes.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { ForkName } from '../../workers/fork.js';
import { CONTEXT } from '../helpers/random-block.js';
import { Dice } from '../interleave/dice.js';
import { addressOf, FORKS, richBlock } from '../interleave/rich-block.js';

const STEPS_MAX = 240;
const STEPS_MIN = 96;
/** Seeds tried for one that gives a long block. */
const TRIES = 1_000;
/** Of rich-block.ts, those with more ether than they can spend. */
const RICH = 4;

export interface FaultBlock {
  readonly fork: ForkName;
  readonly records: readonly Uint8Array[];
}

/** Of everything that parallel execution can get wrong. */
export function mixedBlock(seed: number): FaultBlock {
  for (let tries = 0; ; tries += 1) {
    const dice = new Dice(seed * TRIES + tries);
    const fork = FORKS[dice.below(FORKS.length)]!;
    const records = richBlock(dice, fork, STEPS_MAX);
    if (records.length >= STEPS_MIN) return { fork, records };
  }
}

/** Of transfers that pay a tip: nothing but the commit touches the coinbase. */
export function transferBlock(seed: number): FaultBlock {
  const dice = new Dice(seed);
  const users = Array.from({ length: RICH }, (_, index) => addressOf(`user ${index}`));
  const nonces = users.map(() => 0);
  const fees = { maxFeePerGas: 9, maxPriorityFeePerGas: 1, gasLimit: 50_000, value: 1n };
  const records = Array.from({ length: STEPS_MIN }, (_, index) => {
    const from = dice.below(RICH);
    const nonce = nonces[from]!;
    nonces[from] = nonce + 1;
    const to = toHex(users[dice.below(RICH)]!);
    const fields = { ...fees, type: 2, nonce, to, chainId: CONTEXT.chainId } as const;
    return recordOfUnsigned(fields, users[from]!, toWord(BigInt(index)), CONTEXT);
  });
  return { fork: 'osaka', records };
}
