/**
 * What peers say to each other besides frames: fixed little-endian layouts, read from hostile bytes
 * with every length checked before it is used. A reader throws PEER_MISBEHAVED and nothing else.
 */
import { assert } from '../../state/base/assert.js';
import { DeltacastError } from '../../state/base/errors.js';
import {
  RANGE_FRAMES_MAX,
  SUBMIT_BYTES_MAX,
  SUBMIT_TRANSACTIONS_MAX,
} from '../../state/base/limits.js';
import { SIGNATURE_BYTES } from './keys.js';

/** A forwarded submission may pass so many nodes; ends loops of replicas that follow each other. */
export const SUBMIT_HOPS_MAX = 3;
/** Longest code and message of an answer; longer ones are cut when written, refused when read. */
const CODE_BYTES_MAX = 48;
const MESSAGE_BYTES_MAX = 256;

const HELLO_BYTES = 40;
const STATUS_BYTES = 17;
const REQUEST_BYTES = 15;
const END_BYTES = 9;
const SUBMIT_HEADER_BYTES = 6;
const ANSWER_HEADER_BYTES = 5;
/** The largest message that is no frame. */
export const SMALL_MESSAGE_BYTES_MAX =
  SUBMIT_HEADER_BYTES + 4 * SUBMIT_TRANSACTIONS_MAX + SUBMIT_BYTES_MAX;

/** Which frames a peer holds: [firstHeight, nextHeight). */
export interface Held {
  readonly firstHeight: number;
  readonly nextHeight: number;
}

export interface Hello extends Held {
  readonly version: number;
  readonly chainId: number;
  /** Height that the sender wants next; informative. */
  readonly wantedHeight: number;
  readonly acceptsSubmits: boolean;
  /** What the sender takes of the receiver besides frames; more is misbehaviour. */
  readonly inboundBytesPerSecond: number;
  /** The sequencer's signature over this connection; null from any other node. */
  readonly proof: Uint8Array | null;
}

export interface Status extends Held {
  /** The receiver gets every new frame of the sender as it comes. */
  readonly isLive: boolean;
}

/** `count` 0 ends a range and live frames; `wantsLive` asks to go on live behind the last frame. */
export interface RangeRequest {
  readonly fromHeight: number;
  readonly count: number;
  /** The range ends with the frame that reaches so many bytes. */
  readonly bytesMax: number;
  readonly wantsLive: boolean;
}

/** Says that a range is through; `isLive`: what follows are the live frames, without a gap. */
export interface RangeEnd {
  readonly nextHeight: number;
  readonly isLive: boolean;
}

export interface Submission {
  readonly id: number;
  readonly hops: number;
  /** Raw signed transactions. */
  readonly raws: readonly Uint8Array[];
}

/** What became of one transaction: `OK` or an ErrorCode, and words for a human. */
export interface SubmitAnswer {
  readonly code: string;
  readonly message: string;
}

export interface SubmitAnswers {
  readonly id: number;
  readonly answers: readonly SubmitAnswer[];
}

export function writeHello(hello: Hello): Uint8Array {
  const out = new Uint8Array(HELLO_BYTES + (hello.proof === null ? 0 : SIGNATURE_BYTES));
  const view = new DataView(out.buffer);
  view.setUint16(0, hello.version, true);
  view.setUint16(2, (hello.acceptsSubmits ? 1 : 0) | (hello.proof === null ? 0 : 2), true);
  putU53(view, 4, hello.chainId);
  putU53(view, 12, hello.wantedHeight);
  putU53(view, 20, hello.firstHeight);
  putU53(view, 28, hello.nextHeight);
  view.setUint32(36, hello.inboundBytesPerSecond, true);
  if (hello.proof !== null) out.set(hello.proof, HELLO_BYTES);
  return out;
}

