import { describe, expect, it } from 'vitest';
import { COUNTERS } from '../../../workers/protocol.js';
import * as map from '../../../workers/protocol-map.js';

/** Words of the protocol, by name; the sequence is a double and takes two. */
const WORDS: readonly (readonly [name: string, first: number, count: number])[] = [
  ['EPOCH', map.EPOCH, 1],
  ['STOP', map.STOP, 1],
  ['COUNT', map.COUNT, 1],
  ['WORKERS', map.WORKERS, 1],
  ['CONTEXT_EPOCH', map.CONTEXT_EPOCH, 1],
  ['CONTEXT_BYTES', map.CONTEXT_BYTES, 1],
  ['READY', map.READY, 1],
  ['CLAIM', map.CLAIM, 1],
  ['HEAD', map.HEAD, 1],
  ['TOKEN', map.TOKEN, 1],
  ['JUDGED', map.JUDGED, 1],
  ['STALE', map.STALE, 1],
  ['SEQUENCE', map.SEQUENCE_AT / 4, 2],
  ['FAILURE', map.FAILURE, 1],
  ['DONE', map.DONE, 1],
  ['LOADING', map.LOADING, 1],
  ['ACTIVE', map.ACTIVE, 1],
  ['WAITERS', map.WAITERS, 1],
  ['HASHES', map.HASHES, 1],
  ['SOLO', map.SOLO, 1],
  ['PACE_SINCE', map.PACE_SINCE, 2],
  ['PACE_SPENT', map.PACE_SPENT, 2],
  ['PACE_GAS', map.PACE_GAS, 2],
  ['PACE_BEFORE', map.PACE_BEFORE, 2],
  ['PACE_LEFT', map.PACE_LEFT, 1],
  ['PACE_TERM', map.PACE_TERM, 1],
  ['PACE_PHASE', map.PACE_PHASE, 1],
  ['LOADED', map.LOADED, 1],
];

describe('the words of the protocol', () => {
  it('do not overlap, and end before the counters', () => {
    const places = WORDS.flatMap(([, first, count]) =>
      Array.from({ length: count }, (_, at) => first + at),
    );
    expect(new Set(places).size).toBe(places.length);
    expect(Math.max(...places)).toBeLessThan(map.COUNTERS_BASE);
    expect(COUNTERS.length).toBeLessThanOrEqual(map.LINE_WORDS);
  });

  it('that all write at the same time lie on lines of their own', () => {
    const hot = [map.CLAIM, map.HEAD, map.TOKEN, map.FAILURE, map.ACTIVE, map.WAITERS, map.SOLO];
    const lines = hot.map((place) => Math.floor(place / map.LINE_WORDS));
    expect(new Set(lines).size).toBe(hot.length);
  });
});
