import { beforeEach, describe, expect, it } from 'vitest';
import type { CodeKey } from '../../../../workers/tiering/code-key.js';
import { CodePlan } from '../../../../workers/tiering/code-plan.js';
import {
  deadlineOf,
  gasToCompile,
  TIERING_LIMITS,
} from '../../../../workers/tiering/tiering-limits.js';

const LIMITS = {
  ...TIERING_LIMITS,
  gasBase: 100,
  gasPerByte: 1,
  codesMax: 2,
  bytesMax: 1_000,
  trackedMax: 8,
  halfLifeMs: 1_000,
  retryMs: 500,
};
/** Of every code here: 150 gas make it hot. */
const CODE_BYTES = 50;

const key = (name: string): CodeKey => ({ fork: 'osaka', hash: name });

describe('a plan of what to compile', () => {
  let plan: CodePlan;
  beforeEach(() => {
    plan = new CodePlan(LIMITS);
  });
  const use = (name: string, gas: number) => plan.add(key(name), CODE_BYTES, gas);
  /** Uses a code, and has it compiled. */
  const compile = (name: string, gas: number, bytes = 400, nowMs = 0) => {
    use(name, gas);
    expect(plan.next(nowMs)).toEqual(key(name));
    return plan.compiled(key(name), bytes, nowMs);
  };

  it('compiles a code when it has spent its gas, and not before', () => {
    use('a', 149);
    expect(plan.next(0)).toBeNull();
    use('a', 1);
    expect(plan.next(0)).toEqual(key('a'));
    expect(plan.next(0)).toBeNull();
  });

  it('asks more gas and gives more time for longer code', () => {
    expect(gasToCompile(LIMITS, 1_000)).toBe(1_100);
    expect(deadlineOf({ ...LIMITS, deadlineMs: 10, deadlineMsPerKib: 5 }, 2_048)).toBe(20);
  });

  it('takes the code of another fork for another code', () => {
    use('a', 100);
    plan.add({ fork: 'prague', hash: 'a' }, CODE_BYTES, 100);
    expect(plan.next(0)).toBeNull();
  });

  it('compiles the most used first', () => {
    use('a', 200);
    use('b', 300);
    use('c', 250);
    expect([plan.next(0), plan.next(0), plan.next(0)]).toEqual([key('b'), key('c'), key('a')]);
  });

  it('forgets what was long ago by halves', () => {
    plan.age(1);
    use('a', 140);
    plan.age(2_001);
    use('a', 100);
    expect(plan.next(2_001)).toBeNull();
    use('a', 15);
    expect(plan.next(2_001)).toEqual(key('a'));
  });

  it('lets the least used go for one that is used more than twice as much', () => {
    expect(compile('a', 1_000)).toEqual([]);
    expect(compile('b', 500)).toEqual([]);
    use('c', 900);
    expect(plan.next(0)).toBeNull();
    use('c', 101);
    expect(plan.next(0)).toEqual(key('c'));
    expect(plan.compiled(key('c'), 400, 0)).toEqual([key('b')]);
    expect(plan).toMatchObject({ codes: 2, bytes: 800 });
  });

  it('keeps the bytes of all modules below the bound, and refuses what is worth less', () => {
    compile('a', 1_000, 900);
    use('b', 200);
    expect(plan.next(0)).toEqual(key('b'));
    expect(plan.compiled(key('b'), 200, 0)).toBeNull();
    expect(plan).toMatchObject({ codes: 1, bytes: 900 });
    expect(compile('c', 2_001, 1_000)).toEqual([key('a')]);
    expect(plan).toMatchObject({ codes: 1, bytes: 1_000 });
    expect(compile('d', 9_999, 1_001)).toBeNull();
    expect(plan).toMatchObject({ codes: 1, bytes: 1_000 });
  });

  it('does not compile an evicted code again at once', () => {
    compile('a', 200);
    compile('b', 1_000);
    expect(compile('c', 2_000)).toEqual([key('a')]);
    use('a', 5_000);
    expect(plan.next(499)).toBeNull();
    expect(plan.next(500)).toEqual(key('a'));
  });

  it('tries a code that failed again later, and later each time', () => {
    use('a', 200);
    plan.next(0);
    plan.refused(key('a'), 'time', 0);
    use('a', 200);
    expect(plan.next(499)).toBeNull();
    expect(plan.next(500)).toEqual(key('a'));
    plan.refused(key('a'), 'failed', 500);
    use('a', 200);
    expect(plan.next(1_499)).toBeNull();
    expect(plan.next(1_500)).toEqual(key('a'));
  });

  it('never tries a code over the limits of the compiler again', () => {
    use('a', 200);
    plan.next(0);
    plan.refused(key('a'), 'limits', 0);
    use('a', 1e9);
    expect(plan.next(1e9)).toBeNull();
  });

  it('remembers no more codes than the bound, and the used ones rather', () => {
    compile('compiled', 1_000);
    for (let index = 0; index < 7; index += 1) use(`code ${index}`, 10 + index);
    use('one more', 1);
    expect(plan.lengthOf(key('compiled'))).toBe(CODE_BYTES);
    expect(plan.lengthOf(key('code 6'))).toBe(CODE_BYTES);
    expect(plan.lengthOf(key('code 0'))).toBeUndefined();
    for (let index = 0; index < 1_000; index += 1) use(`junk ${index}`, 1);
    expect(plan.lengthOf(key('compiled'))).toBe(CODE_BYTES);
  });

  it('lists what is compiled and what is wanted, the most used first', () => {
    compile('a', 300);
    use('b', 700.4);
    use('cold', 10);
    expect(plan.hottest(9)).toEqual([
      { key: key('b'), gas: 700 },
      { key: key('a'), gas: 300 },
    ]);
    expect(plan.hottest(1)).toHaveLength(1);
  });
});
