import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../../../state/base/ports.js';
import { compileCode } from '../../../../workers/compiler/compile-code.js';
import { Translator } from '../../../../workers/tiering/translator.js';
import type { TranslateTask } from '../../../../workers/tiering/translator-process.js';
import { createBombs } from '../../../bombs/codes.js';

const DEADLINE_MS = 120_000;
const CODE = createBombs()[0]!.code;
const TASK: TranslateTask = { code: CODE, fork: 'osaka', pages: 1, isDumped: false };
const BAD: TranslateTask = { ...TASK, code: null as unknown as Uint8Array };
const LOOK_MS = 20;

const translator = new Translator(systemClock);
afterEach(() => translator.stop());

it('translates as this process does, and again after it has broken', async () => {
  const made = compileCode(CODE, 'osaka', 1);
  const expected = { made, dump: null, milliseconds: expect.any(Number) };
  expect(await translator.translate(TASK, DEADLINE_MS)).toEqual(expected);
  await expect(translator.translate(BAD, DEADLINE_MS)).rejects.toThrow('has ended');
  expect(await translator.translate(TASK, 0)).toBe('time');
  expect(await translator.translate(TASK, DEADLINE_MS)).toEqual(expected);
});

it('ends when who started it is killed', async () => {
  const dist = new URL('../../../../dist/', import.meta.url).href;
  const script = `
    const { Translator } = await import('${dist}workers/tiering/translator.js');
    const { systemClock } = await import('${dist}state/base/ports.js');
    const translator = new Translator(systemClock);
    const task = { code: new Uint8Array([0]), fork: 'osaka', pages: 1, isDumped: false };
    await translator.translate(task, ${DEADLINE_MS});
    console.log(translator.child.pid);
  `;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [printed] = (await once(starter.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  expect(isThere(pid)).toBe(true);
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  while (isThere(pid)) await sleep(systemClock, LOOK_MS);
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
