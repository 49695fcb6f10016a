import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../../bench/chain.js';
import {
  loadExchange,
  pairOf,
  TOKENS,
  UNISWAP_PACKAGES,
} from '../../../../runtime/load/uniswap.js';
import { createWorkload } from '../../../../runtime/load/workloads.js';
import { fromHex, toBigInt, toHex } from '../../../../state/base/bytes.js';
import { keccak256 } from '../../../../state/base/keccak.js';
import { systemClock } from '../../../../state/base/ports.js';
import { decodeSigned } from '../../../../workers/decode.js';
import { startExecutor } from '../../../../workers/start.js';

const exchange = loadExchange();
const options = { accounts: 8, seed: 1, ...FEES };
/** Uniswap's: Swap, Sync of the pair, and a Transfer of each token. */
const LOGS = 4;

describe.skipIf(exchange !== null)('without the packages of Uniswap', () => {
  it('the load says which', () => {
    expect(() => createWorkload('swap', options)).toThrow(UNISWAP_PACKAGES);
  });
});

describe.skipIf(exchange === null)(`swaps (skipped without ${UNISWAP_PACKAGES})`, () => {
  it('move both tokens by the formula of constant product', async () => {
    const load = createWorkload('swap', options);
    const arena = openArena([...load.alloc()], 1);
    const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
    executor.sequence = GENESIS_SEQUENCE;
    await executor.beginBlock(CONTEXT);
    const records = load.next(6).map((raw) => decodeSigned(raw, CONTEXT));
    const { outcomes } = await executor.runBatch(records);
    const pair = toHex(pairOf(keccak256(fromHex(exchange!.pair.bytecode)), TOKENS));
    let reserves = [10n ** 30n, 10n ** 30n];
    for (const { status, logs, output } of outcomes) {
      expect(status).toBe(1);
      expect(logs).toHaveLength(LOGS);
      expect(toHex(logs[3]!.address)).toBe(pair);
      const side = toHex(logs[0]!.address) === toHex(TOKENS[0]) ? 0 : 1;
      const given = toBigInt(logs[0]!.data);
      const [own, other] = side === 0 ? reserves : [...reserves].reverse();
      const taken = (given * 997n * other!) / (own! * 1_000n + given * 997n);
      expect(toBigInt(logs[1]!.data)).toBe(taken);
      expect(toBigInt(output.subarray(96))).toBe(taken);
      const after = [own! + given, other! - taken];
      reserves = side === 0 ? after : after.reverse();
    }
  });
});
