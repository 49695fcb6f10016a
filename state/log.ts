/**
 * The append-only log: dense numbered records in segments. `append` returns when the bytes are in
 * the page cache, so a killed process loses nothing; a flush to the medium follows within 10 ms
 * (`group`) or is awaited by the caller (`strict`). On opening, a torn tail above the head mark is
 * cut off, and anything bad at or below it, or with good records after it, is refused. After a
 * failed write or flush the log is poisoned for good: the kernel may have dropped the dirty pages,
 * so trying again could only pretend.
 */

import { assert } from './base/assert.js';
import { equalBytes } from './base/bytes.js';
import type { Disk, DiskFile } from './base/disk.js';
import { DeltacastError } from './base/errors.js';
import { MIB } from './base/limits.js';
import type { Clock } from './base/ports.js';
import {
  continues,
  encodeMark,
  encodeRecord,
  GENESIS_CHAIN,
  type HeadMark,
  judgeRecord,
  type LogRecord,
  MARK_BYTES,
  PAYLOAD_BYTES_MAX,
  readMarks,
} from './log-format.js';

/** A power cut can lose this much of what was acknowledged in `group` mode. */
const FLUSH_DELAY_MS = 10;
const SEGMENT_BYTES = 256 * MIB;
const MARK_FILE = 'head';
const SEGMENT_PATTERN = /^log-(\d{12})$/;

export interface LogOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clock: Clock;
  readonly durability: 'group' | 'strict';
  readonly segmentBytes?: number;
}

interface Segment {
  readonly first: number;
  readonly file: DiskFile;
  /** Offset of each record, then of the end. */
  readonly offsets: number[];
}

function segmentName(first: number): string {
  return `log-${String(first).padStart(12, '0')}`;
}

export class Log {
  private readonly options: LogOptions;
  private readonly marks: DiskFile;
  private readonly segments: Segment[] = [];
  private chain: Uint8Array = GENESIS_CHAIN;
  private nextNumber = 0;
  private syncedUpTo = -1;
  private markTurn = 0;
  private poison: unknown;
  private cancelFlush: (() => void) | null = null;
  private flushing: Promise<void> | null = null;

  private constructor(options: LogOptions) {
    this.options = options;
    this.marks = options.disk.open(options.directory, MARK_FILE);
  }

  /**
   * Opens a log and hands every record to `replay`, in order.
   * @throws DeltacastError LOG_CORRUPT {segment, offset}, LOG_VERSION; nothing is changed then
   */
  static open(options: LogOptions, replay: (record: LogRecord) => void): Log {
    const names = options.disk.list(options.directory).filter((name) => SEGMENT_PATTERN.test(name));
    const log = new Log(options);
    const mark = readMarks(log.marks.read(0, 2 * MARK_BYTES));
    for (const [index, name] of names.entries()) {
      log.recover(name, index === names.length - 1, mark, replay);
    }
    if (mark !== null && mark.number >= log.nextNumber) {
      throw corrupt('the head mark', 0, `record ${mark.number} is missing`);
    }
    log.syncedUpTo = mark?.number ?? -1;
    return log;
  }

  /** Records are [0, count). */
  get count(): number {
    return this.nextNumber;
  }

  /** Number of the last record known to be on the medium; -1 where none is. */
  get durableUpTo(): number {
    return this.syncedUpTo;
  }

  get isPoisoned(): boolean {
    return this.poison !== undefined;
  }

  /**
   * Writes a record. @returns its number
   * @throws DeltacastError LOG_TOO_LARGE (nothing happened) or LOG_POISONED (for ever)
   */
  append(kind: number, payload: Uint8Array): number {
    if (payload.length > PAYLOAD_BYTES_MAX) {
      throw new DeltacastError('LOG_TOO_LARGE', 'a log record is too large', {
        bytes: payload.length,
      });
    }
    this.assertHealthy();
    const number = this.nextNumber;
    const { bytes, chain } = encodeRecord(number, kind, payload, this.chain);
    try {
      const segment = this.writableSegment(bytes.length);
      const offset = segment.offsets.at(-1) ?? 0;
      segment.file.write(offset, bytes);
      segment.offsets.push(offset + bytes.length);
    } catch (error) {
      this.fail(error);
    }
    this.chain = chain;
    this.nextNumber = number + 1;
    if (this.options.durability === 'group') this.scheduleFlush();
    return number;
  }

  /** @throws DeltacastError LOG_CORRUPT where the medium no longer has what was written */
  read(number: number): LogRecord {
    assert(number >= 0 && number < this.nextNumber, 'a record that is there');
    const segment = this.segments.findLast((candidate) => candidate.first <= number);
    assert(segment !== undefined, 'every record is in a segment');
    const index = number - segment.first;
    const offset = segment.offsets[index] ?? 0;
    const length = (segment.offsets[index + 1] ?? 0) - offset;
    const judgement = judgeRecord(segment.file.read(offset, length), 0);
    if (judgement.is !== 'good' || judgement.record.number !== number) {
      throw corrupt(segmentName(segment.first), offset, 'a record changed under a running node');
    }
    return judgement.record;
  }

