/**
 * The one interface of the engines. An engine reads a transaction record and writes an outcome
 * record, both plain bytes in shared memory, so that the executor and the commit know nothing of
 * how the engine works: in JavaScript (reference) or in Wasm.
 */
import { fromHex } from '../state/base/bytes.js';
import type { ForkName } from './fork.js';
import type { InterpretedFork } from './kernel/opcode-table.js';

/** Caller of system calls (EIP-4788 and those after it). */
export const SYSTEM_ADDRESS = fromHex('fffffffffffffffffffffffffffffffffffffffe');

/** What a block gives to the transactions in it. */
export interface BlockContext {
  readonly fork: ForkName;
  readonly chainId: number;
  readonly number: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** 20 bytes. */
  readonly coinbase: Uint8Array;
  readonly gasLimit: number;
  /** Wei per gas; 0 before London. */
  readonly baseFee: bigint;
  /** 32 bytes: PREVRANDAO from Paris on. */
  readonly prevRandao: Uint8Array;
  /** Before Paris. */
  readonly difficulty: bigint;
  /** From Cancun on; 0 before. */
  readonly excessBlobGas: bigint;
}

/**
 * `speculative`: cells may change while the engine reads them; what cannot be validated by versions
 * answers needs-head. `head`: this transaction is the next to commit and nothing else writes.
 */
export type ExecutionMode = 'speculative' | 'head';

/** Bytes written; NO_ROOM (-1), or below: only JavaScript can go on. */
export type RunStep = (
  machine: number,
  record: number,
  out: number,
  end: number,
  epoch: number,
  step: number,
) => number;

/** An engine that the scheduler's kernel calls without JavaScript in between. */
export interface KernelEngine {
  /** What `runStep` works on; 0 while this block's rules are not the kernel's. */
  readonly machine: number;
  /** As kernel/transaction.as.ts has it. */
  readonly runStep: RunStep;
}

/** What becomes of a code from now on: it is run by a module, or interpreted. */
export interface CodeChange {
  readonly fork: InterpretedFork;
  /** keccak256 of the code, 64 hex digits. */
  readonly hash: string;
  /** Made by compiler/compile-code.ts for memory of this size; null: interpreted. */
  readonly module: WebAssembly.Module | null;
}

export interface Engine {
  readonly name: string;
  /** Where the kernel can execute by itself. */
  readonly inKernel?: KernelEngine;
  /** Where codes are compiled elsewhere: takes a change over. Not in the midst of a transaction. */
  changeCode?(change: CodeChange): void;
  /** Fixes the block that all following transactions belong to. */
  beginBlock(block: BlockContext): void | Promise<void>;
  /**
   * Executes one transaction, start to receipt.
   * @param transaction  a transaction record (record.ts)
   * @param outcome      where the outcome record (outcome.ts) goes
   * @returns bytes written, or -1 where `outcome` is too small; never throws for what a transaction
   *          or a contract does
   */
  execute(
    transaction: Uint8Array,
    outcome: Uint8Array,
    mode: ExecutionMode,
  ): number | Promise<number>;
  /**
   * Runs a system call: the caller is SYSTEM_ADDRESS, gas is 30M, no fee and no nonce.
   * Source: EIP-4788, EIP-2935, EIP-7002, EIP-7251.
   */
  systemCall(to: Uint8Array, data: Uint8Array, outcome: Uint8Array): number | Promise<number>;
}
