/**
 * eth_call and eth_estimateGas, in a thread of the services: a transaction nobody signed, executed
 * on a snapshot and thrown away. Fees are those of the request, and where it names none the base
 * fee is 0, as in geth. Limits of this form: the gas limit is capped as a transaction's is
 * (EIP-7825), and a sender that is a contract has no code while it calls (EIP-3607 would refuse
 * it).
 */
import { Arena } from '../state/arena.js';
import { toBigInt, toHex } from '../state/base/bytes.js';
import { DeltacastError, type ErrorCode, type ErrorDetails } from '../state/base/errors.js';
import { MIB } from '../state/base/limits.js';
import { recordOfUnsigned } from './decode.js';
import type { BlockContext } from './engine.js';
import { isFrom } from './fork.js';
import {
  type InvalidReason,
  type Outcome,
  type OutcomeLog,
  type OutcomeStatus,
  readOutcome,
  STATUS_FAILED,
  STATUS_OK,
} from './outcome.js';
import type { AccessEntry } from './record.js';
import { ReferenceEngine } from './reference/reference-engine.js';
import { SnapshotStore } from './snapshot-store.js';

export interface CellOverride {
  readonly kind: 0 | 1 | 2 | 3;
  readonly address: Uint8Array;
  /** For kind 3 only. */
  readonly slot?: Uint8Array;
  /** 32 bytes; for kind 2 the hash of `code`. */
  readonly value: Uint8Array;
  readonly code?: Uint8Array;
}

export interface CallRequest {
  /** `list` is a call that also says which accounts and slots it touched. */
  readonly purpose: 'call' | 'estimate' | 'list';
  readonly from: Uint8Array;
  /** null creates a contract. */
  readonly to: Uint8Array | null;
  readonly data: Uint8Array;
  readonly value: bigint;
  /** Gas limit; the highest gas that an estimate may give. */
  readonly gas: number;
  /** The most wei per gas; 0: no fee, and the base fee is 0 too. */
  readonly gasPrice: bigint;
  /** Wei per gas above the base fee, not above `gasPrice`; 0 unless given. */
  readonly tip?: bigint;
  /** The block that it seems to be in. */
  readonly context: BlockContext;
  /** Closing sequence of the state that it sees. */
  readonly sequence: number;
  readonly overrides: readonly CellOverride[];
  /** From Berlin on; an address with its slots, 32 bytes each. */
  readonly accessList?: readonly AccessEntry[];
  /** From Prague on: signed EIP-7702 tuples. The nonce of an authority that is `from` counts. */
  readonly authorizations?: readonly CallAuthorization[];
}

export interface CallAuthorization {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
}

export interface CallTask {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly request: CallRequest;
}

export interface CallReply {
  readonly status: OutcomeStatus;
  readonly reason: InvalidReason;
  /** Gas used, or the estimate. */
  readonly gas: number;
  readonly output: Uint8Array;
  readonly logs: readonly OutcomeLog[];
  /** Why it failed, in the engine's words ("revert", "out of gas"); null where it did not. */
  readonly halt: string | null;
  /** For `list`: in order of first access, reverted parts included; else empty. */
  readonly touched: readonly AccessEntry[];
}

/** A reply as it crosses threads: errors lose their class on the way. */
export type PlainReply =
  | { readonly reply: CallReply }
  | { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };

/** Output, logs and reads of a call: bounded by gas, not by a mini-block. */
const OUTCOME_BYTES = 32 * MIB;
/** EIP-7825, from Osaka on. */
const TRANSACTION_GAS_MAX = 2 ** 24;
/** An inner call that sends value needs this on top of what it uses (geth's first guess). */
const CALL_STIPEND = 2_300;
/** geth stops searching when the bounds are as near as this (eth/gasestimator, errorRatio). */
const ESTIMATE_RATIO = 0.015;
/** EIP-7702: code of an account that only points elsewhere; such an account may send. */
const DELEGATION_PREFIX = '0xef0100';

interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly store: SnapshotStore;
  readonly engine: ReferenceEngine;
  readonly out: Uint8Array;
}
/** Made at the first call of a thread: it serves one arena under one number. */
let machine: Machine | undefined;

export async function runCall(task: CallTask): Promise<PlainReply> {
  const { store, engine, out } = machineFor(task);
  try {
    const call = new Call(task.request, store, engine, out);
    return { reply: await (task.request.purpose === 'estimate' ? call.estimate() : call.once()) };
  } catch (error) {
    if (store.isPruned) {
      return { code: 'STATE_PRUNED', message: 'the state of that block is gone', details: {} };
    }
    if (error instanceof DeltacastError) {
      return { code: error.code, message: error.message, details: error.details };
    }
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'EXECUTION_FAULT', message, details: {} };
  }
}

function machineFor({ memory, thread }: CallTask): Machine {
  if (machine?.memory.buffer === memory.buffer && machine.thread === thread) return machine;
  const arena = Arena.attach(memory, thread);
  const store = new SnapshotStore(arena);
  const hashOf = async (number: number) => arena.getBlockHash(number) ?? new Uint8Array(32);
  const engine = new ReferenceEngine(store, hashOf);
  machine = { memory, thread, store, engine, out: new Uint8Array(OUTCOME_BYTES) };
  return machine;
}

class Call {
  private readonly request: CallRequest;
  private readonly store: SnapshotStore;
  private readonly engine: ReferenceEngine;
  private readonly out: Uint8Array;
  private readonly context: BlockContext;

