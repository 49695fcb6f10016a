/**
 * The mock blocks by which pevm is tested (risechain/pevm, crates/pevm/tests: raw_transfers.rs,
 * erc20, uniswap, mixed.rs), with its parameters: who sends to whom, how many families, people and
 * transfers. Swaps are on Uniswap V2, whose packages we have, where pevm has V3.
 */

import { CONTEXT, FEES } from '../../bench/chain.js';
import type { AccountJson } from '../../runtime/alloc.js';
import { tokenAccount, tokenAddress, transferData } from '../../runtime/load/erc20.js';
import type { SeededNumbers } from '../../runtime/load/seeded.js';
import {
  exchangeAccounts,
  loadExchange,
  ROUTER,
  swapData,
  tokensOfPair,
} from '../../runtime/load/uniswap.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import { writeRecord } from '../../workers/record.js';

const ETHER = 10n ** 24n;
/** One sender in so many is another one. */
const STRANGERS = 256;
const RAW_ACCOUNTS = 100_000;
const SAME_SENDER = 5_000;
/** Alike at first, so that one sender's run is as long as a window. */
const SAME_FIRST = 30;
const SELF_TOKENS = 33_628;
const TOKEN_CLUSTERS = { clusters: 10, families: 15, people: 15, each: 15 };
const SWAP_CLUSTERS = { clusters: 20, people: 20, each: 20 };
const MIXED = 100_000;
const MIXED_ACCOUNTS = 10;
const TRANSFER_GAS = 21_000;
const CALL_GAS = 200_000;
const NO_DATA = new Uint8Array(0);
const SWAP_AMOUNT = 10n ** 15n;

export interface MockBlock {
  readonly alloc: readonly (readonly [string, AccountJson])[];
  readonly records: readonly Uint8Array[];
}

interface Call {
  readonly to: Uint8Array;
  readonly value: bigint;
  readonly gas: number;
  readonly data: Uint8Array;
}

/** People of a block by number; they are different ones in different groups. */
const person = (index: number, group = 0): Uint8Array =>
  toWord((BigInt(group + 1) << 32n) + BigInt(index + 1_000)).slice(12);

class Writer {
  readonly records: Uint8Array[] = [];
  private readonly nonces = new Map<string, bigint>();

  send(sender: Uint8Array, { to, value, gas, data }: Call): void {
    const key = toHex(sender);
    const nonce = this.nonces.get(key) ?? 0n;
    this.nonces.set(key, nonce + 1n);
    const record = writeRecord({
      type: 2,
      unprotected: false,
      sender,
      to,
      nonce,
      gasLimit: BigInt(gas),
      value,
      maxFeePerGas: FEES.maxFeePerGas,
      maxPriorityFeePerGas: FEES.maxPriorityFeePerGas,
      maxFeePerBlobGas: 0n,
      hash: toWord(BigInt(this.records.length)),
      data,
      accessList: [],
      blobHashes: [],
      authorizations: [],
      raw: NO_DATA,
    });
    this.records.push(record);
  }
}

const ether = (to: Uint8Array, value = 1n): Call => {
  return { to, value, gas: TRANSFER_GAS, data: NO_DATA };
};
const token = (index: number, to: Uint8Array, amount: bigint): Call => {
  return { to: tokenAddress(index), value: 0n, gas: CALL_GAS, data: transferData(to, amount) };
};

function rich(addresses: readonly Uint8Array[]): [string, AccountJson][] {
  return addresses.map((address) => [toHex(address), { balance: `0x${ETHER.toString(16)}` }]);
}

const people = (count: number, group = 0) =>
  Array.from({ length: count }, (_, index) => person(index, group));

/** Each to itself. */
function rawIndependent(scale: number): MockBlock {
  const all = people(scaled(RAW_ACCOUNTS, scale));
  const writer = new Writer();
  for (const each of all) writer.send(each, ether(each));
  return { alloc: rich(all), records: writer.records };
}

/** One sends to all others; strangers are rare. */
function rawSameSender(scale: number, numbers: SeededNumbers): MockBlock {
  const all = people(scaled(SAME_SENDER, scale));
  const writer = new Writer();
  for (const [index, each] of all.entries()) {
    const isStranger = index >= SAME_FIRST && numbers.below(STRANGERS) === 0;
    writer.send(isStranger ? each : person(0), ether(each));
  }
  return { alloc: rich(all), records: writer.records };
}

/** Whoever gets all fees sends and is paid now and then, all that it has got once. */
function rawBeneficiary(scale: number, numbers: SeededNumbers): MockBlock {
  const all = people(scaled(RAW_ACCOUNTS, scale));
  const { coinbase } = CONTEXT;
  const writer = new Writer();
  for (const each of all) {
    const isSender = numbers.below(STRANGERS) === 0;
    const isPayee = numbers.below(STRANGERS) === 0;
    writer.send(isSender ? coinbase : each, ether(isPayee ? coinbase : each, 1_000n));
  }
  return {
    alloc: rich([...all, coinbase]),
    records: writer.records,
  };
}

function tokensIndependent(scale: number): MockBlock {
  const all = people(scaled(SELF_TOKENS, scale));
  const writer = new Writer();
  for (const each of all) writer.send(each, token(0, each, 1n));
  return {
    alloc: [...rich(all), [toHex(tokenAddress(0)), tokenAccount(all)]],
    records: writer.records,
  };
}

