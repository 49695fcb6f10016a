/**
 * Whole transactions, executed over and over and never committed, so that nothing but the engine is
 * in the time: `node dist/bench/transactions.bench.js [rounds] [name] [other dist]` after a build;
 * with a name only the cases whose name contains it. Nanoseconds for one call of the engine:
 * best and median of the rounds, and with another build's dist its own beside them, both in this
 * process and taking turns, and the ratio of the medians.
 */
import { pathToFileURL } from 'node:url';
import { accountsOf, type FilledStore, fillAccount } from '../runtime/alloc.js';
import { createWorkload } from '../runtime/load/workloads.js';
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { toWord } from '../state/base/bytes.js';
import { decodeSigned } from '../workers/decode.js';
import type { Engine } from '../workers/engine.js';
import { readOutcome, STATUS_OK } from '../workers/outcome.js';
import { type TransactionFields, writeRecord } from '../workers/record.js';
import { type AllocEntry, CONTEXT, FEES, GENESIS_SEQUENCE } from './chain.js';

const ROUNDS = Number(process.argv[2] ?? 41);
const NAME = process.argv[3] ?? '';
const OTHER = process.argv[4];
/** A window is about this long: short enough to fit between two interruptions. */
const WINDOW_NS = 1_000_000;
const SEED = 1;
const HOT_ACCOUNTS = 64;
const COLD_ACCOUNTS = 1_000_000;
/** More than the caches hold of what they touch. */
const COLD_RECORDS = 16_384;
const ETHER = 10n ** 18n;
const ARENA_MEGABYTES = 1_024;
const OUTCOME_BYTES = 16_384;
/** Outcomes lie one after the other, as in a batch. */
const OUTCOMES = 16;
const NOTHING = new Uint8Array(0);
const STOP_CODE = '0x00';
/** Of a batch that is open. */
const EPOCH = 2;

interface Case {
  readonly name: string;
  readonly alloc: readonly AllocEntry[];
  /** Accounts with a balance and a nonce, beside the alloc's. */
  readonly accounts: number;
  readonly records: readonly Uint8Array[];
}

/** A case in one build: its own arena, its own engine. */
interface Subject {
  readonly engine: Engine;
  readonly records: readonly Place[];
  readonly outcomes: readonly Place[];
  readonly times: number[];
  next: number;
}

/** Where a record is in the arena, in both of the forms that engines take. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly view: Uint8Array;
}

let state = 0x2545f491;
/** xorshift32: the same draws in every run. */
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function addressOf(index: number): Uint8Array {
  const address = new Uint8Array(20).fill(0x5a);
  new DataView(address.buffer).setUint32(8, Math.imul(index + 1, 0x9e3779b1), true);
  new DataView(address.buffer).setUint32(16, index, true);
  return address;
}

function transferRecord(sender: number, to: Uint8Array, value: bigint): Uint8Array {
  const fields: TransactionFields = {
    type: 2,
    unprotected: false,
    sender: addressOf(sender),
    to,
    nonce: 1n,
    gasLimit: 21_000n,
    value,
    ...FEES,
    maxFeePerBlobGas: 0n,
    hash: new Uint8Array(32),
    data: NOTHING,
    accessList: [],
    blobHashes: [],
    authorizations: [],
    raw: NOTHING,
  };
  return writeRecord(fields);
}

/** Each of the accounts sends to another one. */
function transfers(name: string, accounts: number, count: number, value: bigint): Case {
  const records = Array.from({ length: count }, (_, index) => {
    const sender = count === accounts ? index : random() % accounts;
    return transferRecord(
      sender,
      addressOf((sender + 1 + (random() % (accounts - 1))) % accounts),
      value,
    );
  });
  return { name, alloc: [], accounts, records };
}

function callsOfStop(): Case {
  const to = addressOf(HOT_ACCOUNTS);
  const records = Array.from({ length: HOT_ACCOUNTS }, (_, index) => transferRecord(index, to, 0n));
  const alloc: AllocEntry[] = [[`0x${Buffer.from(to).toString('hex')}`, { code: STOP_CODE }]];
  return { name: 'call of a contract that stops', alloc, accounts: HOT_ACCOUNTS, records };
}

/** The first transaction of each of the workload's accounts. */
function workload(name: string): Case {
  const load = createWorkload(name, { accounts: HOT_ACCOUNTS, seed: SEED, ...FEES });
  const alloc = [...load.alloc()];
  const seen = new Set<string>();
  const records = load
    .next(HOT_ACCOUNTS)
    .map((raw) => decodeSigned(raw, CONTEXT))
    .filter((record) => {
      const sender = Buffer.from(record.subarray(8, 28)).toString('hex');
      return seen.size < seen.add(sender).size;
    });
  return { name: `workload ${name}`, alloc, accounts: 0, records };
}

const CASES: Readonly<Record<string, () => Case>> = {
  'empty, 64 accounts': () => transfers('empty, 64 accounts', HOT_ACCOUNTS, HOT_ACCOUNTS, 0n),
  'transfer, 64 accounts': () => transfers('transfer, 64 accounts', HOT_ACCOUNTS, HOT_ACCOUNTS, 1n),
  'empty, 1M accounts': () => transfers('empty, 1M accounts', COLD_ACCOUNTS, COLD_RECORDS, 0n),
  'transfer, 1M accounts': () =>
    transfers('transfer, 1M accounts', COLD_ACCOUNTS, COLD_RECORDS, 1n),
  'call of a contract that stops': callsOfStop,
  'workload erc20': () => workload('erc20'),
  'workload swap': () => workload('swap'),
};

