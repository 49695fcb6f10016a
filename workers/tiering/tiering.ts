/**
 * Tiering, as the coordinator drives it: between batches it reads how much gas each code has spent,
 * has the hottest compiled in a thread of its own, and posts the modules to whoever executes, who
 * takes them over before its next batch. Nothing here decides a result: compiled code gives what
 * interpreted code does, so it may come at any moment, or never.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Arena } from '../../state/arena.js';
import { fromHex } from '../../state/base/bytes.js';
import type { Clock } from '../../state/base/ports.js';
import type { ForkName } from '../fork.js';
import { INTERPRETED_FORKS, type InterpretedFork } from '../kernel/opcode-table.js';
import { type CodeKey, textOfKey } from './code-key.js';
import { CodePlan, type HotCode, type Refusal } from './code-plan.js';
import type { CompileReply, CompileTask } from './compile-task.js';
import { CompileThread } from './compile-thread.js';
import { Parcels, type SentChange } from './parcels.js';
import { deadlineOf, gasToCompile, TIERING_LIMITS, type TieringLimits } from './tiering-limits.js';
import { Uses } from './uses.js';

export interface TieringOptions {
  readonly arena: Arena;
  readonly clock: Clock;
  /** Numbers of the threads that execute. */
  readonly threads: readonly number[];
  readonly limits?: Partial<TieringLimits>;
  readonly dump?: CodeDump;
}

/** One code that somebody wants to look at (compiler/dump.ts). */
export interface CodeDump {
  /** 64 hex digits. */
  readonly hash: string;
  /** Takes the text when the code has been compiled, or refused for its form. */
  readonly take: (text: string) => void;
}

/** Sums over the life of the process, except where it says so. */
export interface TieringCounts {
  tier1: number;
  tier2: number;
  /** Refused, by reason. */
  limits: number;
  time: number;
  failed: number;
  room: number;
  evicted: number;
  compileMs: number;
}

export class Tiering {
  readonly counts: TieringCounts = {
    tier1: 0,
    tier2: 0,
    limits: 0,
    time: 0,
    failed: 0,
    room: 0,
    evicted: 0,
    compileMs: 0,
  };
  readonly uses: Uses;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly limits: TieringLimits;
  private readonly plan: CodePlan;
  private readonly thread: CompileThread;
  private readonly dump: CodeDump | null;
  /** What is compiled, with a parcel for threads that start later. */
  private readonly modules = new Map<
    string,
    { readonly key: CodeKey; readonly parcels: Parcels }
  >();
  private readonly ports = new Set<MessagePort>();
  private fork: InterpretedFork | undefined;
  private lookedMs = 0;
  private compiling: Promise<void> | null = null;
  /** Called when something was posted to those who execute. */
  posted: () => void = () => undefined;
  private cancelRest: (() => void) | null = null;
  private isStopped = false;

  constructor({ arena, clock, threads, limits, dump }: TieringOptions) {
    this.arena = arena;
    this.clock = clock;
    this.limits = { ...TIERING_LIMITS, ...limits };
    this.plan = new CodePlan(this.limits);
    this.thread = new CompileThread(clock, this.limits.idleMs);
    this.uses = new Uses(arena, threads, this.limits.gasNoted);
    this.dump = dump ?? null;
  }

  /** Compiled codes now, and the bytes of their modules. */
  get size(): { readonly codes: number; readonly bytes: number } {
    const { codes, bytes } = this.plan;
    return { codes, bytes };
  }

  /** Where one who executes finds what changes (CodeChange); it closes when the other end does. */
  connect(): MessagePort {
    const { port1: ours, port2: theirs } = new MessageChannel();
    for (const { key, parcels } of this.modules.values()) send(ours, key, parcels.take());
    ours.once('close', () => this.ports.delete(ours));
    // It must not keep the process alive.
    ours.unref();
    this.ports.add(ours);
    return theirs;
  }

  beginBlock(fork: ForkName): void {
    this.fork = INTERPRETED_FORKS.find((name) => name === fork);
  }

