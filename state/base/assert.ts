/**
 * Programmer errors: a failed assertion means that our own code broke a rule, so nothing after it
 * can be trusted. It ends the worker, or the process after one log line; nothing catches it.
 */

export class AssertionError extends Error {
  constructor(message: string) {
    super(`assertion failed: ${message}`);
    this.name = 'AssertionError';
  }
}

/** @throws AssertionError when `condition` is false; always on. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
