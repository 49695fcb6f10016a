/**
 * One thread of a crew. It is started ahead of its need: it loads the engine and waits, without
 * CPU, until it is given its place; so whoever takes the place of a lost one is there at once
 * (4 ms; starting a thread takes 80 ms, and some hundred on a busy machine).
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { CrewPlace, CrewThreadOptions, ExecutionTask } from './crew-place.js';
import { TaskThreads } from './pool.js';

export class CrewThread {
  /** Resolves with the cause when it ends before it was ended. */
  readonly failed: Promise<string>;
  /** Why it is lost; empty while it is well. */
  cause = '';
  private readonly threads: TaskThreads;
  private readonly call = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private readonly port: MessagePort;

  constructor(options: CrewThreadOptions) {
    const { port1: ours, port2: theirs } = new MessageChannel();
    const task: ExecutionTask = { ...options, call: this.call, places: theirs };
    this.port = ours;
    this.threads = new TaskThreads('serveBatches', [task], options.heapMegabytes, [theirs]);
    this.failed = this.threads.failed.then((cause) => {
      this.cause ||= cause;
      return cause;
    });
  }

  /** Sends it to work, once. */
  place(place: CrewPlace): void {
    this.port.postMessage(place, place.changes === null ? [] : [place.changes]);
    Atomics.store(this.call, 0, 1);
    Atomics.notify(this.call, 0);
  }

  /** Resolves when it has ended by itself and exited. */
  async join(): Promise<void> {
    await this.threads.join();
    this.port.close();
  }

  /** Ends it, whatever it does. Resolves when it has exited. */
  async end(): Promise<void> {
    await this.threads.end();
    this.port.close();
  }
}
