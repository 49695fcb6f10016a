import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, packColumns, unpackColumns } from '../../../../net/p2p/columns.js';
import { equalBytes, toHex } from '../../../../state/base/bytes.js';
import { isDeltacastError } from '../../../../state/base/errors.js';

const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const MUTATIONS = Number(process.env['RUNS'] ?? 20_000);
const schemaOf = (values: readonly Column[]) =>
  values.map((value) => (typeof value === 'number' ? 'uint' : 'bytes'));

function codeOf(bytes: Uint8Array, schema: readonly ('uint' | 'bytes')[]): string {
  try {
    unpackColumns(bytes, schema);
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('columns', () => {
  const column = fc.oneof(
    fc.maxSafeNat(),
    fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
    fc.uint8Array({ maxLength: 300 }),
  );

  it('come back as they were packed', () => {
    fc.assert(
      fc.property(fc.array(column, { maxLength: 32 }), (values) => {
        const unpacked = unpackColumns(packColumns(values), schemaOf(values));
        expect(unpacked).toEqual(values.map((value) => value));
      }),
      seed,
    );
    for (const length of [65_535, 65_536, 1 << 20]) {
      const [bytes] = unpackColumns(packColumns([new Uint8Array(length).fill(7)]), ['bytes']);
      expect(bytes).toHaveLength(length);
    }
  });

  it('of another count, type or length are refused', () => {
    const packed = packColumns([1, new Uint8Array(2)]);
    expect(codeOf(packed, ['uint', 'bytes'])).toBe('none');
    expect(codeOf(packed, ['uint'])).toBe('FRAME_MALFORMED');
    expect(codeOf(packed, ['bytes', 'uint'])).toBe('FRAME_MALFORMED');
    expect(codeOf(packed, ['uint', 'bytes', 'bytes'])).toBe('FRAME_MALFORMED');
    expect(codeOf(new Uint8Array([...packed, 0]), ['uint', 'bytes'])).toBe('FRAME_MALFORMED');
    for (let size = 0; size < packed.length; size += 1) {
      expect(codeOf(packed.subarray(0, size), ['uint', 'bytes'])).toBe('FRAME_MALFORMED');
    }
  });

  it('have one form for each value: what unpacks is what would be packed', () => {
    const base = packColumns([5, 300, 70_000, 2 ** 40, new Uint8Array(3), new Uint8Array(300)]);
    const schema = ['uint', 'uint', 'uint', 'uint', 'bytes', 'bytes'] as const;
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(24), fc.nat(255), fc.nat(24), fc.nat(255), (at, value, at2, value2) => {
        const bytes = base.slice();
        bytes[at] = value;
        bytes[at2] = value2;
        if (codeOf(bytes, schema) !== 'none') return;
        accepted += 1;
        const again = packColumns(unpackColumns(bytes, schema));
        if (!equalBytes(again, bytes)) throw new Error(`a second form: ${toHex(bytes)}`);
      }),
      { ...seed, numRuns: MUTATIONS },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('bombs are refused in a process of 256 MB, each in less than 50 ms', () => {
    const path = fileURLToPath(new URL('./columns-bombs.mjs', import.meta.url));
    const args = ['--max-old-space-size=256', path];
    const result = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    const report = JSON.parse(result.stdout) as { name: string; code: string; ms: number }[];
    expect(report.length).toBeGreaterThan(12);
    expect(report.filter(({ code }) => code !== 'FRAME_MALFORMED')).toEqual([]);
    expect(report.filter(({ ms }) => ms > 50)).toEqual([]);
  });
});
