/**
 * State dumps as JSON lines, an account each, as geth's `dump --iterative` and `snapshot dump` give
 * them; the first line may be the root alone. Read in pieces: a dump may be larger than memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DeltacastError } from '../state/base/errors.js';
import { MIB } from '../state/base/limits.js';
import { type Account, type AccountJson, accountOf, bad } from './alloc.js';

const PIECE_BYTES = MIB;
/** An account's line: its storage is in it, at 140 bytes a slot. */
const LINE_BYTES_MAX = 128 * MIB;
const NEWLINE = 10;

export class DumpFile {
  /** Of the account given last, from 1. */
  line = 0;
  bytesRead = 0;
  readonly bytes: number;
  private readonly path: string;
  private readonly file: number;

  /** @throws DeltacastError BAD_INPUT where it cannot be read */
  constructor(path: string) {
    this.path = path;
    try {
      this.file = openSync(path, 'r');
    } catch (error) {
      throw bad(path, error instanceof Error ? error.message : String(error));
    }
    this.bytes = fstatSync(this.file).size;
  }

  /** @throws DeltacastError BAD_INPUT naming the line */
  *accounts(): Generator<Account> {
    for (const text of this.lines()) {
      this.line += 1;
      if (text.trim() === '') continue;
      const account = this.parse(text);
      if (account !== null) yield account;
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private parse(text: string): Account | null {
    const where = `${this.path}, line ${this.line},`;
    let json: (AccountJson & { readonly address?: unknown; readonly root?: unknown }) | null;
    try {
      json = JSON.parse(text);
    } catch {
      throw bad(where, 'no JSON');
    }
    if (typeof json !== 'object' || json === null) throw bad(where, 'no account');
    if (this.line === 1 && json.address === undefined && json.root !== undefined) return null;
    const { address } = json;
    if (typeof address !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(address)) {
      throw bad(where, 'no address: the dump must be made with preimages');
    }
    return accountOf(address, json, where);
  }

  private *lines(): Generator<string> {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const length = readSync(this.file, piece, 0, PIECE_BYTES, null);
      this.bytesRead += length;
      const bytes = Buffer.concat([rest, piece.subarray(0, length)]);
      if (length === 0) break;
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        yield bytes.toString('utf8', start, end);
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > LINE_BYTES_MAX) {
        throw new DeltacastError('BAD_INPUT', `${this.path}: line ${this.line + 1} is too long`);
      }
    }
    if (rest.length > 0) yield rest.toString('utf8');
  }
}
