/** `--dump-code-hash`: what the compiler made of one code, in a file of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeDump } from '../workers/tiering/tiering.js';
import type { NodeConfig } from './config.js';

/**
 * Option of startExecutor; none where no code is asked for.
 * @param say  told where the file is, or why there is none
 */
export function codeDumpOf(
  { dumpCodeHash, dataDir }: Pick<NodeConfig, 'dumpCodeHash' | 'dataDir'>,
  say: (text: string) => void,
): { readonly codeDump?: CodeDump } {
  if (dumpCodeHash === null) return {};
  const hash = dumpCodeHash.replace(/^0x/, '').toLowerCase();
  const path = join(dataDir ?? '.', `code-${hash.slice(0, 16)}.txt`);
  const take = (text: string): void => {
    try {
      writeFileSync(path, text);
      say(`the code ${hash} is dumped: ${path}`);
    } catch (error) {
      say(`the code ${hash} is not dumped: ${String(error)}`);
    }
  };
  return { codeDump: { hash, take } };
}
