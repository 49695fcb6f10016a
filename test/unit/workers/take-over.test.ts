import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { CONTEXT } from '../../../bench/chain.js';
import { Arena } from '../../../state/arena.js';
import { systemClock } from '../../../state/base/ports.js';
import { encodeContext } from '../../../workers/context.js';
import type { CodeChange, Engine } from '../../../workers/engine.js';
import { WorkerExecutor } from '../../../workers/executor.js';
import { Protocol } from '../../../workers/protocol.js';

/** Posts a change and calls the worker each time that it is ready, then ends it: on one thread. */
class Caller extends Protocol {
  readonly taken: CodeChange[] = [];
  readonly takenWhenReady: number[] = [];
  post: (change: CodeChange) => void = () => undefined;

  override ready(worker: number, epoch: number): void {
    super.ready(worker, epoch);
    this.takenWhenReady.push(this.taken.length);
    this.post({ fork: 'osaka', hash: '0x', module: null });
    if (this.takenWhenReady.length < 3) this.muster();
    else this.stop();
  }
}

async function takenOver(hasBlock: boolean): Promise<readonly number[]> {
  const arena = Arena.create({ megabytes: 8, threads: 2 });
  const protocol = new Caller(arena);
  protocol.reset(1);
  if (hasBlock) protocol.setContext(encodeContext(CONTEXT));
  const { port1, port2 } = new MessageChannel();
  protocol.post = (change) => port1.postMessage(change);
  const engine = {
    beginBlock: async () => undefined,
    changeCode: (change: CodeChange) => void protocol.taken.push(change),
  } as unknown as Engine;
  const parts = { arena, protocol, engine, clock: systemClock, worker: 0, changes: port2 };
  await new WorkerExecutor(parts).serve();
  port1.close();
  return protocol.takenWhenReady;
}

describe('a worker that is called while no batch is open', () => {
  it('takes over what was posted, before it says that it is ready', async () => {
    expect(await takenOver(true)).toEqual([0, 1, 2]);
  });

  it('leaves it until its first block, whose fork the engine must know', async () => {
    expect(await takenOver(false)).toEqual([0, 0, 0]);
  });
});
