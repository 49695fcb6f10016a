/**
 * The first state of a chain: a file in geth's format, or the development chain that a node starts
 * by default.
 */
import { readFileSync, statSync } from 'node:fs';
import { MIB } from '../state/base/limits.js';
import type { BlockContext } from '../workers/engine.js';
import { type ForkName, isFrom } from '../workers/fork.js';
import { type Account, type Alloc, accountsOf, bad, bytesOf, numberOf } from './alloc.js';
import type { NodeConfig } from './config.js';
import { deriveAccounts } from './wallet.js';

export interface Genesis {
  readonly context: BlockContext;
  /** Each once. */
  readonly accounts: Iterable<Account>;
}

/** Anvil's first base fee: 1 gwei. */
const FIRST_BASE_FEE = 1_000_000_000n;
/** It is parsed whole: half of the longest string that there is. */
const GENESIS_BYTES_MAX = 256 * MIB;
const ETHER = 10n ** 18n;
const EMPTY = new Uint8Array(0);

/** The development chain: prefunded accounts, nothing else. */
export function developmentGenesis(config: NodeConfig, fork: ForkName, timestamp: number): Genesis {
  const funded = deriveAccounts(config.mnemonic, config.accounts).map(({ address }) => ({
    address,
    balance: BigInt(config.balance) * ETHER,
    nonce: 0n,
    code: EMPTY,
    slots: [],
  }));
  return {
    context: {
      fork,
      chainId: config.chainId,
      number: 0,
      timestamp,
      coinbase: new Uint8Array(20),
      gasLimit: config.gasLimit,
      baseFee: isFrom(fork, 'london') ? FIRST_BASE_FEE : 0n,
      prevRandao: new Uint8Array(32),
      difficulty: 0n,
      excessBlobGas: 0n,
    },
    accounts: funded,
  };
}

/**
 * @returns the genesis of a file in geth's format; the chain id of its config must be ours
 * @throws DeltacastError BAD_INPUT naming the file and what is wrong
 */
export function readGenesis(path: string, config: NodeConfig, fork: ForkName): Genesis {
  const json = readJson(path);
  const alloc = json['alloc'];
  if (typeof alloc !== 'object' || alloc === null) throw bad(path, 'it has no "alloc"');
  const chainId = (json['config'] as { chainId?: unknown } | undefined)?.chainId;
  if (chainId !== undefined && Number(chainId) !== config.chainId) {
    throw bad(path, `its chain id is ${String(chainId)}, the node's ${config.chainId}`);
  }
  const number = (name: string, otherwise: bigint): bigint =>
    numberOf(json[name] ?? otherwise, path, name);
  const base = developmentGenesis({ ...config, accounts: 0 }, fork, 0);
  return {
    context: {
      ...base.context,
      timestamp: Number(number('timestamp', 0n)),
      gasLimit: Number(number('gasLimit', BigInt(config.gasLimit))),
      coinbase: bytesOf(json['coinbase'] ?? '0x', 20, path, 'coinbase'),
      prevRandao: bytesOf(json['mixHash'] ?? '0x', 32, path, 'mixHash'),
      baseFee: isFrom(fork, 'london') ? number('baseFeePerGas', FIRST_BASE_FEE) : 0n,
    },
    accounts: accountsOf(alloc as Alloc, path),
  };
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    if (statSync(path).size > GENESIS_BYTES_MAX) {
      throw new Error('it is too large; `deltacast init --dump` reads JSON lines of any size');
    }
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw bad(path, error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null) throw bad(path, 'it is no JSON object');
  return json as Readonly<Record<string, unknown>>;
}
