/**
 * The prefunded development accounts: the same mnemonic, path and order as Anvil and Hardhat, so
 * that scripts written for those find their accounts here. These keys are public knowledge: they
 * must never hold anything of value, and a node that is given another mnemonic prints that
 * mnemonic's keys too.
 */

import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { DeltacastError } from '../state/base/errors.js';
import { addressOfKey } from '../workers/signature.js';

export const DEFAULT_MNEMONIC = 'test test test test test test test test test test test junk';
/** BIP-44 path of Ethereum accounts; the account's index follows. */
export const DERIVATION_PATH = "m/44'/60'/0'/0/";

export interface DevAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/**
 * Derives the first `count` accounts of a mnemonic (BIP-39 seed without passphrase, BIP-32,
 * BIP-44).
 * @throws DeltacastError BAD_USAGE when the mnemonic's words or checksum are wrong.
 */
export function deriveAccounts(mnemonic: string, count: number): DevAccount[] {
  if (!validateMnemonic(mnemonic, wordlist)) {
    throw new DeltacastError('BAD_USAGE', 'the mnemonic is not a valid BIP-39 English phrase');
  }
  const parent = HDKey.fromMasterSeed(mnemonicToSeedSync(mnemonic)).derive(
    DERIVATION_PATH.slice(0, -1),
  );
  return Array.from({ length: count }, (_, index) => {
    const privateKey = parent.deriveChild(index).privateKey;
    if (privateKey === null) {
      throw new DeltacastError('BAD_USAGE', `account ${index} of this mnemonic has no key`);
    }
    return { address: addressOfKey(privateKey), privateKey };
  });
}
