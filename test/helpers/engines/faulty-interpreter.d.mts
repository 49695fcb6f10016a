/** Types of what tests use of faulty-interpreter.mjs. */
import type { Arena } from '../../../state/arena.js';

export declare const MOMENT: number;
export declare const FAULT: number;
export declare const FROM: number;
export declare const COUNT: number;
export declare const LEFT: number;
export declare const LOCKED: number;
export declare const STRUCK_AT: number;
export declare const TWICE: string;
export declare const ASLEEP: string;
export declare const MOMENTS: readonly string[];
export declare const STRIKES: readonly string[];
export declare function isAnswered(moment: string): boolean;
export declare class Plan {
  readonly times: Float64Array;
  constructor(arena: Arena);
  get(word: number): number;
  put(word: number, value: number): void;
}
