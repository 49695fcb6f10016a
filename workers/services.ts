/** What the pool does beside executing batches: recovery of senders, and calls. */
import type { Arena } from '../state/arena.js';
import type { Clock } from '../state/base/ports.js';
import type { CallReply, CallRequest } from './call.js';
import { Caller, type CallLimits } from './caller.js';
import type { DecodeRules } from './decode.js';
import type { Recovered } from './recover.js';
import { Recoverer } from './recoverer.js';

export interface ServiceOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  readonly rules: DecodeRules;
  readonly recoverThreads: number;
  /** Number of the first call thread in the arena; the others follow. */
  readonly firstThread: number;
  readonly callThreads: number;
}

export class Services {
  private readonly recoverer: Recoverer;
  private readonly caller: Caller;

  constructor(options: ServiceOptions) {
    const { arena, clock, firstThread } = options;
    this.recoverer = new Recoverer(options.recoverThreads, options.rules, clock);
    this.caller = new Caller({ arena, clock, firstThread, threads: options.callThreads });
  }

  /** The rules of the blocks to come. */
  setRules(rules: DecodeRules): void {
    this.recoverer.rules = rules;
  }

  /** See Recoverer.recover. */
  recover(raws: readonly Uint8Array[]): Promise<Recovered[]> {
    return this.recoverer.recover(raws);
  }

  /** See Caller.call. */
  call(request: CallRequest, limits?: CallLimits): Promise<CallReply> {
    return this.caller.call(request, limits);
  }

  /** Starts all threads now: otherwise each starts when it is first needed. */
  async start(): Promise<void> {
    await Promise.all([this.recoverer.start(), this.caller.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.recoverer.stop(), this.caller.stop()]);
  }
}
