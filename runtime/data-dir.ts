/**
 * A node's directory: one node at a time, the sequencer's key, the log. The lock is a Unix socket
 * in it: the system closes it with the process, however that ends, so a lock is stale exactly when
 * nobody answers.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SEED_BYTES } from '../net/p2p/keys.js';
import { fromHex, toHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Random } from '../state/base/ports.js';

const KEY_FILE = 'sequencer.key';
const LOCK_FILE = 'lock';
/** sun_path of the common systems, less one for the end. */
const SOCKET_PATH_MAX = 100;

export class DataDirectory {
  readonly path: string;
  private readonly lock: Server;

  private constructor(path: string, lock: Server) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Creates the directory (mode 0700) if need be and locks it.
   * @throws DeltacastError DATA_DIR_LOCKED while another node runs on it, BAD_INPUT where it cannot
   *         be made or written
   */
  static async open(directory: string): Promise<DataDirectory> {
    const path = resolve(directory);
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new DeltacastError('BAD_INPUT', `no data directory at ${path}: ${cause}`);
    }
    return new DataDirectory(path, await lockOf(path));
  }

  /**
   * The seed of the sequencer's key, made at the first start.
   * @throws DeltacastError BAD_INPUT where others may read it, or it is no key
   */
  sequencerSeed(random: Random): Uint8Array {
    const path = join(this.path, KEY_FILE);
    if (!existsSync(path)) {
      const seed = random.bytes(SEED_BYTES);
      writeFileSync(path, `${toHex(seed)}\n`, { mode: 0o600, flag: 'wx' });
      return seed;
    }
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new DeltacastError('BAD_INPUT', `${path} may be read by others: chmod 600 it`);
    }
    const text = readFileSync(path, 'utf8').trim();
    if (!/^(0x)?[0-9a-f]{64}$/.test(text)) {
      throw new DeltacastError('BAD_INPUT', `${path} is no key: 32 bytes in hex`);
    }
    return fromHex(text);
  }

  get logPath(): string {
    return join(this.path, 'log');
  }

  async close(): Promise<void> {
    await new Promise((done) => this.lock.close(done));
  }
}

async function lockOf(path: string): Promise<Server> {
  const socket = socketPath(path);
  const first = await listen(socket);
  if (first !== null) return first;
  if (await answers(socket)) {
    throw new DeltacastError('DATA_DIR_LOCKED', `another node runs on ${path}`);
  }
  unlinkSync(socket);
  const second = await listen(socket);
  if (second === null) {
    throw new DeltacastError('DATA_DIR_LOCKED', `another node has just started on ${path}`);
  }
  return second;
}

/** A long path does not fit a socket's name: its hash does. */
function socketPath(path: string): string {
  const inside = join(path, LOCK_FILE);
  if (inside.length <= SOCKET_PATH_MAX) return inside;
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return join(tmpdir(), `deltacast-${hash}.lock`);
}

/** @returns null where the address is in use */
function listen(socket: string): Promise<Server | null> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(null);
      else
        fail(new DeltacastError('BAD_INPUT', `cannot lock the data directory: ${error.message}`));
    });
    server.listen(socket, () => {
      server.unref();
      done(server);
    });
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
    connection.once('error', () => done(false));
  });
}
