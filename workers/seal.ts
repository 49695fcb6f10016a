/**
 * Sealing a block, off the latency path in a thread of its own: state root, transactions root,
 * receipts root and bloom, then the header in Ethereum's encoding. The sequencer makes headers with
 * it; a replica makes the same header from what it applied and compares.
 */
import { createHash } from 'node:crypto';
import { Arena } from '../state/arena.js';
import type { UndoRange } from '../state/arena-changes.js';
import { fromHex, toHex } from '../state/base/bytes.js';
import { DeltacastError, type ErrorCode, type ErrorDetails } from '../state/base/errors.js';
import { unpackKeys, WIDE_FORM } from '../state/multiproof.js';
import type { StateKey } from '../state/proof.js';
import { StateRoot } from '../state/root.js';
import type { RootShared } from '../state/root-work.js';
import { holdsPortions, portionsMs, rootsOf } from './block-roots.js';
import type { BlockContext } from './engine.js';
import type { ExecutedColumns } from './executed.js';
import { type SealedHeader, sealHeader } from './header.js';

/** The block before: where the state root goes on from. */
export interface SealBase {
  readonly sequence: number;
  readonly stateRoot: Uint8Array;
}

export interface SealJob {
  readonly context: BlockContext;
  readonly parentHash: Uint8Array;
  /** The block's transactions, mini-block by mini-block, but for the first so many. */
  readonly miniBlocks: readonly ExecutedColumns[];
  /** Of its mini-blocks, those that the sealing thread has been given before (`takePortion`). */
  readonly portions: number;
  /** What the block changed, and the closing sequence of its last mini-block. */
  readonly range: UndoRange;
  readonly sequence: number;
  /** EIP-7685; 32 bytes. */
  readonly requestsHash: Uint8Array;
}

/** What a sealing thread works on, the same in all its tasks. */
export interface SealThread {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** Where the state root is kept: helpers may be attached to it. */
  readonly root: RootShared;
}

export interface SealTask extends SealThread {
  /** The block before; null for the first block of a chain. */
  readonly base: SealBase | null;
  /** null: only compute the base's root from nothing, and compare. */
  readonly job: SealJob | null;
}

/** A block behind the base, and what was changed from its end to the base's. */
export interface PastState extends SealBase {
  readonly range: UndoRange;
}

export interface ProveTask extends SealThread {
  readonly base: SealBase;
  /** null: prove the base itself. */
  readonly past: PastState | null;
  /** One proof for each. */
  readonly keySets: readonly (readonly StateKey[])[];
  /** Instead of these: the keys of one wide proof (multiproof.ts packKeys), without values. */
  readonly wide: Uint8Array | null;
}

/** One proof and the 32-byte values that it proves, in the order of its keys. */
export interface Proven {
  readonly proof: Uint8Array;
  readonly values: readonly Uint8Array[];
}

export interface SealedBlock {
  readonly rlp: Uint8Array;
  /** keccak256 of the RLP. */
  readonly hash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  /** Wall time of the state root alone, and of all, portions taken in before included. */
  readonly rootMs: number;
  readonly sealMs: number;
}

/** Root of a trie without items: keccak256 of the RLP of nothing. */
const EMPTY_TRIE_ROOT = fromHex('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');
const ZERO_WORD = new Uint8Array(32);

/** EIP-7685: SHA-256 over the SHA-256 of each non-empty request (its type byte first). */
export function requestsHashOf(requests: readonly Uint8Array[]): Uint8Array {
  const all = createHash('sha256');
  for (const request of requests) {
    if (request.length > 1) all.update(createHash('sha256').update(request).digest());
  }
  return new Uint8Array(all.digest());
}

/** What of a block, beside its state root, makes its header. */
export type HeaderParts = Pick<SealJob, 'context' | 'parentHash' | 'miniBlocks' | 'requestsHash'> &
  Partial<Pick<SealJob, 'portions'>>;

/** The header that a block with this state root has. */
export function headerOf(
  { context, parentHash, miniBlocks, portions, requestsHash }: HeaderParts,
  stateRoot: Uint8Array,
): SealedHeader & { readonly logsBloom: Uint8Array } {
  const roots = rootsOf(miniBlocks, portions);
  const header = sealHeader(context, {
    ...roots,
    parentHash,
    stateRoot,
    blobGasUsed: 0,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    parentBeaconBlockRoot: ZERO_WORD,
    requestsHash,
  });
  return { ...header, logsBloom: roots.logsBloom };
}

export class BlockSealer {
  private readonly arena: Arena;
  private readonly root: StateRoot;
  /** Closing sequence that `root` stands at; NOWHERE while it changes and after a failure. */
  private sequence = 0;

