/**
 * Where frames are kept, by height: in the log of a data directory, or in memory within a bound.
 * A frame is appended before anything that it says is shown to anybody.
 */
import { assert } from '../state/base/assert.js';
import type { Disk } from '../state/base/disk.js';
import { DeltacastError } from '../state/base/errors.js';
import { MEMORY_FRAMES_BYTES_MAX } from '../state/base/limits.js';
import type { Clock } from '../state/base/ports.js';
import { Log } from '../state/log.js';

export interface FrameStore {
  /** Frames [firstHeight, nextHeight) can be read. */
  readonly firstHeight: number;
  readonly nextHeight: number;
  /** @throws DeltacastError LOG_POISONED, LOG_TOO_LARGE; nothing was appended then */
  append(kind: number, frame: Uint8Array): void;
  /** @throws DeltacastError STATE_PRUNED below firstHeight, LOG_CORRUPT */
  read(height: number): Uint8Array;
  /** Resolves when all that was appended is as safe as it gets. @throws LOG_POISONED */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** The newest frames, in memory only: `--memory` and `--durability none`. */
export class MemoryFrameStore implements FrameStore {
  firstHeight = 0;
  nextHeight = 0;
  private readonly bytesMax: number;
  private readonly frames = new Map<number, Uint8Array>();
  private bytes = 0;

  constructor(bytesMax = MEMORY_FRAMES_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  append(_kind: number, frame: Uint8Array): void {
    this.frames.set(this.nextHeight, frame);
    this.nextHeight += 1;
    this.bytes += frame.length;
    while (this.bytes > this.bytesMax && this.firstHeight < this.nextHeight - 1) this.forget();
  }

  read(height: number): Uint8Array {
    assert(height < this.nextHeight, 'a frame that has been appended');
    const frame = this.frames.get(height);
    if (frame === undefined) {
      throw new DeltacastError('STATE_PRUNED', 'frames that old are no longer kept', {
        height,
        first: this.firstHeight,
      });
    }
    return frame;
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  private forget(): void {
    this.bytes -= this.frames.get(this.firstHeight)?.length ?? 0;
    this.frames.delete(this.firstHeight);
    this.firstHeight += 1;
  }
}

export interface LogStoreOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clock: Clock;
  readonly durability: 'group' | 'strict';
}

/** All frames, in the log. */
export class LogFrameStore implements FrameStore {
  readonly firstHeight = 0;
  private readonly log: Log;
  private readonly isStrict: boolean;

  private constructor(log: Log, isStrict: boolean) {
    this.log = log;
    this.isStrict = isStrict;
  }

  /**
   * Opens the log and hands every frame to `replay`, in order.
   * @throws DeltacastError LOG_CORRUPT, LOG_VERSION, or what `replay` throws
   */
  static open(
    options: LogStoreOptions,
    replay: (frame: Uint8Array, height: number) => void,
  ): LogFrameStore {
    const log = Log.open(options, ({ payload, number }) => replay(payload, number));
    return new LogFrameStore(log, options.durability === 'strict');
  }

  get nextHeight(): number {
    return this.log.count;
  }

  append(kind: number, frame: Uint8Array): void {
    this.log.append(kind, frame);
  }

  read(height: number): Uint8Array {
    return this.log.read(height).payload;
  }

  /** In `group` mode the log flushes by itself within 10 ms: nobody waits for it. */
  async flush(): Promise<void> {
    if (this.isStrict) await this.log.flush();
  }

  close(): Promise<void> {
    return this.log.close();
  }
}
