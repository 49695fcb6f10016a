/**
 * The same transaction on the interpreter and on the reference engine, over the same arena, nothing
 * committed: what each says, without the read set (ours reads less), and whether ours did it alone.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { Arena } from '../../state/arena.js';
import { fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { createEngine as createAuto } from '../../workers/auto-engine.js';
import { createEngine as createCompiled } from '../../workers/compiled-engine.js';
import { createEngine as createTier1 } from '../../workers/compiled-tier1-engine.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { BlockContext, ExecutionMode } from '../../workers/engine.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import type { ForkName } from '../../workers/fork.js';
import {
  createEngine as createInterpreter,
  type InterpreterEngine,
} from '../../workers/interpreter-engine.js';
import { type Outcome, readOutcome } from '../../workers/outcome.js';
import { ReferenceEngine } from '../../workers/reference/reference-engine.js';
import { CONTEXT } from './random-block.js';

export const SENDER = fromHex('a1'.repeat(20));
export const CONTRACT = fromHex('c0de'.repeat(10));
export const COINBASE = CONTEXT.coinbase;
const ETHER = 10n ** 18n;
const ENGINES: Readonly<Record<string, EngineFactory>> = {
  auto: createAuto,
  compiled: createCompiled,
  'compiled-tier1': createTier1,
};
const OUTCOME_BYTES = 1 << 20;

export interface AccountState {
  readonly code?: string;
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly slots?: Readonly<Record<string, bigint>>;
  /** The account exists although it is empty. */
  readonly isMarked?: boolean;
}
export type State = Readonly<Record<string, AccountState>>;

/** Fields of a transaction as the library takes them; `to` undefined creates a contract. */
type Fields = Readonly<Record<string, unknown>>;
export type Visible = Omit<Outcome, 'reads'>;

export class TwoEngines {
  readonly ours: InterpreterEngine;
  private readonly arena = Arena.create({ megabytes: 64, threads: 1 });
  private readonly theirs: ReferenceEngine;
  private readonly out = new Uint8Array(OUTCOME_BYTES);
  private context: BlockContext = CONTEXT;

  constructor(name = process.env['ENGINE'] ?? 'interpreter') {
    const create = ENGINES[name] ?? createInterpreter;
    this.ours = create(this.arena, hashOf) as InterpreterEngine;
    this.theirs = new ReferenceEngine(this.arena, hashOf);
  }

  async beginBlock(fork: ForkName, changes: Partial<BlockContext> = {}): Promise<void> {
    this.context = { ...CONTEXT, fork, ...changes };
    await this.ours.beginBlock(this.context);
    await this.theirs.beginBlock(this.context);
  }

  /** Runs a transaction of SENDER over this state. */
  async run(state: State, fields: Fields = {}, mode: ExecutionMode = 'head') {
    const { arena } = this;
    const mark = arena.mark();
    arena.openMiniBlock(1);
    try {
      fill(arena, { [toHex(SENDER)]: { balance: ETHER }, ...state });
      const plain = { type: 2, gasLimit: 1_000_000, maxFeePerGas: 9, maxPriorityFeePerGas: 2 };
      const all = { ...plain, to: toHex(CONTRACT), ...fields };
      const typed = all as Parameters<typeof recordOfUnsigned>[0];
      const record = recordOfUnsigned(typed, SENDER, new Uint8Array(32), this.context);
      const ours = this.read(await this.ours.execute(record, this.out, mode));
      const theirs = this.read(await this.theirs.execute(record, this.out, mode));
      return { ours, theirs };
    } finally {
      arena.rollback(mark);
    }
  }

  /** Transactions that the interpreter did not do itself. */
  get handedOver(): number {
    const { window, hash, fault } = this.ours.handOvers;
    return window + hash + fault;
  }

  private read(written: number): Visible {
    if (written < 0) throw new Error('the outcome does not fit');
    const { reads, ...visible } = readOutcome(this.out);
    return visible;
  }
}

async function hashOf(number: number): Promise<Uint8Array> {
  return keccak_256(toWord(BigInt(number)));
}

function fill(arena: Arena, state: State): void {
  for (const [hex, account] of Object.entries(state)) {
    const address = fromHex(hex);
    const put = (kind: 0 | 1 | 2 | 3, value: bigint, slot?: Uint8Array) =>
      arena.write(arena.intern(kind, address, slot), toWord(value), 1);
    const code = fromHex(account.code ?? '');
    if (account.balance) put(0, account.balance);
    if (account.nonce) put(1, account.nonce);
    if (account.isMarked) put(2, 1n);
    if (code.length > 0) {
      arena.putCode(keccak_256(code), code);
      arena.write(arena.intern(2, address), keccak_256(code), 1);
    }
    for (const [slot, value] of Object.entries(account.slots ?? {})) {
      put(3, value, toWord(BigInt(slot)));
    }
  }
}

/** PUSH of a number in as few bytes as it has. */
export function push(value: bigint): string {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return (0x5f + even.length / 2).toString(16) + even;
}

/** Stores the top of the stack and returns that word, with the gas and memory size after it. */
export const RETURN_TOP = '6000525a6020525960405260606000f3';

export function op(code: number): string {
  return code.toString(16).padStart(2, '0');
}
