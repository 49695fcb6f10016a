import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeDisk } from '../../../state/base/disk.js';
import { isDeltacastError } from '../../../state/base/errors.js';
import type { Clock } from '../../../state/base/ports.js';
import { Log } from '../../../state/log.js';
import { FaultyDisk } from '../../helpers/faulty-disk.js';

/** Flushes happen when a test asks for them, never by time. */
const stillClock: Clock = { nowMs: () => 0, monotonicMs: () => 0, after: () => () => undefined };

function open(disk: FaultyDisk, segmentBytes = 1 << 20): { log: Log; payloads: string[] } {
  const payloads: string[] = [];
  const options = { disk, directory: 'd', clock: stillClock, durability: 'group' } as const;
  const log = Log.open({ ...options, segmentBytes }, (record) => {
    payloads.push(Buffer.from(record.payload).toString());
  });
  return { log, payloads };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

const text = (index: number) => `record ${index} ${'x'.repeat((index * 37) % 300)}`;
const bytes = (value: string) => new Uint8Array(Buffer.from(value));
const expected = (count: number) => Array.from({ length: count }, (_, index) => text(index));

function written(count: number, segmentBytes?: number): FaultyDisk {
  const disk = new FaultyDisk();
  const { log } = open(disk, segmentBytes);
  for (const payload of expected(count)) log.append(1, bytes(payload));
  return disk;
}

const SEGMENT = 'log-000000000000';

describe('log', () => {
  it('replays every record in order across segments, and reads each back', () => {
    const disk = written(50, 2_000);
    const { log, payloads } = open(disk, 2_000);
    expect(payloads).toEqual(expected(50));
    expect(disk.list().length).toBeGreaterThan(3);
    expect(Buffer.from(log.read(33).payload).toString()).toBe(text(33));
    expect(log.append(2, bytes('next'))).toBe(50);
    expect(open(disk, 2_000).payloads).toEqual([...expected(50), 'next']);
  });

  it('gives exactly the whole records before any cut of its end (R8)', () => {
    const disk = written(50);
    const whole = disk.bytesOf(SEGMENT).length;
    for (let size = whole; size >= 0; size -= 1) {
      const cut = disk.copy();
      cut.cut(SEGMENT, size);
      const { payloads, log } = open(cut);
      expect(payloads).toEqual(expected(payloads.length));
      expect(log.append(1, bytes('again'))).toBe(payloads.length);
    }
    expect(open(disk).payloads).toHaveLength(50);
  });

  it('detects every flipped bit: below the head mark it refuses to start (R9)', async () => {
    const disk = new FaultyDisk();
    const { log } = open(disk);
    for (const payload of expected(3)) log.append(1, bytes(payload));
    await log.flush();
    const size = disk.bytesOf(SEGMENT).length;
    for (let bit = 0; bit < size * 8; bit += 1) {
      const damaged = disk.copy();
      const content = damaged.bytesOf(SEGMENT);
      content[bit >> 3] = (content[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => open(damaged))).toBe('LOG_CORRUPT');
    }
  });

  it('refuses a corrupt middle even above the head mark, and cuts a damaged last record', () => {
    const disk = written(10);
    const middle = disk.copy();
    middle.bytesOf(SEGMENT).fill(0xff, 200, 210);
    expect(codeOf(() => open(middle))).toBe('LOG_CORRUPT');
    const last = disk.copy();
    const content = last.bytesOf(SEGMENT);
    content[content.length - 1] = 0;
    expect(open(last).payloads).toEqual(expected(9));
  });

  it('loses nothing that was flushed when power fails at any moment (R7)', async () => {
    const arbitrary = fc.record({
      steps: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      fates: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    });
    const property = fc.asyncProperty(arbitrary, async ({ steps, fates }) => {
      const disk = new FaultyDisk();
      const { log } = open(disk);
      let count = 0;
      for (const isFlush of steps) {
        if (isFlush) await log.flush();
        else log.append(1, bytes(text(count++)));
      }
      const durable = log.durableUpTo + 1;
      disk.losePower(() => fates.next().value ?? 0);
      // A sector lost before a kept one looks like a corrupt middle, and is refused: honest, since
      // it cannot be told from damage; what was flushed is never cut off.
      try {
        const { payloads } = open(disk);
        expect(payloads).toEqual(expected(payloads.length));
        expect(payloads.length).toBeGreaterThanOrEqual(durable);
      } catch (error) {
        if (!isDeltacastError(error, 'LOG_CORRUPT')) throw error;
        expect(Number(error.details['offset'])).toBeGreaterThanOrEqual(0);
        expect(count).toBeGreaterThan(durable);
      }
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it('is poisoned by any failing disk call and keeps what was before it (R10)', async () => {
    const run = async (disk: FaultyDisk) => {
      const { log } = open(disk);
      let acknowledged = 0;
      try {
        for (const payload of expected(6)) {
          log.append(1, bytes(payload));
          await log.flush();
          acknowledged += 1;
        }
      } catch (error) {
        if (!isDeltacastError(error, 'LOG_POISONED')) throw error;
        const before = disk.calls;
        expect(codeOf(() => log.append(1, bytes('more')))).toBe('LOG_POISONED');
        await expect(log.flush()).rejects.toMatchObject({ code: 'LOG_POISONED' });
        expect(disk.calls).toBe(before);
      }
      return acknowledged;
    };
    const healthy = new FaultyDisk();
    expect(await run(healthy)).toBe(6);
    for (let failAt = 1; failAt <= healthy.calls; failAt += 1) {
      const disk = new FaultyDisk();
      disk.failAt = failAt;
      const acknowledged = await run(disk);
      disk.failAt = Number.POSITIVE_INFINITY;
      const { payloads } = open(disk);
      expect(payloads).toEqual(expected(payloads.length));
      expect(payloads.length).toBeGreaterThanOrEqual(acknowledged);
    }
  });

  it('refuses an oversized record and stays usable', () => {
    const { log } = open(new FaultyDisk());
    expect(codeOf(() => log.append(1, new Uint8Array(13 * 1024 * 1024)))).toBe('LOG_TOO_LARGE');
    expect(log.append(1, bytes('small'))).toBe(0);
  });

  it('survives on a real disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deltacast-log-'));
    try {
      const options = {
        disk: nodeDisk,
        directory,
        clock: stillClock,
        durability: 'strict',
      } as const;
      const log = Log.open(options, () => undefined);
      log.append(1, bytes('one'));
      await log.flush();
      expect(log.durableUpTo).toBe(0);
      await log.close();
      const seen: number[] = [];
      await Log.open(options, (record) => seen.push(record.number)).close();
      expect(seen).toEqual([0]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
