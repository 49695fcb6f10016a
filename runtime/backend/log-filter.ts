/**
 * What logs are wanted: sets of addresses and topics, looked up in the logs' bytes and in blooms
 * without making text of anything.
 */
import { bloomOf } from '../../workers/header.js';
import type { OutcomeLog } from '../../workers/outcome.js';

/** Byte strings of one length, found by their last four bytes; first ones may be zeros. */
class ByteSet {
  private readonly byTail = new Map<number, Uint8Array[]>();
  private readonly blooms: readonly BloomBit[][];

  constructor(members: readonly Uint8Array[]) {
    for (const member of members) {
      const tail = tailOf(member);
      const others = this.byTail.get(tail);
      if (others === undefined) this.byTail.set(tail, [member]);
      else others.push(member);
    }
    this.blooms = members.map(bloomBitsOf);
  }

  has(bytes: Uint8Array): boolean {
    const candidates = this.byTail.get(tailOf(bytes));
    return candidates?.some((candidate) => Buffer.compare(candidate, bytes) === 0) ?? false;
  }

  /** False where no member is in the bloom. */
  mayBeIn(bloom: Uint8Array): boolean {
    return this.blooms.some((bits) =>
      bits.every(({ at, mask }) => ((bloom[at] ?? 0) & mask) === mask),
    );
  }
}

interface BloomBit {
  readonly at: number;
  readonly mask: number;
}

export class LogFilter {
  /** null matches any. */
  private readonly addresses: ByteSet | null;
  private readonly topics: readonly (ByteSet | null)[];

  /** @param addresses  none matches every address. @param topics  as in LogQuery */
  constructor(addresses: readonly Uint8Array[], topics: readonly (readonly Uint8Array[] | null)[]) {
    this.addresses = addresses.length === 0 ? null : new ByteSet(addresses);
    this.topics = topics.map((members) => (members === null ? null : new ByteSet(members)));
  }

  /** False where the bloom rules out every log of its block. */
  mayMatch(bloom: Uint8Array): boolean {
    if (this.addresses?.mayBeIn(bloom) === false) return false;
    return this.topics.every((members) => members === null || members.mayBeIn(bloom));
  }

  matches(log: OutcomeLog): boolean {
    if (this.topics.length > log.topics.length) return false;
    if (this.addresses?.has(log.address) === false) return false;
    for (const [index, members] of this.topics.entries()) {
      const topic = log.topics[index];
      if (members !== null && (topic === undefined || !members.has(topic))) return false;
    }
    return true;
  }
}

/** The bits that a bloom with this address or topic has (Yellow Paper, 4.3.1). */
function bloomBitsOf(item: Uint8Array): BloomBit[] {
  const bloom = bloomOf([{ address: item, topics: [], data: item }]);
  return Array.from(bloom, (mask, at) => ({ at, mask })).filter(({ mask }) => mask !== 0);
}

function tailOf(bytes: Uint8Array): number {
  const end = bytes.length;
  return (
    (((bytes[end - 4] ?? 0) << 24) |
      ((bytes[end - 3] ?? 0) << 16) |
      ((bytes[end - 2] ?? 0) << 8) |
      (bytes[end - 1] ?? 0)) >>>
    0
  );
}