  constructor(
    request: CallRequest,
    store: SnapshotStore,
    engine: ReferenceEngine,
    out: Uint8Array,
  ) {
    this.request = request;
    this.store = store;
    this.engine = engine;
    this.out = out;
    const { context, gasPrice } = request;
    this.context = gasPrice === 0n ? { ...context, baseFee: 0n } : context;
    this.prepareStore();
  }

  async once(): Promise<CallReply> {
    return this.execute(Math.min(this.request.gas, this.gasMax()));
  }

  /**
   * The least gas with which it succeeds: exactly that where what it used is enough, which fails
   * only for refunds and for inner calls that must leave a 64th; else to within 1.5% above. Where
   * it does not succeed at all, the failure itself.
   */
  async estimate(): Promise<CallReply> {
    let high = Math.min(this.request.gas, this.gasMax());
    const first = await this.execute(high);
    if (first.status !== STATUS_OK || (await this.succeeds(first.gas, high))) return first;
    let low = first.gas;
    let guess = Math.ceil(((first.gas + CALL_STIPEND) * 64) / 63);
    while (low + 1 < high && (high - low) / high >= ESTIMATE_RATIO) {
      const gas = guess < high ? guess : Math.floor((low + high) / 2);
      guess = high;
      if (await this.succeeds(gas, high)) high = gas;
      else low = gas;
    }
    return { ...first, gas: high };
  }

  private async succeeds(gas: number, high: number): Promise<boolean> {
    return gas === high || (await this.execute(gas)).status === STATUS_OK;
  }

  private async execute(gasLimit: number): Promise<CallReply> {
    const record = this.record(gasLimit);
    await this.engine.beginBlock(this.context);
    const written = await this.engine.execute(record, this.out, 'head');
    if (written < 0) throw new DeltacastError('RPC_LIMIT', 'the call returns or logs too much');
    const outcome: Outcome = readOutcome(this.out);
    if (this.store.isPruned) throw new DeltacastError('STATE_PRUNED', 'history is gone');
    const { status, reason, gasUsed, output, logs } = outcome;
    const halt = status === STATUS_FAILED ? this.engine.halt : null;
    const touched = this.request.purpose === 'list' ? touchedBy(outcome) : [];
    return { status, reason, gas: gasUsed, output, logs, halt, touched };
  }

  private record(gasLimit: number): Uint8Array {
    const { from, to, data, value, gasPrice, tip = 0n } = this.request;
    const { context } = this;
    const nonce = toBigInt(this.store.value(1, from));
    const isMarket = isFrom(context.fork, 'london');
    const fields = {
      nonce,
      gasLimit,
      value,
      data: toHex(data),
      ...(to === null ? {} : { to: toHex(to) }),
    };
    const fees = isMarket
      ? { type: 2, maxFeePerGas: gasPrice, maxPriorityFeePerGas: tip, chainId: context.chainId }
      : { type: 0, gasPrice };
    const typed = { ...fields, ...fees, ...listsOf(this.request, context) };
    try {
      return recordOfUnsigned(typed, from, new Uint8Array(32), context);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('TX_INVALID', message);
    }
  }

  private prepareStore(): void {
    const { request, store } = this;
    store.begin(request.sequence);
    for (const { kind, address, slot, value, code } of request.overrides) {
      store.override(kind, address, value, slot);
      if (code !== undefined) store.overrideCode(value, code);
    }
    const code = store.getCode(store.value(2, request.from));
    if (code !== undefined && !toHex(code).startsWith(DELEGATION_PREFIX)) {
      store.override(2, request.from, new Uint8Array(32));
    }
  }

  private gasMax(): number {
    const { fork, gasLimit } = this.context;
    return isFrom(fork, 'osaka') ? Math.min(TRANSACTION_GAS_MAX, gasLimit) : gasLimit;
  }
}

function touchedBy({ reads, writes }: Outcome): AccessEntry[] {
  const entries = new Map<string, { address: Uint8Array; slots: Map<string, Uint8Array> }>();
  for (const { address, slot } of [...reads, ...writes]) {
    const name = toHex(address);
    const entry = entries.get(name) ?? { address, slots: new Map() };
    entries.set(name, entry);
    if (slot !== null) entry.slots.set(toHex(slot), slot);
  }
  return Array.from(entries.values(), ({ address, slots }) => ({
    address,
    slots: [...slots.values()],
  }));
}

/** An access list makes a transaction type 1 at least, authorizations make it type 4. */
function listsOf(
  { accessList = [], authorizations = [] }: CallRequest,
  { fork, chainId }: BlockContext,
) {
  const lists = {
    ...(accessList.length === 0
      ? {}
      : {
          accessList: accessList.map(({ address, slots }) => ({
            address: toHex(address),
            storageKeys: slots.map(toHex),
          })),
          ...(isFrom(fork, 'london') ? {} : { type: 1, chainId }),
        }),
  };
  if (authorizations.length === 0) return lists;
  const authorizationList = authorizations.map((tuple) => ({
    chainId: quantity(tuple.chainId),
    address: toHex(tuple.address),
    nonce: quantity(tuple.nonce),
    yParity: quantity(BigInt(tuple.yParity)),
    r: quantity(tuple.r),
    s: quantity(tuple.s),
  }));
  return { ...lists, type: 4, authorizationList };
}

function quantity(value: bigint): `0x${string}` {
  return `0x${value.toString(16)}`;
}
