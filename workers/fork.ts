/**
 * Forks by name, as @ethereumjs/common knows them. A chain of ours runs one fork from its genesis
 * on; replayed mainnet blocks choose the fork by name and keep mainnet's parameters.
 */
import { DeltacastError } from '../state/base/errors.js';

/** Forks with mainnet rules, oldest first; the last is the default. */
export const FORKS = [
  'chainstart',
  'homestead',
  'dao',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
] as const;
export type ForkName = (typeof FORKS)[number];

export const MAINNET_CHAIN_ID = 1;

/**
 * @param name  a fork's name in any letter case; "merge" and "frontier" are taken as aliases
 * @throws DeltacastError FORK_UNSUPPORTED
 */
export function parseFork(name: string): ForkName {
  const wanted = name.toLowerCase();
  const aliases: Record<string, ForkName> = { merge: 'paris', frontier: 'chainstart' };
  const found = aliases[wanted] ?? FORKS.find((fork) => fork.toLowerCase() === wanted);
  if (found === undefined) {
    throw new DeltacastError('FORK_UNSUPPORTED', `no such fork: ${name.slice(0, 40)}`, {
      known: FORKS.join(', '),
    });
  }
  return found;
}

/** True where `fork` is `since` or newer. */
export function isFrom(fork: ForkName, since: ForkName): boolean {
  return FORKS.indexOf(fork) >= FORKS.indexOf(since);
}