  constructor(arena: Arena, shared: RootShared) {
    this.arena = arena;
    this.root = new StateRoot(arena, shared);
  }

  /** Seals the block after the one that this stands at. @param nowMs  a monotonic clock */
  seal(job: SealJob, nowMs: () => number): SealedBlock {
    const startedMs = nowMs();
    const beforeMs = portionsMs();
    this.sequence = NOWHERE;
    const stateRoot = this.rootAfter(job).slice();
    this.sequence = job.sequence;
    const rootMs = nowMs() - startedMs;
    const header = headerOf(job, stateRoot);
    const sealMs = nowMs() - startedMs + beforeMs;
    return { ...header, stateRoot, rootMs, sealMs };
  }

  /** The first block may have changed more than the undo ring holds: all cells are its change. */
  private rootAfter({ context, range, sequence }: SealJob): Uint8Array {
    return context.number === 0 ? this.root.rebuild(sequence) : this.root.update(range, sequence);
  }

  /**
   * A new thread, or one at another block, builds the root of the base from nothing.
   * @throws DeltacastError ROOT_MISMATCH where the state is not what the base's header says
   */
  goTo(base: SealBase | null): void {
    if (base === null || base.sequence === this.sequence) return;
    this.sequence = NOWHERE;
    const found = this.root.rebuild(base.sequence);
    if (toHex(found) !== toHex(base.stateRoot)) {
      throw new DeltacastError('ROOT_MISMATCH', 'the state is not the one of its header', {
        sequence: base.sequence,
        expected: toHex(base.stateRoot),
        found: toHex(found),
      });
    }
    this.sequence = base.sequence;
  }

  /**
   * Proves the base, or a block before it: the trie goes back and forth over what was changed.
   * @throws DeltacastError STATE_PRUNED where the undo ring does not reach so far; ROOT_MISMATCH
   */
  prove(past: PastState | null, read: (root: StateRoot) => Proven[]): Proven[] {
    const { arena, root, sequence } = this;
    if (past === null) return read(root);
    // Before anything is touched, and with a quarter to spare: the ring is written meanwhile.
    if (arena.undoPosition - past.range.from > arena.layout.undoCapacity * RING_SHARE) {
      throw new DeltacastError('STATE_PRUNED', 'that block is too long ago');
    }
    this.sequence = NOWHERE;
    if (toHex(root.rewind(past.range, past.sequence)) !== toHex(past.stateRoot)) {
      throw new DeltacastError('ROOT_MISMATCH', 'the state before is not the one of its header');
    }
    const proven = read(root);
    root.update(past.range, sequence);
    this.sequence = sequence;
    return proven;
  }
}

function proveTask({ keySets, wide }: ProveTask, root: StateRoot): Proven[] {
  if (wide !== null) return [{ proof: root.prove(unpackKeys(wide), WIDE_FORM), values: [] }];
  return keySets.map((keys) => ({
    proof: root.prove(keys),
    values: keys.map((key) => root.valueOf(key)),
  }));
}

/** Of the undo ring, what a proof of an older block may need. */
const RING_SHARE = 0.75;
/** No closing sequence: the next task rebuilds. */
const NOWHERE = -1;

/** Errors lose their class between threads. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** What a sealing thread answers. */
export type SealReply = { readonly sealed: SealedBlock | null } | PortionsLost | Refusal;
/** A thread that has none of them: it asks for the whole block. */
export interface PortionsLost {
  readonly lost: true;
}
export type ProveReply = { readonly proven: readonly Proven[] } | Refusal;

/** Made at the first task of a thread: it serves one arena under one number. */
let ours: { readonly buffer: ArrayBufferLike; readonly sealer: BlockSealer } | undefined;

/** The task of a sealing thread. */
export function runSeal(task: SealTask, nowMs: () => number): SealReply {
  const { job } = task;
  if (job !== null && !holdsPortions(job.context.number, job.portions)) return { lost: true };
  return refusing(() => {
    const sealer = sealerOf(task);
    sealer.goTo(task.base);
    return { sealed: job === null ? null : sealer.seal(job, nowMs) };
  });
}

/** The other one. */
export function runProve(task: ProveTask): ProveReply {
  return refusing(() => {
    const sealer = sealerOf(task);
    sealer.goTo(task.base);
    return { proven: sealer.prove(task.past, (root) => proveTask(task, root)) };
  });
}

function sealerOf({ memory, thread, root }: SealThread): BlockSealer {
  const { buffer } = memory;
  if (ours?.buffer !== buffer) {
    ours = { buffer, sealer: new BlockSealer(Arena.attach(memory, thread), root) };
  }
  return ours.sealer;
}

function refusing<Reply>(run: () => Reply): Reply | Refusal {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof DeltacastError)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  }
}
