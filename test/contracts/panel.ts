/**
 * All engines over one arena, each with a thread's window of its own: a transaction is executed by
 * the reference engine, the interpreter and compiled code in each tier on the same cells, the
 * outcome records are compared as bytes (status, gas, logs, output, codes, writes), and one is
 * committed.
 */
import { type AccountJson, type Alloc, accountsOf, fillAccount } from '../../runtime/alloc.js';
import { Arena, type ArenaMark, type CellKind } from '../../state/arena.js';
import { fromHex, toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { BlockContext, Engine } from '../../workers/engine.js';
import { InterpreterEngine } from '../../workers/interpreter-engine.js';
import { type Outcome, readOutcome, STATUS_AT, STATUS_OK } from '../../workers/outcome.js';
import { isWholeOutcome } from '../../workers/outcome-check.js';
import { ReferenceEngine } from '../../workers/reference/reference-engine.js';
import { recordDifference } from '../fuzz/record-compare.js';
import { Committer } from '../helpers/kernel-committer.js';
import { CONTEXT } from '../helpers/random-block.js';
import { type WatchedEngine, watchedEngine } from './watched.js';

const ARENA_MEGABYTES = 256;
const OUTCOME_BYTES = 1 << 20;
const GENESIS_SEQUENCE = 1;
const ETHER = 10n ** 18n;
/** Below the most that a transaction may have from Osaka on (EIP-7825). */
const GAS_LIMIT = 16_000_000;
const MAX_FEE = 1_000n;

/** Accounts that send; anybody else may too. */
export const PEOPLE: readonly string[] = ['a1', 'b2', 'c3', 'd4'].map(
  (byte) => `0x${byte.repeat(20)}`,
);
const FUNDED: AccountJson = { balance: (10n ** 9n * ETHER).toString() };

export interface Call {
  readonly from?: string;
  /** null creates a contract. */
  readonly to: string | null;
  /** Hex. */
  readonly data?: string;
  readonly value?: bigint;
  readonly gasLimit?: number;
}

/** What a call gave, as all engines agree. */
export interface Agreed {
  readonly isOk: boolean;
  readonly gasUsed: number;
  readonly output: string;
  readonly created: string | null;
  readonly logs: Outcome['logs'];
}

export class Disagreement extends Error {}

export class Panel {
  readonly first: WatchedEngine;
  readonly both: WatchedEngine;
  readonly cells: Arena;
  /** Transactions that all engines have executed alike. */
  calls = 0;
  private context: BlockContext = CONTEXT;
  private readonly reference: Engine;
  private readonly subjects: readonly InterpreterEngine[];
  private readonly committer: Committer;
  private readonly expected = new Uint8Array(OUTCOME_BYTES);
  private readonly places: readonly Uint8Array[];
  private sequence = GENESIS_SEQUENCE;
  private readonly empty: ArenaMark;

  constructor({ megabytes = ARENA_MEGABYTES } = {}) {
    const arena = Arena.create({ megabytes, threads: 4 });
    this.cells = arena;
    this.empty = arena.mark();
    const window = (thread: number) => Arena.attach(arena.memory, thread);
    this.reference = new ReferenceEngine(arena, blockHash);
    this.first = watchedEngine(window(2), blockHash, 'first');
    this.both = watchedEngine(window(3), blockHash, 'both');
    const interpreter = new InterpreterEngine(window(1), blockHash);
    this.subjects = [interpreter, this.first.engine, this.both.engine];
    this.committer = new Committer(arena);
    const { base, bytes } = arena.layout.batchOut;
    const share = Math.floor(bytes / this.subjects.length / 64) * 64;
    this.places = this.subjects.map((_, index) =>
      arena.bytes.subarray(base + index * share, base + (index + 1) * share),
    );
  }

  /** Forgets everything; these accounts and PEOPLE are there then. */
  async begin(alloc: Alloc = {}, context: Partial<BlockContext> = {}): Promise<void> {
    const { cells } = this;
    cells.rollback(this.empty);
    cells.openMiniBlock(GENESIS_SEQUENCE);
    const people = Object.fromEntries(PEOPLE.map((address) => [address, FUNDED]));
    for (const account of accountsOf({ ...people, ...alloc }, 'the test')) {
      fillAccount(cells, account, GENESIS_SEQUENCE);
    }
    cells.closeMiniBlock(GENESIS_SEQUENCE);
    cells.openMiniBlock(GENESIS_SEQUENCE + 1);
    this.sequence = GENESIS_SEQUENCE;
    await this.beginBlock({ ...CONTEXT, ...context });
  }

  /** Another block, as many after the one before and as many times 12 seconds. */
  async mine(blocks: number, seconds = 12 * blocks): Promise<void> {
    const { number, timestamp } = this.context;
    await this.beginBlock({ number: number + blocks, timestamp: timestamp + seconds });
  }

  get now(): number {
    return this.context.timestamp;
  }

  get coinbase(): Uint8Array {
    return this.context.coinbase;
  }

  value(kind: CellKind, address: Uint8Array, slot?: Uint8Array): bigint {
    const out = new Uint8Array(32);
    const id = this.cells.find(kind, address, slot);
    if (id >= 0) this.cells.readLatest(id, out);
    return toBigInt(out);
  }

  /** Hash of an account's code, in hex. */
  codeHash(address: string): string {
    return toHex(toWord(this.value(2, fromHex(address))));
  }

  /** Executes and commits. @throws Disagreement where an engine does not do what the others do */
  async send(call: Call): Promise<Agreed> {
    const agreed = await this.try(call);
    this.commit();
    return agreed;
  }

  /** Executes and leaves the state as it was. */
  async try(call: Call): Promise<Agreed> {
    const record = this.recordOf(call);
    const written = await this.reference.execute(record, this.expected, 'head');
    const expected = this.expected.subarray(0, Math.max(0, written));
    for (const [index, subject] of this.subjects.entries()) {
      await this.compare(subject, record, this.places[index]!, expected);
    }
    this.calls += 1;
    const { status, gasUsed, output, created, logs } = readOutcome(expected);
    const made = created === null ? null : toHex(created);
    return { isOk: status === STATUS_OK, gasUsed, output: toHex(output), created: made, logs };
  }

  /** Sends, and wants it to succeed. */
  async must(call: Call): Promise<Agreed> {
    const agreed = await this.send(call);
    if (!agreed.isOk) throw new Error(`${call.data?.slice(0, 10)} failed: ${agreed.output}`);
    return agreed;
  }

  /** @returns the address of the contract */
  async deploy(code: string, from = PEOPLE[0]!): Promise<string> {
    const { created, isOk, output } = await this.send({ from, to: null, data: code });
    if (!isOk || created === null) throw new Error(`not deployed: ${output.slice(0, 200)}`);
    return created;
  }

  /** Transactions that an engine of ours left to the reference engine. */
  get handedOver(): number {
    return this.subjects.reduce((sum, { handOvers }) => {
      const { window, hash, fault } = handOvers;
      return sum + window + hash + fault;
    }, 0);
  }

  private async beginBlock(changes: Partial<BlockContext>): Promise<void> {
    this.context = { ...this.context, ...changes };
    for (const engine of [this.reference, ...this.subjects]) await engine.beginBlock(this.context);
  }

  private async compare(
    subject: InterpreterEngine,
    record: Uint8Array,
    place: Uint8Array,
    expected: Uint8Array,
  ): Promise<void> {
    const written = await subject.execute(record, place, 'head');
    const outcome = place.subarray(0, Math.max(0, written));
    const what =
      written < 0 || expected.length === 0
        ? `no room: ${written}`
        : isWholeOutcome(this.cells.bytes, place.byteOffset, written)
          ? recordDifference(expected, outcome, this)
          : 'not a whole record';
    if (what !== null) throw new Disagreement(`${subject.name}: ${what}`);
  }

  private recordOf({ from = PEOPLE[0]!, to, data = '0x', value = 0n, gasLimit }: Call): Uint8Array {
    const sender = fromHex(from);
    const nonce = this.value(1, sender);
    const fields = {
      type: 2,
      nonce,
      gasLimit: gasLimit ?? GAS_LIMIT,
      maxFeePerGas: MAX_FEE,
      maxPriorityFeePerGas: 2n,
      value,
      data,
      chainId: this.context.chainId,
      ...(to === null ? {} : { to }),
    };
    const hash = keccak256(toWord(nonce));
    return recordOfUnsigned(fields as never, sender, hash, this.context);
  }

  private commit(): void {
    const { committer, coinbase } = this;
    const place = this.places[0]!;
    if ((place[STATUS_AT] ?? 0) > STATUS_OK) return;
    this.sequence += 1;
    committer.begin(place.byteOffset, coinbase, this.sequence);
    while (committer.next());
  }
}

async function blockHash(number: number): Promise<Uint8Array> {
  return keccak256(toWord(BigInt(number)));
}
