/**
 * Answers light nodes: headers, proofs and code, to any peer, within bounds for each and for all.
 * Nothing waits for a peer that does not read.
 */
import { assert } from '../../state/base/assert.js';
import { isDeltacastError } from '../../state/base/errors.js';
import {
  MIB,
  STATE_ANSWER_BYTES_MAX,
  STATE_REQUESTS_OPEN_ALL_MAX,
  STATE_REQUESTS_OPEN_MAX,
} from '../../state/base/limits.js';
import type { StateKey } from '../../state/proof.js';
import type { Link } from './channel.js';
import type { StateQuestion, StateReply, StateRequest } from './state-messages.js';

/** Answers that may wait in our memory for one peer. */
const QUEUED_BYTES_MAX = MIB;
/** Of a list item: its length. */
const ITEM_BYTES = 8;

/** Where the answers are: a sequencer or replica. */
export interface StateSource {
  /** Number of the newest sealed block; -1 before the first. */
  readonly newestNumber: number;
  /** The frame of a block's seal, or null. @throws DeltacastError */
  sealFrame(number: number): Uint8Array | null;
  /** @param number  null: the newest block that can be proven. @throws DeltacastError */
  prove(
    keySets: readonly (readonly StateKey[])[],
    number: number | null,
  ): Promise<{ readonly frame: Uint8Array; readonly proofs: readonly Uint8Array[] }>;
  /** The code with this keccak256, or null. */
  code(hash: Uint8Array): Uint8Array | null;
}

export class StateServer {
  private readonly source: StateSource;
  private readonly onFault: (error: unknown) => void;
  /** Requests under way. */
  private readonly open = new Map<Link, number>();
  private openAll = 0;

  /** @param onFault  told of errors of ours */
  constructor(source: StateSource, onFault: (error: unknown) => void) {
    this.source = source;
    this.onFault = onFault;
  }

  request(link: Link, { id, question }: StateRequest): void {
    const open = this.open.get(link) ?? 0;
    if (link.queuedBytes > QUEUED_BYTES_MAX) return;
    // No misbehaviour: who asked may have given up one that is still under way here.
    if (open >= STATE_REQUESTS_OPEN_MAX || this.openAll >= STATE_REQUESTS_OPEN_ALL_MAX) {
      link.sendStateAnswer({ id, reply: refused('busy') });
      return;
    }
    this.open.set(link, open + 1);
    this.openAll += 1;
    void this.reply(question).then((reply) => {
      this.settled(link);
      link.sendStateAnswer({ id, reply });
    });
  }

  closed(link: Link): void {
    // Those under way still count among all until they are done.
    this.open.delete(link);
  }

  private settled(link: Link): void {
    this.openAll -= 1;
    assert(this.openAll >= 0, 'what is settled was open');
    const open = this.open.get(link);
    if (open === undefined) return;
    if (open === 1) this.open.delete(link);
    else this.open.set(link, open - 1);
  }

  private async reply(question: StateQuestion): Promise<StateReply> {
    try {
      return await this.find(question);
    } catch (error) {
      if (isDeltacastError(error)) return refused(error.message);
      this.onFault(error);
      return refused('internal error');
    }
  }

  private async find(question: StateQuestion): Promise<StateReply> {
    switch (question.what) {
      case 'headers':
        return this.headers(question.number ?? this.source.newestNumber, question.count);
      case 'proof': {
        const { frame, proofs } = await this.source.prove(question.keySets, question.number);
        return { what: 'proof', frame, proofs };
      }
      case 'code': {
        const code = this.source.code(question.hash);
        return code === null ? refused('no such code') : { what: 'code', code };
      }
    }
  }

  /** As many as there are and an answer takes. */
  private headers(from: number, count: number): StateReply {
    const frames: Uint8Array[] = [];
    let bytesLeft = STATE_ANSWER_BYTES_MAX - ITEM_BYTES;
    for (let number = from; number >= 0 && frames.length < count; number += 1) {
      const frame = number > this.source.newestNumber ? null : this.source.sealFrame(number);
      bytesLeft -= ITEM_BYTES + (frame?.length ?? 0);
      if (frame === null || bytesLeft < 0) break;
      frames.push(frame);
    }
    return { what: 'headers', frames };
  }
}

function refused(reason: string): StateReply {
  return { what: 'refused', reason };
}
