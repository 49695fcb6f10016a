import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FrameKind, KIND_MINI_BLOCK, KIND_SEAL, signFrame } from '../../../net/p2p/frame.js';
import { chainIdentity, signerOf } from '../../../net/p2p/keys.js';
import { encodeSeal } from '../../../runtime/wire.js';
import { Arena, type CellKind } from '../../../state/arena.js';
import { fromHex, toHex, toWord } from '../../../state/base/bytes.js';
import { type ErrorCode, isDeltacastError } from '../../../state/base/errors.js';
import { keccak256 } from '../../../state/base/keccak.js';
import { StateRoot } from '../../../state/root.js';
import {
  accountKeys,
  verifyAccount,
  verifyRpcProof,
  verifySignedHeader,
} from '../../../state/verify.js';
import { sealHeader } from '../../../workers/header.js';

/** The entry point `deltacast/verify`: what it is made of, and what it accepts. */

const signer = signerOf(new Uint8Array(32).fill(1));
const authority = { chainId: 31_337, sequencerKey: signer.publicKey };
const alice = new Uint8Array(20).fill(0xa1);
const nobody = new Uint8Array(20).fill(0xb0);
const slots = [toWord(5n), toWord(6n)];
const ZERO_WORD = new Uint8Array(32);

/** A state with one account: 10 wei, nonce 3, code, slot 5 = 77. */
function state() {
  const arena = Arena.create({ megabytes: 8, threads: 1 });
  const code = fromHex('60016002');
  const cells: [CellKind, Uint8Array, Uint8Array][] = [
    [0, toWord(10n), ZERO_WORD],
    [1, toWord(3n), ZERO_WORD],
    [2, keccak256(code), ZERO_WORD],
    [3, toWord(77n), slots[0]!],
  ];
  arena.openMiniBlock(1);
  for (const [kind, value, slot] of cells) {
    arena.write(arena.intern(kind, alice, slot), value, 1);
  }
  // An account that exists and is empty.
  arena.write(arena.intern(2, new Uint8Array(20)), toWord(1n), 1);
  arena.closeMiniBlock(1);
  const root = new StateRoot(arena);
  return { stateRoot: root.rebuild(1), root, codeHash: keccak256(code) };
}

const context = {
  fork: 'osaka',
  chainId: 31_337,
  number: 7,
  timestamp: 1_700_000_000,
  coinbase: nobody,
  gasLimit: 30_000_000,
  baseFee: 7n,
  prevRandao: toWord(9n),
  difficulty: 0n,
  excessBlobGas: 0n,
} as const;

function sealFrame(
  stateRoot: Uint8Array,
  by = signer,
  chainId = 31_337,
  kind: FrameKind = KIND_SEAL,
) {
  const word = new Uint8Array(32).fill(3);
  const { rlp, hash } = sealHeader(context, {
    parentHash: word,
    stateRoot,
    transactionsRoot: word,
    receiptsRoot: word,
    logsBloom: new Uint8Array(256),
    gasUsed: 0,
    blobGasUsed: 0,
    withdrawalsRoot: word,
    parentBeaconBlockRoot: word,
    requestsHash: word,
  });
  const body = encodeSeal({ context, sequence: 9, requestsHash: word, headerRlp: rlp });
  const parentHash = chainIdentity(chainId, by.publicKey);
  const fields = { kind, chainId, height: 70_000, timestampMs: 1, parentHash, body } as const;
  return { frame: signFrame(fields, by).bytes, hash, rlp };
}

