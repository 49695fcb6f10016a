/**
 * A transaction by sender and nonce, without an index: nonces only grow, so the block that spent
 * one is found by halving over snapshots of the sender's nonce, as far back as the undo ring
 * reaches.
 */
import { equalBytes } from '../../state/base/bytes.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { rawAt, senderAt } from '../../workers/executed.js';
import type { BlockEntry, History, TransactionPlace } from '../history.js';
import { placesOf } from './blocks.js';
import { Envelope } from './envelope.js';
import type { StateReader } from './state-reader.js';

export interface NonceSearch {
  readonly history: History;
  readonly state: StateReader;
  /** Number of the newest block. */
  readonly newest: number;
}

/**
 * @returns null where the nonce is not spent, or was not spent by a transaction of this sender
 * @throws DeltacastError STATE_PRUNED where it was spent before what the ring remembers
 */
export function findBySenderAndNonce(
  sender: Uint8Array,
  nonce: bigint,
  { history, state, newest }: NonceSearch,
): TransactionPlace | null {
  /** null: too long ago to tell. */
  const isSpentBy = (number: number): boolean | null => {
    try {
      return state.nonce(sender, history.sequenceOf(number)) > nonce;
    } catch (error) {
      if (isDeltacastError(error, 'STATE_PRUNED')) return null;
      throw error;
    }
  };
  if (isSpentBy(newest) !== true) return null;
  let before = -1;
  let spent = newest;
  while (spent - before > 1) {
    const middle = (before + spent) >> 1;
    if (isSpentBy(middle) === true) spent = middle;
    else before = middle;
  }
  const block = history.block(spent);
  const place = block === undefined ? null : placeIn(block, sender, nonce);
  if (place === null && before >= 0 && isSpentBy(before) === null) {
    throw new DeltacastError('STATE_PRUNED', 'the nonce was spent too long ago');
  }
  return place;
}

function placeIn(block: BlockEntry, sender: Uint8Array, nonce: bigint): TransactionPlace | null {
  for (const place of placesOf(block)) {
    const { transactions } = place.entry.miniBlock;
    if (!equalBytes(senderAt(transactions, place.index), sender)) continue;
    if (new Envelope(rawAt(transactions, place.index)).nonce === nonce) return place;
  }
  return null;
}
