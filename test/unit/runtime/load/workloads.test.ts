import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeAbiParameters } from 'viem';
import { describe, expect, it } from 'vitest';
import { CONTEXT, FEES, GENESIS_SEQUENCE, openArena } from '../../../../bench/chain.js';
import { FIRST_NONCE, LoadAccounts } from '../../../../runtime/load/accounts.js';
import { CODE, CREATION_CODE } from '../../../../runtime/load/contracts/token.js';
import {
  balanceSlot,
  TOKEN_ADDRESS,
  TOKEN_BALANCE,
  tokenAccount,
} from '../../../../runtime/load/erc20.js';
import { signMarket } from '../../../../runtime/load/sign.js';
import { genesisAlloc } from '../../../../runtime/load/workload.js';
import { createWorkload, WORKLOADS } from '../../../../runtime/load/workloads.js';
import { type Arena, KIND_BALANCE, KIND_SLOT } from '../../../../state/arena.js';
import { fromHex, toBigInt, toHex, toWord } from '../../../../state/base/bytes.js';
import { systemClock } from '../../../../state/base/ports.js';
import { decodeSigned } from '../../../../workers/decode.js';
import type { Outcome } from '../../../../workers/outcome.js';
import { TransactionRecord } from '../../../../workers/record.js';
import { startExecutor } from '../../../../workers/start.js';

const ACCOUNTS = 8;
const COUNT = 24;
const NAMES = WORKLOADS.map(({ name }) => name);
const create = (name: string, seed = 1) =>
  createWorkload(name, { accounts: ACCOUNTS, seed, ...FEES, iterations: 20 });
const recordOf = (raw: Uint8Array) => new TransactionRecord(decodeSigned(raw, CONTEXT));

async function execute(arena: Arena, raws: readonly Uint8Array[]): Promise<Outcome[]> {
  const executor = await startExecutor({ arena, workers: 0, clock: systemClock });
  executor.sequence = GENESIS_SEQUENCE;
  await executor.beginBlock(CONTEXT);
  arena.openMiniBlock(GENESIS_SEQUENCE + 1);
  const { outcomes } = await executor.runBatch(raws.map((raw) => decodeSigned(raw, CONTEXT)));
  arena.closeMiniBlock(executor.sequence);
  await executor.stop();
  return outcomes;
}

function cellValue(arena: Arena, kind: 0 | 3, address: Uint8Array, slot?: Uint8Array): bigint {
  const out = new Uint8Array(32);
  const id = arena.find(kind, address, slot);
  if (id >= 0) arena.readLatest(id, out);
  return toBigInt(out);
}

describe.each(NAMES)('the load %s', (name) => {
  it('is the same bytes for the same seed, and others for another', () => {
    const [one, same, other] = [create(name), create(name), create(name, 2)];
    const raws = one.next(COUNT);
    expect([...same.next(10), ...same.next(COUNT - 10)]).toEqual(raws);
    expect(genesisAlloc(same)).toEqual(genesisAlloc(one));
    expect(other.next(COUNT)).not.toEqual(raws);
  });

  it('has the nonces of each sender in order, and a prober of its own', () => {
    const load = create(name);
    const nonces = new Map<string, bigint>();
    for (const raw of load.next(COUNT)) {
      const { sender, nonce } = recordOf(raw);
      expect(nonce).toBe(nonces.get(toHex(sender)) ?? 1n);
      nonces.set(toHex(sender), nonce + 1n);
    }
    if (name === 'raw-one-sender') expect(nonces.size).toBe(1);
    else expect(nonces.size).toBeGreaterThan(ACCOUNTS / 2);
    const probes = [load.probe(), load.probe()].map(recordOf);
    expect(probes.map(({ nonce }) => nonce)).toEqual([1n, 2n]);
    expect(nonces.has(toHex(probes[0]!.sender))).toBe(false);
  });

  it('succeeds from its genesis on, probes too', async () => {
    const load = create(name);
    const arena = openArena([...load.alloc()], 1);
    const outcomes = await execute(arena, [...load.next(COUNT), load.probe(), load.probe()]);
    expect(outcomes.map(({ status }) => status)).toEqual(new Array(COUNT + 2).fill(1));
  });
});

describe('transfers', () => {
  it('move ether', async () => {
    const load = create('transfer');
    const arena = openArena([...load.alloc()], 1);
    const [raw] = load.next(1);
    const { sender, to } = recordOf(raw!);
    const before = [sender, to!].map((address) => cellValue(arena, KIND_BALANCE, address));
    const [outcome] = await execute(arena, [raw!]);
    const after = [sender, to!].map((address) => cellValue(arena, KIND_BALANCE, address));
    const fee = BigInt(outcome!.gasUsed) * (CONTEXT.baseFee + FEES.maxPriorityFeePerGas);
    expect(outcome!.gasUsed).toBe(21_000);
    expect(before[0]! - after[0]!).toBe(fee + 1n);
    expect(after[1]! - before[1]!).toBe(1n);
  });
});

describe('ERC-20 transfers', () => {
  it('move tokens and log it', async () => {
    const load = create('erc20');
    const arena = openArena([...load.alloc()], 1);
    const [raw] = load.next(1);
    const { sender, data } = recordOf(raw!);
    const recipient = data.slice(16, 36);
    const [outcome] = await execute(arena, [raw!]);
    const [from, to] = [sender, recipient].map((holder) =>
      cellValue(arena, KIND_SLOT, TOKEN_ADDRESS, balanceSlot(holder)),
    );
    expect([from, to]).toEqual([TOKEN_BALANCE - 1n, TOKEN_BALANCE + 1n]);
    const topics = [
      keccak_256(Buffer.from('Transfer(address,address,uint256)')),
      ...[sender, recipient].map((holder) => toWord(toBigInt(holder))),
    ];
    expect(outcome!.logs).toEqual([{ address: TOKEN_ADDRESS, topics, data: toWord(1n) }]);
  });

  it('start from what the constructor leaves behind', async () => {
    const holders = new LoadAccounts(ACCOUNTS, 1);
    const addresses = Array.from({ length: ACCOUNTS }, (_, index) => holders.addressOf(index));
    const args = encodeAbiParameters(
      [{ type: 'address[]' }, { type: 'uint256' }],
      [addresses.map(toHex), TOKEN_BALANCE],
    );
    const fields = { nonce: FIRST_NONCE, gasLimit: 5_000_000, to: null, value: 0n, ...FEES };
    const data = fromHex(CREATION_CODE + args.slice(2));
    const arena = openArena([...create('erc20').alloc()], 1);
    const [outcome] = await execute(arena, [signMarket({ ...fields, data }, holders.keyOf(0))]);
    expect(toHex(outcome!.codes[0]!.bytes)).toBe(`0x${CODE}`);
    const written = outcome!.writes
      .filter(({ kind }) => kind === KIND_SLOT)
      .map(({ slot, value }) => [toHex(slot!), toHex(value)]);
    expect(Object.fromEntries(written)).toEqual(tokenAccount(addresses).storage);
  });
});
