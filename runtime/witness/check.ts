/**
 * The stateless check: a block executed again from its witness, by somebody who has no state and
 * knows of the chain only the parent. Everything else in the witness may come from a liar: cells
 * are proven under the parent's root, hashes of older blocks by the chain of headers, codes by
 * their hash; and what comes out must be the block's header, byte for byte.
 */
import { assert } from '../../state/base/assert.js';
import { equalBytes, toHex } from '../../state/base/bytes.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { Clock } from '../../state/base/ports.js';
import { Multiproof } from '../../state/multiproof.js';
import { pathOf, type StateKey, sortPaths } from '../../state/proof.js';
import { decodeSigned } from '../../workers/decode.js';
import type { BlockContext } from '../../workers/engine.js';
import type { ForkName } from '../../workers/fork.js';
import { headerContext, headerHash, headerRoots } from '../../workers/header.js';
import { headerOf } from '../../workers/seal.js';
import { type CellSource, KnownCells, keysOf } from '../../workers/witness/cells.js';
import { cellCountOf, decodeWitness, invalid, type Witness } from '../../workers/witness/format.js';
import { type BlockRun, runBlock } from '../../workers/witness/run-block.js';
import { nextBaseFee } from '../block-time.js';

/** What is known before: of the parent, either is enough. */
export interface Trusted {
  readonly parentHash?: Uint8Array;
  readonly parentRoot?: Uint8Array;
  /** Of the block itself, where known: without it any valid child of the parent passes. */
  readonly hash?: Uint8Array;
}

export interface CheckOptions {
  readonly chainId: number;
  readonly fork: ForkName;
  readonly clock: Clock;
  /** A name of workers/engines.ts. */
  readonly engine: string;
}

/** A block that is what its transactions give. */
export interface CheckedBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactions: number;
  readonly gasUsed: number;
  readonly cells: number;
  readonly codes: number;
  /** Of the whole witness, and of its proof alone. */
  readonly bytes: number;
  readonly proofBytes: number;
}

/** Longer than any transaction that fits a block. */
const RAW_BYTES_MAX = 16 * 1024 * 1024;

/**
 * @param bytes  a witness, from anyone
 * @throws DeltacastError WITNESS_INVALID: malformed, or about another parent; WITNESS_INCOMPLETE:
 *         it lacks what the block reads; BLOCK_WRONG: the block is not what its transactions give;
 *         FORK_UNSUPPORTED
 */
export async function checkWitness(
  bytes: Uint8Array,
  trusted: Trusted,
  options: CheckOptions,
): Promise<CheckedBlock> {
  const witness = decodeWitness(bytes);
  const chain = new WitnessChain(witness, trusted, options);
  const proven = new ProvenCells(witness);
  if (!equalBytes(proven.root, chain.parentRoot)) {
    throw invalid("the proof is not of the parent's root");
  }
  const cells = new KnownCells(proven);
  for (const { address, slots } of witness.accounts) {
    cells.take({ kind: 0, address, slot: null });
    for (const slot of slots) cells.take({ kind: 3, address, slot });
  }
  proven.checkCodes();
  const { context, parentHash } = chain;
  const records = recordsOf(witness, context);
  const run = await runBlock(
    cells,
    { context, parentHash, records },
    { ...options, blockHash: (number) => chain.hashOf(number) },
  );
  const stateRoot = proven.rootWith((key) => cells.value(key));
  compareHeader(witness.header, chain, run, stateRoot);
  return {
    number: context.number,
    hash: headerHash(witness.header),
    parentHash,
    stateRoot,
    transactions: records.length,
    gasUsed: run.executed.gasUsed.reduce((sum, gas) => sum + gas, 0),
    cells: cellCountOf(witness),
    codes: witness.codes.length,
    bytes: bytes.length,
    proofBytes: witness.proof.length,
  };
}

/** Headers: the block's own, and those before it, each bound by the hash in the one after. */
class WitnessChain {
  readonly context: BlockContext;
  readonly parentHash: Uint8Array;
  readonly parentRoot: Uint8Array;
  private readonly hashes = new Map<number, Uint8Array>();

  constructor(witness: Witness, trusted: Trusted, { chainId, fork }: CheckOptions) {
    if (witness.chainId !== chainId) throw invalid(`it is of chain ${witness.chainId}`);
    if (witness.fork !== fork) throw invalid(`it is of ${witness.fork}`);
    const { header, ancestors } = witness;
    const { hash } = trusted;
    if (hash !== undefined && !equalBytes(hash, headerHash(header))) {
      throw invalid('it is of another block');
    }
    const { context } = checked(() => headerContext(header, fork, chainId));
    this.context = context;
    this.parentHash = checked(() => headerRoots(header)).parentHash;
    const [parent] = ancestors;
    if (parent === undefined) throw invalid("the parent's header is not there");
    this.parentRoot = checked(() => headerRoots(parent)).stateRoot;
    this.checkTrusted(trusted);
    this.follow(ancestors);
    this.checkRules(parent);
  }

  /** @throws DeltacastError WITNESS_INCOMPLETE */
  hashOf(number: number): Uint8Array {
    const hash = this.hashes.get(number);
    if (hash !== undefined) return hash;
    throw new DeltacastError('WITNESS_INCOMPLETE', `the hash of block ${number} is not there`);
  }

  private checkTrusted({ parentHash, parentRoot }: Trusted): void {
    assert(parentHash !== undefined || parentRoot !== undefined, 'the parent is known');
    const isHash = parentHash === undefined || equalBytes(parentHash, this.parentHash);
    const isRoot = parentRoot === undefined || equalBytes(parentRoot, this.parentRoot);
    if (!isHash || !isRoot) throw invalid('it is of the child of another block');
  }

