/**
 * Which words are offsets in EVM memory, as far as code has looked already: memory never shrinks,
 * so what was once in bounds needs no second look. A word that is another and a small number is
 * known with that one. Only the translation asks: the analysis writes no code.
 */
import type { Word } from './word.js';

/** So many bytes from the word on are in bounds; the word so is below 2^32. */
interface Span {
  readonly word: Word;
  readonly bytes: number;
}

/** The word is the base plus so much modulo 2^256. */
interface Shifted {
  readonly word: Word;
  readonly base: Word;
  readonly by: number;
}

/** Of each the last few. */
const KEPT_MAX = 8;

export class InBounds {
  /** Never changed but as a whole, so that a branch can go back to what was known before. */
  private spans: readonly Span[] = [];
  private sums: readonly Shifted[] = [];

  clear(): void {
    this.spans = [];
    this.sums = [];
  }

  save(): InBounds {
    if (this.spans.length === 0 && this.sums.length === 0) return NOTHING;
    const saved = new InBounds();
    saved.restore(this);
    return saved;
  }

  restore({ spans, sums }: InBounds): void {
    this.spans = spans;
    this.sums = sums;
  }

  /** A word that is base + by. */
  addSum(word: Word, base: Word, by: number): void {
    const below = this.sumOf(base);
    const sum = below === undefined ? { word, base, by } : { ...below, word, by: below.by + by };
    this.sums = [...this.sums.slice(1 - KEPT_MAX), sum];
  }

  /** So many bytes from a word on are there. @param isShort  of a word: it is below 2^32 */
  addSpan(word: Word, bytes: number, isShort: (word: Word) => boolean): void {
    this.extend(word, bytes);
    const sum = this.sumOf(word);
    if (sum !== undefined && isShort(sum.base)) this.extend(sum.base, sum.by + bytes);
  }

  has(word: Word, bytes: number): boolean {
    if (this.bytesFrom(word) >= bytes) return true;
    const sum = this.sumOf(word);
    return sum !== undefined && this.bytesFrom(sum.base) >= sum.by + bytes;
  }

  /** More is known of a word, which is another object now. */
  replace(word: Word, better: Word): void {
    if (this.spans.length === 0 && this.sums.length === 0) return;
    const now = (each: Word): Word => (each === word ? better : each);
    if (this.spans.some((span) => span.word === word)) {
      this.spans = this.spans.map((span) => ({ ...span, word: now(span.word) }));
    }
    if (this.sums.some((sum) => sum.word === word || sum.base === word)) {
      this.sums = this.sums.map(({ by, ...sum }) => {
        return { word: now(sum.word), base: now(sum.base), by };
      });
    }
  }

  private extend(word: Word, bytes: number): void {
    if (this.bytesFrom(word) >= bytes) return;
    const others = this.spans.filter((span) => span.word !== word);
    this.spans = [...others.slice(1 - KEPT_MAX), { word, bytes }];
  }

  private bytesFrom(word: Word): number {
    return this.spans.find((span) => span.word === word)?.bytes ?? 0;
  }

  private sumOf(word: Word): Shifted | undefined {
    return this.sums.find((sum) => sum.word === word);
  }
}

/** Nobody changes it. */
const NOTHING = new InBounds();
