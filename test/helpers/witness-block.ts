/**
 * A generated block over a generated state, made by hand from the parts that a node is made of:
 * what its witness must hold is known, and the state after it is there to compare with.
 */
import { createTx } from '@ethereumjs/tx';
import { blake3 } from '@noble/hashes/blake3.js';
import { assemble } from '../../bench/gas/code-writer.js';
import { Arena } from '../../state/arena.js';
import { concatBytes, fromHex, toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { systemClock } from '../../state/base/ports.js';
import { WIDE_FORM } from '../../state/multiproof.js';
import { StateRoot } from '../../state/root.js';
import { isIncluded } from '../../workers/batch.js';
import { callsAfter, callsBefore } from '../../workers/block-steps.js';
import { commonFor } from '../../workers/common.js';
import { decodeSigned } from '../../workers/decode.js';
import type { BlockContext } from '../../workers/engine.js';
import { loadEngine } from '../../workers/engines.js';
import { ExecutedBuilder, type ExecutedColumns } from '../../workers/executed.js';
import { sealHeader } from '../../workers/header.js';
import { statusOf } from '../../workers/outcome.js';
import { headerOf, requestsHashOf } from '../../workers/seal.js';
import { SequentialExecutor } from '../../workers/sequential.js';
import { keysOf } from '../../workers/witness/cells.js';
import { collect } from '../../workers/witness/collect.js';
import type { Witness, WitnessAccount } from '../../workers/witness/format.js';
import type { FuzzAccount, FuzzBlock, FuzzTransaction } from '../fuzz/case.js';
import { contract, createBlock, person } from '../fuzz/generate.js';
import { contextOf } from '../fuzz/party.js';
import { fieldsOf } from '../fuzz/records.js';
import { Rng } from '../fuzz/rng.js';
import { createSound, createTransaction } from '../fuzz/transactions.js';
import { createWorld, type FuzzFork, KEYS, PEOPLE, type World } from '../fuzz/world.js';
import { naiveRoot } from './naive-root.js';

const ZERO = new Uint8Array(32);
const FORKS = ['cancun', 'prague', 'osaka'] as const;
/** Stores its input under the block's number, and gives 3 bytes back. */
const SYSTEM_CODE = fromHex('600035435560036000f3');

export interface WitnessBlock {
  readonly fork: FuzzFork;
  readonly chainId: number;
  readonly witness: Witness;
  readonly parentHash: Uint8Array;
  readonly parentRoot: Uint8Array;
  readonly hash: Uint8Array;
  /** After the block, from all cells by the naive tree. */
  readonly stateRoot: Uint8Array;
  /** The witness with other cells, as honest: proven, with the codes of these accounts. */
  withCells(accounts: readonly WitnessAccount[]): Witness;
}

/** @param seed  the same gives the same block @param engines  that the witness is made with */
export async function createWitnessBlock(
  seed: number,
  engines: readonly string[],
): Promise<WitnessBlock> {
  const rng = new Rng(seed);
  const world = createWorld(rng, { fork: rng.pick(FORKS), heavyPercent: 2 });
  const number = rng.pick([1, 2, 3, 20, 258]);
  const drawn = { ...createBlock(rng, world), number, gasLimit: 30_000_000 };
  const block = new BlockMaker(rng, world, drawn);
  await block.fill();
  await block.execute();
  return block.witness(engines);
}

class BlockMaker {
  private readonly rng: Rng;
  private readonly world: World;
  private readonly block: FuzzBlock;
  private readonly context: BlockContext;
  private readonly arena = Arena.create({ megabytes: 64, threads: 1 });
  private readonly root = new StateRoot(this.arena);
  private ancestors: { rlp: Uint8Array; hash: Uint8Array }[] = [];
  private parentRoot = ZERO;
  private executed: ExecutedColumns | null = null;
  private requestsHash: Uint8Array = ZERO;
  private sequence = 1;

  constructor(rng: Rng, world: World, block: FuzzBlock) {
    this.rng = rng;
    this.world = world;
    this.block = block;
    this.context = contextOf(block);
  }

  async fill(): Promise<void> {
    const { rng, world, arena, context } = this;
    arena.openMiniBlock(1);
    const accounts = [
      ...PEOPLE.map((address) => person(rng, world, address)),
      ...world.contracts.map((address, index) =>
        contract(rng, { ...world, callees: world.contracts.slice(index + 1) }, address),
      ),
    ];
    for (const account of accounts) this.put(account);
    const calls = [...callsBefore(context.fork, ZERO, ZERO), ...callsAfter(context.fork)];
    for (const { to } of calls) if (rng.chance(40)) this.putCode(to, SYSTEM_CODE);
    for (let index = rng.below(60); index > 0; index -= 1) {
      arena.write(arena.intern(0, rng.bytes(20).slice()), toWord(BigInt(index)), 1);
    }
    const range = arena.closeMiniBlock(1);
    this.parentRoot = this.root.update(range, 1).slice();
    this.chain();
  }

  /** Headers down to the first, or as far as anybody may ask. */
  private chain(): void {
    const { context } = this;
    let parentHash: Uint8Array = ZERO;
    const oldest = Math.max(0, context.number - 257);
    for (let number = oldest; number < context.number; number += 1) {
      const header = sealHeader(
        { ...context, number },
        {
          parentHash,
          stateRoot: this.parentRoot,
          transactionsRoot: ZERO,
          receiptsRoot: ZERO,
          logsBloom: new Uint8Array(256),
          // At the target the base fee stays.
          gasUsed: Math.floor(context.gasLimit / 2),
          blobGasUsed: 0,
          withdrawalsRoot: ZERO,
          parentBeaconBlockRoot: ZERO,
          requestsHash: ZERO,
        },
      );
      parentHash = header.hash;
      this.ancestors.unshift(header);
    }
  }

  async execute(): Promise<void> {
    const { rng, world, arena, context, block } = this;
    const engine = (await loadEngine('reference'))(arena, async (number) => this.hashOf(number));
    const executor = new SequentialExecutor(arena, engine, systemClock);
    executor.sequence = 1;
    await executor.beginBlock(context);
    arena.openMiniBlock(2);
    const parentHash = this.ancestors[0]!.hash;
    for (const call of callsBefore(context.fork, ZERO, parentHash)) await executor.systemCall(call);
    const builder = new ExecutedBuilder();
    for (let left = rng.below(7); left > 0; left -= 1) {
      const drawn = rng.chance(50)
        ? createSound(rng, world, block, rng.chance(85) ? rng.pick(world.contracts) : null)
        : createTransaction(rng, world, block);
      const record = this.sign(drawn);
      if (record === null) continue;
      const result = await executor.runBatch([record]);
      const outcome = result.record(0);
      if (isIncluded({ status: statusOf(outcome) })) builder.add(record, outcome);
    }
    const requests: Uint8Array[] = [];
    for (const [index, call] of callsAfter(context.fork).entries()) {
      const outcome = await executor.systemCall(call);
      requests.push(Uint8Array.of(index + 1, ...(outcome?.output ?? [])));
    }
    this.requestsHash = requestsHashOf(requests);
    this.executed = builder.build();
    this.sequence = Math.max(2, executor.sequence);
    arena.closeMiniBlock(this.sequence);
  }

  async witness(engines: readonly string[]): Promise<WitnessBlock> {
    const { arena, context, ancestors, requestsHash, parentRoot, root } = this;
    const miniBlocks = [this.executed!];
    const parentHash = ancestors[0]!.hash;
    const stateRoot = fromHex(naiveRoot(contentsOf(arena)));
    const header = headerOf({ context, parentHash, miniBlocks, requestsHash }, stateRoot);
    const hashes = concatBytes(...ancestors.slice(0, 256).map(({ hash }) => hash));
    const task = { context, parentHash, sequence: 1, miniBlocks, hashes, engines };
    const collected = await collect(arena, task, systemClock);
    const { accounts, codes } = collected;
    const withCells = (asked: readonly WitnessAccount[]): Witness => {
      const hashes = new Set(asked.map(({ address }) => toHex(this.codeHashOf(address))));
      return {
        ...witness,
        accounts: asked,
        codes: codes.filter((code) => hashes.has(toHex(keccak256(code)))),
        proof: root.prove(keysOf(asked), WIDE_FORM),
      };
    };
    const { raws, rawEnds } = this.executed!;
    const witness: Witness = {
      chainId: context.chainId,
      fork: context.fork,
      header: header.rlp,
      ancestors: ancestors.slice(0, collected.ancestors).map(({ rlp }) => rlp),
      transactions: Array.from(rawEnds, (end, index) => raws.slice(rawEnds[index - 1] ?? 0, end)),
      accounts,
      codes,
      proof: root.prove(keysOf(accounts), WIDE_FORM),
    };
    const { fork, chainId } = this.block;
    const { hash } = header;
    return { fork, chainId, witness, parentHash, parentRoot, hash, stateRoot, withCells };
  }

  private sign(drawn: FuzzTransaction): Uint8Array | null {
    const { context, block } = this;
    const key = KEYS[PEOPLE.indexOf(drawn.sender)];
    if (key === undefined || drawn.type === 3) return null;
    const nonce = this.nonceOf(fromHex(drawn.sender)) + BigInt(drawn.nonceSlip);
    const fields = fieldsOf(drawn, block, nonce < 0n ? 0n : nonce);
    try {
      const tx = createTx(fields, { common: commonFor(context.fork, context.chainId) });
      return decodeSigned(tx.sign(key).serialize(), context);
    } catch {
      return null;
    }
  }

  private nonceOf(address: Uint8Array): bigint {
    const value = new Uint8Array(32);
    const id = this.arena.find(1, address);
    if (id >= 0) this.arena.readLatest(id, value);
    return toBigInt(value);
  }

  /** Before the block. */
  private codeHashOf(address: Uint8Array): Uint8Array {
    const value = new Uint8Array(32);
    const id = this.arena.find(2, address);
    if (id >= 0) this.arena.readAt(id, 1, value);
    return value;
  }

  private hashOf(number: number): Uint8Array {
    return this.ancestors[this.context.number - 1 - number]?.hash ?? ZERO;
  }

  private put({ address, balance, nonce, blocks, storage }: FuzzAccount): void {
    const account = fromHex(address);
    const write = (kind: 0 | 1 | 3, value: bigint, slot?: Uint8Array) => {
      if (value === 0n) return;
      this.arena.write(this.arena.intern(kind, account, slot), toWord(value), 1);
    };
    write(0, BigInt(balance));
    write(1, BigInt(nonce));
    const code = assemble(blocks);
    if (code.length > 0) this.putCode(account, code);
    for (const [slot, value] of Object.entries(storage)) {
      write(3, BigInt(value), toWord(BigInt(slot)));
    }
  }

  private putCode(address: Uint8Array, code: Uint8Array): void {
    const hash = keccak256(code);
    this.arena.putCode(hash, code);
    this.arena.write(this.arena.intern(2, address), hash, 1);
  }
}

function contentsOf(arena: Arena): Map<string, string> {
  const contents = new Map<string, string>();
  for (let id = 0; id < arena.cellCount; id += 1) {
    const { kind, address, slot } = arena.keyOf(id);
    const value = new Uint8Array(32);
    arena.readLatest(id, value);
    const kindBytes = new Uint8Array(12);
    kindBytes[11] = kind;
    contents.set(toHex(blake3(concatBytes(address, kindBytes, slot))), toHex(value));
  }
  return contents;
}
