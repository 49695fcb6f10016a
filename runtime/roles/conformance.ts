/**
 * Runs official state tests on an engine and compares the Ethereum state root and the logs hash.
 * One arena serves all cases: each is rolled back when it has been compared.
 */
import { RLP } from '@ethereumjs/rlp';
import { Arena, type ArenaMark } from '../../state/arena.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { isDeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import { systemClock } from '../../state/base/ports.js';
import { ethereumStateRoot } from '../../state/mpt.js';
import { decodeSigned } from '../../workers/decode.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import { TIERED_ENGINE } from '../../workers/engines.js';
import { type Outcome, type OutcomeLog, STATUS_OK } from '../../workers/outcome.js';
import { SequentialExecutor } from '../../workers/sequential.js';
import { Tiering } from '../../workers/tiering/tiering.js';
import type { TieringLimits } from '../../workers/tiering/tiering-limits.js';
import type { StateTestCase } from '../state-test-file.js';

const PRE_STATE_SEQUENCE = 1;
/** Gas without end makes outputs of 30 MB, and only so much of the arena is for them. */
const ARENA_MEGABYTES = 2_048;

/** Whatever ran once is compiled at once. */
const EAGER: Partial<TieringLimits> = {
  gasNoted: 1,
  gasBase: 1,
  idleMs: 0,
  gasPerByte: 0,
  lookMs: 0,
  rest: 0,
  codesMax: 256,
  // So that those of earlier cases make room.
  halfLifeMs: 100,
  retryMs: 0,
};

export class ConformanceRunner {
  private readonly arena: Arena;
  private readonly empty: ArenaMark;
  private readonly sequential: SequentialExecutor;

  constructor(createEngine: EngineFactory) {
    this.arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: 1 });
    this.empty = this.arena.mark();
    const engine = createEngine(this.arena, blockHashByConvention);
    const options = { arena: this.arena, clock: systemClock, threads: [0], limits: EAGER };
    const tiering = engine.name === TIERED_ENGINE ? new Tiering(options) : null;
    this.sequential = new SequentialExecutor(this.arena, engine, systemClock, tiering);
  }

  /**
   * With the engine `auto` a case runs twice: interpreted, then with all compiled that was run.
   * @returns null where the case passes, else what was wrong in one line
   */
  async run(test: StateTestCase): Promise<string | null> {
    const why = await this.once(test);
    return why !== null || this.sequential.tiering === null ? why : this.once(test);
  }

  async stop(): Promise<void> {
    await this.sequential.stop();
  }

  private async once(test: StateTestCase): Promise<string | null> {
    const { arena } = this;
    arena.openMiniBlock(PRE_STATE_SEQUENCE);
    try {
      test.fill(arena, PRE_STATE_SEQUENCE);
      arena.closeMiniBlock(PRE_STATE_SEQUENCE);
      arena.openMiniBlock(PRE_STATE_SEQUENCE + 1);
      this.sequential.sequence = PRE_STATE_SEQUENCE;
      return await this.compare(test, await this.execute(test));
    } finally {
      arena.rollback(this.empty);
    }
  }

  /** @returns the outcome, or the code of the error that refused it while decoding */
  private async execute(test: StateTestCase): Promise<Outcome | string> {
    let record: Uint8Array;
    try {
      record = decodeSigned(test.raw, { ...test.context, bytesMax: test.raw.length });
    } catch (error) {
      if (isDeltacastError(error)) return error.code;
      throw error;
    }
    await this.sequential.beginBlock(test.context);
    const result = await this.sequential.runBatch([record]);
    // Before the case, and its codes with it, is taken back.
    await this.sequential.tiering?.settled();
    return result.outcome(0);
  }

  private async compare(test: StateTestCase, result: Outcome | string): Promise<string | null> {
    const isRefused = typeof result === 'string' || result.status > STATUS_OK;
    const reason = typeof result === 'string' ? result : `${result.status} ${result.reason}`;
    if (isRefused && test.refusal === null) return `unexpected refusal: ${reason}`;
    if (!isRefused && test.refusal !== null) return `accepted, but expected ${test.refusal}`;
    const root = toHex(await ethereumStateRoot(this.arena));
    if (root !== test.expected.stateRoot) return `state root ${root.slice(0, 14)}`;
    const logs = logsHash(typeof result === 'string' ? [] : result.logs);
    return logs === test.expected.logsHash ? null : `logs hash ${logs.slice(0, 14)}`;
  }
}

/** keccak256 of the number's decimal digits: the convention of those who made the tests. */
async function blockHashByConvention(number: number): Promise<Uint8Array> {
  return keccak256(fromHex(Buffer.from(String(number)).toString('hex')));
}

function logsHash(logs: readonly OutcomeLog[]): string {
  return toHex(
    keccak256(RLP.encode(logs.map(({ address, topics, data }) => [address, [...topics], data]))),
  );
}
