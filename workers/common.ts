/**
 * The rules of a fork as @ethereumjs's libraries want them. Apart from fork.ts, since loading them
 * takes 100 ms of a thread's start, and a worker needs them only for what the kernel cannot do.
 */
import { createHash } from 'node:crypto';
import { Common, createCustomCommon, type Hardfork, Mainnet } from '@ethereumjs/common';
import { keccak256 } from '../state/base/keccak.js';
import { KZG } from './curves/kzg.js';
import { type ForkName, MAINNET_CHAIN_ID } from './fork.js';
import { recoverPoint } from './signature.js';

/** What @ethereumjs does in plain JavaScript by default: 20 times slower than native code. */
const CRYPTO: NonNullable<Common['customCrypto']> = {
  kzg: KZG,
  keccak256,
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  ecrecover: (hash, v, r, s) => {
    const point = recoverPoint(hash, r, s, Number(v) - 27);
    if (point === null) throw new Error('no public key gives this signature');
    return point;
  },
};

const commons = new Map<string, Common>();

/** The rules of a fork under a chain id; one instance for each pair in a thread. */
export function commonFor(fork: ForkName, chainId: number): Common {
  const key = `${fork}:${chainId}`;
  let common = commons.get(key);
  if (common === undefined) {
    const options = { hardfork: fork as Hardfork, customCrypto: CRYPTO };
    common =
      chainId === MAINNET_CHAIN_ID
        ? new Common({ chain: Mainnet, ...options })
        : createCustomCommon({ chainId, name: 'deltacast' }, Mainnet, options);
    commons.set(key, frozenRules(common));
  }
  return common;
}

/**
 * Every transaction and block object copies its Common and merges its parameters into the copy:
 * 38 of 54 us of parsing a transfer. Ours never change their fork, so one instance can serve them
 * all, and a set of parameters needs merging once.
 */
function frozenRules(common: Common): Common {
  const merged = new Set<object>();
  const merge = common.updateParams.bind(common);
  common.copy = () => common;
  common.updateParams = (params) => {
    if (merged.has(params)) return;
    merged.add(params);
    merge(params);
  };
  common.setHardfork = (hardfork) => {
    if (hardfork !== common.hardfork()) throw new Error('the fork of a shared Common is fixed');
  };
  return common;
}
