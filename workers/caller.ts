/**
 * eth_call and eth_estimateGas on threads of their own, each in a pool of one: a call that runs
 * past its deadline, or that nobody waits for any more, is ended with its thread, and the thread's
 * place in the arena is used again only after the thread has exited.
 */
import type { Arena } from '../state/arena.js';
import { assert } from '../state/base/assert.js';
import { DeltacastError } from '../state/base/errors.js';
import { CALL_DEADLINE_MS, CALLS_QUEUED_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import type { CallReply, CallRequest, CallTask, PlainReply } from './call.js';
import { TaskPool } from './pool.js';

export interface CallLimits {
  /** From when the call is given to a thread. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

interface Slot {
  readonly thread: number;
  pool: TaskPool | null;
}

interface Queued {
  readonly start: (slot: Slot) => void;
  readonly cancel: (error: DeltacastError) => void;
}

export interface CallerOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** Number of the first call thread in the arena; the others follow. */
  readonly firstThread: number;
  readonly threads: number;
}

export class Caller {
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly slots: readonly Slot[];
  private readonly free: Slot[];
  private queue: Queued[] = [];
  private isStopped = false;

  constructor({ arena, clock, firstThread, threads }: CallerOptions) {
    assert(threads >= 1 && firstThread >= 1, 'calls need a thread');
    assert(firstThread + threads <= arena.layout.threads, 'each thread has a number');
    this.arena = arena;
    this.clock = clock;
    this.slots = Array.from({ length: threads }, (_, index) => ({
      thread: firstThread + index,
      pool: null,
    }));
    this.free = [...this.slots];
  }

  /**
   * Executes a call on its snapshot; nothing of it stays.
   * @throws DeltacastError RPC_TIMEOUT (deadline or signal), RPC_LIMIT (too many calls wait, or too
   *         large a result), STATE_PRUNED, WORKER_FAILED, or what makes the transaction malformed
   */
  async call(request: CallRequest, limits: CallLimits = {}): Promise<CallReply> {
    const slot = await this.take(limits.signal);
    const plain = await this.runOn(slot, request, limits);
    if ('reply' in plain) return plain.reply;
    throw new DeltacastError(plain.code, plain.message, plain.details);
  }

  /** Starts the threads before they are needed. @throws what starting a thread throws */
  async start(): Promise<void> {
    await Promise.all(
      this.slots.map((slot) => {
        slot.pool ??= new TaskPool({ threads: 1 });
        return slot.pool.run<void>('prepareCalls', {});
      }),
    );
  }

  /** Calls that wait or run fail with RPC_TIMEOUT or WORKER_FAILED. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const { cancel } of this.queue) cancel(cancelled('the node is stopping'));
    this.queue = [];
    await Promise.all(this.slots.map((slot) => slot.pool?.end()));
  }

  private take(signal: AbortSignal | undefined): Promise<Slot> {
    if (this.isStopped) return Promise.reject(cancelled('the node is stopping'));
    if (signal?.aborted === true) return Promise.reject(cancelled('the call was given up'));
    const slot = this.free.pop();
    if (slot !== undefined) return Promise.resolve(slot);
    if (this.queue.length >= CALLS_QUEUED_MAX) {
      const limit = CALLS_QUEUED_MAX;
      return Promise.reject(new DeltacastError('RPC_LIMIT', 'too many calls wait', { limit }));
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.queue = this.queue.filter((other) => other !== queued);
        reject(cancelled('the call was given up'));
      };
      const settle = (): void => signal?.removeEventListener('abort', onAbort);
      const queued: Queued = {
        start: (given) => {
          settle();
          resolve(given);
        },
        cancel: (error) => {
          settle();
          reject(error);
        },
      };
      this.queue.push(queued);
      signal?.addEventListener('abort', onAbort);
    });
  }

  private give(slot: Slot): void {
    const next = this.queue.shift();
    if (next === undefined) this.free.push(slot);
    else next.start(slot);
  }

  private async runOn(slot: Slot, request: CallRequest, limits: CallLimits): Promise<PlainReply> {
    slot.pool ??= new TaskPool({ threads: 1 });
    const task: CallTask = { memory: this.arena.memory, thread: slot.thread, request };
    const ending = this.endingOf(limits);
    try {
      const plain = await Promise.race([slot.pool.run<PlainReply>('call', task), ending.promise]);
      this.give(slot);
      return plain;
    } catch (error) {
      void this.renew(slot);
      if (error instanceof DeltacastError) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('WORKER_FAILED', 'the thread of the call ended', { cause });
    } finally {
      ending.cancel();
    }
  }

  /** Gives the slot on only when its thread has exited. */
  private async renew(slot: Slot): Promise<void> {
    const { pool } = slot;
    await pool?.end();
    slot.pool = null;
    this.give(slot);
  }

  /** A promise that rejects at the deadline or when the caller gives up. */
  private endingOf({ deadlineMs = CALL_DEADLINE_MS, signal }: CallLimits) {
    let cancel = (): void => undefined;
    const promise = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(cancelled('the call was given up'));
      const cancelTimer = this.clock.after(deadlineMs, () => {
        reject(new DeltacastError('RPC_TIMEOUT', 'the call took too long', { deadlineMs }));
      });
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
      cancel = () => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
      };
    });
    return { promise, cancel: () => cancel() };
  }
}

function cancelled(message: string): DeltacastError {
  return new DeltacastError('RPC_TIMEOUT', message);
}
