/**
 * Which code is compiled next, and which compiled one goes for it: by the gas that each has spent,
 * what is long ago counting less. Knows nothing of threads, modules and clocks; whatever it decides
 * changes no result, only how soon it is there.
 */
import { assert } from '../../state/base/assert.js';
import { type CodeKey, textOfKey } from './code-key.js';
import { gasToCompile, type TieringLimits } from './tiering-limits.js';

/** Why a code stays interpreted. */
export type Refusal = 'limits' | 'time' | 'failed' | 'room';

/** A code that comes into a full house must have spent so many times what the one that goes has. */
const ADVANTAGE = 2;

/** A code that is compiled, or about to be, and what it has spent. */
export interface HotCode {
  readonly key: CodeKey;
  readonly gas: number;
}

interface Tracked {
  readonly key: CodeKey;
  readonly codeBytes: number;
  /** Gas, halved with time. */
  use: number;
  status: 'interpreted' | 'compiling' | 'compiled' | 'never';
  /** Of its module. */
  bytes: number;
  /** Not looked at before; and how often it has failed. */
  notBeforeMs: number;
  failures: number;
}

export class CodePlan {
  /** Compiled codes, and the bytes of their modules. */
  codes = 0;
  bytes = 0;
  private readonly limits: TieringLimits;
  private readonly tracked = new Map<string, Tracked>();
  /** Those that have spent enough. */
  private readonly wanted = new Set<Tracked>();
  private agedMs = 0;

  constructor(limits: TieringLimits) {
    this.limits = limits;
  }

  /** Bytes of a code that has been added before. */
  lengthOf(key: CodeKey): number | undefined {
    return this.tracked.get(textOfKey(key))?.codeBytes;
  }

  /** Adds gas that a code has spent. @param codeBytes  its length */
  add(key: CodeKey, codeBytes: number, gas: number): void {
    const text = textOfKey(key);
    let code = this.tracked.get(text);
    if (code === undefined) {
      if (this.tracked.size >= this.limits.trackedMax) this.trim();
      code = { key, codeBytes, use: 0, status: 'interpreted', ...NOTHING_YET };
      this.tracked.set(text, code);
    }
    code.use += gas;
    if (code.status !== 'interpreted') return;
    if (code.use >= gasToCompile(this.limits, codeBytes)) this.wanted.add(code);
  }

  /** Halves what was spent so often as half-lives have passed. */
  age(nowMs: number): void {
    const { halfLifeMs } = this.limits;
    if (this.agedMs === 0) this.agedMs = nowMs;
    for (; nowMs - this.agedMs >= halfLifeMs; this.agedMs += halfLifeMs) {
      for (const code of this.tracked.values()) code.use /= 2;
    }
  }

  /** The code that is to be compiled now; its fate is `compiled` or `refused`. */
  next(nowMs: number): CodeKey | null {
    let best: Tracked | null = null;
    for (const code of this.wanted) {
      if (code.notBeforeMs <= nowMs && code.use > (best?.use ?? 0)) best = code;
    }
    if (best === null || !this.mayEnter(best)) return null;
    this.wanted.delete(best);
    best.status = 'compiling';
    return best.key;
  }

  /**
   * A code has been compiled.
   * @param bytes  of its module
   * @returns what goes for it; null: there is no room for it, and it has been refused
   */
  compiled(key: CodeKey, bytes: number, nowMs: number): CodeKey[] | null {
    const code = this.compiling(key);
    const going = this.placeFor(code, bytes);
    if (going === null) {
      this.refused(key, 'room', nowMs);
      return null;
    }
    for (const other of going) this.drop(other, nowMs);
    code.status = 'compiled';
    code.bytes = bytes;
    code.failures = 0;
    this.codes += 1;
    this.bytes += bytes;
    return going.map((other) => other.key);
  }

  /** It stays interpreted: for good over the limits, else until it has earned another try. */
  refused(key: CodeKey, why: Refusal, nowMs: number): void {
    const code = this.compiling(key);
    code.status = why === 'limits' ? 'never' : 'interpreted';
    code.use = 0;
    code.notBeforeMs = nowMs + this.limits.retryMs * 2 ** code.failures;
    if (why !== 'room') code.failures += 1;
  }

  /** The compiled codes, and those that were about to be; the most used first. */
  hottest(count: number): HotCode[] {
    const hot = [...this.tracked.values()].filter(
      (code) => code.status === 'compiled' || this.wanted.has(code),
    );
    return hot
      .sort((a, b) => b.use - a.use)
      .slice(0, count)
      .map(({ key, use }) => ({ key, gas: Math.round(use) }));
  }

  private compiling(key: CodeKey): Tracked {
    const code = this.tracked.get(textOfKey(key));
    assert(code?.status === 'compiling', 'a code is compiled when it was asked for');
    return code;
  }

  private mayEnter(code: Tracked): boolean {
    const { codesMax, bytesMax } = this.limits;
    if (this.codes < codesMax && this.bytes < bytesMax) return true;
    return this.leastUsed().some((other) => other.use * ADVANTAGE < code.use);
  }

  /** @returns what has to go so that it fits, or null where that is worth more */
  private placeFor(code: Tracked, bytes: number): Tracked[] | null {
    const { codesMax, bytesMax } = this.limits;
    const going: Tracked[] = [];
    let [codes, all] = [this.codes + 1, this.bytes + bytes];
    for (const other of this.leastUsed()) {
      if (codes <= codesMax && all <= bytesMax) break;
      if (other.use * ADVANTAGE >= code.use) return null;
      going.push(other);
      codes -= 1;
      all -= other.bytes;
    }
    return codes <= codesMax && all <= bytesMax ? going : null;
  }

  private leastUsed(): Tracked[] {
    const compiled = [...this.tracked.values()].filter(({ status }) => status === 'compiled');
    return compiled.sort((a, b) => a.use - b.use);
  }

  private drop(code: Tracked, nowMs: number): void {
    this.codes -= 1;
    this.bytes -= code.bytes;
    code.status = 'interpreted';
    code.bytes = 0;
    code.use = 0;
    code.notBeforeMs = nowMs + this.limits.retryMs;
  }

  /** Forgets the less used half of what is not compiled. */
  private trim(): void {
    const cold = [...this.tracked].filter(
      ([, { status }]) => status === 'interpreted' || status === 'never',
    );
    cold.sort(([, a], [, b]) => a.use - b.use);
    for (const [text, code] of cold.slice(0, Math.ceil(cold.length / 2))) {
      this.tracked.delete(text);
      this.wanted.delete(code);
    }
  }
}

const NOTHING_YET = { bytes: 0, notBeforeMs: 0, failures: 0 };
