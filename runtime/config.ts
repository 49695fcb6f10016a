/**
 * The one typed configuration of a node. Flags, a JSON file and defaults become this, and nothing
 * else reads them; every value is checked here, so that the rest of the program can trust it.
 */
import { DeltacastError } from '../state/base/errors.js';
import {
  ARENA_BYTES_MAX,
  ARENA_MEGABYTES_MIN,
  MIB,
  PROOF_BLOCKS_MAX,
} from '../state/base/limits.js';
import { TIERED_ENGINE } from '../workers/engines.js';
import { DEFAULT_MNEMONIC } from './wallet.js';

export const DURABILITY_MODES = ['group', 'strict', 'none'] as const;
export type Durability = (typeof DURABILITY_MODES)[number];

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface NodeConfig {
  readonly host: string;
  /** TCP port of HTTP and WebSocket; 0 lets the system choose. */
  readonly port: number;
  readonly chainId: number;
  /** Prefunded development accounts: how many, and ether in each. */
  readonly accounts: number;
  readonly balance: number;
  readonly mnemonic: string;
  readonly hardfork: string;
  /** Path of a genesis file in geth's format. */
  readonly genesis: string | null;
  /** Directory of log and keys; null keeps everything in memory. */
  readonly dataDir: string | null;
  readonly durability: Durability;
  /** Execution threads; 0 executes on the coordinator, for profiles. */
  readonly workers: number;
  readonly engine: string;
  /** 32 bytes in hex: a code whose compilation is written to a file, by the engine `auto`. */
  readonly dumpCodeHash: string | null;
  readonly miniBlockMs: number;
  readonly blockMs: number;
  /** Gas of one block, integer. */
  readonly gasLimit: number;
  /** MiB of the arena, with cells beyond it in a file; null: 4 GiB, and no cells beyond. */
  readonly stateMemory: number | null;
  /** Sealed blocks before the newest that proofs can be of. */
  readonly proofBlocks: number;
  /** A light node believes no newest header that is older. */
  readonly maxAgeSeconds: number;
  /** Name of the swarm's topic; null keeps the swarm off. */
  readonly topic: string | null;
  /** DHT nodes `host:port` instead of the public ones. */
  readonly bootstrap: readonly string[];
  /** 32 bytes in hex: the key that a follower trusts. */
  readonly sequencerKey: string | null;
  /** Host names besides the local ones, and exact origins, that may use the RPC. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly logLevel: LogLevel;
  readonly jsonLogs: boolean;
}

/**
 * The block gas limit is not Anvil's 30M: that caps a second at 1,428 transfers. 10^10 is what
 * 100,000 ERC-20 transfers a second need, and is below 2^53 by far.
 */
const DEFAULT_GAS_LIMIT = 10_000_000_000;

export function defaultConfig(cores: number): NodeConfig {
  return {
    host: '127.0.0.1',
    port: 8545,
    chainId: 31_337,
    accounts: 10,
    balance: 10_000,
    mnemonic: DEFAULT_MNEMONIC,
    hardfork: 'osaka',
    genesis: null,
    dataDir: './.deltacast',
    durability: 'group',
    // One core is left to the coordinator: sockets, order, log.
    workers: Math.max(1, cores - 1),
    engine: TIERED_ENGINE,
    dumpCodeHash: null,
    miniBlockMs: 10,
    blockMs: 1_000,
    gasLimit: DEFAULT_GAS_LIMIT,
    stateMemory: null,
    proofBlocks: 0,
    maxAgeSeconds: 30,
    topic: null,
    bootstrap: [],
    sequencerKey: null,
    allowedHosts: [],
    allowedOrigins: [],
    logLevel: 'info',
    jsonLogs: false,
  };
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value.length > 0;
const isTextOrNull: Check = (value) => value === null || isText(value);
const isFlag: Check = (value) => typeof value === 'boolean';
const isOneOf =
  (choices: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && choices.includes(value);
const isInteger =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
const isIntegerOrNull =
  (min: number, max: number): Check =>
  (value) =>
    value === null || isInteger(min, max)(value);
const isHexKey: Check = (value) =>
  value === null || (typeof value === 'string' && /^(0x)?[0-9a-fA-F]{64}$/.test(value));
const isNames: Check = (value) => Array.isArray(value) && value.every(isText);
const isBootstrap: Check = (value) =>
  Array.isArray(value) && value.every((node) => typeof node === 'string' && isHostPort(node));

function isHostPort(text: string): boolean {
  const match = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}

interface Rule {
  readonly check: Check;
  readonly expected: string;
}

const integerRule = (min: number, max: number): Rule => ({
  check: isInteger(min, max),
  expected: `an integer from ${min} to ${max}`,
});

const RULES: { readonly [Key in keyof NodeConfig]: Rule } = {
  host: { check: isText, expected: 'a host name or address' },
  port: integerRule(0, 65_535),
  // EIP-2294 leaves chain ids open; above this a wallet's number arithmetic is no longer exact.
  chainId: integerRule(1, 4_503_599_627_370_476),
  accounts: integerRule(0, 10_000),
  balance: integerRule(0, 1_000_000_000_000),
  mnemonic: { check: isText, expected: 'a BIP-39 phrase' },
  hardfork: { check: isText, expected: "a fork's name" },
  genesis: { check: isTextOrNull, expected: 'a path' },
  dataDir: { check: isTextOrNull, expected: 'a path' },
  durability: { check: isOneOf(DURABILITY_MODES), expected: DURABILITY_MODES.join(', ') },
  workers: integerRule(0, 30),
  engine: { check: isText, expected: "an engine's name" },
  dumpCodeHash: { check: isHexKey, expected: '32 bytes in hex' },
  miniBlockMs: integerRule(1, 1_000),
  blockMs: integerRule(10, 3_600_000),
  gasLimit: integerRule(21_000, 1_000_000_000_000),
  // From the smallest arena that layout.ts can plan to the largest.
  stateMemory: {
    check: isIntegerOrNull(ARENA_MEGABYTES_MIN, ARENA_BYTES_MAX / MIB),
    expected: `an integer from ${ARENA_MEGABYTES_MIN} to ${ARENA_BYTES_MAX / MIB}`,
  },
  proofBlocks: integerRule(0, PROOF_BLOCKS_MAX),
  maxAgeSeconds: integerRule(1, 1_000_000_000),
  topic: { check: isTextOrNull, expected: 'a name' },
  bootstrap: { check: isBootstrap, expected: 'HOST:PORT,...' },
  sequencerKey: { check: isHexKey, expected: '32 bytes in hex' },
  allowedHosts: { check: isNames, expected: 'a list of host names' },
  allowedOrigins: { check: isNames, expected: 'a list of origins' },
  logLevel: { check: isOneOf(LOG_LEVELS), expected: LOG_LEVELS.join(', ') },
  jsonLogs: { check: isFlag, expected: 'true or false' },
};

/**
 * Lays checked values over a base configuration.
 * @param values  from flags or a parsed JSON file; unknown names are refused
 * @param source  where they come from, for the message
 * @throws DeltacastError BAD_USAGE naming the first value that is wrong
 */
export function withValues(base: NodeConfig, values: unknown, source: string): NodeConfig {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new DeltacastError('BAD_USAGE', `${source} must hold one JSON object`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(RULES, name)) {
      throw new DeltacastError('BAD_USAGE', `${source} has an unknown setting "${name}"`);
    }
    const rule = RULES[name as keyof NodeConfig];
    if (!rule.check(value)) {
      const shown = JSON.stringify(value)?.slice(0, 80) ?? String(value);
      throw new DeltacastError(
        'BAD_USAGE',
        `${source}: ${name} must be ${rule.expected}, not ${shown}`,
      );
    }
  }
  return { ...base, ...values };
}
