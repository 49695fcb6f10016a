import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, describe, expect, it } from 'vitest';
import { Arena } from '../../../state/arena.js';
import { concatBytes, fromHex, toBigInt, toHex, toWord } from '../../../state/base/bytes.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import { CALLS_QUEUED_MAX } from '../../../state/base/limits.js';
import { systemClock } from '../../../state/base/ports.js';
import type { CallRequest } from '../../../workers/call.js';
import { Caller } from '../../../workers/caller.js';
import { ParallelExecutor } from '../../../workers/parallel.js';
import { FAULTY_ENGINE, SENDERS, sender, transfer } from '../../helpers/executors.js';
import { CONTEXT } from '../../helpers/random-block.js';

const ETHER = 10n ** 18n;
const TARGET = new Uint8Array(20).fill(0x77);
const PROGRAMS = {
  /** Returns the balance of the address in the first word. */
  balance: '6000353160005260206000f3',
  /** Returns slot 0. */
  slot: '60005460005260206000f3',
  /** transfer(to, amount) over a mapping at slot 0: reverts when short, logs, returns 1. */
  token:
    '3360005260406000208054602435808210603d57809103909155600435600052604060002080548201' +
    '905560005260206000a0600160005260206000f35b60006000fd',
  /** Counts in slot 0. */
  counter: '60016000540160005500',
  /** Calls the address in the first word with all gas but a 64th; reverts when that fails. */
  forwarder: '600060006000600060006000355af115601557005b60006000fd',
  /** Ends when its gas does. */
  endless: '5b600056',
  /** Reverts with the word 255. */
  reverter: '60ff60005260206000fd',
} as const;
type Program = keyof typeof PROGRAMS;
const addressOf = (program: Program) => keccak_256(new TextEncoder().encode(program)).slice(12);
const mapping = (owner: Uint8Array) => keccak_256(concatBytes(toWord(toBigInt(owner)), toWord(0n)));

function filledArena(size: { undoNodesMax?: number } = {}): Arena {
  const arena = Arena.create({ megabytes: 16, threads: 4, ...size });
  arena.openMiniBlock(1);
  for (let index = 0; index < SENDERS; index += 1) {
    arena.write(arena.intern(0, sender(index)), toWord(ETHER), 1);
  }
  for (const name of Object.keys(PROGRAMS) as Program[]) {
    const code = fromHex(PROGRAMS[name]);
    arena.putCode(keccak_256(code), code);
    arena.write(arena.intern(1, addressOf(name)), toWord(1n), 1);
    arena.write(arena.intern(2, addressOf(name)), keccak_256(code), 1);
  }
  arena.write(arena.intern(3, addressOf('token'), mapping(sender(0))), toWord(1_000n), 1);
  arena.closeMiniBlock(1);
  return arena;
}

const to = (program: Program): Partial<CallRequest> => ({ to: addressOf(program) });
const argument = (address: Uint8Array) => toWord(toBigInt(address));

function request(fields: Partial<CallRequest>): CallRequest {
  return {
    purpose: 'call',
    from: sender(0),
    to: TARGET,
    data: new Uint8Array(0),
    value: 0n,
    gas: 1_000_000,
    gasPrice: 0n,
    context: CONTEXT,
    sequence: 1,
    overrides: [],
    ...fields,
  };
}

