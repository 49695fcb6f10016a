/** What a node says when it starts: as Anvil does, and what Anvil has no need to say. */

import { toHex } from '../state/base/bytes.js';
import { keccak256 } from '../state/base/keccak.js';
import type { NodeConfig } from './config.js';
import { DEFAULT_MNEMONIC, DERIVATION_PATH, type DevAccount } from './wallet.js';

export interface BannerFacts {
  readonly config: NodeConfig;
  readonly accounts: readonly DevAccount[];
  readonly port: number;
  readonly sequencerKey: Uint8Array;
  readonly baseFee: bigint;
  readonly genesisTimestamp: number;
  /** Height of the chain at the start; 0 where it begins here. */
  readonly block: number;
}

const NAME = String.raw`
     _      _ _                     _
  __| | ___| | |_ __ _  ___ __ _ __| |_
 / _' |/ -_) |  _/ _' |/ _/ _' (_-<  _|
 \__,_|\___|_|\__\__,_|\__\__,_/__/\__|
`;

export function bannerText(facts: BannerFacts): string {
  const { config, accounts, sequencerKey } = facts;
  const isPublic = config.mnemonic === DEFAULT_MNEMONIC;
  const sections = [
    NAME,
    ...accountLines(accounts, config.balance),
    ...section('Wallet', [
      `Mnemonic:          ${config.mnemonic}`,
      `Derivation path:   ${DERIVATION_PATH}`,
      ...(isPublic ? ['These keys are public: never send anything of value to them.'] : []),
    ]),
    ...section('Chain', [
      `Chain ID:          ${config.chainId}`,
      `Hardfork:          ${config.hardfork}`,
      `Base fee:          ${facts.baseFee}`,
      `Gas limit:         ${config.gasLimit}`,
      `Genesis timestamp: ${facts.genesisTimestamp}`,
      `Block:             ${facts.block}`,
    ]),
    ...section('Node', [
      `Engine:            ${config.engine}, ${workersText(config.workers)}`,
      `Durability:        ${durabilityText(config)}`,
      `Sequencer key:     ${toHex(sequencerKey)}`,
      ...topicLines(config, sequencerKey),
    ]),
    `Listening on ${config.host}:${facts.port} (HTTP and WebSocket)`,
  ];
  return `${sections.join('\n')}\n`;
}

/** The command with which a replica joins; null while the swarm is off. */
export function joinCommand(config: NodeConfig, sequencerKey: Uint8Array): string | null {
  if (config.topic === null) return null;
  const bootstrap =
    config.bootstrap.length === 0 ? '' : ` --bootstrap ${config.bootstrap.join(',')}`;
  const chain = config.chainId === 31_337 ? '' : ` --chain-id ${config.chainId}`;
  return (
    `npm run -s deltacast -- replica --topic ${config.topic} ` +
    `--sequencer-key ${toHex(sequencerKey)}${chain}${bootstrap}`
  );
}

function accountLines(accounts: readonly DevAccount[], balance: number): string[] {
  if (accounts.length === 0) return [];
  const addresses = accounts.map(
    ({ address }, index) => `(${index}) ${checksummed(address)} (${balance} ETH)`,
  );
  const keys = accounts.map(({ privateKey }, index) => `(${index}) ${toHex(privateKey)}`);
  return [...section('Available Accounts', addresses), ...section('Private Keys', keys)];
}

/** With the upper-case letters of EIP-55. */
function checksummed(address: Uint8Array): string {
  const digits = toHex(address).slice(2);
  const hash = toHex(keccak256(Buffer.from(digits))).slice(2);
  const cased = [...digits].map((digit, index) =>
    Number.parseInt(hash[index] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return `0x${cased.join('')}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return [title, '='.repeat(18), ...lines, ''];
}

function workersText(workers: number): string {
  if (workers === 0) return 'on the main thread';
  return workers === 1 ? '1 worker' : `${workers} workers`;
}

function durabilityText({ dataDir, durability }: NodeConfig): string {
  if (dataDir === null || durability === 'none') return 'none: all is lost when the node ends';
  const modes = {
    group: 'group: a receipt leaves when it is written, flushed at most 10 ms later',
    strict: 'strict: a receipt leaves when it is flushed to disk',
  };
  return `${modes[durability]} (${dataDir})`;
}

function topicLines(config: NodeConfig, sequencerKey: Uint8Array): string[] {
  const join = joinCommand(config, sequencerKey);
  if (join === null) return ['Topic:             none: peers cannot join (--topic NAME)'];
  return [
    `Topic:             ${config.topic}`,
    `Join a replica:    ${join}`,
    'Join a light node: the same with `light` for `replica`',
  ];
}
