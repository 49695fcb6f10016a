/**
 * An engine with a state of its own: takes a case's accounts, then its transactions one by one
 * through the sequential executor, and is rolled back for the next case.
 */
import { assemble } from '../../bench/gas/code-writer.js';
import { Arena, type ArenaMark, type CellKind } from '../../state/arena.js';
import { fromHex, toBigInt, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { systemClock } from '../../state/base/ports.js';
import type { BlockContext, Engine } from '../../workers/engine.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import { SequentialExecutor } from '../../workers/sequential.js';
import type { FuzzAccount, FuzzBlock, FuzzCase } from './case.js';

const GENESIS_SEQUENCE = 1;
const ARENA_MEGABYTES = 64;
/** Exists although it is empty: only where there is nothing else. */
const EXISTS = toWord(1n);

export class Party {
  readonly arena: Arena;
  readonly engine: Engine;
  readonly executor: SequentialExecutor;
  /** Of the block that has begun. */
  coinbase: Uint8Array = new Uint8Array(20);
  private readonly empty: ArenaMark;
  private readonly createEngine: EngineFactory;

  constructor(createEngine: EngineFactory) {
    this.arena = Arena.create({ megabytes: ARENA_MEGABYTES, threads: 1 });
    this.empty = this.arena.mark();
    this.createEngine = createEngine;
    this.engine = createEngine(this.arena, blockHash);
    this.executor = new SequentialExecutor(this.arena, this.engine, systemClock);
  }

  /** Forgets the case before and puts this one's accounts in place. */
  async begin({ accounts, block }: FuzzCase): Promise<void> {
    const { arena, executor } = this;
    arena.rollback(this.empty);
    arena.openMiniBlock(GENESIS_SEQUENCE);
    for (const account of accounts) this.fill(account);
    arena.closeMiniBlock(GENESIS_SEQUENCE);
    arena.openMiniBlock(GENESIS_SEQUENCE + 1);
    executor.sequence = GENESIS_SEQUENCE;
    this.coinbase = fromHex(block.coinbase);
    await executor.beginBlock(contextOf(block));
  }

  /** A cell's value; 0 where it is absent. @param slot  for kind 3 only */
  value(kind: CellKind, address: Uint8Array, slot?: Uint8Array): bigint {
    const out = new Uint8Array(32);
    const id = this.arena.find(kind, address, slot);
    if (id >= 0) this.arena.readLatest(id, out);
    return toBigInt(out);
  }

  /** Another engine over the same cells: one that has seen nothing yet. */
  freshEngine(): Engine {
    return this.createEngine(this.arena, blockHash);
  }

  private fill({ address, balance, nonce, blocks, storage }: FuzzAccount): void {
    const { arena } = this;
    const account = fromHex(address);
    const code = assemble(blocks);
    const put = (kind: CellKind, value: Uint8Array, slot?: Uint8Array) =>
      arena.write(arena.intern(kind, account, slot), value, GENESIS_SEQUENCE);
    if (BigInt(balance) > 0n) put(0, toWord(BigInt(balance)));
    if (nonce > 0) put(1, toWord(BigInt(nonce)));
    if (code.length > 0) {
      const hash = keccak256(code);
      arena.putCode(hash, code);
      put(2, hash);
    } else if (BigInt(balance) === 0n && nonce === 0) put(2, EXISTS);
    for (const [slot, value] of Object.entries(storage)) {
      put(3, toWord(BigInt(value)), toWord(BigInt(slot)));
    }
  }
}

export function contextOf(block: FuzzBlock): BlockContext {
  return {
    ...block,
    coinbase: fromHex(block.coinbase),
    baseFee: BigInt(block.baseFee),
    prevRandao: fromHex(block.prevRandao),
    difficulty: 0n,
    excessBlobGas: BigInt(block.excessBlobGas),
  };
}

export async function blockHash(number: number): Promise<Uint8Array> {
  return keccak256(toWord(BigInt(number)));
}
