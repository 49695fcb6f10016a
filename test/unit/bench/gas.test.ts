import { describe, expect, it } from 'vitest';
import { gasChart } from '../../../bench/gas/chart.js';
import { measureGas } from '../../../bench/gas/measure.js';
import { OPCODES } from '../../../bench/gas/opcodes.js';
import { gasPrograms } from '../../../bench/gas/programs.js';
import { FLAGGED_TIMES, gasTable, lineOf } from '../../../bench/gas/table.js';
import { precompilesOf } from '../../fuzz/world.js';

const tools = { progress: () => {} };

describe('the programs of bench gas', () => {
  const programs = gasPrograms();

  it('are one for every instruction, and more', () => {
    const names = new Set(programs.map(({ name }) => name));
    expect(OPCODES.filter(({ name }) => !names.has(name))).toEqual([]);
    expect(names.size).toBe(programs.length);
    const count = programs.filter(({ kind }) => kind === 'precompile').length;
    expect(count).toBeGreaterThanOrEqual(precompilesOf('osaka').length);
  });

  it('each end by their gas, and have a figure', async () => {
    const some = programs.filter(({ name }) =>
      /^(ADD|JUMPI|LOG4|CALL|STOP|REVERT|SSTORE, new slots|MSTORE, .*|sha256.*|P-256.*)$/.test(
        name,
      ),
    );
    const line = await measureGas('reference', tools, some);
    expect(line.entries).toHaveLength(some.length);
    for (const { nanosecondsPerGas } of line.entries) expect(nanosecondsPerGas).toBeGreaterThan(0);
  });

  it('are refused for an engine that is not there', async () => {
    await expect(measureGas('fast', tools, [])).rejects.toThrow(/no engine "fast"/);
  });
});

describe('the table of bench gas', () => {
  const entry = (name: string, nanosecondsPerGas: number) =>
    ({ name, kind: 'opcode', nanosecondsPerGas }) as const;
  const line = lineOf('reference', 1_000, [entry('ADD', 2), entry('SLOW', 41), entry('MUL', 4)]);

  it('has the worst first, and flags what is far above the median', () => {
    expect(line.medianNanosecondsPerGas).toBe(4);
    expect(line.entries.map(({ name }) => name)).toEqual(['SLOW', 'MUL', 'ADD']);
    expect(line.entries.map(({ flagged }) => flagged)).toEqual([
      41 > 4 * FLAGGED_TIMES,
      false,
      false,
    ]);
    expect(gasTable(line)).toMatch(
      /SLOW.*10\.25x {2}ABOVE\n[\s\S]*1 of 3 above 10 times that, 1 of them without a reason/,
    );
  });

  it('says why where somebody has written it down, and then flags nothing', () => {
    const slow = { name: 'BLS G1 add', kind: 'precompile', nanosecondsPerGas: 99 } as const;
    const explained = lineOf('reference', 1_000, [entry('ADD', 2), slow]);
    const [worst] = explained.entries;
    expect(worst).toMatchObject({ name: 'BLS G1 add', above: true, flagged: false });
    expect(worst?.reason).toMatch(/inversion/);
    expect(gasTable(explained)).toMatch(/BLS G1 add.* \(1\)\n[\s\S]*\n\(1\) an addition is/);
    expect(gasChart([explained])).toMatch(/#d97706[\s\S]*\(1\) an addition is/);
  });

  it('is a chart with a bar each', () => {
    const chart = gasChart([line]);
    expect(chart.match(/height="11"/g)).toHaveLength(3);
    expect(chart.match(/#dc2626/g)).toHaveLength(1);
    expect(chart).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});
