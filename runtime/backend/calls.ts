/**
 * eth_call and eth_estimateGas: from a client's request to a CallRequest for the call threads, and
 * from their reply to what JSON-RPC shows. What a call thread cannot express is refused, not left
 * out.
 */

import type {
  AccessListResult,
  AccountOverride,
  BlockOverrides,
  CallOptions,
  CallResult,
  EstimateResult,
  TransactionRequest,
} from '../../net/rpc/values.js';
import { type Arena, KIND_BALANCE, KIND_CODE, KIND_NONCE, KIND_SLOT } from '../../state/arena.js';
import { equalBytes, toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { CallReply, CallRequest, CellOverride } from '../../workers/call.js';
import type { BlockContext } from '../../workers/engine.js';
import { isFrom } from '../../workers/fork.js';
import { STATUS_FAILED, STATUS_FAULT, STATUS_OK } from '../../workers/outcome.js';
import type { AccessEntry } from '../../workers/record.js';
import type { Services } from '../../workers/services.js';
import type { ChainView } from './chain-view.js';
import type { StateReader } from './state-reader.js';
import { createdAddress } from './transactions.js';

/** EIP-7825, from Osaka on. */
const TRANSACTION_GAS_MAX = 2 ** 24;
/** Below this a gas limit of an estimate is taken for none (geth). */
const TRANSFER_GAS = 21_000;
/** Slots that an override of a whole storage may have to clear, one cell each. */
const CLEARED_SLOTS_MAX = 4_096;
const ZERO_ADDRESS = new Uint8Array(20);
const ZERO_WORD = new Uint8Array(32);
const EMPTY = new Uint8Array(0);
/** geth's words for the engine's (core/vm/errors.go); what is missing reads the same in both. */
const HALT_REASONS: Readonly<Record<string, string>> = {
  'code store out of gas': 'contract creation code storage out of gas',
  'create collision': 'contract address collision',
  'insufficient balance': 'insufficient balance for transfer',
  'invalid JUMP': 'invalid jump destination',
  'invalid bytecode deployed': 'invalid code: must not begin with 0xef',
  'initcode exceeds max initcode size': 'max initcode size exceeded',
  'stack overflow': 'stack limit reached 1024 (1023)',
  'static state change': 'write protection',
};
const REVERT = 'revert';
/** Executions until an access list is given as it is; two are usual. */
const LIST_RUNS_MAX = 8;
/** 0x01 to 0x11, and 0x0100 (EIP-7951). */
const PRECOMPILE = /^0x0{36}(00(0[1-9a-f]|1[01])|0100)$/;

export interface CallParts {
  readonly arena: Arena;
  readonly view: ChainView;
  readonly state: StateReader;
  readonly services: Pick<Services, 'call'>;
}

export class Calls {
  private readonly parts: CallParts;

  constructor(parts: CallParts) {
    this.parts = parts;
  }

  /**
   * @throws DeltacastError RPC_INVALID_PARAMS, RPC_NOT_FOUND, STATE_PRUNED, RPC_TIMEOUT, RPC_LIMIT,
   *         WORKER_FAILED, or why the transaction could not be in a block (TX_...)
   */
  async call(options: CallOptions): Promise<CallResult> {
    const request = this.requestOf(options, 'call');
    return resultOf(await this.parts.services.call(request), request.from);
  }

  /** @throws as `call` does */
  async estimate(options: CallOptions): Promise<EstimateResult> {
    const request = this.affordable(this.requestOf(options, 'estimate'));
    if (await this.isPlainTransfer(request)) return { gas: TRANSFER_GAS, failure: null };
    const reply = await this.parts.services.call(request);
    const result = resultOf(reply, request.from);
    return result.status === 'ok' ? { gas: reply.gas, failure: null } : { gas: 0, failure: result };
  }

  /**
   * The access list that the call would profit from, and its gas with that list.
   * @throws as `call` does
   */
  async accessList(options: CallOptions): Promise<AccessListResult> {
    const request = this.requestOf(options, 'list');
    const warm = this.warmWithout(request);
    let accessList = request.accessList ?? [];
    // What is warm may change what is executed: until list and execution agree, as geth does it.
    for (let run = 0; ; run += 1) {
      const reply = await this.parts.services.call({ ...request, accessList });
      const { status, haltReason, gasUsed } = resultOf(reply, request.from);
      const found = usefulOf(reply.touched, warm);
      if (run < LIST_RUNS_MAX && sizeOf(found) !== sizeOf(accessList)) {
        accessList = found;
        continue;
      }
      const error = status === 'ok' ? null : (haltReason ?? 'execution reverted');
      const entries = accessList.map(({ address, slots }) => ({ address, storageKeys: slots }));
      return { accessList: entries, gasUsed, error };
    }
  }

  /** Accounts that are warm in any case (EIP-2929, EIP-3651). */
  private warmWithout({ from, to, sequence, context }: CallRequest): Set<string> {
    const target = to ?? createdAddress(from, this.parts.state.nonce(from, sequence));
    return new Set([from, target, context.coinbase].map(toHex));
  }

  private requestOf(options: CallOptions, purpose: CallRequest['purpose']): CallRequest {
    const { request, block, stateOverrides, blockOverrides } = options;
    checkBlobs(request);
    const { view } = this.parts;
    const sequence = view.sequenceOf(block);
    const context = withOverrides(view.contextOf(block), blockOverrides);
    const isGiven = request.gas !== undefined && !(purpose === 'estimate' && isTiny(request.gas));
    return {
      purpose,
      from: request.from ?? ZERO_ADDRESS,
      to: request.to ?? null,
      data: request.data ?? EMPTY,
      value: request.value ?? 0n,
      gas: isGiven ? (request.gas ?? 0) : gasMaxOf(context),
      gasPrice: request.gasPrice ?? request.maxFeePerGas ?? 0n,
      tip: request.gasPrice ?? request.maxPriorityFeePerGas ?? 0n,
      context,
      sequence,
      overrides: stateOverrides.flatMap((override) => this.cellsOf(override)),
      accessList: (request.accessList ?? []).map(({ address, storageKeys }) => ({
        address,
        slots: storageKeys,
      })),
      authorizations: request.authorizationList ?? [],
    };
  }

  /** The search ends near the least gas; for what most estimates are of, that is known exactly. */
  private async isPlainTransfer(request: CallRequest): Promise<boolean> {
    const { to, data, gas, sequence, overrides } = request;
    if (to === null || data.length > 0 || gas < TRANSFER_GAS) return false;
    const hasCode = overrides.some(
      (cell) => cell.kind === KIND_CODE && equalBytes(cell.address, to),
    );
    if (hasCode || this.parts.state.code(to, sequence).length > 0) return false;
    const once = { ...request, purpose: 'call' as const, gas: TRANSFER_GAS };
    return (await this.parts.services.call(once)).status === STATUS_OK;
  }

  /**
   * Gas that the sender can pay for at the price it offers.
   * Source: geth eth/gasestimator (allowance).
   * @throws DeltacastError TX_INSUFFICIENT_FUNDS where it cannot even pay the value
   */
  private affordable(request: CallRequest): CallRequest {
    const { from, value, gasPrice, gas } = request;
    if (gasPrice === 0n) return request;
    const balance = this.balanceOf(request);
    if (value > balance) {
      throw new DeltacastError('TX_INSUFFICIENT_FUNDS', 'insufficient funds for transfer', {
        balance: balance.toString(),
        value: value.toString(),
        from: toHex(from),
      });
    }
    const allowance = (balance - value) / gasPrice;
    return allowance < BigInt(gas) ? { ...request, gas: Number(allowance) } : request;
  }

  private balanceOf({ from, sequence, overrides }: CallRequest): bigint {
    const override = overrides.findLast(
      ({ kind, address }) => kind === KIND_BALANCE && equalBytes(address, from),
    );
    if (override === undefined) return this.parts.state.balance(from, sequence);
    return toBigInt(override.value);
  }

  private cellsOf(override: AccountOverride): CellOverride[] {
    const { address, balance, nonce, code, state, stateDiff } = override;
    const cells: CellOverride[] = [];
    if (balance !== undefined) cells.push({ kind: KIND_BALANCE, address, value: toWord(balance) });
    if (nonce !== undefined) cells.push({ kind: KIND_NONCE, address, value: toWord(nonce) });
    if (code !== undefined) cells.push(codeCell(address, code));
    if (state !== undefined) cells.push(...this.clearedSlots(address));
    for (const { slot, value } of state ?? stateDiff ?? []) {
      cells.push({ kind: KIND_SLOT, address, slot, value });
    }
    return cells;
  }

  /** Zeros over every slot that the account has: the new ones are put over these. */
  private clearedSlots(address: Uint8Array): CellOverride[] {
    const { arena } = this.parts;
    const cells: CellOverride[] = [];
    for (const id of arena.slotsOf(address)) {
      if (cells.length === CLEARED_SLOTS_MAX) {
        throw invalid(
          `"state" replaces at most ${CLEARED_SLOTS_MAX} slots of an account: use "stateDiff"`,
        );
      }
      cells.push({ kind: KIND_SLOT, address, slot: arena.keyOf(id).slot, value: ZERO_WORD });
    }
    return cells;
  }
}

/** @throws DeltacastError with the reason of a transaction that could be in no block */
function resultOf(reply: CallReply, from: Uint8Array): CallResult {
  const { status, gas, output, halt } = reply;
  if (status === STATUS_FAULT) throw new DeltacastError('EXECUTION_FAULT', 'the engine failed');
  if (status !== STATUS_OK && status !== STATUS_FAILED) throw refusal(reply, from);
  const result = { output, gasUsed: gas, haltReason: null };
  if (status === STATUS_OK) return { ...result, status: 'ok' };
  if (halt === REVERT || halt === null) return { ...result, status: 'reverted' };
  return { ...result, status: 'halted', haltReason: HALT_REASONS[halt] ?? halt };
}

/** net/rpc puts geth's phrase for the code before the message. */
function refusal({ reason }: CallReply, from: Uint8Array): DeltacastError {
  const isPoor = reason === 'TX_INSUFFICIENT_FUNDS';
  return new DeltacastError(reason, isPoor ? `address ${toHex(from)}` : '');
}

/** Slots always; an account without slots where it is neither warm nor a precompile. */
function usefulOf(touched: readonly AccessEntry[], warm: ReadonlySet<string>): AccessEntry[] {
  return touched.filter(
    ({ address, slots }) =>
      slots.length > 0 || !(warm.has(toHex(address)) || PRECOMPILE.test(toHex(address))),
  );
}

/** Lists of one call only grow, so those of one size are the same. */
function sizeOf(list: readonly AccessEntry[]): number {
  return list.reduce((sum, { slots }) => sum + 1 + slots.length, 0);
}

function checkBlobs(request: TransactionRequest): void {
  if ((request.blobVersionedHashes?.length ?? 0) > 0) {
    throw new DeltacastError('TX_BLOBS_REFUSED', 'there is no blob market here');
  }
}

function withOverrides(context: BlockContext, overrides: BlockOverrides | null): BlockContext {
  if (overrides === null) return context;
  const { number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas } = overrides;
  if (overrides.blobBaseFee !== undefined) throw invalid('blobBaseFee cannot be overridden here');
  if (number !== undefined && number > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid('the number of the block is too large');
  }
  return {
    ...context,
    number: number === undefined ? context.number : Number(number),
    timestamp: time ?? context.timestamp,
    gasLimit: gasLimit ?? context.gasLimit,
    coinbase: feeRecipient ?? context.coinbase,
    prevRandao: prevRandao ?? context.prevRandao,
    baseFee: baseFeePerGas ?? context.baseFee,
  };
}

function codeCell(address: Uint8Array, code: Uint8Array): CellOverride {
  if (code.length === 0) return { kind: KIND_CODE, address, value: ZERO_WORD };
  return { kind: KIND_CODE, address, value: keccak256(code), code };
}

function gasMaxOf({ fork, gasLimit }: BlockContext): number {
  return isFrom(fork, 'osaka') ? Math.min(TRANSACTION_GAS_MAX, gasLimit) : gasLimit;
}

function isTiny(gas: number): boolean {
  return gas < TRANSFER_GAS;
}

function invalid(message: string): DeltacastError {
  return new DeltacastError('RPC_INVALID_PARAMS', message);
}
