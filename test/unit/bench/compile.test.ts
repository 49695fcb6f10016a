import { describe, expect, it } from 'vitest';
import { compileChart } from '../../../bench/compile/chart.js';
import { fitsOf } from '../../../bench/compile/fit.js';
import {
  type CompileLine,
  compileFitRow,
  compileRow,
  isCompileFitLine,
  isCompileLine,
  MEASURES,
} from '../../../bench/compile/line.js';
import { measureCompile } from '../../../bench/compile/measure.js';
import { compileSubjects, spread } from '../../../bench/compile/subjects.js';
import { V8Process } from '../../../bench/compile/v8.js';
import { LOOPS } from '../../../runtime/load/loops.js';
import { fromHex } from '../../../state/base/bytes.js';
import { systemClock } from '../../../state/base/ports.js';

const tools = { clock: systemClock, progress: () => {} };

describe('bench compile', () => {
  it('has a line a code and tier, and then the fits', async () => {
    const subjects = LOOPS.slice(0, 2).map(({ name, code }) => ({ name, code: fromHex(code) }));
    const lines = [];
    for await (const line of measureCompile(subjects, tools)) lines.push(line);
    const codes = lines.filter(isCompileLine);
    expect(codes.map(({ contract, tier }) => [contract, tier])).toEqual(
      subjects.flatMap(({ name }) => [
        [name, 1],
        [name, 2],
      ]),
    );
    for (const line of codes) {
      expect(line.compileMsMax).toBeGreaterThanOrEqual(line.compileMs);
      expect(line.wasmBytes).toBeGreaterThan(100);
      expect(line.baselineMs).toBeGreaterThan(0);
      expect(line.optimiseMs).toBeGreaterThan(0);
      expect(compileRow(line)).toMatch(/tier [12]:.* ms, .* KB Wasm, baseline .*, optimised/);
    }
    expect(lines.filter(isCompileFitLine)).toHaveLength(2 * MEASURES.length);
    expect(compileChart(codes).match(/<circle/g)).toHaveLength(3 + 2 * 2 * 3);
  });

  it('measures a part of what was asked for where a code is not taken', async () => {
    const jumpOnInput = fromHex('5f35565b00');
    const lines = [];
    const subjects = [{ name: 'a computed jump', code: jumpOnInput }];
    for await (const line of measureCompile(subjects, tools)) lines.push(line);
    expect(lines.map((line) => isCompileLine(line) && line.wasmBytes !== null)).toEqual([
      true,
      false,
    ]);
    expect(compileRow(lines[1] as CompileLine)).toMatch(/not taken/);
  });

  it('reports a compiler that dies', async () => {
    const v8 = new V8Process('baseline', systemClock);
    await expect(v8.compile(Uint8Array.of(1, 2, 3))).rejects.toThrow(/baseline compiler ended/);
    v8.stop();
  });
});

describe('the codes of bench compile', () => {
  it('are spread over all lengths', () => {
    const subjects = compileSubjects('nowhere');
    expect(subjects.length).toBeGreaterThanOrEqual(30);
    const lengths = subjects.map(({ code }) => code.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(lengths[0]).toBeLessThan(2_000);
    expect(lengths.at(-1)).toBeGreaterThan(20_000);
  });

  it('are each taken once', () => {
    const all = [1_024, 12_800, 24_576].map((bytes) => ({
      name: String(bytes),
      code: new Uint8Array(bytes),
    }));
    expect(spread(all, 3)).toEqual(all);
    expect(spread(all, 2).map(({ name }) => name)).toEqual(['1024', '24576']);
    expect(spread(all, 9)).toHaveLength(3);
  });
});

describe('the fit', () => {
  const line = (kilobytes: number, compileMs: number): CompileLine => ({
    workload: 'compile',
    contract: `${kilobytes} KB`,
    tier: 1,
    codeBytes: kilobytes * 1_024,
    compileMs,
    compileMsMax: compileMs,
    wasmBytes: kilobytes * 10_240,
    baselineMs: null,
    optimiseMs: null,
  });
  const sizes = [1, 2, 4, 8, 16];
  const compileFit = (of: (kilobytes: number) => number) =>
    fitsOf(sizes.map((kilobytes) => line(kilobytes, of(kilobytes))))[0]!;

  it('finds the exponent, and what is linear', () => {
    expect(compileFit((kilobytes) => 3 * kilobytes)).toMatchObject({
      measure: 'compile',
      contracts: 5,
      exponent: 1,
      medianPerKb: 3,
      worst: { timesMedian: 1 },
      max: { contract: '16 KB', value: 48 },
      isLinear: true,
    });
    const square = compileFit((kilobytes) => kilobytes ** 2);
    expect(square).toMatchObject({ exponent: 2, isLinear: false });
    expect(compileFitRow(square)).toMatch(/tier 1, compile .*NOT LINEAR.*power of 2.*16 KB/);
  });

  it('adds the optimiser to our compiler, where it was done', () => {
    const both = sizes.map((kilobytes) => ({
      ...line(kilobytes, kilobytes),
      optimiseMs: 5 * kilobytes,
    }));
    const wholes = fitsOf([...both, line(32, 1)]).filter(({ measure }) => measure === 'whole');
    expect(wholes).toMatchObject([
      { contracts: 5, exponent: 1, medianPerKb: 6, max: { value: 96 } },
    ]);
  });

  it('does not call linear what is dear once', () => {
    const dear = compileFit((kilobytes) => (kilobytes === 4 ? 40 : kilobytes));
    expect(dear.exponent).toBeLessThan(1.2);
    expect(dear).toMatchObject({ worst: { contract: '4 KB', timesMedian: 10 }, isLinear: false });
  });

  it('leaves out what a tier does not take, but not how long that took', () => {
    const refused = { ...line(8, 1_000), wasmBytes: null };
    const fits = fitsOf([line(1, 1), line(2, 2), refused]);
    expect(fits.map(({ measure }) => measure)).toEqual(['compile', 'wasm']);
    expect(fits[0]).toMatchObject({ contracts: 2, exponent: 1, max: { value: 1_000 } });
  });
});
