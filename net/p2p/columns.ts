/**
 * The envelope of frame bodies (msgpackr's owner): one msgpack array of unsigned integers and byte
 * strings, in the order of a schema that both sides know. A scanner walks the bytes first and lets
 * only the few forms through that `packColumns` writes, each in its shortest form; so the decoder
 * never sees nesting, records, extensions, floats or a length beyond the message.
 */
import { Packr } from 'msgpackr';
import { assert } from '../../state/base/assert.js';
import { DeltacastError } from '../../state/base/errors.js';
import { COLUMNS_MAX, FRAME_BYTES_MAX } from '../../state/base/limits.js';

export type ColumnType = 'uint' | 'bytes';
export type Column = number | Uint8Array;

const U32_MAX = 0xffff_ffff;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** @param values  at most COLUMNS_MAX; numbers are integers in [0, 2^53) */
export function packColumns(values: readonly Column[]): Uint8Array {
  assert(values.length <= COLUMNS_MAX, 'a frame body has few columns');
  const plain = values.map((value) => {
    if (typeof value !== 'number') return value;
    assert(Number.isSafeInteger(value) && value >= 0, 'a column number is an unsigned integer');
    // Above 32 bits the packer would write a float; as a BigInt it is an int64.
    return value > U32_MAX ? BigInt(value) : value;
  });
  return new Uint8Array(packr.pack(plain));
}

/**
 * @returns one value for each entry of `schema`; byte strings are views into `bytes`
 * @throws DeltacastError FRAME_MALFORMED for anything that `packColumns` would not have written
 */
export function unpackColumns(bytes: Uint8Array, schema: readonly ColumnType[]): Column[] {
  checkShape(bytes, schema);
  // A view of its own, because the unpacker hangs a property on the bytes that it is given.
  const own = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: unknown = packr.unpack(own);
  assert(Array.isArray(values) && values.length === schema.length, 'the scanner let a shape by');
  return values.map((value: unknown) => {
    if (typeof value === 'number') return value;
    assert(value instanceof Uint8Array, 'the scanner let a type by');
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  });
}

function checkShape(bytes: Uint8Array, schema: readonly ColumnType[]): void {
  if (bytes.length > FRAME_BYTES_MAX) throw malformed('too many bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = arrayHeader(view, schema.length);
  for (const type of schema) {
    if (at >= bytes.length) throw malformed('a column is missing');
    at = type === 'uint' ? afterUint(view, at) : afterBytes(view, at);
  }
  if (at !== bytes.length) throw malformed('bytes after the last column');
}

/** @returns offset of the first column */
function arrayHeader(view: DataView, count: number): number {
  if (view.byteLength === 0) throw malformed('no bytes');
  const tag = view.getUint8(0);
  if (count < 16) {
    if (tag !== 0x90 + count) throw malformed('not an array of so many columns');
    return 1;
  }
  if (tag !== 0xdc || view.byteLength < 3 || view.getUint16(1) !== count) {
    throw malformed('not an array of so many columns');
  }
  return 3;
}

/** @returns offset behind an unsigned integer in its shortest form */
function afterUint(view: DataView, at: number): number {
  const tag = view.getUint8(at);
  if (tag < 0x80) return at + 1;
  const size = tag === 0xd3 ? 8 : tag === 0xce ? 4 : tag === 0xcd ? 2 : tag === 0xcc ? 1 : 0;
  if (size === 0) throw malformed('not an unsigned integer');
  const end = at + 1 + size;
  if (end > view.byteLength) throw malformed('a number is cut off');
  const value = size === 8 ? wide(view, at + 1) : readUint(view, at + 1, size);
  const below = size === 8 ? U32_MAX : size === 4 ? 0xffff : size === 2 ? 0xff : 0x7f;
  if (value <= below) throw malformed('a number is longer than it need be');
  return end;
}

function wide(view: DataView, at: number): number {
  const value = view.getBigInt64(at);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('not in [0, 2^53)');
  return Number(value);
}

/** @returns offset behind a byte string whose length has its shortest form */
function afterBytes(view: DataView, at: number): number {
  const tag = view.getUint8(at);
  const size = tag === 0xc4 ? 1 : tag === 0xc5 ? 2 : tag === 0xc6 ? 4 : 0;
  if (size === 0) throw malformed('not a byte string');
  if (at + 1 + size > view.byteLength) throw malformed('a length is cut off');
  const length = readUint(view, at + 1, size);
  const below = size === 4 ? 0xffff : size === 2 ? 0xff : -1;
  if (length <= below) throw malformed('a length is longer than it need be');
  const end = at + 1 + size + length;
  if (end > view.byteLength) throw malformed('a byte string claims more than there is');
  return end;
}

function readUint(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  return size === 2 ? view.getUint16(at) : view.getUint32(at);
}

function malformed(why: string): DeltacastError {
  return new DeltacastError('FRAME_MALFORMED', `malformed frame body: ${why}`, { why });
}
