/** What a campaign has run, in figures, and whether it was worth running. */
import { OPCODES } from '../../bench/gas/opcodes.js';
import { isFrom } from '../../workers/fork.js';
import type { DuelCounts } from './duel.js';
import type { Trace } from './trace.js';
import { type FuzzFork, precompilesOf } from './world.js';

/** Executions that every instruction must have. */
const HITS_PER_PROGRAM = 1 / 200;
/** Of the programs that are executed, those that must halt well. */
const FINE_SHARE = 0.6;
/** So many show each instruction often enough to be counted. */
const COUNTED_MIN = 1_000;
/** And so many the limit of calls. */
const DEEP_MIN = 20_000;
const COLUMNS = 4;
const DEPTHS = [0, 1, 2, 3, 60, 1_022, 1_023, 1_024];

export function report(counts: DuelCounts, trace: Trace, handOvers: unknown): string {
  const { programs, cuts, refused, quirks, oversized, statuses, cutStatuses } = counts;
  const [failed = 0, fine = 0, invalid = 0] = statuses;
  const share = (part: number, whole: number) => `${((part / whole) * 100).toFixed(1)}%`;
  const frames = [...trace.ends.values()].reduce((sum, count) => sum + count, 0);
  const ends = [...trace.ends].sort((a, b) => b[1] - a[1]);
  const hits = trace.byName().sort((a, b) => a[1] - b[1]);
  return [
    `${programs} programs: ${share(fine, programs)} halt well, ${share(failed, programs)} fail, ` +
      `${share(invalid + refused, programs)} are refused; ${quirks} left out for EIP-3541, ` +
      `${oversized} for size`,
    `${cuts} of them again with less gas: ${share(cutStatuses[0] ?? 0, cuts)} fail then`,
    `${(trace.steps / (programs + cuts)).toFixed(0)} instructions in each, ` +
      `${(frames / (programs + cuts)).toFixed(2)} frames`,
    `frames end: ${ends.map(([name, count]) => `${name} ${share(count, frames)}`).join(', ')}`,
    `frames by depth: ${DEPTHS.map((at) => `${at}: ${trace.depths[at] ?? 0}`).join(', ')}`,
    `precompiles: ${precompilesOf('osaka')
      .map((at) => `${Number(at)}: ${trace.callees.get(at) ?? 0}`)
      .join(', ')}`,
    `handed over to the reference engine: ${JSON.stringify(handOvers)}`,
    'executions by instruction:',
    ...table(hits.map(([name, count]) => `${name} ${count}`)),
  ].join('\n');
}

/**
 * Whether it was worth running: most programs halt well, every instruction of the fork comes by
 * often, calls go down to the limit. Nothing where too few programs ran to tell.
 * @param fork  null: all forks
 * @returns what is too rare
 */
export function checkCounts(counts: DuelCounts, trace: Trace, fork: FuzzFork | null): string[] {
  const { programs, statuses } = counts;
  if (programs < COUNTED_MIN) return [];
  const [failed = 0, fine = 0] = statuses;
  const wrong = OPCODES.filter(({ since }) => isFrom(fork ?? 'osaka', since))
    .map(({ name, code }) => [name, trace.opcodes[code] ?? 0] as const)
    .filter(([, count]) => count < programs * HITS_PER_PROGRAM)
    .map(([name, count]) => `${name}: ${count}`);
  if (fine < (fine + failed) * FINE_SHARE) wrong.push(`programs that halt well: ${fine}`);
  if (programs < DEEP_MIN) return wrong;
  for (const depth of fork === 'osaka' ? [0, 1] : [0, 1, 1_023, 1_024]) {
    if ((trace.depths[depth] ?? 0) === 0) wrong.push(`frames at depth ${depth}`);
  }
  return wrong;
}

function table(cells: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += COLUMNS) {
    lines.push(
      `  ${cells
        .slice(at, at + COLUMNS)
        .map((cell) => cell.padEnd(24))
        .join('')}`.trimEnd(),
    );
  }
  return lines;
}
