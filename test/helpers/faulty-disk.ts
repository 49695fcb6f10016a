import type { Disk, DiskFile } from '../../state/base/disk.js';

interface Content {
  /** What a running process reads. */
  live: Uint8Array;
  /** What is certainly on the medium. */
  synced: Uint8Array;
}

const SECTOR_BYTES = 512;

/**
 * A disk in memory that can fail at its n-th writing call and lose power: then every 512-byte
 * sector written since the last sync is kept, lost or half kept, as `choose` says.
 */
export class FaultyDisk implements Disk {
  /** Writes and syncs so far. */
  calls = 0;
  /** The call that fails, and all after it; counted from 1. */
  failAt = Number.POSITIVE_INFINITY;
  private readonly files = new Map<string, Content>();

  list(): string[] {
    return [...this.files.keys()].sort();
  }

  open(_directory: string, name: string): DiskFile {
    const content = this.files.get(name) ?? { live: new Uint8Array(0), synced: new Uint8Array(0) };
    this.files.set(name, content);
    return {
      size: () => content.live.length,
      read: (offset, length) => content.live.slice(offset, offset + length),
      write: (offset, bytes) => {
        const failed = this.count();
        // A failing write leaves some of its bytes behind, as a full disk does.
        const done = failed ? bytes.subarray(0, bytes.length >> 1) : bytes;
        const grown = new Uint8Array(Math.max(content.live.length, offset + done.length));
        grown.set(content.live);
        grown.set(done, offset);
        content.live = grown;
        if (failed) throw new Error('ENOSPC: no space left on device');
      },
      truncate: (size) => {
        content.live = content.live.slice(0, size);
      },
      sync: async () => {
        if (this.count()) throw new Error('EIO: i/o error, fdatasync');
        content.synced = content.live.slice();
      },
      close: () => undefined,
    };
  }

  /** @param choose  a fraction in [0, 1) for each unsynced sector */
  losePower(choose: () => number): void {
    for (const content of this.files.values()) {
      const { live, synced } = content;
      const kept = choose() < 0.5 ? live.length : synced.length;
      const after = new Uint8Array(kept);
      after.set(synced.subarray(0, kept));
      for (let at = 0; at < kept; at += SECTOR_BYTES) {
        const end = Math.min(at + SECTOR_BYTES, kept);
        const isSame = Buffer.compare(live.subarray(at, end), after.subarray(at, end)) === 0;
        if (isSame) continue;
        const fate = choose();
        if (fate < 0.4) after.set(live.subarray(at, end), at);
        else if (fate < 0.6) after.set(live.subarray(at, (at + end) >> 1), at);
      }
      content.live = after;
      content.synced = after.slice();
    }
  }

  /** The live bytes of a file, to be damaged in place. */
  bytesOf(name: string): Uint8Array {
    return this.files.get(name)?.live ?? new Uint8Array(0);
  }

  cut(name: string, size: number): void {
    const content = this.files.get(name);
    if (content !== undefined) content.live = content.live.slice(0, size);
  }

  copy(): FaultyDisk {
    const twin = new FaultyDisk();
    for (const [name, { live, synced }] of this.files) {
      twin.files.set(name, { live: live.slice(), synced: synced.slice() });
    }
    return twin;
  }

  private count(): boolean {
    this.calls += 1;
    return this.calls >= this.failAt;
  }
}
