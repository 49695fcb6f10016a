/**
 * Forks by name, as @ethereumjs/common knows them. A chain of ours runs one fork from its genesis
 * on; replayed mainnet blocks choose the fork by name and keep mainnet's parameters.
 */
import { Common, createCustomCommon, type Hardfork, Mainnet } from '@ethereumjs/common';
import { DeltacastError } from '../state/base/errors.js';
import { sharedKzg } from './kzg.js';

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

const commons = new Map<string, Common>();

/** The rules of a fork under a chain id; one instance for each pair in a thread. */
export function commonFor(fork: ForkName, chainId: number): Common {
  const key = `${fork}:${chainId}`;
  let common = commons.get(key);
  if (common === undefined) {
    const options = { hardfork: fork as Hardfork, customCrypto: { kzg: sharedKzg() } };
    common =
      chainId === MAINNET_CHAIN_ID
        ? new Common({ chain: Mainnet, ...options })
        : createCustomCommon({ chainId, name: 'deltacast' }, Mainnet, options);
    commons.set(key, common);
  }
  return common;
}
