/**
 * The flags of nodes as data: how each is written, what it sets in the configuration and how its
 * text is read. A flag wins over the same setting in `--config FILE`.
 */
import { readFileSync } from 'node:fs';
import { DeltacastError } from '../state/base/errors.js';
import { type NodeConfig, withValues } from './config.js';

export interface NodeFlag {
  /** As commander wants it. */
  readonly flag: string;
  readonly key: keyof NodeConfig;
  readonly description: string;
  readonly read: (text: string) => unknown;
}

const text = (value: string): unknown => value;
const list = (value: string): unknown => value.split(',').filter((part) => part !== '');

/** Digits only: Number() would also take '', ' 1' and 1e3. Anything else is refused by config. */
const integer = (value: string): unknown => (/^\d+$/.test(value) ? Number(value) : value);

export const NODE_FLAGS: readonly NodeFlag[] = [
  flag('--host <name>', 'host', 'address to listen on', text),
  flag('--port <n>', 'port', 'HTTP and WebSocket; 0 takes a free one', integer),
  flag('--chain-id <n>', 'chainId', 'EIP-155 chain id', integer),
  flag('--accounts <n>', 'accounts', 'prefunded development accounts', integer),
  flag('--balance <n>', 'balance', 'ether in each', integer),
  flag('--mnemonic <words>', 'mnemonic', 'whose accounts they are', text),
  flag('--hardfork <name>', 'hardfork', 'rules of the chain', text),
  flag('--genesis <file>', 'genesis', "first state, in geth's format", text),
  flag('--data-dir <dir>', 'dataDir', 'log, key and evidence', text),
  flag('--durability <mode>', 'durability', 'group, strict or none', text),
  flag('--workers <n>', 'workers', 'execution threads; 0: the main thread', integer),
  flag('--engine <name>', 'engine', 'auto, interpreter, compiled or reference', text),
  flag('--dump-code-hash <hash>', 'dumpCodeHash', 'a code to dump when it is compiled', text),
  flag('--mini-block-ms <n>', 'miniBlockMs', 'longest mini-block under load', integer),
  flag('--block-ms <n>', 'blockMs', 'time of a block', integer),
  flag('--gas-limit <n>', 'gasLimit', 'of a block', integer),
  flag('--state-memory <MiB>', 'stateMemory', 'of state in memory; the rest is in a file', integer),
  flag('--proof-blocks <n>', 'proofBlocks', 'older blocks that proofs can be of', integer),
  flag('--max-age <s>', 'maxAgeSeconds', 'age of the newest header, at most', integer),
  flag('--topic <name>', 'topic', 'swarm to join; without it the swarm is off', text),
  flag('--bootstrap <host:port,...>', 'bootstrap', 'DHT nodes instead of the public ones', list),
  flag('--sequencer-key <hex>', 'sequencerKey', 'the key that a follower trusts', text),
  flag('--allow-host <name,...>', 'allowedHosts', 'Host headers besides the local ones', list),
  flag('--allow-origin <url,...>', 'allowedOrigins', 'pages that may use the RPC', list),
  flag('--log-level <level>', 'logLevel', 'silent, error, warn, info, debug or trace', text),
];

/** What a light node heeds. It takes the others too, so that one file of settings serves all. */
const LIGHT_KEYS: ReadonlySet<keyof NodeConfig> = new Set([
  'host',
  'port',
  'chainId',
  'dataDir',
  'maxAgeSeconds',
  'topic',
  'bootstrap',
  'sequencerKey',
  'allowedHosts',
  'allowedOrigins',
  'logLevel',
]);
const LIGHT_ONLY: keyof NodeConfig = 'maxAgeSeconds';

/** Whether a role's help names a flag. */
export function isHeeded(role: string, key: keyof NodeConfig): boolean {
  return role === 'light' ? LIGHT_KEYS.has(key) : key !== LIGHT_ONLY;
}

/** For help: what a flag sets, and to what where it is not given. */
export function describeFlag({ key, description }: NodeFlag, defaults: NodeConfig): string {
  const value = defaults[key];
  const isSaid = typeof value === 'number' || (typeof value === 'string' && value !== '');
  return isSaid ? `${description} (default: ${value})` : description;
}

function flag(
  written: string,
  key: keyof NodeConfig,
  description: string,
  read: (text: string) => unknown,
): NodeFlag {
  return { flag: written, key, description, read };
}

export interface GivenFlags extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly memory?: true;
  readonly jsonLogs?: true;
}

/**
 * Defaults, then the file, then the flags.
 * @throws DeltacastError BAD_USAGE naming the first setting that is wrong
 */
export function configOf(base: NodeConfig, given: GivenFlags): NodeConfig {
  const fromFile =
    given.config === undefined
      ? base
      : withValues(base, readConfig(given.config), `the file ${given.config}`);
  const values: Record<string, unknown> = {};
  for (const { key } of NODE_FLAGS) if (given[key] !== undefined) values[key] = given[key];
  if (given.memory === true) values['dataDir'] = null;
  if (given.jsonLogs === true) values['jsonLogs'] = true;
  return withValues(fromFile, values, 'the command line');
}

function readConfig(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('BAD_USAGE', `--config ${path}: ${why}`);
  }
}