  private follow(ancestors: readonly Uint8Array[]): void {
    let expected = this.parentHash;
    for (const [index, rlp] of ancestors.entries()) {
      const number = this.context.number - 1 - index;
      if (number < 0 || !equalBytes(headerHash(rlp), expected)) {
        throw invalid(`ancestor ${index} is not the one that was hashed`);
      }
      this.hashes.set(number, expected);
      expected = checked(() => headerRoots(rlp)).parentHash;
      if (number > 0) this.hashes.set(number - 1, expected);
    }
  }

  /** What a header has from its parent. */
  private checkRules(parentRlp: Uint8Array): void {
    const { context } = this;
    const { fork, chainId } = context;
    const parent = checked(() => headerContext(parentRlp, fork, chainId));
    const isNext =
      context.number === parent.context.number + 1 &&
      context.timestamp >= parent.context.timestamp &&
      context.baseFee === nextBaseFee(parent.context, parent.gasUsed) &&
      context.excessBlobGas === parent.context.excessBlobGas;
    if (!isNext) throw wrong('number, time or fees do not follow from the parent');
  }
}

/** What the proof shows; all else is an error. */
class ProvenCells implements CellSource {
  private readonly keys: readonly StateKey[];
  private readonly paths: readonly Uint8Array[];
  private readonly proof: Multiproof;
  /** Key by path, and value by key, in hex. */
  private readonly byPath = new Map<string, StateKey>();
  private readonly values = new Map<string, Uint8Array>();
  private readonly codes = new Map<string, Uint8Array>();
  private readonly used = new Set<string>();

  constructor({ accounts, codes, proof }: Witness) {
    this.keys = keysOf(accounts);
    for (const key of this.keys) this.byPath.set(toHex(pathOf(key)), key);
    this.paths = sortPaths(this.keys.map(pathOf));
    this.proof = proofOf(this.paths, proof);
    for (const [index, path] of this.paths.entries()) {
      const key = this.byPath.get(toHex(path));
      if (key !== undefined) this.values.set(nameOf(key), this.proof.values[index]!);
    }
    for (const code of codes) this.codes.set(toHex(keccak256(code)), code);
  }

  get root(): Uint8Array {
    return this.proof.root;
  }

  value(key: StateKey): Uint8Array {
    const value = this.values.get(nameOf(key));
    if (value !== undefined) return value;
    throw new DeltacastError('WITNESS_INCOMPLETE', 'a cell is not in the witness', {
      kind: key.kind,
      address: toHex(key.address),
      slot: key.slot === undefined ? null : toHex(key.slot),
    });
  }

  code(hash: Uint8Array): Uint8Array {
    const name = toHex(hash);
    const code = this.codes.get(name);
    this.used.add(name);
    if (code !== undefined) return code;
    throw new DeltacastError('WITNESS_INCOMPLETE', 'a code is not in the witness', { hash: name });
  }

  slotsOf(): Iterable<Uint8Array> {
    return [];
  }

  /** When all accounts were asked for. @throws DeltacastError WITNESS_INVALID */
  checkCodes(): void {
    if (this.used.size !== this.codes.size) throw invalid('a code of no account in it');
  }

  rootWith(read: (key: StateKey) => Uint8Array): Uint8Array {
    return this.proof.rootWith(this.paths.map((path) => read(this.byPath.get(toHex(path))!)));
  }
}

function nameOf({ kind, address, slot }: StateKey): string {
  return slot === undefined ? `${kind}${toHex(address)}` : `${kind}${toHex(address)}${toHex(slot)}`;
}

function proofOf(paths: readonly Uint8Array[], proof: Uint8Array): Multiproof {
  try {
    return Multiproof.read(paths, proof);
  } catch (error) {
    if (!isDeltacastError(error, 'PROOF_INVALID')) throw error;
    throw invalid(error.message);
  }
}

function checked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!isDeltacastError(error, 'FRAME_MALFORMED')) throw error;
    throw invalid('a header is none');
  }
}

function recordsOf(witness: Witness, context: BlockContext): Uint8Array[] {
  const { fork, chainId } = context;
  return witness.transactions.map((raw, index) => {
    try {
      return decodeSigned(raw, { fork, chainId, bytesMax: RAW_BYTES_MAX });
    } catch (error) {
      if (!(error instanceof DeltacastError)) throw error;
      throw wrong(`transaction ${index}: ${error.message}`);
    }
  });
}

/** @throws DeltacastError BLOCK_WRONG naming what differs */
function compareHeader(
  claimed: Uint8Array,
  { context, parentHash }: WitnessChain,
  { executed, requestsHash }: BlockRun,
  stateRoot: Uint8Array,
): void {
  const parts = { context, parentHash, miniBlocks: [executed], requestsHash };
  const { rlp } = headerOf(parts, stateRoot);
  if (equalBytes(rlp, claimed)) return;
  const [own, said] = [headerRoots(rlp), headerRoots(claimed)];
  const names = ['stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'] as const;
  const differing = names.filter((name) => !equalBytes(own[name], said[name]));
  const gas = headerContext(claimed, context.fork, context.chainId).gasUsed;
  const isGas = executed.gasUsed.reduce((sum, used) => sum + used, 0) === gas;
  const list = [...differing, ...(isGas ? [] : ['gasUsed'])];
  throw wrong(`${list.length === 0 ? 'other fields of the header' : list.join(', ')} differ`);
}

function wrong(why: string): DeltacastError {
  return new DeltacastError('BLOCK_WRONG', `the block is not what it says: ${why}`, { why });
}
