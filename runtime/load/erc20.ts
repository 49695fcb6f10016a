/**
 * The tokens of the `erc20` loads as a genesis has them: OpenZeppelin's ERC-20 with a balance for
 * each holder. Storage is laid out as its constructor would have left it.
 */

import { concatBytes, fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { AccountJson } from '../alloc.js';
import { CODE, SLOTS } from './contracts/token.js';

/** Where the first token is, for every seed. */
export const TOKEN_ADDRESS = tokenAddress(0);
/** Tokens of each holder, in the smallest unit. */
export const TOKEN_BALANCE = 10n ** 24n;
/** As in the source; short strings lie in their slot, with twice their length as the last byte. */
const NAME = 'Deltacast Load';
const SYMBOL = 'LOAD';

const TRANSFER_SELECTOR = fromHex('a9059cbb');
const ADDRESS_PADDING = new Uint8Array(12);

/** 20 bytes. @param index  of the token, where a load has more than one */
export function tokenAddress(index: number): Uint8Array {
  const number = index === 0 ? '' : ` ${index}`;
  return keccak256(Buffer.from(`deltacast load token${number}`)).slice(12);
}

/** Call data of transfer(address,uint256). */
export function transferData(recipient: Uint8Array, amount: bigint): Uint8Array {
  return concatBytes(TRANSFER_SELECTOR, ADDRESS_PADDING, recipient, toWord(amount));
}

/** Slot of a holder's balance: keccak256 of key and slot, as solc lays mappings out. */
export function balanceSlot(holder: Uint8Array): Uint8Array {
  return keccak256(concatBytes(ADDRESS_PADDING, holder, toWord(BigInt(SLOTS._balances))));
}

/** A token's account with TOKEN_BALANCE for each of the addresses. */
export function tokenAccount(holders: readonly Uint8Array[]): AccountJson {
  const storage: Record<string, string> = {
    [slotHex(SLOTS._totalSupply)]: toHex(toWord(TOKEN_BALANCE * BigInt(holders.length))),
    [slotHex(SLOTS._name)]: shortString(NAME),
    [slotHex(SLOTS._symbol)]: shortString(SYMBOL),
  };
  const balance = toHex(toWord(TOKEN_BALANCE));
  for (const holder of holders) storage[toHex(balanceSlot(holder))] = balance;
  return { balance: '0x0', nonce: '0x1', code: `0x${CODE}`, storage };
}

function slotHex(slot: number): string {
  return toHex(toWord(BigInt(slot)));
}

function shortString(text: string): string {
  const word = new Uint8Array(32);
  word.set(Buffer.from(text));
  word[31] = text.length * 2;
  return toHex(word);
}
