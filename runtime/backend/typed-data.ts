/**
 * EIP-712: the hash that is signed for typed structured data, from untrusted JSON. Every value is
 * checked against its type; a struct that is absent hashes to zeros, as in eth_signTypedData_v4.
 * (Written here because micro-eth-signer, which could do it, is owned by workers/kzg.ts.)
 */

import { concatBytes, fromHex, toWord } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';

/** Structs and arrays within each other; JSON of a request nests no deeper (limits.ts). */
const DEPTH_MAX = 64;
const ZERO_WORD = new Uint8Array(32);
const IDENTIFIER = /^[A-Za-z_$][\w$]{0,255}$/;
const ARRAY = /^(.+)\[(\d{0,9})\]$/s;

interface Field {
  readonly name: string;
  readonly type: string;
}

type Json = Readonly<Record<string, unknown>>;

/** What a domain may hold, in the order that EIP-712 gives. */
const DOMAIN_FIELDS: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
];

/**
 * @param typedData  an object with `types`, `primaryType`, `domain` and `message`
 * @returns 32 bytes: keccak256 of 0x1901, the domain's hash and the message's hash
 * @throws DeltacastError RPC_INVALID_PARAMS naming what is wrong
 */
export function typedDataHash(typedData: unknown): Uint8Array {
  const { types, primaryType, domain, message } = objectOf(typedData, 'typed data');
  const domainValue = objectOf(domain, 'domain');
  const hasher = new TypeHasher(objectOf(types, 'types'), domainValue);
  const domainHash = hasher.hashStruct('EIP712Domain', domainValue, 'domain', 0);
  const prefix = Uint8Array.of(0x19, 0x01);
  if (primaryType === 'EIP712Domain') return keccak256(concatBytes(prefix, domainHash));
  if (typeof primaryType !== 'string') throw invalid('primaryType: expected a name');
  const messageHash = hasher.hashStruct(primaryType, objectOf(message, 'message'), 'message', 0);
  return keccak256(concatBytes(prefix, domainHash, messageHash));
}

class TypeHasher {
  private readonly types = new Map<string, readonly Field[]>();
  private readonly typeHashes = new Map<string, Uint8Array>();

  constructor(types: Json, domain: Json) {
    // Without a declared domain type it is that of the fields which are there.
    this.types.set(
      'EIP712Domain',
      DOMAIN_FIELDS.filter(({ name }) => Object.hasOwn(domain, name)),
    );
    for (const [name, fields] of Object.entries(types)) {
      if (!IDENTIFIER.test(name)) throw invalid(`types: no name of a type: ${shown(name)}`);
      this.types.set(name, fieldsOf(fields, `types.${name}`));
    }
  }

  hashStruct(type: string, value: Json, at: string, depth: number): Uint8Array {
    const fields = this.fields(type);
    const parts = [this.typeHash(type)];
    for (const { name, type: fieldType } of fields) {
      const member = Object.hasOwn(value, name) ? value[name] : undefined;
      parts.push(this.encode(fieldType, member, `${at}.${name}`, depth + 1));
    }
    return keccak256(concatBytes(...parts));
  }

  /** @returns 32 bytes */
  private encode(type: string, value: unknown, at: string, depth: number): Uint8Array {
    if (depth > DEPTH_MAX) throw invalid(`${at}: nests too deep`);
    const array = ARRAY.exec(type);
    if (array !== null) return this.encodeArray(array, value, at, depth);
    if (this.types.has(type)) {
      if (value === undefined || value === null) return ZERO_WORD;
      return this.hashStruct(type, objectOf(value, at), at, depth);
    }
    return encodeAtom(type, value, at);
  }

  private encodeArray(
    [, item = '', count = '']: RegExpExecArray,
    value: unknown,
    at: string,
    depth: number,
  ): Uint8Array {
    if (!Array.isArray(value)) throw invalid(`${at}: expected an array`);
    if (count !== '' && value.length !== Number(count)) {
      throw invalid(`${at}: expected ${count} items, not ${value.length}`);
    }
    const parts = value.map((member: unknown, index) =>
      this.encode(item, member, `${at}[${index}]`, depth + 1),
    );
    return keccak256(concatBytes(...parts));
  }

