/** `deltacast dump-code`: a code given as text, and what the compiler makes of it. */
import { readFileSync } from 'node:fs';
import { fromHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { dumpCode } from '../../workers/compiler/dump.js';
import { INTERPRETED_FORKS } from '../../workers/kernel/opcode-table.js';

/** @throws DeltacastError BAD_USAGE */
export function dumpGiven(text: string, forkName: string, tier: string): string {
  const fork = INTERPRETED_FORKS.find((name) => name === forkName);
  if (fork === undefined) {
    throw new DeltacastError('BAD_USAGE', `forks: ${INTERPRETED_FORKS.join(', ')}`);
  }
  if (tier !== '1' && tier !== '2') throw new DeltacastError('BAD_USAGE', 'tiers: 1, 2');
  const hex = (text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text).trim();
  if (!/^(0x)?([0-9a-f]{2})+$/i.test(hex)) throw new DeltacastError('BAD_USAGE', 'no code in hex');
  return dumpCode(fromHex(hex), fork, tier === '1' ? 1 : 2);
}
