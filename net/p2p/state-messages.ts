/**
 * What a node without the state asks of one that has it, and the answers: headers, proofs and code.
 * Fixed little-endian layouts, read from hostile bytes; a reader throws PEER_MISBEHAVED and nothing
 * else. What an answer claims is checked by whoever asked (state/proof.ts, frame.ts), not here.
 */
import { assert } from '../../state/base/assert.js';
import { concatBytes } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import {
  STATE_ANSWER_BYTES_MAX,
  STATE_HEADERS_MAX,
  STATE_KEYS_MAX,
} from '../../state/base/limits.js';
import { encodeKey, type StateKey, type StateKeyKind } from '../../state/proof.js';

const WHAT_HEADERS = 1;
const WHAT_PROOF = 2;
const WHAT_CODE = 3;
const REFUSED = 0;

/** Id u32, then what it is. */
const HEADER_BYTES = 5;
const KEY_BYTES = 64;
const KEY_KIND_AT = 31;
const KIND_MAX = 3;
/** A block number that stands for the newest sealed block; no block has it. */
const NEWEST = 0xffff_ffff_ffff_ffffn;
const REASON_BYTES_MAX = 200;

/** `number` null: the newest sealed block. */
export type StateQuestion =
  | { readonly what: 'headers'; readonly number: number | null; readonly count: number }
  | {
      readonly what: 'proof';
      readonly number: number | null;
      /** One proof for each; STATE_KEYS_MAX keys in all. */
      readonly keySets: readonly (readonly StateKey[])[];
    }
  | { readonly what: 'code'; readonly hash: Uint8Array };

export type StateReply =
  | { readonly what: 'refused'; readonly reason: string }
  /** Frames of seals, of consecutive blocks. */
  | { readonly what: 'headers'; readonly frames: readonly Uint8Array[] }
  /** The seal's frame of the block, and one proof for each set of keys. */
  | { readonly what: 'proof'; readonly frame: Uint8Array; readonly proofs: readonly Uint8Array[] }
  | { readonly what: 'code'; readonly code: Uint8Array };

export interface StateRequest {
  readonly id: number;
  readonly question: StateQuestion;
}

export interface StateAnswer {
  readonly id: number;
  readonly reply: StateReply;
}

export function writeStateRequest({ id, question }: StateRequest): Uint8Array {
  switch (question.what) {
    case 'headers':
      return concatBytes(
        head(id, WHAT_HEADERS),
        numberBytes(question.number),
        Uint8Array.of(question.count),
      );
    case 'code':
      return concatBytes(head(id, WHAT_CODE), question.hash);
    case 'proof': {
      const keys = question.keySets.flat();
      assert(keys.length > 0 && keys.length <= STATE_KEYS_MAX, 'a question is bounded');
      return concatBytes(
        head(id, WHAT_PROOF),
        numberBytes(question.number),
        Uint8Array.of(question.keySets.length, ...question.keySets.map((set) => set.length)),
        ...keys.map(encodeKey),
      );
    }
  }
}

export function readStateRequest(bytes: Uint8Array): StateRequest {
  const reader = new Reader(bytes);
  const id = reader.uint(4);
  const question = readQuestion(reader);
  reader.end();
  return { id, question };
}

function readQuestion(reader: Reader): StateQuestion {
  switch (reader.uint(1)) {
    case WHAT_HEADERS: {
      const number = reader.number();
      const count = reader.uint(1);
      if (count === 0 || count > STATE_HEADERS_MAX) throw misbehaved('no or too many headers');
      return { what: 'headers', number, count };
    }
    case WHAT_CODE:
      return { what: 'code', hash: reader.bytes(32) };
    case WHAT_PROOF: {
      const number = reader.number();
      const lengths = Array.from({ length: reader.uint(1) }, () => reader.uint(1));
      const count = lengths.reduce((sum, length) => sum + length, 0);
      if (lengths.length === 0 || lengths.includes(0) || count > STATE_KEYS_MAX) {
        throw misbehaved('no or too many keys');
      }
      const keySets = lengths.map((length) => Array.from({ length }, () => readKey(reader)));
      return { what: 'proof', number, keySets };
    }
    default:
      throw misbehaved('a question that nobody answers');
  }
}

function readKey(reader: Reader): StateKey {
  const bytes = reader.bytes(KEY_BYTES);
  const kind = bytes[KEY_KIND_AT] ?? 0;
  const isFilled = (from: number, end: number): boolean =>
    bytes.subarray(from, end).some((byte) => byte !== 0);
  if (kind > KIND_MAX || isFilled(20, KEY_KIND_AT)) throw misbehaved('a key that is none');
  const address = bytes.slice(0, 20);
  if (kind === KIND_MAX) return { kind, address, slot: bytes.slice(32) };
  if (isFilled(32, KEY_BYTES)) throw misbehaved('a field with a slot');
  return { kind: kind as StateKeyKind, address };
}

