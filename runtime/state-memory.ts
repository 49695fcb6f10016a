/** What `--state-memory` makes of an arena: so much memory, and cells beyond it in a file. */
import { tmpdir } from 'node:os';
import type { ArenaOptions } from '../state/arena.js';
import type { NodeConfig } from './config.js';

/** The file has no name and ends with the process; it lies on the data directory's disk. */
export function arenaOptionsOf({
  stateMemory,
  dataDir,
}: NodeConfig): Pick<ArenaOptions, 'megabytes' | 'coldDirectory'> {
  if (stateMemory === null) return {};
  return { megabytes: stateMemory, coldDirectory: dataDir ?? tmpdir() };
}