async function codeOf(run: () => unknown): Promise<ErrorCode | 'accepted'> {
  try {
    await run();
  } catch (error) {
    if (isDeltacastError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

/** As eth_getProof would give it. */
function answerFor(root: StateRoot, codeHash: Uint8Array) {
  const proofOf = (keys: Parameters<StateRoot['prove']>[0]) => [toHex(root.prove(keys))];
  return {
    address: toHex(alice),
    accountProof: proofOf(accountKeys(alice)),
    balance: '0xa',
    nonce: '0x3',
    codeHash: toHex(codeHash),
    storageHash: toHex(ZERO_WORD),
    storageProof: slots.map((slot, index) => ({
      key: toHex(slot),
      value: index === 0 ? '0x4d' : '0x0',
      proof: proofOf([{ kind: 3, address: alice, slot }]),
    })),
  };
}

describe('the entry point', () => {
  const top = process.cwd();
  const start = join(top, 'dist/state/verify.js');

  function graph(path: string, seen = new Map<string, string>()): Map<string, string> {
    if (seen.has(path)) return seen;
    const text = readFileSync(path, 'utf8');
    seen.set(path, text);
    for (const [, name = ''] of text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)) {
      if (name.startsWith('.')) graph(join(dirname(path), name), seen);
      else seen.set(name, '');
    }
    return seen;
  }

  test('needs one package, and nothing of Node', () => {
    const files = graph(start);
    const packages = [...files.keys()].filter((name) => !name.startsWith('/'));
    expect(packages.every((name) => name.startsWith('@noble/hashes/'))).toBe(true);
    expect(packages.length).toBeGreaterThan(2);
    for (const text of files.values()) {
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      expect(code).not.toMatch(/\b(Buffer|process|require|__dirname|node:)/);
    }
  });

  test('is found by its name, and works where Node has no globals of its own', () => {
    const { stateRoot, root } = state();
    const proof = root.prove(accountKeys(alice, slots));
    const script = `
      for (const name of ['Buffer', 'process']) delete globalThis[name];
      const { verifyAccount } = await import('deltacast/verify');
      const byte = (pair) => parseInt(pair, 16);
      const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], byte);
      const [root, address, first, second, proof] = ARGS.map(bytes);
      const { balance, nonce, slots } = verifyAccount(root, address, [first, second], proof);
      console.log(balance, nonce, slots[0][31], slots[1][31]);`;
    const args = [stateRoot, alice, ...slots, proof].map((part) => toHex(part).slice(2));
    const text = script.replace('ARGS', JSON.stringify(args));
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', text], { cwd: top });
    expect(out.toString().trim()).toBe('10n 3n 77 0');
  });
});

describe('an account', () => {
  test('is proven whole: there, absent, and there although empty', () => {
    const { stateRoot, root, codeHash } = state();
    const prove = (address: Uint8Array) =>
      verifyAccount(stateRoot, address, slots, root.prove(accountKeys(address, slots)));
    expect(prove(alice)).toEqual({
      exists: true,
      balance: 10n,
      nonce: 3n,
      codeHash,
      slots: [toWord(77n), ZERO_WORD],
    });
    const absent = { exists: false, balance: 0n, nonce: 0n, slots: [ZERO_WORD, ZERO_WORD] };
    expect(prove(nobody)).toEqual({ ...absent, codeHash: ZERO_WORD });
    const empty = { ...absent, exists: true, codeHash: keccak256(new Uint8Array(0)) };
    expect(prove(new Uint8Array(20))).toEqual(empty);
  });

  test('in EIP-1186 form is accepted as it is, and refused with any claim changed', async () => {
    const { stateRoot, root, codeHash } = state();
    const answer = answerFor(root, codeHash);
    expect(verifyRpcProof(stateRoot, answer).slots).toEqual([toWord(77n), ZERO_WORD]);
    const [first, second] = answer.storageProof;
    const changed = [
      { ...answer, balance: '0xb' },
      { ...answer, nonce: '0x4' },
      { ...answer, codeHash: toHex(keccak256(new Uint8Array(0))) },
      { ...answer, address: toHex(nobody) },
      { ...answer, accountProof: first!.proof },
      { ...answer, accountProof: [] },
      { ...answer, accountProof: [...answer.accountProof, ...answer.accountProof] },
      { ...answer, accountProof: [`${answer.accountProof[0]}0`] },
      { ...answer, accountProof: [`0x${'00'.repeat(1_100_000)}`] },
      { ...answer, accountProof: ['zz'] },
      { ...answer, storageProof: [{ ...first, value: '0x4e' }] },
      { ...answer, storageProof: [{ ...second, value: '0x1' }] },
      { ...answer, storageProof: [{ ...first, key: '0x6' }] },
      { ...answer, storageProof: [{ ...first, proof: second!.proof }] },
      { ...answer, storageProof: new Array(2_000).fill(first) },
      { ...answer, storageProof: 'none' },
      null,
      7,
      [],
    ];
    for (const wrong of changed) {
      expect(await codeOf(() => verifyRpcProof(stateRoot, wrong))).toBe('PROOF_INVALID');
    }
  });
});

describe('a signed header', () => {
  test('is read as the node wrote it', async () => {
    const { stateRoot } = state();
    const { frame, hash, rlp } = sealFrame(stateRoot);
    const header = await verifySignedHeader(frame, authority);
    expect(header).toEqual({
      chainId: 31_337,
      number: 7,
      timestamp: 1_700_000_000,
      hash,
      parentHash: new Uint8Array(32).fill(3),
      stateRoot,
      rlp,
    });
  });

  test('is refused where a byte differs, it is cut, another signed it or it is none', async () => {
    const { frame } = sealFrame(ZERO_WORD);
    const codes = new Set<string>();
    for (let at = 0; at < frame.length; at += 1) {
      // The height, time and parent are signed; the four spare bytes and length are checked.
      const changed = frame.slice();
      changed[at]! ^= 1 << (at % 8);
      codes.add(await codeOf(() => verifySignedHeader(changed, authority)));
    }
    expect([...codes].sort()).toEqual([
      'FRAME_BAD_SIGNATURE',
      'FRAME_MALFORMED',
      'FRAME_WRONG_CHAIN',
    ]);
    const stranger = signerOf(new Uint8Array(32).fill(2));
    const wrong: [Uint8Array, ErrorCode][] = [
      [sealFrame(ZERO_WORD, stranger).frame, 'FRAME_BAD_SIGNATURE'],
      [sealFrame(ZERO_WORD, signer, 1).frame, 'FRAME_WRONG_CHAIN'],
      [sealFrame(ZERO_WORD, signer, 31_337, KIND_MINI_BLOCK).frame, 'FRAME_MALFORMED'],
      [frame.slice(0, -1), 'FRAME_MALFORMED'],
      [new Uint8Array(0), 'FRAME_MALFORMED'],
      [new Uint8Array(70_000), 'FRAME_MALFORMED'],
    ];
    for (const [bytes, code] of wrong) {
      expect(await codeOf(() => verifySignedHeader(bytes, authority))).toBe(code);
    }
  });
});
