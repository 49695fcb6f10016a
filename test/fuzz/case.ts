/**
 * A case as plain JSON: accounts, a block, transactions. Numbers are decimal or 0x-hex strings
 * where they may be above 2^53. A corpus file holds one; what it does is a function of it alone.
 */
import type { CodeBlock } from '../../bench/gas/code-writer.js';
import type { FuzzFork } from './world.js';

export interface FuzzAccount {
  readonly address: string;
  readonly balance: string;
  readonly nonce: number;
  /** The code; none where there are no blocks. */
  readonly blocks: readonly CodeBlock[];
  readonly storage: Readonly<Record<string, string>>;
}

export interface FuzzBlock {
  readonly fork: FuzzFork;
  readonly chainId: number;
  readonly number: number;
  readonly timestamp: number;
  readonly coinbase: string;
  readonly gasLimit: number;
  readonly baseFee: string;
  readonly prevRandao: string;
  readonly excessBlobGas: string;
}

export interface FuzzAuthorization {
  readonly chainId: string;
  readonly address: string;
  readonly nonce: string;
  readonly yParity: number;
  readonly r: string;
  readonly s: string;
}

export interface FuzzTransaction {
  readonly type: 0 | 1 | 2 | 3 | 4;
  readonly sender: string;
  /** null creates a contract. */
  readonly to: string | null;
  /** Added to the nonce that the sender has then: 0 is right. */
  readonly nonceSlip: number;
  readonly gasLimit: number;
  readonly value: string;
  /** gasPrice for types 0 and 1. */
  readonly maxFee: string;
  readonly priorityFee: string;
  readonly data: string;
  readonly accessList: readonly { readonly address: string; readonly slots: readonly string[] }[];
  readonly authorizations: readonly FuzzAuthorization[];
  readonly blobHashes: readonly string[];
}

export interface FuzzCase {
  /** Where it came from, for people. */
  readonly origin: string;
  readonly block: FuzzBlock;
  readonly accounts: readonly FuzzAccount[];
  readonly transactions: readonly FuzzTransaction[];
}