export function readHello(bytes: Uint8Array): Hello {
  if (bytes.length < HELLO_BYTES) throw misbehaved('a short hello');
  const view = viewOf(bytes);
  const flags = view.getUint16(2, true);
  const hasProof = (flags & 2) !== 0;
  if (flags > 3 || bytes.length !== HELLO_BYTES + (hasProof ? SIGNATURE_BYTES : 0)) {
    throw misbehaved('a hello of another shape');
  }
  return {
    version: view.getUint16(0, true),
    chainId: u53(view, 4),
    wantedHeight: u53(view, 12),
    ...held(view, 20),
    acceptsSubmits: (flags & 1) !== 0,
    inboundBytesPerSecond: view.getUint32(36, true),
    proof: hasProof ? new Uint8Array(bytes.subarray(HELLO_BYTES)) : null,
  };
}

export function writeStatus(status: Status): Uint8Array {
  const out = new Uint8Array(STATUS_BYTES);
  const view = new DataView(out.buffer);
  out[0] = status.isLive ? 1 : 0;
  putU53(view, 1, status.firstHeight);
  putU53(view, 9, status.nextHeight);
  return out;
}

export function readStatus(bytes: Uint8Array): Status {
  const view = sized(bytes, STATUS_BYTES, 'status');
  return { isLive: flag(view, 0), ...held(view, 1) };
}

export function writeRangeRequest(request: RangeRequest): Uint8Array {
  assert(request.count <= RANGE_FRAMES_MAX, 'a range is bounded');
  const out = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(out.buffer);
  putU53(view, 0, request.fromHeight);
  view.setUint16(8, request.count, true);
  out[10] = request.wantsLive ? 1 : 0;
  view.setUint32(11, request.bytesMax, true);
  return out;
}

export function readRangeRequest(bytes: Uint8Array): RangeRequest {
  const view = sized(bytes, REQUEST_BYTES, 'range request');
  const count = view.getUint16(8, true);
  if (count > RANGE_FRAMES_MAX) throw misbehaved('a range of too many frames');
  const bytesMax = view.getUint32(11, true);
  return { fromHeight: u53(view, 0), count, bytesMax, wantsLive: flag(view, 10) };
}

export function writeRangeEnd(end: RangeEnd): Uint8Array {
  const out = new Uint8Array(END_BYTES);
  putU53(new DataView(out.buffer), 0, end.nextHeight);
  out[8] = end.isLive ? 1 : 0;
  return out;
}

export function readRangeEnd(bytes: Uint8Array): RangeEnd {
  const view = sized(bytes, END_BYTES, 'range end');
  return { nextHeight: u53(view, 0), isLive: flag(view, 8) };
}

/** @throws DeltacastError PEER_MISBEHAVED when `raws` are too many or too long for one message */
export function writeSubmission({ id, hops, raws }: Submission): Uint8Array {
  const bytesTotal = checkRaws(raws);
  const out = new Uint8Array(SUBMIT_HEADER_BYTES + 4 * raws.length + bytesTotal);
  const view = new DataView(out.buffer);
  view.setUint32(0, id, true);
  out[4] = hops;
  out[5] = raws.length;
  let at = SUBMIT_HEADER_BYTES;
  for (const raw of raws) {
    view.setUint32(at, raw.length, true);
    out.set(raw, at + 4);
    at += 4 + raw.length;
  }
  return out;
}

export function readSubmission(bytes: Uint8Array): Submission {
  if (bytes.length < SUBMIT_HEADER_BYTES) throw misbehaved('a short submission');
  const view = viewOf(bytes);
  const raws: Uint8Array[] = [];
  const count = view.getUint8(5);
  let at = SUBMIT_HEADER_BYTES;
  while (raws.length < count) {
    if (at + 4 > bytes.length) throw misbehaved('a submission is cut off');
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw misbehaved('a transaction claims more than there is');
    raws.push(new Uint8Array(bytes.subarray(at + 4, end)));
    at = end;
  }
  if (at !== bytes.length) throw misbehaved('bytes after the last transaction');
  checkRaws(raws);
  const hops = view.getUint8(4);
  if (hops > SUBMIT_HOPS_MAX) throw misbehaved('a submission went too far');
  return { id: view.getUint32(0, true), hops, raws };
}

