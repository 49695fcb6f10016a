import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HotList, parseHotList, readHotList, textOfHotList } from '../../../runtime/hot-list.js';
import type { Clock } from '../../../state/base/ports.js';
import type { HotCode } from '../../../workers/tiering/code-plan.js';
import type { Tiering } from '../../../workers/tiering/tiering.js';

const FILE = 'hot-codes.json';
const CODES: readonly HotCode[] = [
  { key: { fork: 'osaka', hash: 'ab'.repeat(32) }, gas: 12_345_678 },
  { key: { fork: 'london', hash: '01'.repeat(32) }, gas: 0 },
];

let directory: string;
let codes: HotCode[];
let warmed: readonly HotCode[] | null;
let warnings: string[];
let due: (() => void)[];
let list: HotList;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hot-list-'));
  codes = [...CODES];
  warmed = null;
  warnings = [];
  due = [];
  const tiering = {
    warm: (given: readonly HotCode[]) => {
      warmed = given;
    },
    hottest: (count: number) => codes.slice(0, count),
  } as unknown as Tiering;
  const clock = {
    after: (_ms: number, callback: () => void) => {
      due.push(callback);
      return () => {
        due = due.filter((other) => other !== callback);
      };
    },
  } as unknown as Clock;
  list = new HotList({ directory, tiering, clock, warn: (text) => warnings.push(text) });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const path = () => join(directory, FILE);

describe('a hot list', () => {
  it('is written when the node stops and read when it starts', () => {
    list.start();
    expect(warmed).toEqual([]);
    list.stop();
    expect(readHotList(path())).toEqual(CODES);
    list.start();
    expect(warmed).toEqual(CODES);
    expect(warnings).toEqual([]);
    expect(readdirSync(directory)).toEqual([FILE]);
  });

  it('is written every so often while the node runs, and not after it has stopped', () => {
    list.start();
    codes = [CODES[0]!];
    due.shift()?.();
    expect(readHotList(path())).toEqual([CODES[0]]);
    expect(due).toHaveLength(1);
    list.stop();
    expect(due).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['torn', textOfHotList(CODES).slice(0, -20)],
    ['of another version', JSON.stringify({ version: 2, codes: [] })],
    ['of another form', JSON.stringify([1, 2, 3])],
    ['null', 'null'],
    ['without codes', JSON.stringify({ version: 1 })],
    ['with a row that is none', JSON.stringify({ version: 1, codes: [7] })],
    ['with an unknown fork', rowOf({ fork: 'homestead' })],
    ['with a hash that is none', rowOf({ hash: '../../etc/passwd' })],
    ['with gas below zero', rowOf({ gas: -1 })],
    ['with gas that is no number', rowOf({ gas: '1' })],
    ['with gas without end', rowOf({ gas: 1e300 })],
    ['with too many codes', textOfHotList(Array.from({ length: 1_025 }, () => CODES[0]!))],
    ['too large', ' '.repeat(300_000)],
    ['binary', '\u0000\u0001\ufffd'],
  ])('that is %s is not used, which is said in one line', (_name, text) => {
    writeFileSync(path(), text);
    list.start();
    expect(warmed).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^the hot list is not used: [^\n]*$/);
    list.stop();
    expect(parseHotList(readFileSync(path(), 'utf8'))).toEqual(CODES);
  });

  it('that cannot be written is done without', () => {
    list.start();
    rmSync(directory, { recursive: true });
    list.stop();
    expect(warnings).toHaveLength(1);
  });
});

function rowOf(change: object): string {
  const [row] = CODES.map(({ key, gas }) => ({ ...key, gas, ...change }));
  return JSON.stringify({ version: 1, codes: [row] });
}
