/**
 * The reference engine: @ethereumjs/vm's transaction over the arena's cells, for every fork that it
 * knows. It is the oracle of all tests, and slow; what it answers is right by definition here.
 */
import { Address } from '@ethereumjs/util';
import { createVM, type RunTxResult, runTx, type VM } from '@ethereumjs/vm';
import { assert } from '../../state/base/assert.js';
import type { CellStore } from '../cell-store.js';
import { commonFor } from '../common.js';
import { transactionOf } from '../decode.js';
import { type BlockContext, type Engine, type ExecutionMode, SYSTEM_ADDRESS } from '../engine.js';
import { isFrom } from '../fork.js';
import { executionBlock } from '../header.js';
import {
  EMPTY_OUTCOME,
  type InvalidReason,
  type Outcome,
  type OutcomeLog,
  STATUS_FAILED,
  STATUS_FAULT,
  STATUS_INVALID,
  STATUS_NEEDS_HEAD,
  STATUS_OK,
  writeOutcome,
} from '../outcome.js';
import { loadCurves } from '../precompiles.js';
import { TransactionRecord } from '../record.js';
import { CellReader, NeedsHead } from './cells.js';
import { OverlayState } from './state.js';

const SYSTEM_CALL_GAS = 30_000_000n;

/** Gives a block's hash; may wait for one that is not sealed yet. 32 bytes, zeros if unknown. */
export type BlockHashSource = (number: number) => Promise<Uint8Array>;

export class ReferenceEngine implements Engine {
  readonly name = 'reference';
  /** Why the last transaction failed, in the library's words; null where it did not. */
  halt: string | null = null;
  private readonly arena: CellStore;
  private readonly blockHash: BlockHashSource;
  private readonly state = new OverlayState();
  private context: BlockContext | undefined;
  private block: ReturnType<typeof executionBlock> | undefined;
  private vm: VM | undefined;

  constructor(arena: CellStore, blockHash: BlockHashSource) {
    this.arena = arena;
    this.blockHash = blockHash;
  }

  async beginBlock(block: BlockContext): Promise<void> {
    const before = this.context;
    if (before?.fork !== block.fork || before.chainId !== block.chainId) this.vm = undefined;
    this.context = block;
    this.block = executionBlock(block);
  }

  async execute(
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): Promise<number> {
    const { context, block } = this;
    assert(context !== undefined && block !== undefined, 'a transaction belongs to a block');
    // Libraries do not expect shared memory.
    const isShared = transaction.buffer instanceof SharedArrayBuffer;
    const record = new TransactionRecord(isShared ? transaction.slice() : transaction);
    const cells = new CellReader(this.arena, mode);
    // Before EIP-161 a fee of zero creates the coinbase: it cannot be a blind addition there.
    const coinbase = isFrom(context.fork, 'spuriousDragon') ? context.coinbase : null;
    this.state.begin(cells, { coinbase });
    const tx = transactionOf(record.raw, context);
    const sender = new Address(record.sender.slice());
    Object.defineProperty(tx, 'getSenderAddress', { value: () => sender });
    return this.settle(cells, outcome, async () => {
      const vm = await this.machine(context);
      const result = await runTx(vm, { tx, block, skipHardForkValidation: true });
      this.halt = result.execResult.exceptionError?.error ?? null;
      return outcomeOfRun(result);
    });
  }

  async systemCall(to: Uint8Array, data: Uint8Array, outcome: Uint8Array): Promise<number> {
    const { context, block } = this;
    assert(context !== undefined && block !== undefined, 'a system call belongs to a block');
    const cells = new CellReader(this.arena, 'head');
    this.state.begin(cells, { coinbase: null });
    return this.settle(cells, outcome, async () => {
      const { evm } = await this.machine(context);
      await evm.journal.cleanup();
      await evm.journal.checkpoint();
      const result = await evm.runCall({
        block,
        caller: new Address(SYSTEM_ADDRESS.slice()),
        to: new Address(to.slice()),
        data,
        gasLimit: SYSTEM_CALL_GAS,
        gasPrice: 0n,
        skipNonceIncrement: true,
      });
      await evm.journal.commit();
      await evm.journal.cleanup();
      const { exceptionError, returnValue, logs } = result.execResult;
      return {
        status: exceptionError === undefined ? STATUS_OK : STATUS_FAILED,
        output: returnValue,
        logs: (logs ?? []).map(toLog),
      };
    });
  }

