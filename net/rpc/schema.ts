/**
 * Strict parsers of what a client sends: JSON values in, plain values out, one function a type.
 * Everything is refused that EIP-1474 does not allow, with the name of the parameter and what was
 * expected; the error becomes -32602. Objects from JSON are only read by name, never spread or
 * merged, so that a `__proto__` in them is a value like any other.
 */
import { fromHex } from '../../state/base/bytes.js';
import { invalidParams } from './errors.js';
import type { BlockSelector, BlockTag } from './values.js';

/** A JSON object whose members are still unknown. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const LATEST: BlockSelector = { kind: 'tag', tag: 'latest' };
export const PENDING: BlockSelector = { kind: 'tag', tag: 'pending' };

const TAGS: ReadonlyMap<string, BlockSelector> = new Map(
  (['latest', 'pending', 'earliest', 'safe', 'finalized'] satisfies BlockTag[]).map((tag) => [
    tag,
    { kind: 'tag', tag },
  ]),
);

const QUANTITY = /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/;
const HEX_DIGITS = /^[0-9a-fA-F]*$/;

/** @throws DeltacastError RPC_INVALID_PARAMS at fewer or more; trailing nulls are none. */
export function checkCount(params: readonly unknown[], least: number, most: number): void {
  let count = params.length;
  while (count > most && params[count - 1] === null) count -= 1;
  if (count > most) throw invalidParams(`too many arguments, want at most ${most}`);
  for (let index = 0; index < least; index += 1) {
    if (params[index] === undefined || params[index] === null) {
      throw invalidParams(`missing value for required argument ${index}`);
    }
  }
}

/** An unsigned integer below 2^256, as `0x` and hex digits without leading zeros. */
export function parseQuantity(value: unknown, name: string): bigint {
  if (typeof value !== 'string' || !QUANTITY.test(value)) {
    throw invalidParams(`${name}: expected a hex quantity such as 0x1a, got ${shown(value)}`);
  }
  return BigInt(value);
}

/** A quantity that fits a safe integer. */
export function parseNumber(value: unknown, name: string): number {
  const quantity = parseQuantity(value, name);
  if (quantity > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidParams(`${name}: ${shown(value)} is out of range`);
  }
  return Number(quantity);
}

/** A quantity below 2^64. */
export function parseUint64(value: unknown, name: string): bigint {
  const quantity = parseQuantity(value, name);
  if (quantity > 0xffff_ffff_ffff_ffffn) {
    throw invalidParams(`${name}: ${shown(value)} is above 64 bits`);
  }
  return quantity;
}

/**
 * Bytes, as `0x` and an even number of hex digits. The result may be a view of a larger pool:
 * copy before you transfer it to a thread.
 */
export function parseData(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string' || !value.startsWith('0x')) {
    throw invalidParams(`${name}: expected hex data with a 0x prefix, got ${shown(value)}`);
  }
  if (value.length % 2 !== 0) throw invalidParams(`${name}: hex data of odd length`);
  // Decoding stops at the first character that is no hex digit: a short result is the check.
  const bytes = Buffer.from(value.slice(2), 'hex');
  if (bytes.length !== value.length / 2 - 1) {
    throw invalidParams(`${name}: not a hex digit at byte ${bytes.length}`);
  }
  return bytes;
}

function parseFixed(value: unknown, name: string, byteCount: number, what: string): Uint8Array {
  if (
    typeof value !== 'string' ||
    value.length !== 2 + 2 * byteCount ||
    !value.startsWith('0x') ||
    !HEX_DIGITS.test(value.slice(2))
  ) {
    throw invalidParams(`${name}: expected ${what} of ${byteCount} bytes, got ${shown(value)}`);
  }
  return fromHex(value);
}

/** 20 bytes; the checksum of a mixed-case address is the client's affair, as with geth. */
export function parseAddress(value: unknown, name: string): Uint8Array {
  return parseFixed(value, name, 20, 'an address');
}

export function parseHash(value: unknown, name: string): Uint8Array {
  return parseFixed(value, name, 32, 'a hash');
}

/** A storage slot: up to 32 bytes of hex, leading zeros or none, as geth reads it. */
export function parseSlot(value: unknown, name: string): Uint8Array {
  const digits = typeof value === 'string' && value.startsWith('0x') ? value.slice(2) : null;
  if (digits === null || digits.length === 0 || digits.length > 64 || !HEX_DIGITS.test(digits)) {
    throw invalidParams(`${name}: expected up to 32 bytes of hex, got ${shown(value)}`);
  }
  return fromHex(digits.padStart(64, '0'));
}

export function parseBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') {
    throw invalidParams(`${name}: expected true or false, got ${shown(value)}`);
  }
  return value;
}

export function parseObject(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParams(`${name}: expected an object, got ${shown(value)}`);
  }
  return value as JsonObject;
}

/** Each member parsed; `countMax` bounds the list before any of it is. */
export function parseList<T>(
  value: unknown,
  name: string,
  countMax: number,
  parse: (member: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value)) throw invalidParams(`${name}: expected a list, got ${shown(value)}`);
  if (value.length > countMax) {
    throw invalidParams(`${name}: ${value.length} members, at most ${countMax} are allowed`);
  }
  return value.map((member, index) => parse(member, `${name}[${index}]`));
}

/** Null and absent are the same to Ethereum's clients. */
export function optional<T>(
  value: unknown,
  name: string,
  parse: (value: unknown, name: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : parse(value, name);
}

/** A tag, a number, a hash, or the object of EIP-1898; absent means `latest`. */
export function parseBlock(value: unknown, name: string): BlockSelector {
  if (value === undefined || value === null) return LATEST;
  if (typeof value === 'object') return parseBlockObject(parseObject(value, name), name);
  const tag = typeof value === 'string' ? TAGS.get(value) : undefined;
  if (tag !== undefined) return tag;
  if (typeof value === 'string' && value.length === 66) {
    return { kind: 'hash', hash: parseHash(value, name), requireCanonical: false };
  }
  if (typeof value !== 'string' || !QUANTITY.test(value)) {
    throw invalidParams(
      `${name}: expected a block number as a hex quantity, a hash or one of ` +
        `${[...TAGS.keys()].join(', ')}, got ${shown(value)}`,
    );
  }
  return { kind: 'number', number: parseNumber(value, name) };
}

/** Source: EIP-1898. */
function parseBlockObject(object: JsonObject, name: string): BlockSelector {
  const { blockHash, blockNumber } = object;
  const hasHash = blockHash !== undefined && blockHash !== null;
  const hasNumber = blockNumber !== undefined && blockNumber !== null;
  if (hasHash === hasNumber) {
    throw invalidParams(`${name}: expected either blockHash or blockNumber`);
  }
  if (hasNumber) return { kind: 'number', number: parseNumber(blockNumber, `${name}.blockNumber`) };
  return {
    kind: 'hash',
    hash: parseHash(blockHash, `${name}.blockHash`),
    requireCanonical:
      optional(object['requireCanonical'], `${name}.requireCanonical`, parseBoolean) ?? false,
  };
}

/** What a client sent, short enough for an error message. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 80 ? `${JSON.stringify(value.slice(0, 80))}...` : JSON.stringify(value);
  }
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}
