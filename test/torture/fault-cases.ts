/**
 * Which faults meet which moments of a batch with how many workers: all of them, in an order in
 * which any stretch as long as there are moments holds each moment once, and nearly every fault.
 */
import { isAnswered, MOMENTS, STRIKES } from '../helpers/engines/faulty-interpreter.mjs';

const WORKERS = [2, 3, 4];
/** Answers are no fault where nothing is asked. */
const ANSWERS = 'answers nonsense';
/** So that among the first cases answers meet only moments that have any. */
const TURN = 5;

export interface FaultCase {
  readonly moment: string;
  readonly fault: string;
  readonly workers: number;
}

export const FAULT_CASES: readonly FaultCase[] = WORKERS.flatMap((_, turn) => {
  return STRIKES.flatMap((_, shift) => {
    return MOMENTS.map((moment, index): FaultCase => {
      const fault = STRIKES[(index + shift + TURN) % STRIKES.length]!;
      return { moment, fault, workers: WORKERS[(turn + index) % WORKERS.length]! };
    });
  });
}).filter(({ moment, fault }) => fault !== ANSWERS || isAnswered(moment));