  /** Runs, and adds what the overlay holds; errors become outcomes with the reads they rest on. */
  private async settle(
    cells: CellReader,
    out: Uint8Array,
    run: () => Promise<Partial<Outcome>>,
  ): Promise<number> {
    let result: Outcome;
    try {
      const partial = await run();
      const writes = this.state.writes();
      const codes = this.state.newCodes();
      const { feeDelta } = this.state;
      result = { ...EMPTY_OUTCOME, ...partial, feeDelta, writes, codes, reads: cells.reads() };
    } catch (error) {
      // The journal's height is unknown after an error: the next transaction gets a new machine.
      this.vm = undefined;
      result = { ...EMPTY_OUTCOME, ...outcomeOfError(error), reads: cells.reads() };
    }
    return writeOutcome(result, out);
  }

  private async machine(context: BlockContext): Promise<VM> {
    if (this.vm !== undefined) return this.vm;
    const common = commonFor(context.fork, context.chainId);
    // Every EVM adds a listener to its Common and none removes it.
    common.events.removeAllListeners();
    const blockHash = async (number: number) => {
      const hash = await this.blockHash(number);
      return { hash: () => hash };
    };
    const blockchain = {
      getBlock: (id: number | bigint) => blockHash(Number(id)),
      putBlock: async () => undefined,
      shallowCopy: () => blockchain,
    };
    const { bn254, bls } = await loadCurves(context.fork);
    // Its own are plain JavaScript, a hundred times slower; a test compares the two.
    const evmOpts = bls === undefined ? { bn254 } : { bn254, bls };
    const vm = await createVM({ common, stateManager: this.state, blockchain, evmOpts });
    this.watchMessageEnd(vm);
    this.vm = vm;
    return vm;
  }

  /** Nested calls come through runCall too: the message ends when the outermost one does. */
  private watchMessageEnd(vm: VM): void {
    const runCall = vm.evm.runCall.bind(vm.evm);
    let depth = 0;
    vm.evm.runCall = async (options) => {
      depth += 1;
      try {
        return await runCall(options);
      } finally {
        depth -= 1;
        this.state.feePhase = depth === 0;
      }
    };
  }
}

function outcomeOfRun(result: RunTxResult): Partial<Outcome> {
  const failed = result.execResult.exceptionError !== undefined;
  return {
    status: failed ? STATUS_FAILED : STATUS_OK,
    gasUsed: Number(result.totalGasSpent),
    created: result.createdAddress?.bytes ?? null,
    logs: failed ? [] : (result.execResult.logs ?? []).map(toLog),
    output: result.execResult.returnValue,
  };
}

function toLog(log: [Uint8Array, Uint8Array[], Uint8Array]): OutcomeLog {
  return { address: log[0], topics: log[1], data: log[2] };
}

const REFUSALS: readonly (readonly [RegExp, InvalidReason])[] = [
  [/enough funds/, 'TX_INSUFFICIENT_FUNDS'],
  [/INTRINSIC_GAS_TOO_LOW/, 'TX_GAS_TOO_LOW'],
  [/less than the block/, 'TX_FEE_TOO_LOW'],
  [/EIP-3607/, 'TX_SENDER_NOT_EOA'],
  [/EIP-7825|higher gas limit than the block/, 'TX_GAS_TOO_HIGH'],
  [/initcode/i, 'TX_INITCODE_TOO_LARGE'],
  [/not activated|only valid with/, 'TX_TYPE_UNSUPPORTED'],
];

/** The library throws one class for all invalid transactions; anything else is its own fault. */
function outcomeOfError(error: unknown): Partial<Outcome> {
  if (error instanceof NeedsHead) return { status: STATUS_NEEDS_HEAD };
  const message = error instanceof Error ? error.message : String(error);
  const nonce = /account has nonce of: (\d+) tx has nonce of: (\d+)/.exec(message);
  if (nonce !== null) {
    const isLow = BigInt(nonce[2] ?? 0) < BigInt(nonce[1] ?? 0);
    return { status: STATUS_INVALID, reason: isLow ? 'TX_NONCE_TOO_LOW' : 'TX_NONCE_TOO_HIGH' };
  }
  for (const [pattern, reason] of REFUSALS) {
    if (pattern.test(message)) return { status: STATUS_INVALID, reason };
  }
  const isLibrary = error instanceof Error && 'type' in error;
  return isLibrary
    ? { status: STATUS_INVALID, reason: 'TX_INVALID' }
    : { status: STATUS_FAULT, reason: 'EXECUTION_FAULT' };
}
