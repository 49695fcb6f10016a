/**
 * Codes of mainnet: what real blocks (the data folder; runtime/block-file.ts) carry as the state
 * that they read. Every compiler is among them, the first three generations of Vyper too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { AccountJson, Alloc } from '../../runtime/alloc.js';

const BLOCK_FOLDERS = ['blocks', 'blocks-derived'] as const;
const BLOCK_ENDING = '.json.gz';
/** How codes of Vyper begin: it has no free memory pointer. 0.1, 0.2, 0.3 and 0.4. */
const VYPER_BEGINS = /^0x(600035601c52740100|600436101561000d57|6003361161000c57|5f3560e01c)/;

export interface MainnetBlock {
  readonly number: number;
  readonly alloc: Alloc;
}

export interface MainnetCode {
  readonly address: string;
  /** Hex with prefix. */
  readonly code: string;
}

/** Paths of the blocks in a data folder, lowest number first; none where it is not there. */
export function blockPaths(data: string): string[] {
  const numbered = BLOCK_FOLDERS.flatMap((folder) => {
    const at = join(data, folder);
    const names = existsSync(at) ? readdirSync(at) : [];
    return names
      .filter((name) => name.endsWith(BLOCK_ENDING))
      .map((name) => [Number.parseInt(name, 10), join(at, name)] as const);
  });
  return numbered.sort(([a], [b]) => a - b).map(([, path]) => path);
}

export function readMainnetBlock(path: string): MainnetBlock {
  const json = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as {
    readonly header: { readonly number: string };
    readonly preState: Record<string, AccountJson>;
  };
  return { number: Number(json.header.number), alloc: json.preState };
}

/** Those of at least so many bytes, each code once. */
export function codesOf({ alloc }: MainnetBlock, bytesMin: number): MainnetCode[] {
  const found = new Map<string, MainnetCode>();
  for (const [address, { code }] of Object.entries(alloc)) {
    if (code === undefined || code.length < 2 + 2 * bytesMin) continue;
    if (!found.has(code)) found.set(code, { address, code });
  }
  return [...found.values()];
}

export function isVyper(code: string): boolean {
  return VYPER_BEGINS.test(code);
}

/** Selectors that a code compares with, as far as its instructions show: PUSH4, then EQ or GT. */
export function selectorsOf(code: string): string[] {
  const bytes = Buffer.from(code.slice(2), 'hex');
  const found = new Set<string>();
  for (let pc = 0; pc < bytes.length; pc += 1) {
    const opcode = bytes[pc]!;
    const length = opcode >= PUSH1 && opcode <= PUSH32 ? opcode - PUSH1 + 1 : 0;
    if (opcode === PUSH4) found.add(`0x${bytes.subarray(pc + 1, pc + 5).toString('hex')}`);
    pc += length;
  }
  return [...found].filter((selector) => selector.length === 10 && !NO_SELECTOR.has(selector));
}

const PUSH1 = 0x60;
const PUSH4 = 0x63;
const PUSH32 = 0x7f;
/** A mask, and the selector of Panic(uint256). */
const NO_SELECTOR: ReadonlySet<string> = new Set(['0xffffffff', '0x4e487b71']);
