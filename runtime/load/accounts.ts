/**
 * The accounts of a load: keys from a seed, so never those of a wallet, and the next nonce of each.
 * An address costs a point multiplication (about 30 us), so a key is turned into one when asked for
 * and then kept. Each has sent one transaction before the load begins, as in pevm's benchmarks:
 * else the first of each would make the cell of its nonce.
 */

import { assert } from '../../state/base/assert.js';
import { keccak256 } from '../../state/base/keccak.js';
import { addressOfKey } from '../../workers/signature.js';

/** Of each account when the load begins. */
export const FIRST_NONCE = 1;

export class LoadAccounts {
  readonly count: number;
  private readonly seed: number;
  private readonly keys: (Uint8Array | undefined)[] = [];
  private readonly known: (Uint8Array | undefined)[] = [];
  private readonly nonces: Uint32Array;

  constructor(count: number, seed: number) {
    this.count = count;
    this.seed = seed;
    this.nonces = new Uint32Array(count).fill(FIRST_NONCE);
  }

  /** 32 bytes. */
  keyOf(index: number): Uint8Array {
    assert(index >= 0 && index < this.count, 'an account of this load');
    return (this.keys[index] ??= deriveKey(this.seed, index));
  }

  /** 20 bytes. */
  addressOf(index: number): Uint8Array {
    return (this.known[index] ??= addressOfKey(this.keyOf(index)));
  }

  /** Of all accounts that are picked, in order. @param isPicked  without it: of all */
  addresses(isPicked: (index: number) => boolean = () => true): Uint8Array[] {
    const picked: Uint8Array[] = [];
    for (let index = 0; index < this.count; index += 1) {
      if (isPicked(index)) picked.push(this.addressOf(index));
    }
    return picked;
  }

  /** The nonce of the account's next transaction, which it is taken for. */
  takeNonce(index: number): number {
    assert(index >= 0 && index < this.count, 'an account of this load');
    const nonce = this.nonces[index]!;
    this.nonces[index] = nonce + 1;
    return nonce;
  }
}

/** A hash is outside the curve's range once in 2^128. */
function deriveKey(seed: number, index: number): Uint8Array {
  return keccak256(Buffer.from(`deltacast load, seed ${seed}, account ${index}`));
}
