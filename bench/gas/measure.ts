/**
 * `bench gas`: nanoseconds per unit of gas of every instruction and precompile, on each engine. Gas
 * is what bounds a block, so what is far slower per gas than the rest is how a contract could hold
 * up the chain ("Broken Metre", Perez and Livshits 2020). Programs run until their gas is gone, one
 * transaction at a time on the calling thread, and nothing is committed.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { Arena } from '../../state/arena.js';
import { assert } from '../../state/base/assert.js';
import { fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { Engine } from '../../workers/engine.js';
import { loadEngine } from '../../workers/engines.js';
import { readOutcome, STATUS_FAILED } from '../../workers/outcome.js';
import { CONTEXT } from '../chain.js';
import { type GasProgram, gasPrograms } from './programs.js';
import { type GasEntry, type GasLine, lineOf } from './table.js';

const ARENA_MEGABYTES = 256;
/** Enough that the transaction around it (some us, 21,000 gas) is lost; 0.1 s on the slowest. */
const GAS_LIMIT = 300_000;
const INTRINSIC_GAS = 21_000;
/**
 * After runs that do not count, runs are repeated until they have taken so long, and the one in the
 * middle counts. Processor time, not the clock's: a busy machine would flag anything.
 */
const RUN_MS = 25;
/** Libraries' Wasm is optimised as it runs, beside it, and that counts as our time too. */
const WARM_UP_MS = { opcode: 0, precompile: 150 } as const;
const RUNS_MIN = 3;
const RUNS_MAX = 2_000;
const OUTCOME_BYTES = 16 * 1024 * 1024;
const SEQUENCE = 1;
const SENDER = fromHex('5e'.repeat(20));
const WEI = 10n ** 30n;

export interface GasTools {
  /** Says what is being measured. */
  readonly progress: (text: string) => void;
}

/** @throws DeltacastError BAD_USAGE where there is no such engine */
export async function measureGas(
  engineName: string,
  { progress }: GasTools,
  programs: readonly GasProgram[] = gasPrograms(),
): Promise<GasLine> {
  const arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: 1 });
  fill(arena, programs);
  const engine = (await loadEngine(engineName))(arena, async (number) => toWord(BigInt(number)));
  await engine.beginBlock(CONTEXT);
  const place = new Uint8Array(OUTCOME_BYTES);
  const entries: GasEntry[] = [];
  for (const program of programs) {
    progress(`gas: ${engineName}, ${program.name}`);
    entries.push(await measure({ engine, program, place }));
  }
  return lineOf(engineName, GAS_LIMIT, entries);
}

function fill(arena: Arena, programs: readonly GasProgram[]): void {
  arena.openMiniBlock(SEQUENCE);
  arena.write(arena.intern(0, SENDER), toWord(WEI), SEQUENCE);
  for (const { name, code } of programs) {
    const hash = keccak_256(code);
    arena.putCode(hash, code);
    arena.write(arena.intern(1, addressOf(name)), toWord(1n), SEQUENCE);
    arena.write(arena.intern(2, addressOf(name)), hash, SEQUENCE);
  }
  arena.closeMiniBlock(SEQUENCE);
}

interface Measurement {
  readonly engine: Engine;
  readonly program: GasProgram;
  readonly place: Uint8Array;
}

async function measure({ engine, program, place }: Measurement): Promise<GasEntry> {
  const record = recordFor(program.name);
  const warmUp = await engine.execute(record, place, 'head');
  const { status, gasUsed } = readOutcome(place.subarray(0, Math.max(0, warmUp)));
  assert(status === STATUS_FAILED && gasUsed === GAS_LIMIT, `${program.name} ends by gas`);
  for (let spent = 0; spent < WARM_UP_MS[program.kind]; ) {
    spent += await timed(engine, record, place);
  }
  const times: number[] = [];
  let sum = 0;
  while (times.length < RUNS_MIN || (sum < RUN_MS && times.length < RUNS_MAX)) {
    const spent = await timed(engine, record, place);
    times.push(spent);
    sum += spent;
  }
  times.sort((a, b) => a - b);
  const milliseconds = times[times.length >> 1] ?? 0;
  const nanosecondsPerGas = (milliseconds * 1e6) / (GAS_LIMIT - INTRINSIC_GAS);
  return { name: program.name, kind: program.kind, nanosecondsPerGas };
}

/** Milliseconds of processor time. */
async function timed(engine: Engine, record: Uint8Array, place: Uint8Array): Promise<number> {
  const before = process.cpuUsage();
  await engine.execute(record, place, 'head');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function recordFor(name: string): Uint8Array {
  const fields = {
    type: 2,
    nonce: 0,
    gasLimit: GAS_LIMIT,
    maxFeePerGas: CONTEXT.baseFee,
    maxPriorityFeePerGas: 0,
    value: 0,
    to: toHex(addressOf(name)),
    data: '0x',
    chainId: CONTEXT.chainId,
  } as const;
  return recordOfUnsigned(fields, SENDER, keccak_256(Buffer.from(name)), CONTEXT);
}

function addressOf(name: string): Uint8Array {
  return keccak_256(Buffer.from(`gas ${name}`)).slice(12);
}
