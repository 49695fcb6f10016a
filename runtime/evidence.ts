/** What proves that a sequencer signed two histories is kept beside the data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence } from '../net/p2p/intake.js';

/** @param dataDir  null where the node keeps nothing @returns where both frames are, or why not */
export function saveEvidence(dataDir: string | null, { height, held, received }: Evidence): string {
  if (dataDir === null) return 'not kept: there is no data directory';
  const base = join(dataDir, `evidence-${height}`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (held !== null) writeFileSync(`${base}-held.frame`, held);
    writeFileSync(`${base}-received.frame`, received);
    return `${base}-*.frame`;
  } catch (error) {
    return `not kept: ${String(error)}`;
  }
}
