/**
 * `deltacast proof check`: an answer of eth_getProof against a signed header and the sequencer's
 * key, offline. Files hold what the node answered, with or without JSON-RPC's envelope; a header
 * may also be its frame in hex.
 */
import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import {
  type ProvenAccount,
  type SignedHeader,
  verifyRpcProof,
  verifySignedHeader,
} from '../../state/verify.js';

export interface ProofFlags {
  readonly header: string;
  readonly key: string;
  readonly chainId: string;
  readonly json?: true;
}

/** For help. */
export const PROOF_EXAMPLE = `
Example, with any node as NODE (its --port), and the key that the sequencer prints:
  ask() { curl -s NODE -H 'content-type: application/json' \\
    -d '{"jsonrpc":"2.0","id":1,"method":"'$1'","params":'"$2"'}'; }
  ask eth_getProof '["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",[],"latest"]' > proof.json
  ask deltacast_getSignedHeader '["BLOCK"]' > header.json   (BLOCK: blockNumber in proof.json)
  deltacast proof check proof.json --header header.json --key KEY

Exit status: 0 all holds, 1 something does not, 2 there was nothing to check.`;

/** A node's answer with 256 slots has about 600 KB. */
const INPUT_BYTES_MAX = 16 * 1024 * 1024;
const STDIN = 0;

/**
 * @returns what is proven, as text or JSON
 * @throws  DeltacastError PROOF_INVALID, FRAME_MALFORMED, FRAME_WRONG_CHAIN, FRAME_BAD_SIGNATURE
 *          where something does not hold; BAD_INPUT where a file or flag is none
 */
export async function checkProof(file: string, flags: ProofFlags): Promise<string> {
  const authority = { chainId: chainIdOf(flags.chainId), sequencerKey: keyOf(flags.key) };
  const header = await verifySignedHeader(frameOf(flags.header), authority);
  const account = verifyRpcProof(header.stateRoot, resultOf(parse(file, read(file))));
  return flags.json ? JSON.stringify(plain(header, account)) : textOf(header, account);
}

type Checked = ProvenAccount & { readonly address: Uint8Array };

function plain({ number, hash, stateRoot, timestamp }: SignedHeader, account: Checked) {
  return {
    block: number,
    blockHash: toHex(hash),
    stateRoot: toHex(stateRoot),
    timestamp,
    address: toHex(account.address),
    exists: account.exists,
    balance: account.balance.toString(),
    nonce: account.nonce.toString(),
    codeHash: toHex(account.codeHash),
    slots: account.slots.map(toHex),
  };
}

function textOf(header: SignedHeader, account: Checked): string {
  const { address, exists, balance, nonce, codeHash, slots } = account;
  const state = exists ? `${balance} wei, nonce ${nonce}, code ${toHex(codeHash)}` : 'no account';
  return [
    `proven  ${toHex(address)}: ${state}`,
    ...slots.map((slot, index) => `        slot ${index} asked for: ${toHex(slot)}`),
    `under   block ${header.number} (${toHex(header.hash)}), signed by the sequencer`,
  ].join('\n');
}

/** A file, or the frame itself in hex. */
export function frameOf(text: string): Uint8Array {
  const given = /^(0x)?[0-9a-fA-F]{200,}$/.test(text) ? text : read(text).trim();
  if (/^(0x)?([0-9a-fA-F]{2})+$/.test(given)) return fromHex(given);
  const { frame } = resultOf(parse(text, given)) as { frame?: unknown };
  if (typeof frame === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(frame)) return fromHex(frame);
  throw badInput(`${text} holds no signed header`);
}

function read(file: string): string {
  try {
    const bytes = readFileSync(file === '-' ? STDIN : file);
    if (bytes.length > INPUT_BYTES_MAX) throw badInput(`${file} is too large`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof DeltacastError) throw error;
    throw badInput(`${file.slice(0, 200)}: ${error instanceof Error ? error.message : error}`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badInput(`${file} is no JSON`);
  }
}

/** Without JSON-RPC's envelope. */
function resultOf(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw badInput('no JSON object');
  const { result } = value as { result?: unknown };
  return typeof result === 'object' && result !== null ? result : value;
}

export function chainIdOf(text: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) throw badInput('no chain id');
  return value;
}

export function keyOf(text: string): Uint8Array {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) throw badInput('a key is 32 bytes in hex');
  return fromHex(text);
}

export function badInput(message: string): DeltacastError {
  return new DeltacastError('BAD_INPUT', message);
}
