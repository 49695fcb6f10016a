/** One line a second of what a sequencer does, while it does something. */
import type { Clock } from '../state/base/ports.js';
import type { SequencerCore } from './core.js';
import type { Logger } from './logger.js';

const PERIOD_MS = 1_000;

export class StatusLine {
  private readonly core: SequencerCore;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly peerCount: () => number;
  private cancel: () => void = () => undefined;
  private before: { atMs: number; transactions: number; gas: number; aborts: number };

  constructor(core: SequencerCore, clock: Clock, log: Logger, peerCount: () => number) {
    this.core = core;
    this.clock = clock;
    this.log = log;
    this.peerCount = peerCount;
    this.before = this.now();
    this.schedule();
  }

  stop(): void {
    this.cancel();
  }

  private schedule(): void {
    this.cancel = this.clock.after(PERIOD_MS, () => {
      this.show();
      this.schedule();
    });
  }

  private show(): void {
    const { before } = this;
    const now = this.now();
    this.before = now;
    const transactions = now.transactions - before.transactions;
    if (transactions === 0) return;
    const seconds = (now.atMs - before.atMs) / 1_000;
    const { chain, intake } = this.core;
    this.log.info('executed', {
      tps: Math.round(transactions / seconds),
      mgas: ((now.gas - before.gas) / seconds / 1e6).toFixed(1),
      aborts: now.aborts - before.aborts,
      ready: intake.pool.readyCount,
      block: chain.history.blockCount - 1,
      unsealed: chain.unsealedCount,
      peers: this.peerCount(),
    });
  }

  private now() {
    const { transactions, gas, aborts } = this.core.counters;
    return { atMs: this.clock.monotonicMs(), transactions, gas, aborts };
  }
}