/** The modules of one build. */
async function load(dist: URL) {
  const { Arena } = (await import(
    new URL('state/arena.js', dist).href
  )) as typeof import('../state/arena.js');
  const engines = (await import(
    new URL('workers/interpreter-engine.js', dist).href
  )) as typeof import('../workers/interpreter-engine.js');
  return { Arena, createEngine: engines.createEngine };
}

function fill(arena: Arena, { accounts, alloc }: Case): void {
  arena.openMiniBlock(GENESIS_SEQUENCE);
  const store: FilledStore = {
    intern: (...key) => arena.intern(...key),
    putCode: (...code) => arena.putCode(...code),
    write: (...cell) => arena.restore(...cell),
  };
  for (const account of accountsOf(Object.fromEntries(alloc), 'the case')) {
    fillAccount(store, account, GENESIS_SEQUENCE);
  }
  const balance = toWord(1_000_000n * ETHER);
  const nonce = toWord(1n);
  for (let index = 0; index < accounts; index += 1) {
    const address = addressOf(index);
    arena.restore(arena.intern(0, address), balance, GENESIS_SEQUENCE);
    arena.restore(arena.intern(1, address), nonce, GENESIS_SEQUENCE);
  }
  arena.closeMiniBlock(GENESIS_SEQUENCE);
}

async function start(test: Case, dist: URL): Promise<Subject> {
  const { Arena, createEngine } = await load(dist);
  const arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: 2 });
  fill(arena, test);
  const engine = createEngine(arena, async () => new Uint8Array(32));
  await engine.beginBlock(CONTEXT);
  const { batchIn, batchOut } = arena.layout;
  const place = (from: number, bytes: number): Place => {
    const to = from + bytes;
    return { from, to, view: arena.bytes.subarray(from, to) };
  };
  let at = batchIn.base;
  const records = test.records.map((record) => {
    assert(at + record.length <= batchIn.base + batchIn.bytes, 'records fit');
    arena.bytes.set(record, at);
    const placed = place(at, record.length);
    at = (placed.to + 7) & ~7;
    return placed;
  });
  const outcomes = Array.from({ length: OUTCOMES }, (_, index) =>
    place(batchOut.base + index * OUTCOME_BYTES, OUTCOME_BYTES),
  );
  const subject: Subject = { engine, records, outcomes, times: [], next: 0 };
  check(subject);
  return subject;
}

/** As the scheduler has it where the engine is in the kernel. */
function execute(engine: Engine, record: Place, outcome: Place): number | Promise<number> {
  const { inKernel } = engine;
  return inKernel === undefined
    ? engine.execute(record.view, outcome.view, 'speculative')
    : inKernel.runStep(inKernel.machine, record.from, outcome.from, outcome.to, EPOCH, 0);
}

/** Every one of them does what it should. */
function check({ engine, records, outcomes }: Subject): void {
  const outcome = outcomes[0]!;
  for (const record of records) {
    const written = execute(engine, record, outcome);
    assert(typeof written === 'number' && written > 0, 'executed in the kernel');
    assert(readOutcome(outcome.view.slice(0, written)).status === STATUS_OK, 'successful');
  }
}

/** @returns nanoseconds for one transaction */
function timeOnce(subject: Subject, count: number): number {
  const { engine, records, outcomes } = subject;
  let at = subject.next;
  const before = process.hrtime.bigint();
  for (let done = 0; done < count; done += 1) {
    execute(engine, records[at]!, outcomes[at % OUTCOMES]!);
    at = at + 1 === records.length ? 0 : at + 1;
  }
  const time = Number(process.hrtime.bigint() - before) / count;
  subject.next = at;
  return time;
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1]!;
const column = (value: number): string => value.toFixed(value < 100 ? 1 : 0).padStart(9);

async function run(make: () => Case): Promise<void> {
  const test = make();
  const dists = [new URL('../', import.meta.url)];
  if (OTHER !== undefined) dists.push(new URL(`${pathToFileURL(OTHER).href}/`));
  const subjects: Subject[] = [];
  for (const dist of dists) subjects.push(await start(test, dist));
  const counts = subjects.map((subject) => {
    timeOnce(subject, 20_000);
    return Math.ceil(WINDOW_NS / timeOnce(subject, 1_000));
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      subject.times.push(timeOnce(subject, counts[index]!));
    }
  }
  for (const { times } of subjects) times.sort((a, b) => a - b);
  const medians = subjects.map(({ times }) => median(times));
  const figures = subjects.map(({ times }) => column(times[0]!) + column(median(times))).join(' ');
  const ratio = medians[1] === undefined ? '' : column(medians[0]! / medians[1]);
  console.log(test.name.padEnd(32) + figures + ratio);
}

console.log(`ns, ${ROUNDS} rounds`.padEnd(32), '   best   median');
for (const [name, make] of Object.entries(CASES)) if (name.includes(NAME)) await run(make);