/** A reply that would be too large becomes a refusal. */
export function writeStateAnswer({ id, reply }: StateAnswer): Uint8Array {
  const out = concatBytes(...answerParts(id, reply));
  if (out.length <= STATE_ANSWER_BYTES_MAX) return out;
  return concatBytes(...answerParts(id, { what: 'refused', reason: 'the answer is too large' }));
}

/** What an answer took on the wire, or a little less where it is a refusal. */
export function stateAnswerBytes({ id, reply }: StateAnswer): number {
  return answerParts(id, reply).reduce((sum, part) => sum + part.length, 0);
}

function answerParts(id: number, reply: StateReply): Uint8Array[] {
  switch (reply.what) {
    case 'refused':
      return [head(id, REFUSED), new TextEncoder().encode(reply.reason.slice(0, 60))];
    case 'code':
      return [head(id, WHAT_CODE), reply.code];
    case 'headers':
      return [head(id, WHAT_HEADERS), ...listParts(reply.frames)];
    case 'proof':
      return [head(id, WHAT_PROOF), ...listParts([reply.frame, ...reply.proofs])];
  }
}

function listParts(items: readonly Uint8Array[]): Uint8Array[] {
  return [Uint8Array.of(items.length), ...items.flatMap((item) => [lengthBytes(item), item])];
}

export function readStateAnswer(bytes: Uint8Array): StateAnswer {
  if (bytes.length > STATE_ANSWER_BYTES_MAX) throw misbehaved('an answer is too large');
  const reader = new Reader(bytes);
  const id = reader.uint(4);
  const reply = readReply(reader);
  reader.end();
  return { id, reply };
}

function readReply(reader: Reader): StateReply {
  switch (reader.uint(1)) {
    case REFUSED:
      return { what: 'refused', reason: reader.text() };
    case WHAT_CODE:
      return { what: 'code', code: reader.rest() };
    case WHAT_HEADERS:
      return { what: 'headers', frames: reader.list(STATE_HEADERS_MAX) };
    case WHAT_PROOF: {
      const [frame, ...proofs] = reader.list(1 + STATE_KEYS_MAX);
      if (frame === undefined) throw misbehaved('a proof without a header');
      return { what: 'proof', frame, proofs };
    }
    default:
      throw misbehaved('an answer to no question');
  }
}

/** Takes bytes from the front; everything that it gives is a copy. */
class Reader {
  private readonly source: Uint8Array;
  private at = 0;

  constructor(source: Uint8Array) {
    if (source.length < HEADER_BYTES) throw misbehaved('a short message');
    this.source = source;
  }

  bytes(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.source.length) throw misbehaved('a message is cut off');
    const taken = Uint8Array.from(this.source.subarray(this.at, end));
    this.at = end;
    return taken;
  }

  uint(bytes: 1 | 4): number {
    const taken = this.bytes(bytes);
    return new DataView(taken.buffer)[bytes === 1 ? 'getUint8' : 'getUint32'](0, true);
  }

  /** A block's, or null for the newest. */
  number(): number | null {
    const value = new DataView(this.bytes(8).buffer).getBigUint64(0, true);
    if (value === NEWEST) return null;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw misbehaved('a number above 2^53');
    return Number(value);
  }

  list(countMax: number): Uint8Array[] {
    const count = this.uint(1);
    if (count > countMax) throw misbehaved('a list of too many');
    return Array.from({ length: count }, () => this.bytes(this.uint(4)));
  }

  rest(): Uint8Array {
    return this.bytes(this.source.length - this.at);
  }

  text(): string {
    if (this.source.length - this.at > REASON_BYTES_MAX) throw misbehaved('a text is too long');
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.rest());
    } catch {
      throw misbehaved('a text is no UTF-8');
    }
  }

  end(): void {
    if (this.at !== this.source.length) throw misbehaved('bytes after the end of a message');
  }
}

function head(id: number, what: number): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES);
  new DataView(out.buffer).setUint32(0, id, true);
  out[4] = what;
  return out;
}

function numberBytes(number: number | null): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, number === null ? NEWEST : BigInt(number), true);
  return out;
}

function lengthBytes(item: Uint8Array): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, item.length, true);
  return out;
}

function misbehaved(why: string): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', why);
}
