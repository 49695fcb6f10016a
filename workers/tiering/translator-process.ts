/** The entry of the process that translates (translator.ts). */
import { type CompiledCode, compileCode } from '../compiler/compile-code.js';
import { dumpCode } from '../compiler/dump.js';
import type { InterpretedFork } from '../kernel/opcode-table.js';

export interface TranslateTask {
  readonly code: Uint8Array;
  readonly fork: InterpretedFork;
  /** Of the memory that the module will import. */
  readonly pages: number;
  /** What was made of it is wanted as text, too. */
  readonly isDumped: boolean;
}

export interface TranslateReply {
  /** null: over the limits. */
  readonly made: CompiledCode | null;
  readonly dump: string | null;
  /** Of processor time, without what the process needed to start. */
  readonly milliseconds: number;
}

process.on('message', ({ code, fork, pages, isDumped }: TranslateTask) => {
  const before = process.cpuUsage();
  const made = compileCode(code, fork, pages);
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1_000;
  const dump = isDumped ? dumpCode(code, fork) : null;
  process.send?.({ made, dump, milliseconds } satisfies TranslateReply);
});
