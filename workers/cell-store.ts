/**
 * What execution needs of the arena: reading cells by key, writing them in commit order, code by
 * hash. The arena is the only implementation of the program; tests have a plain one to compare.
 */
import type { Arena } from '../state/arena.js';

export type CellStore = Pick<
  Arena,
  | 'find'
  | 'intern'
  | 'readLatest'
  | 'versionOf'
  | 'write'
  | 'keyOf'
  | 'slotsOf'
  | 'putCode'
  | 'getCode'
>;
