/**
 * Random blocks full of what parallel execution can get wrong: money that comes just in time or too
 * late, nonces that are off, new accounts, the coinbase as sender, payee and subject, codes that
 * look at balances and nonces, creations, accounts that destroy themselves, delegations.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { fromHex, toHex, toWord } from '../../state/base/bytes.js';
import type { CellStore } from '../../workers/cell-store.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { BlockContext } from '../../workers/engine.js';
import type { ForkName } from '../../workers/fork.js';
import { CONTEXT } from '../helpers/random-block.js';
import type { Dice } from './dice.js';

const ETHER = 10n ** 18n;
const RICH = 5;
const POOR = 4;
/** Some have nothing at first. */
const ACCOUNTS_COUNT = 12;
export const addressOf = (text: string) => keccak_256(new TextEncoder().encode(text)).slice(12);
const ACCOUNTS = Array.from({ length: ACCOUNTS_COUNT }, (_, index) => addressOf(`user ${index}`));

/** The word of the input is a slot, an address or an amount. */
const PROGRAMS = {
  /** slot[input] += 1, with a log of it. */
  counter: '600035805460010180600052905560206000a000',
  /** slot[0] = balance of the input. */
  watcher: '60003531600055 00',
  /** slot[1] = own balance, slot[2] = nonce of nobody: hash of the input's code. */
  looker: '476001556000353f60025500',
  /** Sends 3 wei to the input. */
  payer: '60006000600060006003600035612710f15000',
  /** Sends all that it has to the coinbase. */
  tipper: '60006000600060004741612710f15000',
  /** Creates an empty account; its address depends on the own nonce. */
  creator: '600060006000f05000',
  /** Creates by salt what returns one byte of code, and keeps the address. */
  salted: '6960016000526001601ff36000526000356 00a60166000f560035500',
  /** Everything goes to the input, and the account itself before Cancun. */
  destroyer: '600035ff',
  /** Writes, then reverts with what is left. */
  reverter: '600160005560206000fd',
  /** Writes, then fails. */
  failer: '6001600055fe',
  /** Nothing at all, but it is code. */
  idler: '00',
} as const;
type Program = keyof typeof PROGRAMS;
const NAMES = Object.keys(PROGRAMS) as Program[];
const codeOf = (program: Program) => fromHex(PROGRAMS[program].replaceAll(' ', ''));
const PLACES = NAMES.map(addressOf);
/** Slots that many write are what conflicts are made of. */
const CALLED = [...PLACES, ...Array.from({ length: 8 }, () => addressOf('counter'))];
const INITCODES = ['', '00', 'fe', '60006000fd', '60016000526001601ff3', '6001600055ff'];
/** London and the rules of EIP-161 alone; no SELFDESTRUCT; EIP-7702. */
export const FORKS: readonly ForkName[] = ['london', 'shanghai', 'cancun', 'osaka'];

export const contextOf = (fork: ForkName): BlockContext => ({ ...CONTEXT, fork });

export function fillRich(store: CellStore, sequence: number): void {
  for (let index = 0; index < RICH; index += 1) credit(store, ACCOUNTS[index], ETHER, sequence);
  // Enough for one transaction, or nearly.
  for (let index = RICH; index < RICH + POOR; index += 1) {
    credit(store, ACCOUNTS[index], BigInt(21_000 * 9 + index), sequence);
  }
  // A few wei more and it overflows.
  credit(store, ACCOUNTS[RICH + POOR], 2n ** 256n - 4n, sequence);
  credit(store, CONTEXT.coinbase, ETHER, sequence);
  for (const name of NAMES) {
    const code = codeOf(name);
    const hash = keccak_256(code);
    store.putCode(hash, code);
    store.write(store.intern(1, addressOf(name)), toWord(1n), sequence);
    store.write(store.intern(2, addressOf(name)), hash, sequence);
    store.write(store.intern(0, addressOf(name)), toWord(10n), sequence);
  }
  delegate(store, ACCOUNTS[1], 'watcher', sequence);
}

