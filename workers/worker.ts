/**
 * The entry of every worker thread. `serveBatches` is one task for as long as its pool lives (an
 * empty piscina task costs 21-35 us, ten to thirty compiled transfers); the others are ordinary
 * tasks of the services: they take and give plain values and transferred buffers. Each task imports
 * what it needs when it runs: a thread that recovers senders never loads the EVM (measured: 0.6 s
 * against 1.4 s to start on a busy machine).
 */
import { systemClock } from '../state/base/ports.js';
import type { Portion } from './block-roots.js';
import type { CallTask, PlainReply } from './call.js';
import type { ExecutionTask } from './crew-place.js';
import type { RecoverTask } from './recover.js';
import type { RootHelpTask } from './root-helpers.js';
import type { ProveReply, ProveTask, SealReply, SealTask } from './seal.js';
import type { CompileReply, CompileTask } from './tiering/compile-task.js';
import type { CollectReply, CollectTask } from './witness/collect.js';

export async function serveBatches(task: ExecutionTask): Promise<void> {
  const { serve } = await import('./serve.js');
  await serve(task);
}

/** @returns the buffer of `recoverAll`, moved */
export async function recover(task: RecoverTask): Promise<unknown> {
  const { recoverAll } = await import('./recover.js');
  const { moved } = await import('./pool.js');
  return moved(recoverAll(task));
}

export async function call(task: CallTask): Promise<PlainReply> {
  const { runCall } = await import('./call.js');
  return runCall(task);
}

/** Loads what calls need, so that the first one does not wait for it. */
export async function prepareCalls(): Promise<void> {
  await import('./call.js');
}

export async function compile(task: CompileTask): Promise<CompileReply | 'time'> {
  const { compileInThread } = await import('./tiering/compile-task.js');
  return await compileInThread(task, systemClock);
}

/** One task for as long as its pool lives. */
export async function helpRoot(task: RootHelpTask): Promise<void> {
  const { serveRoot } = await import('./root-helpers.js');
  serveRoot(task);
}

export async function seal(task: SealTask): Promise<SealReply> {
  const { runSeal } = await import('./seal.js');
  return runSeal(task, systemClock.monotonicMs);
}

/** In the sealing thread, while the block goes on. */
export async function takePortion(portion: Portion): Promise<void> {
  const roots = await import('./block-roots.js');
  roots.takePortion(portion, systemClock.monotonicMs);
}

/** What a block's witness holds. */
export async function collect(task: CollectTask): Promise<CollectReply> {
  const { runCollect } = await import('./witness/collect.js');
  return runCollect(task, systemClock);
}

/** In the sealing thread, between two seals. */
export async function prove(task: ProveTask): Promise<ProveReply> {
  const { runProve } = await import('./seal.js');
  return runProve(task);
}
