/**
 * The hot list: which codes were compiled when the node last ran, so that it begins with them. It
 * is a hint and no more: a file that is torn, foreign or hostile is not used, and one that cannot
 * be written is done without; both are said once and stop nothing.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../state/base/ports.js';
import { INTERPRETED_FORKS } from '../workers/kernel/opcode-table.js';
import type { HotCode } from '../workers/tiering/code-plan.js';
import type { Tiering } from '../workers/tiering/tiering.js';

const FILE = 'hot-codes.json';
const VERSION = 1;
/** As many as are compiled at most; 110 bytes each. */
const CODES_MAX = 1_024;
const FILE_BYTES_MAX = 256 * 1024;
/** A node that is killed loses no more than what has become hot since. */
const WRITE_EVERY_MS = 60_000;

export interface HotListParts {
  /** The node's data directory. */
  readonly directory: string;
  readonly tiering: Tiering;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
}

export class HotList {
  private readonly parts: HotListParts;
  private readonly path: string;
  private written = '';
  private cancel = (): void => undefined;

  constructor(parts: HotListParts) {
    this.parts = parts;
    this.path = join(parts.directory, FILE);
  }

  /** Has the listed codes compiled, as far as the state has them; keeps the file from now on. */
  start(): void {
    const { tiering, warn } = this.parts;
    try {
      tiering.warm(readHotList(this.path));
    } catch (error) {
      warn(`the hot list is not used: ${this.path}: ${messageOf(error)}`);
    }
    this.wait();
  }

  /** Writes it a last time. */
  stop(): void {
    this.cancel();
    this.write();
  }

  private wait(): void {
    this.cancel = this.parts.clock.after(WRITE_EVERY_MS, () => {
      this.write();
      this.wait();
    });
  }

  private write(): void {
    const { tiering, warn } = this.parts;
    const text = textOfHotList(tiering.hottest(CODES_MAX));
    if (text === this.written) return;
    try {
      replaceFile(this.path, text);
      this.written = text;
    } catch (error) {
      warn(`the hot list cannot be written: ${this.path}: ${messageOf(error)}`);
    }
  }
}

export function textOfHotList(codes: readonly HotCode[]): string {
  const rows = codes.map(({ key, gas }) => ({ fork: key.fork, hash: key.hash, gas }));
  return `${JSON.stringify({ version: VERSION, codes: rows })}\n`;
}

/**
 * The codes of a file; none where there is no file.
 * @throws Error saying what is wrong with it
 */
export function readHotList(path: string): HotCode[] {
  if (!existsSync(path)) return [];
  const { size } = statSync(path);
  if (size > FILE_BYTES_MAX) throw new Error(`${size} bytes are too many`);
  return parseHotList(readFileSync(path, 'utf8'));
}

/** @throws Error saying what is wrong */
export function parseHotList(text: string): HotCode[] {
  const whole: unknown = JSON.parse(text);
  if (!isObject(whole) || whole['version'] !== VERSION) throw new Error('not of this version');
  const { codes } = whole as { readonly codes?: unknown };
  if (!Array.isArray(codes) || codes.length > CODES_MAX) throw new Error('no list of codes');
  return codes.map(codeOf);
}

function codeOf(row: unknown): HotCode {
  if (!isObject(row)) throw new Error('a row is no object');
  const { fork: name, hash, gas } = row as Readonly<Record<'fork' | 'hash' | 'gas', unknown>>;
  const fork = INTERPRETED_FORKS.find((each) => each === name);
  if (fork === undefined) throw new Error('a fork that is not compiled');
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) throw new Error('no code hash');
  if (typeof gas !== 'number' || !Number.isSafeInteger(gas) || gas < 0) throw new Error('no gas');
  return { key: { fork, hash }, gas };
}

/** Whoever reads finds the old file or the new one, whole. */
function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  const file = openSync(beside, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