function credit(store: CellStore, address: Uint8Array | undefined, wei: bigint, at: number): void {
  store.write(store.intern(0, address ?? new Uint8Array(20)), toWord(wei), at);
}

/** EIP-7702; before Prague it is just code. */
function delegate(store: CellStore, address: Uint8Array | undefined, to: Program, at: number) {
  const code = new Uint8Array([0xef, 0x01, 0x00, ...addressOf(to)]);
  store.putCode(keccak_256(code), code);
  store.write(store.intern(2, address ?? new Uint8Array(20)), keccak_256(code), at);
}

/** A block of at most `countMax` transactions; few accounts make many conflicts. */
export function richBlock(dice: Dice, fork: ForkName, countMax: number): Uint8Array[] {
  const spread = 1 + dice.below(ACCOUNTS_COUNT);
  const nonces = new Map<number, number>();
  return Array.from({ length: 1 + dice.below(countMax) }, (_, index) => {
    const roll = dice.roll();
    const sender = roll < 0.05 ? -1 : roll < 0.8 ? dice.below(RICH) : dice.below(ACCOUNTS_COUNT);
    const slip = dice.roll() < 0.06 ? dice.below(3) - 1 : 0;
    const expected = nonces.get(sender) ?? 0;
    if (slip === 0) nonces.set(sender, expected + 1);
    const nonce = Math.max(0, expected + slip);
    const fields = { nonce, ...randomFields(dice, spread), chainId: CONTEXT.chainId };
    const from = sender < 0 ? CONTEXT.coinbase : (ACCOUNTS[sender] as Uint8Array);
    return recordOfUnsigned(fields, from, toWord(BigInt(index)), { fork, chainId: 31_337 });
  });
}

function randomFields(dice: Dice, spread: number) {
  const kind = dice.roll();
  // What is not valid makes all later nonces of its sender wrong: it must be rare.
  const isOdd = dice.roll() < 0.04;
  const value = isOdd ? ETHER : pick(dice, [0n, 1n, 3n, 200_000n, ETHER / 50n]);
  const maxFeePerGas = isOdd ? pick(dice, [6, 7, 1_000]) : pick(dice, [7, 9, 9, 100]);
  const maxPriorityFeePerGas = Math.min(maxFeePerGas, dice.below(5));
  const fees = { type: 2, maxFeePerGas, maxPriorityFeePerGas } as const;
  if (kind < 0.45) {
    const gasLimit = isOdd ? 20_999 : pick(dice, [21_000, 50_000]);
    return { ...fees, value, gasLimit, to: toHex(anyAddress(dice, spread)) };
  }
  const gasLimit = pick(dice, [200_000, 200_000, 60_000, isOdd ? 20_000 : 30_000]);
  const small = dice.roll() < 0.7 ? 0n : value;
  if (kind < 0.55) {
    return { ...fees, value: small, gasLimit, data: `0x${pick(dice, INITCODES)}` as const };
  }
  const to = toHex(pick(dice, CALLED));
  const word = dice.roll() < 0.5 ? toWord(BigInt(dice.below(spread))) : padded(dice, spread);
  return { ...fees, value: small, gasLimit, to, data: toHex(word) };
}

function padded(dice: Dice, spread: number): Uint8Array {
  const word = new Uint8Array(32);
  word.set(anyAddress(dice, spread), 12);
  return word;
}

/** Users mostly; programs, the coinbase, a precompile, nobody. */
function anyAddress(dice: Dice, spread: number): Uint8Array {
  const roll = dice.roll();
  if (roll < 0.75) return ACCOUNTS[dice.below(spread)] as Uint8Array;
  if (roll < 0.85) return pick(dice, PLACES);
  if (roll < 0.92) return CONTEXT.coinbase;
  return roll < 0.95 ? toWord(4n).slice(12) : addressOf(`nobody ${dice.below(3)}`);
}

function pick<Item>(dice: Dice, items: readonly Item[]): Item {
  return items[dice.below(items.length)] as Item;
}
