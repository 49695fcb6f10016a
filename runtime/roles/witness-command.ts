/**
 * `deltacast witness make` and `check`: a block with all that executing it needs, out of a data
 * directory; and the block executed again from that file alone, by who knows its parent's signed
 * header and the sequencer's key.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { signerOf } from '../../net/p2p/keys.js';
import { Arena } from '../../state/arena.js';
import { fromHex, toHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { WITNESS_BYTES_MAX } from '../../state/base/limits.js';
import { systemClock, systemRandom } from '../../state/base/ports.js';
import { WIDE_FORM } from '../../state/multiproof.js';
import { StateRoot } from '../../state/root.js';
import { verifySignedHeader } from '../../state/verify.js';
import { parseFork } from '../../workers/fork.js';
import { headerRoots } from '../../workers/header.js';
import { keysOf } from '../../workers/witness/cells.js';
import { collect } from '../../workers/witness/collect.js';
import { defaultConfig } from '../config.js';
import { DataDirectory } from '../data-dir.js';
import { openChain } from '../open-chain.js';
import { type CheckedBlock, checkWitness } from '../witness/check.js';
import { enginesFor, type MadeWitness, sealedBlock, taskOf, witnessOf } from '../witness/maker.js';
import { badInput, chainIdOf, frameOf, keyOf } from './proof-command.js';

export interface WitnessCheckFlags {
  readonly parent: string;
  readonly key: string;
  readonly block?: string;
  readonly chainId: string;
  readonly hardfork: string;
  readonly engine: string;
  readonly json?: true;
}

export interface WitnessMakeFlags {
  readonly dataDir: string;
  readonly out: string;
  readonly chainId: string;
  readonly json?: true;
}

/**
 * @returns what holds, as text or JSON
 * @throws  DeltacastError what checkWitness throws, and what verifySignedHeader throws; BAD_INPUT
 *          where a file or flag is none
 */
export async function checkWitnessFile(file: string, flags: WitnessCheckFlags): Promise<string> {
  const chainId = chainIdOf(flags.chainId);
  const authority = { chainId, sequencerKey: keyOf(flags.key) };
  const parent = await verifySignedHeader(frameOf(flags.parent), authority);
  const block =
    flags.block === undefined ? null : await verifySignedHeader(frameOf(flags.block), authority);
  const checked = await checkWitness(
    witnessBytes(file),
    {
      parentHash: parent.hash,
      parentRoot: parent.stateRoot,
      ...(block === null ? {} : { hash: block.hash }),
    },
    { chainId, fork: parseFork(flags.hardfork), engine: flags.engine, clock: systemClock },
  );
  return flags.json ? JSON.stringify(plain(checked)) : textOf(checked, block !== null);
}

/**
 * @returns what was written, as text or JSON
 * @throws  DeltacastError what opening the directory throws; WITNESS_UNAVAILABLE, STATE_PRUNED
 *          where the block is too long ago for the undo ring; FORK_UNSUPPORTED
 */
export async function makeWitnessFile(number: number, flags: WitnessMakeFlags): Promise<string> {
  const directory = await DataDirectory.open(flags.dataDir);
  try {
    const made = await makeFrom(directory, number, chainIdOf(flags.chainId));
    writeFileSync(flags.out, made.bytes);
    const { hash, parentHash, bytes } = made;
    const shown = { number, hash: toHex(hash), parentHash: toHex(parentHash), bytes: bytes.length };
    return flags.json
      ? JSON.stringify(shown)
      : `block ${number} (${shown.hash}): ${bytes.length} bytes in ${flags.out}`;
  } finally {
    await directory.close();
  }
}

/** Its root is built at the parent, from nothing, and compared with the parent's header. */
async function makeFrom(
  directory: DataDirectory,
  number: number,
  chainId: number,
): Promise<MadeWitness> {
  const arena = Arena.create({ threads: 1 });
  const { publicKey } = signerOf(directory.sequencerSeed(systemRandom));
  const config = { ...defaultConfig(1), chainId };
  const ports = { clock: systemClock, random: systemRandom, onProgress: () => undefined };
  const chain = openChain({ config, arena, directory, publicKey, ...ports });
  try {
    const { block, parent } = sealedBlock(chain, number);
    const task = taskOf(chain, block, parent, enginesFor(config.engine, block.transactionCount));
    const root = new StateRoot(arena);
    const found = toHex(root.rebuild(task.sequence));
    const expected = toHex(headerRoots(parent.rlp).stateRoot);
    if (found !== expected) {
      throw new DeltacastError('ROOT_MISMATCH', "the state is not the parent's", {
        found,
        expected,
      });
    }
    const collected = await collect(arena, task, systemClock);
    return witnessOf(chain, block, collected, root.prove(keysOf(collected.accounts), WIDE_FORM));
  } finally {
    await chain.store.close();
  }
}

/** The bytes themselves, or an RPC answer that holds them in hex. */
function witnessBytes(file: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw badInput(`${file.slice(0, 200)}: ${error instanceof Error ? error.message : error}`);
  }
  if (bytes.length > 2 * WITNESS_BYTES_MAX) throw badInput(`${file} is too large`);
  if (bytes[0] !== '{'.charCodeAt(0)) return bytes;
  const found = /"witness":\s*"0x((?:[0-9a-fA-F]{2})+)"/.exec(
    Buffer.from(bytes).toString('latin1'),
  );
  if (found?.[1] === undefined) throw badInput(`${file} holds no witness`);
  return fromHex(found[1]);
}

function plain(checked: CheckedBlock) {
  return {
    ...checked,
    hash: toHex(checked.hash),
    parentHash: toHex(checked.parentHash),
    stateRoot: toHex(checked.stateRoot),
  };
}

function textOf(checked: CheckedBlock, isBlockKnown: boolean): string {
  const { number, hash, transactions, gasUsed, stateRoot, cells, codes, bytes } = checked;
  const verdict = isBlockKnown ? 'signed by the sequencer' : "a valid child of the parent's";
  return [
    `right   block ${number} (${toHex(hash)}), ${verdict}`,
    `        ${transactions} transactions, ${gasUsed} gas, state root ${toHex(stateRoot)}`,
    `from    ${cells} cells and ${codes} codes, ${bytes} bytes`,
  ].join('\n');
}
