import type { Arena } from '../../state/arena.js';
import { ADVANCE, BatchMachine, BEGIN, RELEASE } from '../../workers/machine.js';
import { Protocol } from '../../workers/protocol.js';
import * as map from '../../workers/protocol-map.js';
import { StepCommitter } from '../helpers/step-committer.js';
import { type Parts, RIGHT } from './world.js';

/** Bugs that the tests of this folder must find: each is a way to get the executor wrong. */

class SkipsValidation extends StepCommitter {
  override staleRead(): number {
    return -1;
  }
}

class ReleasesEarly extends Protocol {
  override tryApplying(head: number): boolean {
    this.releaseToken();
    return super.tryApplying(head);
  }
}

class IgnoresToken extends Protocol {
  override tryToken(): boolean {
    super.tryToken();
    return true;
  }
}

/** Reads the cursor in one step and stores it in another. */
class ClaimsInTwoSteps extends Protocol {
  private readonly cursor: Int32Array<ArrayBufferLike>;
  private seen = 0;

  constructor(arena: Arena) {
    super(arena);
    const at = arena.layout.control.base + map.CLAIM * Int32Array.BYTES_PER_ELEMENT;
    this.cursor = new Int32Array(arena.memory.buffer, at, 1);
  }

  override claimed(): number {
    this.seen = super.claimed();
    return this.seen;
  }

  override claim(): number {
    this.cursor[0] = this.seen + 1;
    return this.seen;
  }
}

/** Takes what was published in an earlier batch for an outcome of this one. */
class IgnoresEpochs extends Protocol {
  override setStep(...step: Parameters<Protocol['setStep']>): void {
    const [index] = step;
    const status = this.status(index, 0);
    const outcome = this.outcomeOffset(index);
    super.setStep(...step);
    super.publish(index, 0, status, outcome);
  }

  override status(index: number, _epoch: number): number {
    return super.status(index, 0) & 3;
  }
}

class NeverBars extends Protocol {
  override bar(): void {}
}

/** Ends applying in one step and advances the head in the next. */
class AdvancesApart extends Protocol {
  override advanceHead(): number {
    super.tryApplying(this.head());
    return super.advanceHead();
  }
}

class EndsApplyingFirst extends BatchMachine {
  override step(): void {
    super.step();
    if (this.state === ADVANCE) this.parts.protocol.endApplying();
  }
}

/** Does not look for a next outcome after it has released the token. */
class NeverLooksAgain extends BatchMachine {
  override step(): void {
    const isReleasing = this.state === RELEASE;
    super.step();
    if (isReleasing) this.waited();
  }
}

class BeginsUnchecked extends BatchMachine {
  override enter(epoch: number): void {
    super.enter(epoch);
    this.state = BEGIN;
  }
}

export const PLANTED: Readonly<Record<string, Parts>> = {
  'skips validation': { ...RIGHT, committer: SkipsValidation },
  'releases the token before it applies': { ...RIGHT, protocol: ReleasesEarly },
  'commits without the token': { ...RIGHT, protocol: IgnoresToken },
  'claims in two steps': { ...RIGHT, protocol: ClaimsInTwoSteps },
  'takes statuses of an earlier batch': { ...RIGHT, protocol: IgnoresEpochs },
  'publishes before it writes': { ...RIGHT, writesLate: true },
  'does not look again after the token': { ...RIGHT, machine: NeverLooksAgain },
  'enters a closed batch': { ...RIGHT, machine: BeginsUnchecked },
};

/** Those that only the end of threads brings to light. */
export const PLANTED_IN_FENCE: Readonly<Record<string, Parts>> = {
  'goes on committing while threads are ended': { ...RIGHT, protocol: NeverBars },
  'ends applying before the head moves': {
    ...RIGHT,
    protocol: AdvancesApart,
    machine: EndsApplyingFirst,
  },
};
