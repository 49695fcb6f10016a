import { createTx } from '@ethereumjs/tx';
import { afterAll, describe, expect, it } from 'vitest';
import { DeltacastError } from '../../../state/base/errors.js';
import { RECOVER_QUEUE_MAX } from '../../../state/base/limits.js';
import { systemClock } from '../../../state/base/ports.js';
import { commonFor } from '../../../workers/common.js';
import { decodeSigned } from '../../../workers/decode.js';
import { TransactionRecord } from '../../../workers/record.js';
import type { Recovered } from '../../../workers/recover.js';
import { Recoverer } from '../../../workers/recoverer.js';

const RULES = { fork: 'osaka', chainId: 31_337 } as const;
const key = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1);

function signed(index: number): Uint8Array {
  const common = commonFor(RULES.fork, RULES.chainId);
  const fields = {
    type: 2,
    nonce: index,
    gasLimit: 21_000,
    maxFeePerGas: 9,
    to: `0x${'11'.repeat(20)}` as `0x${string}`,
  };
  const tx = createTx({ ...fields, chainId: RULES.chainId } as const, { common });
  return tx.sign(key(index % 50)).serialize();
}

/** Every third one is broken in its own way. */
const RAWS = Array.from({ length: 120 }, (_, index) => {
  const raw = signed(index);
  if (index % 3 !== 0) return raw;
  return (
    [new Uint8Array(0), raw.slice(0, raw.length - index), new Uint8Array([0x7f, 1])][
      (index % 4) % 3
    ] ?? raw
  );
});

/** The same on this thread. */
function expected(raw: Uint8Array): Uint8Array | string {
  try {
    return decodeSigned(raw, RULES);
  } catch (error) {
    return (error as DeltacastError).code;
  }
}

const plain = (one: Recovered) => (one instanceof TransactionRecord ? one.bytes : one.code);

/** Ends the threads of a recoverer behind its back. */
async function killThreads(recoverer: Recoverer): Promise<void> {
  const { pool } = recoverer as unknown as {
    pool: { piscina: { threads: { terminate(): Promise<unknown> }[] } };
  };
  await Promise.all(pool.piscina.threads.map((thread) => thread.terminate()));
}

describe('sender recovery on threads', () => {
  const recoverer = new Recoverer(2, RULES, null);
  afterAll(() => recoverer.stop());

  it('gives in order what decoding gives: records, and errors with their codes', async () => {
    const recovered = await recoverer.recover(RAWS);
    expect(recovered.map(plain)).toEqual(RAWS.map(expected));
    expect(recovered.filter((one) => one instanceof DeltacastError).length).toBeGreaterThan(20);
  });

  it('answers single ones that come while others are under way', async () => {
    const answers = await Promise.all(RAWS.map((raw) => recoverer.recover([raw])));
    expect(answers.flat().map(plain)).toEqual(RAWS.map(expected));
    expect(await recoverer.recover([])).toEqual([]);
  });

  it('refuses what is above its bound, and only that', async () => {
    const above = 100;
    const flood = new Array<Uint8Array>(RECOVER_QUEUE_MAX + above).fill(new Uint8Array(0));
    const codes = (await recoverer.recover(flood)).map(plain);
    expect(codes.filter((code) => code === 'TX_POOL_FULL').length).toBe(above);
    expect(codes.filter((code) => code === 'TX_MALFORMED').length).toBe(RECOVER_QUEUE_MAX);
  });

  it('answers with WORKER_FAILED for a thread that died, and goes on with another', async () => {
    await recoverer.recover(RAWS);
    const slow = new Array<Uint8Array>(400).fill(signed(1));
    const answers = recoverer.recover(slow);
    await killThreads(recoverer);
    const codes = new Set(
      (await answers).map((one) => (one instanceof DeltacastError ? one.code : 'ok')),
    );
    expect(codes).toContain('WORKER_FAILED');
    expect((await recoverer.recover(RAWS)).map(plain)).toEqual(RAWS.map(expected));
  });

  it('answers with WORKER_FAILED after its end, and starts no thread any more', async () => {
    const ended = new Recoverer(1, RULES, null);
    const waiting = ended.recover(RAWS);
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    await ended.stop();
    expect(new Set((await waiting).map(plain))).toContain('WORKER_FAILED');
    expect((await ended.recover([signed(1)])).map(plain)).toEqual(['WORKER_FAILED']);
  });
});

describe('sender recovery of one that comes alone', () => {
  it('gives the same on the calling thread, at most once a millisecond', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const recoverer = new Recoverer(1, RULES, clock);
    const threads = () => (recoverer as unknown as { running: number }).running;
    for (const raw of RAWS) {
      nowMs += 1;
      const answer = recoverer.recover([raw]);
      expect(threads()).toBe(0);
      expect((await answer).map(plain)).toEqual([expected(raw)]);
    }
    const [raw = new Uint8Array(0)] = RAWS;
    const soon = recoverer.recover([raw]);
    expect(threads()).toBe(1);
    expect((await soon).map(plain)).toEqual([expected(raw)]);
    await recoverer.stop();
  });
});