  /** Resolves when everything appended before is on the medium. @throws LOG_POISONED */
  async flush(): Promise<void> {
    this.cancelFlush?.();
    this.cancelFlush = null;
    while (this.flushing !== null) await this.flushing;
    this.assertHealthy();
    if (this.syncedUpTo === this.nextNumber - 1) return;
    this.flushing = this.sync().finally(() => {
      this.flushing = null;
    });
    await this.flushing;
  }

  async close(): Promise<void> {
    if (!this.isPoisoned) await this.flush();
    this.cancelFlush?.();
    for (const { file } of this.segments) file.close();
    this.marks.close();
  }

  private recover(
    name: string,
    isLast: boolean,
    mark: HeadMark | null,
    replay: (record: LogRecord) => void,
  ): void {
    const first = Number(SEGMENT_PATTERN.exec(name)?.[1]);
    if (first !== this.nextNumber) throw corrupt(name, 0, `record ${this.nextNumber} is missing`);
    const file = this.options.disk.open(this.options.directory, name);
    const bytes = file.read(0, file.size());
    const segment: Segment = { first, file, offsets: [0] };
    let offset = 0;
    while (offset < bytes.length) {
      const judgement = judgeRecord(bytes, offset);
      if (judgement.is === 'version') {
        throw new DeltacastError('LOG_VERSION', 'the log is of another version', {
          version: judgement.version,
        });
      }
      if (judgement.is === 'bad') {
        this.assertTorn(name, isLast, mark, bytes, offset, judgement.why);
        file.truncate(offset);
        break;
      }
      const { record, end } = judgement;
      const isNext = record.number === this.nextNumber;
      if (!isNext || !continues(bytes, offset, end, this.chain)) {
        throw corrupt(name, offset, 'the hash chain is broken');
      }
      if (mark?.number === record.number && !equalBytes(mark.chain, record.chain)) {
        throw corrupt(name, offset, 'the head mark is of another history');
      }
      replay(record);
      this.chain = record.chain;
      this.nextNumber += 1;
      segment.offsets.push(end);
      offset = end;
    }
    this.segments.push(segment);
  }

  /** A torn tail is the end of the last segment, above the mark, with no good record after it. */
  private assertTorn(
    name: string,
    isLast: boolean,
    mark: HeadMark | null,
    bytes: Uint8Array,
    offset: number,
    why: string,
  ): void {
    if (!isLast) throw corrupt(name, offset, why);
    if (mark !== null && mark.number >= this.nextNumber) throw corrupt(name, offset, why);
    for (let at = offset + 1; at < bytes.length; at += 1) {
      // The magic's first byte filters; judging every offset would hash the tail at each.
      if (bytes[at] === 0x44 && judgeRecord(bytes, at).is === 'good') {
        throw corrupt(name, offset, `${why}, and a good record follows at ${at}`);
      }
    }
  }

  private writableSegment(bytes: number): Segment {
    const last = this.segments.at(-1);
    const used = last?.offsets.at(-1) ?? 0;
    const limit = this.options.segmentBytes ?? SEGMENT_BYTES;
    if (last !== undefined && (used === 0 || used + bytes <= limit)) return last;
    const first = this.nextNumber;
    const file = this.options.disk.open(this.options.directory, segmentName(first));
    const segment: Segment = { first, file, offsets: [0] };
    this.segments.push(segment);
    return segment;
  }

  private scheduleFlush(): void {
    if (this.cancelFlush !== null) return;
    this.cancelFlush = this.options.clock.after(FLUSH_DELAY_MS, () => {
      this.cancelFlush = null;
      // A failed flush poisons the log; the next append or flush reports it.
      this.flush().catch(() => undefined);
    });
  }

  private async sync(): Promise<void> {
    const mark: HeadMark = { number: this.nextNumber - 1, chain: this.chain };
    try {
      // Only segments with records above the last mark can have unsynced bytes.
      const unsynced = this.segments.filter(
        ({ first, offsets }) => first + offsets.length - 2 > this.syncedUpTo,
      );
      for (const { file } of unsynced) await file.sync();
      this.marks.write(this.markTurn * MARK_BYTES, encodeMark(mark));
    } catch (error) {
      this.fail(error);
    }
    this.markTurn = 1 - this.markTurn;
    this.syncedUpTo = mark.number;
  }

  private assertHealthy(): void {
    if (this.isPoisoned) this.fail(this.poison);
  }

  private fail(error: unknown): never {
    this.poison ??= error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new DeltacastError('LOG_POISONED', 'the log cannot be written any more', { cause });
  }
}

function corrupt(segment: string, offset: number, why: string): DeltacastError {
  return new DeltacastError('LOG_CORRUPT', `${segment} is corrupt at byte ${offset}: ${why}`, {
    segment,
    offset,
    why,
  });
}