export function writeAnswers({ id, answers }: SubmitAnswers): Uint8Array {
  const texts = answers.map(({ code, message }) => [
    cut(code, CODE_BYTES_MAX),
    cut(message, MESSAGE_BYTES_MAX),
  ]);
  const parts = texts.flatMap(([code = EMPTY, message = EMPTY]) => [
    Uint8Array.of(code.length, message.length & 0xff, message.length >> 8),
    code,
    message,
  ]);
  const header = new Uint8Array(ANSWER_HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, id, true);
  header[4] = answers.length;
  return new Uint8Array(Buffer.concat([header, ...parts]));
}

/** The most that so many answers take on the wire. */
export function answersBytesMax(count: number): number {
  return ANSWER_HEADER_BYTES + count * (3 + CODE_BYTES_MAX + MESSAGE_BYTES_MAX);
}

export function readAnswers(bytes: Uint8Array): SubmitAnswers {
  if (bytes.length < ANSWER_HEADER_BYTES) throw misbehaved('a short answer');
  const view = viewOf(bytes);
  const count = view.getUint8(4);
  if (count > SUBMIT_TRANSACTIONS_MAX) throw misbehaved('too many answers');
  const answers: SubmitAnswer[] = [];
  let at = ANSWER_HEADER_BYTES;
  while (answers.length < count) {
    if (at + 3 > bytes.length) throw misbehaved('an answer is cut off');
    const codeEnd = at + 3 + view.getUint8(at);
    const end = codeEnd + view.getUint16(at + 1, true);
    if (end > bytes.length) throw misbehaved('an answer claims more than there is');
    const code = text(bytes.subarray(at + 3, codeEnd), CODE_BYTES_MAX);
    answers.push({ code, message: text(bytes.subarray(codeEnd, end), MESSAGE_BYTES_MAX) });
    at = end;
  }
  if (at !== bytes.length) throw misbehaved('bytes after the last answer');
  return { id: view.getUint32(0, true), answers };
}

const EMPTY = new Uint8Array(0);

/** @returns the bytes in all */
function checkRaws(raws: readonly Uint8Array[]): number {
  const bytes = raws.reduce((sum, raw) => sum + raw.length, 0);
  if (raws.length === 0 || raws.length > SUBMIT_TRANSACTIONS_MAX || bytes > SUBMIT_BYTES_MAX) {
    throw misbehaved('a submission of no or too many transactions');
  }
  return bytes;
}

function cut(words: string, bytesMax: number): Uint8Array {
  const bytes = new TextEncoder().encode(words);
  if (bytes.length <= bytesMax) return bytes;
  let end = bytesMax;
  // Not within a character: those bytes begin with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

function text(bytes: Uint8Array, bytesMax: number): string {
  if (bytes.length > bytesMax) throw misbehaved('a text is too long');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw misbehaved('a text is no UTF-8');
  }
}

function held(view: DataView, at: number): Held {
  const firstHeight = u53(view, at);
  const nextHeight = u53(view, at + 8);
  if (firstHeight > nextHeight) throw misbehaved('heights in the wrong order');
  return { firstHeight, nextHeight };
}

function sized(bytes: Uint8Array, length: number, what: string): DataView {
  if (bytes.length !== length) throw misbehaved(`a ${what} of another length`);
  return viewOf(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function flag(view: DataView, at: number): boolean {
  const value = view.getUint8(at);
  if (value > 1) throw misbehaved('a flag that is neither set nor clear');
  return value === 1;
}

function u53(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw misbehaved('a number above 2^53');
  return Number(value);
}

function putU53(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}

function misbehaved(why: string): DeltacastError {
  return new DeltacastError('PEER_MISBEHAVED', why);
}
