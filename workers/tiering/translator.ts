/**
 * The process that translates: from a code to the bytes of a module, beside the node and at the
 * priority of the thread that starts it. V8 collects and optimises for all that runs in a process
 * on threads which that process shares and whose priority nobody sets; a process of one thread has
 * none of them. It ends when the thread does that has started it, or with the translation that it
 * is at then; which is bounded.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { builtUrl } from '../../state/base/built.js';
import type { Clock } from '../../state/base/ports.js';
import type { TranslateReply, TranslateTask } from './translator-process.js';

/** The compiler's own memory: 24 KB of code in tier 2 take less than 100 MB. */
export const COMPILER_HEAP = { heapMegabytes: 512, youngMegabytes: 128 };
/** New objects have two halves, of which one is in use, and a part as large for large ones. */
const YOUNG_PARTS = 3;
/**
 * V8 optimises its JavaScript in the same thread, which is most of what the first codes cost: with
 * V8's own budget the first two of Uniswap take 720 ms, with this one, and baseline code at once,
 * 230; the first ten half as long, 200 as long as before.
 */
const INTERRUPT_BUDGET = 1_000_000;
const FLAGS = [
  '--single-threaded',
  '--always-sparkplug',
  `--interrupt-budget=${INTERRUPT_BUDGET}`,
  `--max-old-space-size=${COMPILER_HEAP.heapMegabytes}`,
  `--max-semi-space-size=${Math.floor(COMPILER_HEAP.youngMegabytes / YOUNG_PARTS)}`,
];

export class Translator {
  private readonly clock: Clock;
  private child: ChildProcess | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * One at a time. A process that has not answered by the deadline is ended; the next task starts
   * another, as after any that has ended.
   * @returns `time` after the deadline
   * @throws Error where the process ends before it answers
   */
  translate(task: TranslateTask, deadlineMs: number): Promise<TranslateReply | 'time'> {
    this.child ??= this.start();
    const { child, clock } = this;
    return new Promise((resolve, reject) => {
      const settle = (isWell: boolean): void => {
        cancel();
        child.off('exit', ended).off('error', ended).off('message', answered);
        if (!isWell) this.stop();
      };
      const ended = (): void => {
        settle(false);
        reject(new Error('the translator has ended'));
      };
      const answered = (reply: TranslateReply): void => {
        settle(true);
        resolve(reply);
      };
      const cancel = clock.after(deadlineMs, () => {
        settle(false);
        resolve('time');
      });
      child.on('exit', ended).on('error', ended).on('message', answered);
      child.send(task);
    });
  }

  /** Ends the process, whatever it does. */
  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  private start(): ChildProcess {
    const child = fork(builtUrl('workers/tiering/translator-process.js'), {
      execArgv: FLAGS,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // What comes too late is nobody's.
    child.on('error', () => undefined);
    return child;
  }
}
