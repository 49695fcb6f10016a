/** What every role of a node is once it runs, and what it is started with. */
import type { DeltacastError } from '../../state/base/errors.js';
import type { Clock, Random } from '../../state/base/ports.js';
import type { Logger } from '../logger.js';

export interface NodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface RunningNode {
  /** Of HTTP and WebSocket. */
  readonly port: number;
  /** The key that followers pin, in hex. */
  readonly sequencerKey: string;
  /** Resolves with the cause when the node can no longer do its duty; it still answers reads. */
  readonly failed: Promise<DeltacastError>;
  /** Flushes and closes everything. */
  stop(): Promise<void>;
}

export const VERSION = '0.1.0';

/** As web3_clientVersion gives it. */
export function clientVersion(): string {
  return `Deltacast/v${VERSION}/${process.platform}-${process.arch}/node${process.versions.node}`;
}
