/**
 * The disk behind an interface, so that tests can tear writes and fail at any call. Nothing else of
 * the program writes files of a data directory.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { DeltacastError } from './errors.js';

export interface DiskFile {
  /** Bytes in the file. */
  size(): number;
  /** Reads exactly `length` bytes; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  /**
   * Writes all of `bytes` into the page cache before it returns: a killed process loses nothing.
   */
  write(offset: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  /** Resolves when everything written before is on the medium. */
  sync(): Promise<void>;
  close(): void;
}

export interface Disk {
  /** Names in a directory that is created (mode 0700) if need be, sorted. */
  list(directory: string): string[];
  open(directory: string, name: string): DiskFile;
}

class NodeFile implements DiskFile {
  private readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  size(): number {
    return fs.fstatSync(this.descriptor).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = fs.readSync(this.descriptor, bytes, done, length - done, offset + done);
      if (count === 0) return bytes.subarray(0, done);
      done += count;
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    // writeSync may write less than asked (a file size limit, a full disk) without an error.
    while (done < bytes.length) {
      const left = bytes.length - done;
      const count = fs.writeSync(this.descriptor, bytes, done, left, offset + done);
      if (count === 0) throw new DeltacastError('LOG_POISONED', 'the disk takes no more bytes');
      done += count;
    }
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.descriptor, size);
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }
}

export const nodeDisk: Disk = {
  list(directory) {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    return fs.readdirSync(directory).sort();
  },
  open: (directory, name) => new NodeFile(openFile(join(directory, name))),
};

/**
 * A file that only this process can reach: its name is gone when this returns, so that the system
 * frees it however the process ends. @returns its descriptor, for `fileOf`
 */
export function openScratch(directory: string): number {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const own = fs.mkdtempSync(join(directory, 'scratch-'));
  const path = join(own, 'file');
  const descriptor = openFile(path);
  fs.unlinkSync(path);
  fs.rmdirSync(own);
  return descriptor;
}

/** An open file, in any thread: descriptors are the process's. */
export function fileOf(descriptor: number): DiskFile {
  return new NodeFile(descriptor);
}

function openFile(path: string): number {
  return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
}