  /** Between batches: reads what they used, and goes on with what is hot. */
  look(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lookedMs < this.limits.lookMs) return;
    this.lookedMs = nowMs;
    const { fork, plan } = this;
    for (const { hash, gas } of this.uses.take()) {
      if (fork !== undefined) this.note({ fork, hash }, gas);
    }
    plan.age(nowMs);
    this.goOn();
  }

  /** Has codes compiled that were hot before, as far as the state has them; the hottest first. */
  warm(codes: readonly HotCode[]): void {
    for (const { key, gas } of codes) {
      const length = this.codeOf(key)?.length;
      if (length === undefined) continue;
      this.plan.add(key, length, Math.max(gas, gasToCompile(this.limits, length)));
    }
    this.goOn();
  }

  /** The compiled codes, and those that are about to be, with what they spent. */
  hottest(count: number): HotCode[] {
    return this.plan.hottest(count);
  }

  /** True while it waits for the event loop: for its thread, or for the end of a rest. */
  get isWaiting(): boolean {
    return this.compiling !== null || this.cancelRest !== null;
  }

  /** Resolves when no compilation is under way. */
  async settled(): Promise<void> {
    while (this.compiling !== null) await this.compiling;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelRest?.();
    for (const port of this.ports) port.close();
    for (const { parcels } of this.modules.values()) parcels.close();
    await this.thread.stop();
    await this.compiling;
  }

  private note(key: CodeKey, gas: number): void {
    const code = this.plan.lengthOf(key) ?? this.codeOf(key)?.length;
    // Not there: its making was taken back.
    if (code !== undefined) this.plan.add(key, code, gas);
  }

  private codeOf({ hash }: CodeKey): Uint8Array | undefined {
    return this.arena.getCode(fromHex(hash));
  }

  /** Compiles what is wanted most, if it is time for that. */
  private goOn(): void {
    if (this.isStopped || this.compiling !== null || this.cancelRest !== null) return;
    const key = this.plan.next(this.clock.monotonicMs());
    if (key === null) return;
    this.compiling = this.compile(key).then((restMs) => {
      this.compiling = null;
      this.rest(restMs);
    });
  }

  private rest(restMs: number): void {
    if (this.isStopped) return;
    if (restMs < 1) {
      this.goOn();
      return;
    }
    this.cancelRest = this.clock.after(restMs, () => {
      this.cancelRest = null;
      this.goOn();
    });
  }

  /** @returns how long to rest then */
  private async compile(key: CodeKey): Promise<number> {
    const { clock, limits, arena } = this;
    const startedMs = clock.monotonicMs();
    const code = this.codeOf(key);
    if (code === undefined) {
      this.refuse(key, 'failed');
      return 0;
    }
    const { parcels, reply } = await this.translate({
      code,
      fork: key.fork,
      pages: arena.layout.pages,
      isDumped: key.hash === this.dump?.hash,
      deadlineMs: deadlineOf(limits, code.length),
    });
    const milliseconds =
      typeof reply === 'string' ? clock.monotonicMs() - startedMs : reply.milliseconds;
    this.counts.compileMs += milliseconds;
    if (typeof reply !== 'string' && reply.dump !== null) this.dump?.take(reply.dump);
    if (this.isStopped || !this.take(key, reply, parcels)) parcels.close();
    return milliseconds * limits.rest;
  }

  /** Where no core was idle for it, once more, at a priority that needs none. */
  private async translate(
    task: Omit<CompileTask, 'isUrgent' | 'ends'>,
  ): Promise<{ readonly parcels: Parcels; readonly reply: CompileReply | Refusal }> {
    const parcels = new Parcels(this.ports.size);
    const reply = await this.thread.compile({ ...task, ends: parcels.ends });
    if (reply !== 'starved') return { parcels, reply };
    if (this.isStopped) return { parcels, reply: 'time' };
    parcels.close();
    return this.translate(task);
  }

  /** @returns false where the module is not wanted, or there is none */
  private take(key: CodeKey, reply: CompileReply | Refusal, parcels: Parcels): boolean {
    const compiled = typeof reply === 'string' ? null : reply.compiled;
    if (compiled === null) {
      this.refuse(key, typeof reply === 'string' ? reply : 'limits');
      return false;
    }
    const { tier, bytes } = compiled;
    const going = this.plan.compiled(key, bytes, this.clock.monotonicMs());
    if (going === null) {
      this.counts.room += 1;
      return false;
    }
    this.counts[tier === 1 ? 'tier1' : 'tier2'] += 1;
    this.counts.evicted += going.length;
    for (const other of going) this.evict(other);
    this.modules.set(textOfKey(key), { key, parcels });
    for (const port of this.ports) send(port, key, parcels.take());
    this.posted();
    return true;
  }

  private refuse(key: CodeKey, why: Refusal): void {
    this.counts[why] += 1;
    this.plan.refused(key, why, this.clock.monotonicMs());
  }

  private evict(key: CodeKey): void {
    const text = textOfKey(key);
    this.modules.get(text)?.parcels.close();
    this.modules.delete(text);
    for (const port of this.ports) send(port, key, null);
  }
}

function send(port: MessagePort, { fork, hash }: CodeKey, module: MessagePort | null): void {
  port.postMessage({ fork, hash, module } satisfies SentChange, module === null ? [] : [module]);
}