/** The code of the error that a promise rejects with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'nothing was thrown';
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
}

describe('calls on a thread', () => {
  const arena = filledArena();
  const caller = new Caller({ arena, clock: systemClock, firstThread: 2, threads: 1 });
  afterAll(() => caller.stop());
  const word = async (fields: Partial<CallRequest>) =>
    toBigInt((await caller.call(request(fields))).output);

  it('give output, gas and logs, and change nothing', async () => {
    const data = concatBytes(new Uint8Array(4), argument(TARGET), toWord(400n));
    const first = await caller.call(request({ ...to('token'), data }));
    expect(first.status).toBe(1);
    expect(toBigInt(first.output)).toBe(1n);
    expect(first.logs.map((log) => toBigInt(log.data))).toEqual([400n]);
    expect(await caller.call(request({ ...to('token'), data }))).toEqual(first);
    const failing = await caller.call(request(to('reverter')));
    expect([failing.status, toBigInt(failing.output)]).toEqual([0, 255n]);
  });

  it('see what is put over balances, code and slots, once', async () => {
    const data = argument(TARGET);
    const rich = { kind: 0, address: TARGET, value: toWord(77n) } as const;
    expect(await word({ ...to('balance'), data, overrides: [rich] })).toBe(77n);
    expect(await word({ ...to('balance'), data })).toBe(0n);
    const code = fromHex(PROGRAMS.slot);
    const overrides = [
      { kind: 2, address: TARGET, value: keccak_256(code), code },
      { kind: 3, address: TARGET, slot: toWord(0n), value: toWord(9n) },
    ] as const;
    expect(await word({ overrides })).toBe(9n);
    expect((await caller.call(request({}))).output).toHaveLength(0);
  });

  it('say what is wrong with a request by a typed error or a reason', async () => {
    expect(await codeOf(caller.call(request({ value: 1n << 256n })))).toBe('TX_INVALID');
    const poor = await caller.call(request({ from: TARGET, value: 5n }));
    expect([poor.status, poor.reason]).toEqual([2, 'TX_INSUFFICIENT_FUNDS']);
  });

  it('estimate a transfer and a token transfer to the unit', async () => {
    const plain = await caller.call(request({ purpose: 'estimate', value: 1n }));
    expect(plain.gas).toBe(21_000);
    const data = concatBytes(new Uint8Array(4), argument(TARGET), toWord(400n));
    const { gas } = await caller.call(request({ ...to('token'), data, purpose: 'estimate' }));
    const statusWith = async (limit: number) =>
      (await caller.call(request({ ...to('token'), data, gas: limit }))).status;
    expect([await statusWith(gas), await statusWith(gas - 1)]).toEqual([1, 0]);
  });

  it('estimate a call that must leave a 64th to within 1.5%, and enough', async () => {
    const fields = { ...to('forwarder'), data: argument(addressOf('counter')) };
    const { gas, status } = await caller.call(request({ ...fields, purpose: 'estimate' }));
    expect(status).toBe(1);
    const statusWith = async (limit: number) =>
      (await caller.call(request({ ...fields, gas: limit }))).status;
    expect(await statusWith(gas)).toBe(1);
    expect(await statusWith(Math.floor(gas / 1.02))).toBe(0);
  });

  it('that fail at every gas are estimated as their failure', async () => {
    const reply = await caller.call(request({ ...to('reverter'), purpose: 'estimate' }));
    expect([reply.status, toBigInt(reply.output)]).toEqual([0, 255n]);
  });

  it('end at the deadline, and the thread is there for the next', async () => {
    const endless = request({ ...to('endless'), gas: 16_000_000 });
    expect(await codeOf(caller.call(endless, { deadlineMs: 60 }))).toBe('RPC_TIMEOUT');
    expect(await word({ ...to('balance'), data: argument(sender(1)) })).toBe(ETHER);
  });

  it('end when they are given up: running, waiting or not begun', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const endless = request({ ...to('endless'), gas: 16_000_000 });
    const codes = [
      codeOf(caller.call(endless, { signal })),
      codeOf(caller.call(request({}), { signal })),
    ];
    await new Promise<void>((resolve) => systemClock.after(30, resolve));
    abort.abort();
    codes.push(codeOf(caller.call(request({}), { signal })));
    expect(await Promise.all(codes)).toEqual(['RPC_TIMEOUT', 'RPC_TIMEOUT', 'RPC_TIMEOUT']);
    expect(await word({ ...to('balance'), data: argument(sender(1)) })).toBe(ETHER);
  });
});

describe('calls at their bounds', () => {
  it('are refused when too many wait, and answered when the node stops', async () => {
    const arena = filledArena();
    const caller = new Caller({ arena, clock: systemClock, firstThread: 2, threads: 1 });
    const endless = request({ ...to('endless'), gas: 16_000_000 });
    const running = codeOf(caller.call(endless));
    const waiting = Array.from({ length: CALLS_QUEUED_MAX }, () =>
      codeOf(caller.call(request({}))),
    );
    expect(await codeOf(caller.call(request({})))).toBe('RPC_LIMIT');
    await caller.stop();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['RPC_TIMEOUT']));
    expect(await running).toBe('WORKER_FAILED');
    expect(await codeOf(caller.call(request({})))).toBe('RPC_TIMEOUT');
  });

  it('are told when the history no longer reaches their state', async () => {
    const arena = filledArena({ undoNodesMax: 64 });
    const caller = new Caller({ arena, clock: systemClock, firstThread: 2, threads: 1 });
    const id = arena.intern(0, sender(0));
    for (let sequence = 2; sequence < 300; sequence += 1) {
      arena.openMiniBlock(sequence);
      arena.write(id, toWord(BigInt(sequence)), sequence);
      arena.closeMiniBlock(sequence);
      arena.retainFrom(arena.undoPosition);
    }
    const fields = { ...to('balance'), data: argument(sender(0)) };
    expect(await codeOf(caller.call(request(fields)))).toBe('STATE_PRUNED');
    expect(toBigInt((await caller.call(request({ ...fields, sequence: 299 }))).output)).toBe(299n);
    await caller.stop();
  });
});

describe('calls while batches run', () => {
  it('see their own state, whatever is committed meanwhile', async () => {
    const arena = filledArena();
    const caller = new Caller({ arena, clock: systemClock, firstThread: 2, threads: 2 });
    const executor = new ParallelExecutor(arena, 1, { engineModule: FAULTY_ENGINE });
    await executor.beginBlock(CONTEXT);
    executor.sequence = 1;
    const balanceAt = async (sequence: number) => {
      const data = argument(sender(0));
      const call = request({ ...to('balance'), data, sequence });
      return toBigInt((await caller.call(call, { deadlineMs: 60_000 })).output);
    };
    const value = new Uint8Array(32);
    const id = arena.find(0, sender(0));
    const expected = new Map([[1, ETHER]]);
    const answers: Promise<readonly [number, bigint]>[] = [];
    for (let round = 0; round < 60; round += 1) {
      arena.openMiniBlock(executor.sequence + 1);
      const batch = executor.runBatch(
        Array.from({ length: SENDERS - 1 }, (_, from) => transfer(from, round, round + 1)),
      );
      for (const sequence of [1, [...expected.keys()].at(-1) ?? 1]) {
        answers.push(balanceAt(sequence).then((balance) => [sequence, balance] as const));
      }
      await batch;
      arena.closeMiniBlock(executor.sequence);
      arena.readLatest(id, value);
      expected.set(executor.sequence, toBigInt(value));
    }
    const seen = await Promise.all(answers);
    for (const [sequence, balance] of seen)
      expect([sequence, balance]).toEqual([sequence, expected.get(sequence)]);
    expect(new Set(expected.values()).size).toBe(61);
    await Promise.all([caller.stop(), executor.stop()]);
    expect(toHex(arena.keyOf(id).address)).toBe(toHex(sender(0)));
  });
});
