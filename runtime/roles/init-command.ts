/**
 * `deltacast init`: a data directory whose chain begins with the accounts of a dump or genesis.
 * They become the frames of block 0, so that followers get them as they get everything. The
 * directory has its name only when it is whole: until then it is another one beside it, which an
 * error takes away.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { toHex } from '../../state/base/bytes.js';
import { DeltacastError, isDeltacastError } from '../../state/base/errors.js';
import { systemClock, systemRandom } from '../../state/base/ports.js';
import { parseFork } from '../../workers/fork.js';
import type { Account } from '../alloc.js';
import { defaultConfig, type NodeConfig } from '../config.js';
import { SequencerCore } from '../core.js';
import { DumpFile } from '../dump-file.js';
import { developmentGenesis, type Genesis, readGenesis } from '../genesis.js';
import { chainIdOf } from './proof-command.js';

export interface InitFlags {
  readonly dump?: string;
  readonly genesis?: string;
  readonly dataDir: string;
  readonly chainId: string;
  readonly hardfork: string;
  readonly json?: true;
}

const PROGRESS_ACCOUNTS = 50_000;

/**
 * @param progress  shown now and then
 * @returns what was made, as text or JSON
 * @throws DeltacastError BAD_USAGE, BAD_INPUT naming the line, ARENA_FULL: nothing is left
 */
export async function initDirectory(
  flags: InitFlags,
  progress: (text: string) => void,
): Promise<string> {
  const { dump, genesis } = flags;
  const path = resolve(flags.dataDir);
  if ((dump === undefined) === (genesis === undefined)) {
    throw new DeltacastError('BAD_USAGE', 'give one of --dump and --genesis');
  }
  if (existsSync(path)) throw new DeltacastError('BAD_INPUT', `${path} is there already`);
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    const made = await begin({ ...configOf(flags), dataDir: unfinished }, flags, progress);
    renameSync(unfinished, path);
    return flags.json ? JSON.stringify(made) : textOf(made, path);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  } finally {
    progress('');
  }
}

interface Made {
  readonly accounts: number;
  readonly cells: number;
  readonly stateRoot: string;
  readonly sequencerKey: string;
  readonly seconds: number;
  readonly accountsPerSecond: number;
}

async function begin(
  config: NodeConfig,
  flags: InitFlags,
  progress: (text: string) => void,
): Promise<Made> {
  const startedMs = systemClock.monotonicMs();
  const fork = parseFork(config.hardfork);
  const file = flags.dump === undefined ? null : new DumpFile(flags.dump);
  const source: Genesis =
    file === null
      ? readGenesis(flags.genesis ?? '', config, fork)
      : { ...developmentGenesis({ ...config, accounts: 0 }, fork, 0), accounts: file.accounts() };
  const counter = new Counter(source.accounts, file, startedMs, progress);
  let core: SequencerCore;
  try {
    const ports = { clock: systemClock, random: systemRandom };
    const genesis = { ...source, accounts: counter.accounts() };
    core = await SequencerCore.start(config, { ...ports, genesis });
  } catch (error) {
    if (file === null || !isDeltacastError(error, 'BAD_INPUT')) throw error;
    throw new DeltacastError('BAD_INPUT', `${error.message} (line ${file.line})`);
  } finally {
    file?.close();
  }
  const { chain, signer } = core;
  const seal = chain.sealedTip;
  const made = {
    accounts: counter.count,
    cells: chain.arena.cellCount,
    stateRoot: toHex(seal?.stateRoot ?? new Uint8Array(32)),
    sequencerKey: toHex(signer.publicKey),
  };
  await core.stop();
  const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  return { ...made, seconds, accountsPerSecond: Math.round(counter.count / seconds) };
}

/** Counts accounts as they are taken. */
class Counter {
  count = 0;
  private readonly source: Iterable<Account>;
  private readonly file: DumpFile | null;
  private readonly startedMs: number;
  private readonly progress: (text: string) => void;

  constructor(
    source: Iterable<Account>,
    file: DumpFile | null,
    startedMs: number,
    progress: (text: string) => void,
  ) {
    this.source = source;
    this.file = file;
    this.startedMs = startedMs;
    this.progress = progress;
  }

  *accounts(): Generator<Account> {
    for (const account of this.source) {
      yield account;
      this.count += 1;
      if (this.count % PROGRESS_ACCOUNTS === 0) this.show();
    }
    this.progress(`${this.count} accounts; the state root`);
  }

  private show(): void {
    const { count, file } = this;
    const seconds = (systemClock.monotonicMs() - this.startedMs) / 1_000;
    const share = file === null ? 0 : file.bytesRead / file.bytes;
    const left = share === 0 ? '' : `, ${Math.ceil(seconds / share - seconds)} s left`;
    this.progress(`${count} accounts, ${Math.round(count / seconds)} a second${left}`);
  }
}

function configOf({ chainId, hardfork }: InitFlags): NodeConfig {
  return { ...defaultConfig(1), chainId: chainIdOf(chainId), hardfork, workers: 0 };
}

function textOf({ accounts, cells, stateRoot, sequencerKey, seconds }: Made, path: string): string {
  return [
    `${accounts} accounts, ${cells} cells in ${seconds.toFixed(1)} s: ${path}`,
    `state root     ${stateRoot}`,
    `sequencer key  ${sequencerKey}`,
  ].join('\n');
}