  private typeHash(type: string): Uint8Array {
    const known = this.typeHashes.get(type);
    if (known !== undefined) return known;
    const [own, ...others] = this.reachedFrom(type);
    const text = [own ?? type, ...others.sort()].map((name) => this.signature(name)).join('');
    const hash = keccak256(new Uint8Array(Buffer.from(text, 'utf8')));
    this.typeHashes.set(type, hash);
    return hash;
  }

  /** The struct types that this one is made of, itself first. */
  private reachedFrom(type: string): string[] {
    const reached = new Set([type]);
    for (const name of reached) {
      for (const field of this.fields(name)) {
        const base = baseOf(field.type);
        if (this.types.has(base)) reached.add(base);
      }
    }
    return [...reached];
  }

  private signature(type: string): string {
    const members = this.fields(type).map(({ name, type: fieldType }) => `${fieldType} ${name}`);
    return `${type}(${members.join(',')})`;
  }

  private fields(type: string): readonly Field[] {
    const fields = this.types.get(type);
    if (fields === undefined) throw invalid(`no such type: ${shown(type)}`);
    return fields;
  }
}

function fieldsOf(value: unknown, at: string): Field[] {
  if (!Array.isArray(value)) throw invalid(`${at}: expected a list of fields`);
  const names = new Set<unknown>();
  return value.map((member: unknown, index) => {
    const { name, type } = objectOf(member, `${at}[${index}]`);
    if (typeof name !== 'string' || !IDENTIFIER.test(name) || names.has(name)) {
      throw invalid(`${at}[${index}]: expected a new name`);
    }
    names.add(name);
    if (typeof type !== 'string' || !IDENTIFIER.test(baseOf(type))) {
      throw invalid(`${at}[${index}]: expected a type`);
    }
    return { name, type };
  });
}

/** The type of the innermost items of an array; any other type is its own. */
function baseOf(type: string): string {
  const bracket = type.indexOf('[');
  return bracket < 0 ? type : type.slice(0, bracket);
}

/** A value that is no struct and no array, as one word. Source: EIP-712, encodeData. */
function encodeAtom(type: string, value: unknown, at: string): Uint8Array {
  if (type === 'string') {
    if (typeof value !== 'string') throw invalid(`${at}: expected a string`);
    return keccak256(new Uint8Array(Buffer.from(value, 'utf8')));
  }
  if (type === 'bytes') return keccak256(bytesOf(value, at));
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw invalid(`${at}: expected true or false`);
    return toWord(value ? 1n : 0n);
  }
  if (type === 'address') return padded(bytesOf(value, at, 20), 12);
  const [, isUnsigned, digits] = /^(u?)int(\d{0,3})$/.exec(type) ?? [];
  if (digits !== undefined)
    return integerWord(value, at, isUnsigned === 'u', Number(digits || 256));
  const size = Number(/^bytes([1-9]\d?)$/.exec(type)?.[1] ?? 0);
  if (size < 1 || size > 32) throw invalid(`no such type: ${shown(type)}`);
  return padded(bytesOf(value, at, size), 0);
}

function integerWord(value: unknown, at: string, isUnsigned: boolean, bits: number): Uint8Array {
  if (bits < 8 || bits > 256 || bits % 8 !== 0) throw invalid(`${at}: no integer has ${bits} bits`);
  const number = integerOf(value, at);
  const fits = isUnsigned
    ? BigInt.asUintN(bits, number) === number
    : BigInt.asIntN(bits, number) === number;
  if (!fits) throw invalid(`${at}: does not fit ${isUnsigned ? 'u' : ''}int${bits}`);
  return toWord(BigInt.asUintN(256, number));
}

function integerOf(value: unknown, at: string): bigint {
  const isInteger =
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^(-?\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(value));
  if (!isInteger) throw invalid(`${at}: expected an integer`);
  return BigInt(value);
}

function bytesOf(value: unknown, at: string, size?: number): Uint8Array {
  const isHex = typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value);
  if (!isHex) throw invalid(`${at}: expected hex bytes`);
  const bytes = fromHex(value);
  if (size !== undefined && bytes.length !== size) {
    throw invalid(`${at}: expected ${size} bytes, not ${bytes.length}`);
  }
  return bytes;
}

function padded(bytes: Uint8Array, offset: number): Uint8Array {
  const word = new Uint8Array(32);
  word.set(bytes, offset);
  return word;
}

function objectOf(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${at}: expected an object`);
  }
  return value as Json;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

function invalid(message: string): DeltacastError {
  return new DeltacastError('RPC_INVALID_PARAMS', message);
}
