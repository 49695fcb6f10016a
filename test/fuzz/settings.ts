/** What a wide campaign is told from outside. */
import { loadEngine } from '../../workers/engines.js';
import { Duel } from './duel.js';
import { Trace, tracedReference } from './trace.js';
import { FUZZ_FORKS, type FuzzFork } from './world.js';

export interface WideSettings {
  readonly engine: string;
  /** Of the first batch. */
  readonly firstSeed: number;
  readonly programs: number;
  /** null: all. */
  readonly fork: FuzzFork | null;
}

/** From ENGINE, SEED, RUNS and FORK. @throws Error where there is no such fork or number */
export function settingsOf(
  env: Readonly<Record<string, string | undefined>>,
  programs = 1_000_000,
): WideSettings {
  const fork = env['FORK'] ?? '';
  const found = FUZZ_FORKS.find((name) => name === fork) ?? null;
  if (found === null && fork !== '') throw new Error(`FORK is one of ${FUZZ_FORKS.join(', ')}`);
  const numbers = [Number(env['SEED'] ?? 1), Number(env['RUNS'] ?? programs)] as const;
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new Error('SEED and RUNS are whole numbers');
  }
  const engine = env['ENGINE'] ?? 'interpreter';
  return { engine, firstSeed: numbers[0], programs: numbers[1], fork: found };
}

/** An engine beside the reference engine, which counts. */
export async function openDuel(engine: string): Promise<{
  readonly duel: Duel;
  readonly trace: Trace;
  /** What the engine has left to the reference engine, where it says so. */
  readonly handOvers: () => unknown;
}> {
  const trace = new Trace();
  const duel = new Duel(await tracedReference(trace), await loadEngine(engine), trace);
  const handOvers = () => (duel.engine as { handOvers?: unknown }).handOvers ?? {};
  return { duel, trace, handOvers };
}