/** A contract each; within its families everybody sends to somebody, several times. */
class TokenClusters {
  readonly alloc: [string, AccountJson][] = [];
  private readonly size = TOKEN_CLUSTERS.families * TOKEN_CLUSTERS.people;
  readonly clusters: number;

  constructor(clusters: number) {
    this.clusters = clusters;
    for (let cluster = 0; cluster < clusters; cluster += 1) {
      const holders = people(this.size, cluster + 1);
      this.alloc.push(...rich(holders), [toHex(tokenAddress(cluster)), tokenAccount(holders)]);
    }
  }

  send(writer: Writer, cluster: number, from: number, numbers: SeededNumbers): void {
    const family = from - (from % TOKEN_CLUSTERS.people);
    const to = person(family + numbers.below(TOKEN_CLUSTERS.people), cluster + 1);
    writer.send(person(from, cluster + 1), token(cluster, to, BigInt(1 + numbers.below(1_000))));
  }

  sendAll(writer: Writer, numbers: SeededNumbers): void {
    for (let cluster = 0; cluster < this.clusters; cluster += 1) {
      for (let time = 0; time < TOKEN_CLUSTERS.each; time += 1) {
        for (let from = 0; from < this.size; from += 1) this.send(writer, cluster, from, numbers);
      }
    }
  }

  sendAny(writer: Writer, numbers: SeededNumbers): void {
    this.send(writer, numbers.below(this.clusters), numbers.below(this.size), numbers);
  }
}

/** A pair each; its people swap there, one way or the other. */
class SwapClusters {
  readonly alloc: readonly [string, AccountJson][];
  readonly clusters: number;
  private readonly group = 1_000;

  constructor(clusters: number) {
    this.clusters = clusters;
    const exchange = loadExchange();
    const markets = Array.from({ length: clusters }, (_, index) => ({
      tokens: tokensOfPair(index),
      traders: people(SWAP_CLUSTERS.people, this.group + index),
    }));
    const traders = markets.flatMap((market) => market.traders);
    const accounts = exchange === null ? [] : exchangeAccounts(exchange, markets);
    this.alloc = [...rich(traders), ...accounts];
  }

  send(writer: Writer, cluster: number, numbers: SeededNumbers): void {
    const trader = person(numbers.below(SWAP_CLUSTERS.people), this.group + cluster);
    const isBack = numbers.below(2) === 0;
    const amount = SWAP_AMOUNT + BigInt(numbers.below(1_000_000));
    const swap = { tokens: tokensOfPair(cluster), isBack, amount, recipient: trader };
    writer.send(trader, { to: ROUTER, value: 0n, gas: CALL_GAS, data: swapData(swap) });
  }
}

function tokenClusters(scale: number, numbers: SeededNumbers): MockBlock {
  const clusters = new TokenClusters(scaled(TOKEN_CLUSTERS.clusters, scale));
  const writer = new Writer();
  clusters.sendAll(writer, numbers);
  return { alloc: clusters.alloc, records: writer.records };
}

function swapClusters(scale: number, numbers: SeededNumbers): MockBlock {
  const clusters = new SwapClusters(scaled(SWAP_CLUSTERS.clusters, scale));
  const writer = new Writer();
  for (let cluster = 0; cluster < clusters.clusters; cluster += 1) {
    for (let time = 0; time < SWAP_CLUSTERS.people * SWAP_CLUSTERS.each; time += 1) {
      clusters.send(writer, cluster, numbers);
    }
  }
  return { alloc: clusters.alloc, records: writer.records };
}

/** Runs of one kind, of random length: the sizes of steps change all the time. */
function mixed(scale: number, numbers: SeededNumbers): MockBlock {
  const tokens = new TokenClusters(2);
  const swaps = new SwapClusters(2);
  const writer = new Writer();
  const few = people(MIXED_ACCOUNTS);
  const count = scaled(MIXED, scale);
  const kinds = [
    () => writer.send(few[numbers.below(few.length)]!, ether(few[numbers.below(few.length)]!)),
    () => tokens.sendAny(writer, numbers),
    () => swaps.send(writer, numbers.below(swaps.clusters), numbers),
  ];
  while (writer.records.length < count) {
    const kind = kinds[numbers.below(kinds.length)]!;
    for (let left = 1 + numbers.below(100); left > 0; left -= 1) kind();
  }
  const alloc = [...rich(few), ...tokens.alloc, ...swaps.alloc];
  return { alloc, records: writer.records };
}

function scaled(count: number, scale: number): number {
  return Math.max(2, Math.ceil(count * scale));
}

/** Makers of the blocks by name. @param scale  1: as large as pevm's */
export const MOCK_BLOCKS: Readonly<
  Record<string, (scale: number, numbers: SeededNumbers) => MockBlock>
> = {
  'raw transfers, independent': rawIndependent,
  'raw transfers, one sender': rawSameSender,
  'raw transfers, the beneficiary among the senders': rawBeneficiary,
  'ERC-20, independent': tokensIndependent,
  'ERC-20, clusters': tokenClusters,
  'Uniswap, clusters': swapClusters,
  mixed,
};
