/**
 * Random blocks that conflict in every kind of cell: money, nonces, slots that all write, codes
 * that an earlier transaction of the same block made, ended, or made again over old storage, and
 * delegations that change between two calls.
 */

import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { concatBytes, fromHex, toBigInt, toHex, toWord } from '../../state/base/bytes.js';
import type { CellStore } from '../../workers/cell-store.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { BlockContext } from '../../workers/engine.js';
import type { ForkName } from '../../workers/fork.js';
import { addressOfKey, signHash } from '../../workers/signature.js';
import { addressOf, childOf, codeOf, PROGRAM_NAMES, type Program } from './random-programs.js';

const ETHER = 10n ** 18n;

export const CONTEXT: BlockContext = {
  fork: 'osaka',
  chainId: 31_337,
  number: 5,
  timestamp: 1_700_000_000,
  coinbase: fromHex('c0'.repeat(20)),
  gasLimit: 1_000_000_000,
  baseFee: 7n,
  prevRandao: toWord(99n),
  difficulty: 0n,
  excessBlobGas: 0n,
};

const ACCOUNTS = Array.from({ length: 8 }, (_, index) =>
  keccak_256(toWord(BigInt(index))).slice(12),
);
/** Accounts whose keys are known: they let programs act for them (EIP-7702). */
const KEYS = Array.from({ length: 3 }, (_, index) => keccak_256(toWord(BigInt(index + 1_000))));
const AUTHORITIES = KEYS.map(addressOfKey);
const POOL_RESERVES = 1_000_000n;
const VALUE_MAX = 7;

/** Accounts with ether, the programs deployed, and a pool with reserves, at this sequence. */
export function fillStore(store: CellStore, sequence: number): void {
  for (const address of ACCOUNTS) store.write(store.intern(0, address), toWord(ETHER), sequence);
  for (const name of PROGRAM_NAMES) {
    const code = codeOf(name);
    store.putCode(keccak_256(code), code);
    store.write(store.intern(1, addressOf(name)), toWord(1n), sequence);
    store.write(store.intern(2, addressOf(name)), keccak_256(code), sequence);
  }
  for (const slot of [0n, 1n]) {
    const cell = store.intern(3, addressOf('pool'), toWord(slot));
    store.write(cell, toWord(POOL_RESERVES), sequence);
  }
}

/** What a transaction calls: an account, a program, or what this block makes of one. */
type Target =
  | { readonly account: number }
  | { readonly program: Program }
  | { readonly childOf: 'maker' | 'blinker'; readonly salt: number }
  | { readonly authority: number; readonly actsAs: Program | null };

interface Step {
  readonly sender: number;
  readonly target: Target;
  readonly word: number;
  readonly value: number;
  readonly tip: number;
  readonly nonceSlip: number;
}

export interface RandomBlock {
  readonly fork: ForkName;
  readonly records: readonly Uint8Array[];
}

/** The block with these rules; they differ in what SELFDESTRUCT does, and in delegations. */
export const contextOf = (fork: ForkName): BlockContext => ({ ...CONTEXT, fork });

/** Records whose nonces count from zero, some of them off by one on purpose. */
function blockOf(fork: ForkName, steps: readonly Step[]): RandomBlock {
  const nonces = new Map<number, number>();
  const authorizations = new Map<number, number>();
  const records = steps.map((step, index) => {
    const { sender, target, nonceSlip } = step;
    const next = nonces.get(sender) ?? 0;
    if (nonceSlip === 0) nonces.set(sender, next + 1);
    const fields = { ...fieldsOf(step), nonce: Math.max(0, next + nonceSlip) };
    const from = ACCOUNTS[sender]!;
    const hash = keccak_256(toWord(BigInt(index)));
    if (!('authority' in target) || target.actsAs === null || fork !== 'osaka') {
      return recordOfUnsigned({ ...fields, type: 2 }, from, hash, contextOf(fork));
    }
    const { authority, actsAs } = target;
    const used = authorizations.get(authority) ?? 0;
    if (nonceSlip === 0) authorizations.set(authority, used + 1);
    const authorizationList = [authorizationOf(authority, actsAs, used)];
    return recordOfUnsigned({ ...fields, type: 4, authorizationList }, from, hash, contextOf(fork));
  });
  return { fork, records };
}

function fieldsOf({ target, word, value, tip }: Step) {
  const fees = { maxFeePerGas: 100, maxPriorityFeePerGas: tip, gasLimit: 200_000 };
  const data = toHex(toWord(BigInt(word)));
  // A balance that is no longer as read hides that a slot is not either: few calls carry ether.
  const sent = 'account' in target || value === VALUE_MAX ? value : 0;
  return { ...fees, value: sent, to: toHex(placeOf(target)), data, chainId: CONTEXT.chainId };
}

function placeOf(target: Target): Uint8Array {
  if ('account' in target) return ACCOUNTS[target.account]!;
  if ('program' in target) return addressOf(target.program);
  if ('childOf' in target) return childOf(target.childOf, toWord(BigInt(target.salt)));
  return AUTHORITIES[target.authority]!;
}

/** Signed: the account acts as this program from now on, if its nonce is this. */
function authorizationOf(authority: number, program: Program, nonce: number) {
  const { chainId } = CONTEXT;
  const address = addressOf(program);
  const message = concatBytes(Uint8Array.of(5), RLP.encode([chainId, address, nonce]));
  const { r, s, recovery } = signHash(keccak_256(message), KEYS[authority]!);
  const quantity = (value: bigint | number): `0x${string}` => `0x${value.toString(16)}`;
  return {
    chainId: quantity(chainId),
    address: toHex(address),
    nonce: quantity(nonce),
    yParity: quantity(recovery),
    r: quantity(toBigInt(r)),
    s: quantity(toBigInt(s)),
  };
}

/** Few of everything make many conflicts. @param spread  how many */
function targetOf(spread: number): fc.Arbitrary<Target> {
  const program = fc.constantFrom(...PROGRAM_NAMES);
  const salt = fc.nat(Math.min(spread, 2));
  const authority = fc.nat(KEYS.length - 1);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ account: fc.nat(spread) }) },
    { weight: 4, arbitrary: fc.record({ program: fc.constantFrom('pool', 'shared', 'counter') }) },
    { weight: 3, arbitrary: fc.record({ program }) },
    { weight: 3, arbitrary: fc.record({ childOf: fc.constantFrom('maker', 'blinker'), salt }) },
    { weight: 2, arbitrary: fc.record({ authority, actsAs: fc.constant(null) }) },
    { weight: 1, arbitrary: fc.record({ authority, actsAs: program }) },
  );
}

/**
 * Random blocks: `conflict` of 0 keeps senders and slots apart, 1 makes all of them touch the same.
 * Two of three have the newest rules; in the others an account can end.
 */
export const randomBlock: fc.Arbitrary<RandomBlock> = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom('osaka', 'osaka', 'shanghai'))
  .chain(([conflict, fork]) => {
    const spread = Math.max(1, Math.round((1 - conflict) * 7));
    const step: fc.Arbitrary<Step> = fc.record({
      sender: fc.nat(7),
      target: targetOf(spread),
      word: fc.nat(Math.min(spread, 3)),
      value: fc.nat(VALUE_MAX),
      tip: fc.nat(5),
      nonceSlip: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1)),
    });
    const steps = fc.array(step, { minLength: 1, maxLength: 48, size: 'max' });
    return steps.map((list) => blockOf(fork as ForkName, list));
  });
