/**
 * Bounds what waits in memory for clients that do not read. Whoever has read everything costs
 * nothing here; when the rest together holds too much, the one with the most loses its connection.
 */
import { RPC_BUFFER_BYTES_MAX } from '../../state/base/limits.js';

/** A response or a WebSocket. */
export interface Reader {
  /** Bytes written that the client has not taken. */
  unreadBytes(): number;
  drop(): void;
}

export class Unread {
  readonly #readers = new Map<Reader, number>();
  #bytes = 0;
  #dropped = 0;

  /** Connections that were ended for not reading. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes as of the last look. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be called after each write. */
  note(reader: Reader): void {
    const bytes = reader.unreadBytes();
    const before = this.#readers.get(reader) ?? 0;
    if (bytes === before) return;
    this.#set(reader, bytes);
    if (this.#bytes <= RPC_BUFFER_BYTES_MAX) return;
    // Some have read in the meantime: look again before anybody is dropped.
    for (const other of [...this.#readers.keys()]) this.#set(other, other.unreadBytes());
    while (this.#bytes > RPC_BUFFER_BYTES_MAX) this.#dropLargest();
  }

  forget(reader: Reader): void {
    this.#set(reader, 0);
  }

  #set(reader: Reader, bytes: number): void {
    this.#bytes += bytes - (this.#readers.get(reader) ?? 0);
    if (bytes === 0) this.#readers.delete(reader);
    else this.#readers.set(reader, bytes);
  }

  #dropLargest(): void {
    let largest: Reader | null = null;
    let most = 0;
    for (const [reader, bytes] of this.#readers) {
      if (bytes <= most) continue;
      largest = reader;
      most = bytes;
    }
    if (largest === null) return;
    this.#set(largest, 0);
    this.#dropped += 1;
    largest.drop();
  }
}
