/** `deltacast conformance`: what it prints. */
import { type ConformanceOptions, runConformance } from './conformance-command.js';

export interface ConformanceFlags extends Omit<ConformanceOptions, 'threads'> {
  readonly workers: number;
  readonly json?: true;
}

/** @returns whether nothing failed */
export async function reportConformance(
  flags: ConformanceFlags,
  print: (line: string) => void,
  progress: (text: string) => void,
): Promise<boolean> {
  const { json, workers, fork, filter } = flags;
  const summary = await runConformance(
    { ...flags, fork: fork ?? null, filter: filter ?? null, threads: Math.max(1, workers) },
    {
      progress,
      skipped: (note) =>
        print(
          json
            ? JSON.stringify({ skipped: note })
            : `skipped: ${note.pack} ${note.test} #${note.index}: ${note.why}`,
        ),
    },
  );
  progress('');
  if (json) print(JSON.stringify({ summary }));
  else {
    for (const { pack, test, index, why } of summary.failures) {
      print(`FAILED: ${pack} ${test} #${index}: ${why}`);
    }
    const { engine, passed, failed, skipped } = summary;
    print(`${engine}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
  return summary.failed === 0;
}
