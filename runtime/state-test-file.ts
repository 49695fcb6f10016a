/**
 * Packs of the Ethereum project's state tests (NDJSON, gzipped; the data folder's README describes
 * them): one case is a pre-state, a block's context, one transaction and the state root and logs
 * hash that must come out. Numbers are hexadecimal quantities, leading zeros allowed.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromHex, toWord } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { CellStore } from '../workers/cell-store.js';
import type { BlockContext } from '../workers/engine.js';
import { MAINNET_CHAIN_ID, parseFork } from '../workers/fork.js';
import { type Account, fillAccount } from './alloc.js';

const GAS_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const GASLIMIT = 0x45;
const PUSH1 = 0x60;
const PUSH32 = 0x7f;

interface AccountJson {
  readonly nonce: string;
  readonly balance: string;
  readonly code: string;
  readonly storage?: Readonly<Record<string, string>>;
}

interface CaseJson {
  readonly hash: string;
  readonly logs: string;
  readonly txbytes: string;
  readonly expectException?: string;
  readonly indexes: { readonly gas: number };
}

interface TestJson {
  readonly transaction: { readonly gasLimit: readonly string[] };
  readonly env: Readonly<Record<string, string>>;
  readonly pre: Readonly<Record<string, AccountJson>>;
  readonly post: Readonly<Record<string, readonly CaseJson[]>>;
}

export interface StateTestCase {
  readonly test: string;
  /** Index in the test's list of cases for this fork. */
  readonly index: number;
  readonly context: BlockContext;
  /** The signed transaction. */
  readonly raw: Uint8Array;
  /** Why it must be refused, for people; null where it must be executed. */
  readonly refusal: string | null;
  /** Why it cannot be run here; null where it can. */
  readonly skipped: string | null;
  readonly expected: { readonly stateRoot: string; readonly logsHash: string };
  /** Writes the pre-state at this sequence. */
  fill(store: CellStore, sequence: number): void;
}

/** @throws DeltacastError BAD_INPUT where the file is not such a pack */
export function* readStateTests(path: string): Generator<StateTestCase> {
  let lines: string[];
  try {
    lines = gunzipSync(readFileSync(path)).toString('utf8').split('\n').filter(Boolean);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('BAD_INPUT', `${path} is not a gzipped pack: ${why}`);
  }
  for (const line of lines) {
    const { tests } = JSON.parse(line) as { tests?: Record<string, TestJson> };
    if (typeof tests !== 'object') throw new DeltacastError('BAD_INPUT', `${path} has no tests`);
    for (const [name, test] of Object.entries(tests)) yield* casesOf(name, test);
  }
}

function* casesOf(name: string, test: TestJson): Generator<StateTestCase> {
  for (const [fork, cases] of Object.entries(test.post)) {
    const context = contextOf(test.env, fork);
    for (const [index, each] of cases.entries()) {
      yield {
        test: name,
        index,
        context,
        raw: bytes(each.txbytes),
        refusal: each.expectException ?? null,
        skipped: whySkipped(test, each),
        expected: { stateRoot: each.hash, logsHash: each.logs },
        fill: (store, sequence) => {
          for (const account of accountsOf(test.pre)) fillAccount(store, account, sequence);
        },
      };
    }
  }
}

/** Gas is a number here; nobody could pay for more. */
function whySkipped({ transaction, env, pre }: TestJson, { indexes }: CaseJson): string | null {
  const limit = transaction.gasLimit[indexes.gas] ?? '0x0';
  if (!/bigint/.test(limit) && quantity(limit) > GAS_MAX) {
    return 'gas limit of the transaction above 2^53';
  }
  const isLowered = quantity(env['currentGasLimit']) > GAS_MAX;
  const isSeen = isLowered && Object.values(pre).some(({ code }) => readsGasLimit(bytes(code)));
  return isSeen ? 'code that reads a block gas limit above 2^53' : null;
}

function readsGasLimit(code: Uint8Array): boolean {
  for (let at = 0; at < code.length; at += 1) {
    const byte = code[at] ?? 0;
    if (byte === GASLIMIT) return true;
    if (byte >= PUSH1 && byte <= PUSH32) at += byte - PUSH1 + 1;
  }
  return false;
}

function contextOf(env: TestJson['env'], fork: string): BlockContext {
  return {
    fork: parseFork(fork),
    chainId: MAINNET_CHAIN_ID,
    number: Number(quantity(env['currentNumber'])),
    timestamp: Number(quantity(env['currentTimestamp'])),
    coinbase: bytes(env['currentCoinbase'] ?? ''),
    // Many tests say 2^63 - 1, meaning no limit; what could tell is skipped.
    gasLimit: Number(minOf(quantity(env['currentGasLimit']), GAS_MAX)),
    baseFee: quantity(env['currentBaseFee'] ?? '0x0a'),
    prevRandao: toWord(quantity(env['currentRandom'] ?? env['currentDifficulty'])),
    difficulty: quantity(env['currentDifficulty']),
    excessBlobGas: quantity(env['currentExcessBlobGas']),
  };
}

/** Hex without digits, odd digits and zero slots are usual in these files. */
function accountsOf(pre: TestJson['pre']): Account[] {
  return Object.entries(pre).map(([hex, account]) => ({
    address: fromHex(hex),
    balance: quantity(account.balance),
    nonce: quantity(account.nonce),
    code: bytes(account.code),
    slots: Object.entries(account.storage ?? {}).map(([slot, value]) => ({
      slot: toWord(quantity(slot)),
      value: toWord(quantity(value)),
    })),
  }));
}

function minOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function quantity(hex: string | undefined): bigint {
  return hex === undefined || hex === '0x' || hex === '' ? 0n : BigInt(hex);
}

function bytes(hex: string): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex;
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}
