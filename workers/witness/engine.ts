/**
 * An engine over cells that come in as it reads them. What it has read and will write is in its
 * outcome: where something of it was not known yet and is not 0, it is fetched, and the transaction
 * runs again. Contracts that lead from cell to cell could keep that up for long; after some tries
 * the reference engine takes over, which fetches as it goes.
 */

import { faultRecord } from '../batch.js';
import type { BlockContext, Engine, ExecutionMode } from '../engine.js';
import { readOutcome } from '../outcome.js';
import type { KnownCells } from './cells.js';

/** Mostly two are enough: one finds the contract, one the slots. */
const TRIES_MAX = 16;

type Run = (engine: Engine) => number | Promise<number>;

export class WitnessEngine implements Engine {
  readonly name: string;
  private readonly cells: KnownCells;
  private readonly engine: Engine;
  private readonly lastResort: Engine;
  private context: BlockContext | null = null;
  private isLastReady = false;

  /** @param lastResort  the reference engine over `cells.store` */
  constructor(cells: KnownCells, engine: Engine, lastResort: Engine) {
    this.name = engine.name;
    this.cells = cells;
    this.engine = engine;
    this.lastResort = lastResort;
  }

  async beginBlock(context: BlockContext): Promise<void> {
    this.context = context;
    this.isLastReady = false;
    await this.engine.beginBlock(context);
  }

  execute(record: Uint8Array, outcome: Uint8Array, mode: ExecutionMode): Promise<number> {
    return this.settle(outcome, (engine) => engine.execute(record, outcome, mode));
  }

  systemCall(to: Uint8Array, data: Uint8Array, outcome: Uint8Array): Promise<number> {
    return this.settle(outcome, (engine) => engine.systemCall(to, data, outcome));
  }

  private async settle(outcome: Uint8Array, run: Run): Promise<number> {
    const { cells } = this;
    for (let tries = 0; cells.failure === null; tries += 1) {
      const written = await run(tries < TRIES_MAX ? this.engine : await this.readyLast());
      if (cells.failure !== null) break;
      if (written < 0 || !this.isNews(outcome.subarray(0, written))) return written;
    }
    const fault = faultRecord();
    if (fault.length > outcome.length) return -1;
    outcome.set(fault);
    return fault.length;
  }

  /**
   * Whether the outcome rests on a cell that was not known to be other than 0. Where not, its cells
   * are what the block needs: what only a run over wrong zeros read is not.
   */
  private isNews(record: Uint8Array): boolean {
    const { reads, writes } = readOutcome(record);
    const touched = [...reads, ...writes];
    let isNews = false;
    try {
      for (const cell of touched) isNews = this.cells.take(cell) || isNews;
    } catch {
      // It is the cells' failure now, and ends the block.
      return true;
    }
    if (!isNews) for (const cell of touched) this.cells.need(cell);
    return isNews;
  }

  private async readyLast(): Promise<Engine> {
    if (!this.isLastReady && this.context !== null) await this.lastResort.beginBlock(this.context);
    this.isLastReady = true;
    return this.lastResort;
  }
}
