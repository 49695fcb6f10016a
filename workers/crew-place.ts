/**
 * What a thread of a crew is told: what all have in common when it starts, its place later. Apart
 * from crew-thread.ts, so that the threads themselves do not load what starts threads.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** What all threads of a crew have in common. */
export interface CrewThreadOptions {
  readonly memory: WebAssembly.Memory;
  /** URL of a module that exports an EngineFactory; null for the reference engine. */
  readonly engineModule: string | null;
  /** It stays on one core. */
  readonly isPinned: boolean;
  /** JavaScript heap. */
  readonly heapMegabytes: number;
}

/** What one thread is among the others. */
export interface CrewPlace {
  /** Number of this thread in the arena, from 1. */
  readonly thread: number;
  /** In [0, workers). */
  readonly worker: number;
  /** Where modules of codes arrive, for an engine that takes them. */
  readonly changes: MessagePort | null;
}

/** The task of the thread (worker.ts). */
export interface ExecutionTask extends CrewThreadOptions {
  /** One word: 1 when the place has been posted. */
  readonly call: Int32Array<SharedArrayBuffer>;
  readonly places: MessagePort;
}

/** In the thread: blocks until it is given its place. */
export function waitForPlace({ call, places }: ExecutionTask): CrewPlace {
  Atomics.wait(call, 0, 0);
  const place = receiveMessageOnPort(places)?.message as CrewPlace;
  places.close();
  return place;
}
