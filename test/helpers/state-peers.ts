/** Peers of a light node without a network: each answers as it is told to, honestly or not. */
import type { Link } from '../../net/p2p/channel.js';
import {
  readStateAnswer,
  readStateRequest,
  type StateAnswer,
  type StateQuestion,
  type StateReply,
  writeStateAnswer,
} from '../../net/p2p/state-messages.js';
import { StateServer, type StateSource } from '../../net/p2p/state-server.js';
import type { LightCore } from '../../runtime/light/light-core.js';
import { type DeltacastError, isDeltacastError } from '../../state/base/errors.js';

/** A reply, the raw bytes of an answer but for its id, or nothing at all. */
export type Told = StateReply | Uint8Array | null;
export type Behaviour = (question: StateQuestion, honest: StateReply) => Told | Promise<Told>;

class QuietLink {
  readonly isSequencer = false;
  readonly queuedBytes = 0;
  readonly receivedBytes = 0;
  readonly hello = {
    version: 1,
    chainId: 31_337,
    wantedHeight: 0,
    firstHeight: 0,
    nextHeight: 0,
    acceptsSubmits: false,
    inboundBytesPerSecond: 65_536,
    proof: null,
  };
  sendFrame = () => undefined;
  sendStatus = () => undefined;
  sendRangeRequest = () => undefined;
  sendRangeEnd = () => undefined;
  sendSubmission = () => undefined;
  sendAnswers = () => undefined;
  credit = () => undefined;
  close = () => undefined;
}

/** What an honest node says. */
export function honestReply(source: StateSource, question: StateQuestion): Promise<StateReply> {
  return new Promise((resolve, reject) => {
    const link = Object.assign(new QuietLink(), {
      key: 'asker',
      sendStateRequest: () => undefined,
      sendStateAnswer: ({ reply }: StateAnswer) => resolve(reply),
      misbehaved: reject,
    });
    new StateServer(source, reject).request(link, { id: 0, question });
  });
}

/** The light node's end of a connection to one peer. */
export class PeerLink extends QuietLink implements Link {
  readonly key: string;
  readonly misdeeds: DeltacastError[] = [];
  asked = 0;
  private readonly light: LightCore;
  private readonly source: StateSource;
  private readonly behave: Behaviour;

  constructor(key: string, light: LightCore, source: StateSource, behave: Behaviour) {
    super();
    this.key = key;
    this.light = light;
    this.source = source;
    this.behave = behave;
  }

  sendStateRequest(request: Uint8Array): void {
    this.asked += 1;
    void this.answer(request);
  }

  sendStateAnswer = () => undefined;

  misbehaved(error: DeltacastError): void {
    this.misdeeds.push(error);
    this.light.closed(this);
  }

  private async answer(request: Uint8Array): Promise<void> {
    const { id, question } = readStateRequest(request);
    const told = await this.behave(question, await honestReply(this.source, question));
    if (told === null || this.misdeeds.length > 0) return;
    const bytes = told instanceof Uint8Array ? told : writeStateAnswer({ id, reply: told });
    if (bytes.length >= 4) new DataView(bytes.buffer).setUint32(0, id, true);
    try {
      this.light.stateAnswer(this, readStateAnswer(bytes));
    } catch (error) {
      // As the channel does it.
      if (!isDeltacastError(error, 'PEER_MISBEHAVED')) throw error;
      this.misbehaved(error);
    }
  }
}
