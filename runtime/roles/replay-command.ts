/** `deltacast replay`: block files one after the other, a line each and a summary. */
import { systemClock } from '../../state/base/ports.js';
import { readBlockFile } from '../block-file.js';
import { lineOf, Replayer, type ReplayResult, summaryOf } from './replay.js';

export interface ReplayFlags {
  readonly engine: string;
  readonly workers: number;
  readonly json?: true;
}

/** @returns whether all of them match */
export async function replayFiles(
  paths: readonly string[],
  flags: ReplayFlags,
  print: (line: string) => void,
): Promise<boolean> {
  const replayer = await Replayer.start({ ...flags, clock: systemClock });
  const results: ReplayResult[] = [];
  try {
    for (const path of paths) {
      const result = await replayer.run(readBlockFile(path));
      results.push(result);
      print(flags.json ? JSON.stringify(result) : lineOf(result));
    }
  } finally {
    await replayer.stop();
  }
  const summary = summaryOf(results);
  print(
    flags.json
      ? JSON.stringify({ summary })
      : `${summary.matched} of ${summary.blocks} blocks match, ${summary.gas} gas in ` +
          `${Math.round(summary.milliseconds)} ms (${Math.round(summary.cpuMilliseconds)} ms CPU)`,
  );
  return summary.matched === summary.blocks;
}
