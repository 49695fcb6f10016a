/**
 * Proofs written and checked straight from their specification (ARCHITECTURE.md, "Proofs"), with
 * nothing in common with state/proof.ts: hex strings, whole maps, one pass to read and one to hash.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, fromHex, toHex } from '../../state/base/bytes.js';

const ZERO = `0x${'00'.repeat(32)}`;

/** Path -> value in hex, none of them zero; as in naive-root.ts. */
export type Contents = ReadonlyMap<string, string>;

type Node =
  | { readonly is: 'empty' }
  | { readonly is: 'hash'; readonly hash: string }
  | { readonly is: 'leaf'; readonly path: string; readonly value: string }
  | { readonly is: 'inner'; readonly left: Node; readonly right: Node };

/** A path's bits as a text of 0 and 1. */
function bitsOf(path: string): string {
  return [...path.slice(2)]
    .map((digit) => Number(`0x${digit}`).toString(2).padStart(4, '0'))
    .join('');
}

function under(prefix: string, paths: Iterable<string>): string[] {
  return [...paths].filter((path) => bitsOf(path).startsWith(prefix));
}

function hashPair(left: string, right: string, isLeaf: boolean): string {
  const hash = blake3(concatBytes(fromHex(left), fromHex(right)));
  hash[0] = isLeaf ? hash[0]! | 0x80 : hash[0]! & 0x7f;
  return toHex(hash);
}

function hashOf(node: Node): string {
  if (node.is === 'empty') return ZERO;
  if (node.is === 'hash') return node.hash;
  if (node.is === 'leaf') return hashPair(node.path, node.value, true);
  return hashPair(hashOf(node.left), hashOf(node.right), false);
}

function treeOf(contents: Contents, prefix: string): Node {
  const [path, second] = under(prefix, contents.keys());
  if (path === undefined) return { is: 'empty' };
  if (second === undefined) return { is: 'leaf', path, value: contents.get(path)! };
  const left = treeOf(contents, `${prefix}0`);
  return { is: 'inner', left, right: treeOf(contents, `${prefix}1`) };
}

/** The one proof that there is for these paths. */
export function naiveProof(contents: Contents, paths: readonly string[]): Uint8Array {
  let steps = '';
  let words = '';
  const add = (prefix: string, node: Node): void => {
    const asked = new Set(under(prefix, paths));
    if (asked.size === 0) {
      steps += node.is === 'empty' ? '0' : '1';
      if (node.is !== 'empty') words += hashOf(node).slice(2);
    } else if (node.is === 'empty') {
      steps += '00';
    } else if (node.is === 'inner') {
      steps += '10';
      add(`${prefix}0`, node.left);
      add(`${prefix}1`, node.right);
    } else if (node.is === 'leaf') {
      const isOwn = asked.size === 1 && asked.has(node.path);
      steps += isOwn ? '01' : '11';
      words += (isOwn ? '' : node.path.slice(2)) + node.value.slice(2);
    }
  };
  add('', treeOf(contents, ''));
  const stepBytes = (steps.match(/.{1,8}/g) ?? []).map((bits) =>
    Number.parseInt([...bits.padEnd(8, '0')].reverse().join(''), 2),
  );
  const header = [1, stepBytes.length & 255, stepBytes.length >> 8];
  return concatBytes(Uint8Array.from([...header, ...stepBytes]), fromHex(words));
}

/** Values by path, or null where the proof does not hold. */
export function naiveCheck(
  root: string,
  paths: readonly string[],
  proof: Uint8Array,
): Map<string, string> | null {
  const [version, low = 0, high = 0] = proof;
  const stepsEnd = 3 + low + high * 256;
  if (version !== 1 || stepsEnd > proof.length || (proof.length - stepsEnd) % 32 !== 0) return null;
  let steps = [...proof.subarray(3, stepsEnd)]
    .map((byte) => [...byte.toString(2).padStart(8, '0')].reverse().join(''))
    .join('');
  const words = (toHex(proof.subarray(stepsEnd)).slice(2).match(/.{64}/g) ?? []).map(
    (word) => `0x${word}`,
  );
  let isSound = true;
  const values = new Map<string, string>(paths.map((path) => [path, ZERO]));
  const step = (count: number): string => {
    const taken = steps.slice(0, count);
    steps = steps.slice(count);
    if (taken.length < count) isSound = false;
    return taken;
  };
  const word = (): string => {
    const taken = words.shift();
    if (taken === undefined || taken === ZERO) isSound = false;
    return taken ?? ZERO;
  };
  const read = (prefix: string): Node => {
    if (!isSound || prefix.length > 256) isSound = false;
    const asked = new Set(under(prefix, paths));
    if (!isSound) return { is: 'empty' };
    if (asked.size === 0) return step(1) === '1' ? { is: 'hash', hash: word() } : { is: 'empty' };
    const kind = step(2);
    if (kind === '10') return { is: 'inner', left: read(`${prefix}0`), right: read(`${prefix}1`) };
    if (kind !== '01' && kind !== '11') return { is: 'empty' };
    const [only] = asked;
    const path = kind === '01' ? only! : word();
    if (kind === '01' && asked.size > 1) isSound = false;
    if (kind === '11' && asked.size === 1 && path === only) isSound = false;
    if (!bitsOf(path).startsWith(prefix)) isSound = false;
    const value = word();
    if (asked.has(path)) values.set(path, value);
    return { is: 'leaf', path, value };
  };
  const tree = read('');
  if (words.length > 0 || steps.length > 7 || steps.includes('1')) isSound = false;
  return isSound && hashOf(tree) === root ? values : null;
}
