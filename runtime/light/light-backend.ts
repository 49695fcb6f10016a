/**
 * A light node as JSON-RPC sees it: state that is proven, headers that are signed, and nothing
 * else. A block's list of transactions is empty here whatever is in the block: a light node has
 * only its header.
 */
import type { Backend } from '../../net/rpc/backend.js';
import type {
  BlockSelector,
  RpcAccountProof,
  RpcBlock,
  RpcSignedHeader,
} from '../../net/rpc/values.js';
import { toBigInt } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { keccak256 } from '../../state/base/keccak.js';
import type { StateKey } from '../../state/proof.js';
import { accountKeys, accountOf } from '../../state/verify.js';
import { sealedHeader } from '../backend/blocks.js';
import type { LightHeader } from './header-chain.js';
import type { LightCore } from './light-core.js';

export interface LightBackendParts {
  readonly core: LightCore;
  readonly chainId: number;
  readonly clientVersion: string;
  readonly peerCount: () => number;
}

const NOTHING = new Uint8Array(0);
/** Kind 2 of an account without code: 0, or 1 where it exists although it is empty. */
const NO_CODE_MAX = 1n;

function unsupported(): never {
  const message = 'a light node has headers and proofs only: ask a replica';
  throw new DeltacastError('RPC_METHOD_NOT_FOUND', message);
}

export class LightBackend implements Backend {
  readonly chainId: bigint;
  readonly clientVersion: string;
  readonly signer = null;
  private readonly core: LightCore;
  private readonly peers: () => number;

  constructor({ core, chainId, clientVersion, peerCount }: LightBackendParts) {
    this.core = core;
    this.chainId = BigInt(chainId);
    this.clientVersion = clientVersion;
    this.peers = peerCount;
  }

  readonly keccak256 = keccak256;
  readonly blockReceipts = unsupported;
  readonly blockTransactionCount = unsupported;
  readonly transaction = unsupported;
  readonly transactionByIndex = unsupported;
  readonly transactionBySenderAndNonce = unsupported;
  readonly rawTransaction = unsupported;
  readonly receipt = unsupported;
  readonly call = unsupported;
  readonly estimateGas = unsupported;
  readonly gasPrice = unsupported;
  readonly maxPriorityFeePerGas = unsupported;
  readonly blobBaseFee = unsupported;
  readonly baseFeePerGas = unsupported;
  readonly feeHistory = unsupported;
  readonly submitMany = unsupported;
  readonly onReceipt = unsupported;
  readonly logs = unsupported;
  readonly poolStatus = unsupported;
  readonly poolContent = unsupported;
  readonly listen = unsupported;

  /** @throws DeltacastError PROOF_UNAVAILABLE before the first header, and where it is too old */
  blockNumber(): number {
    return this.core.newest.number;
  }

  syncing(): false {
    return false;
  }

  peerCount(): number {
    return this.peers();
  }

  listening(): boolean {
    return true;
  }

  async balance(address: Uint8Array, block: BlockSelector): Promise<bigint> {
    return toBigInt(await this.value({ kind: 0, address }, block));
  }

  async transactionCount(address: Uint8Array, block: BlockSelector): Promise<bigint> {
    return toBigInt(await this.value({ kind: 1, address }, block));
  }

  storageAt(address: Uint8Array, slot: Uint8Array, block: BlockSelector): Promise<Uint8Array> {
    return this.value({ kind: 3, address, slot }, block);
  }

  async code(address: Uint8Array, block: BlockSelector): Promise<Uint8Array> {
    const hash = await this.value({ kind: 2, address }, block);
    return toBigInt(hash) <= NO_CODE_MAX ? NOTHING : this.core.code(hash);
  }

  async proof(
    address: Uint8Array,
    slots: readonly Uint8Array[],
    block: BlockSelector,
  ): Promise<RpcAccountProof> {
    const slotKeys = slots.map((slot): StateKey[] => [{ kind: 3, address, slot }]);
    const keySets = [accountKeys(address), ...slotKeys];
    const { header, proofs, values } = await this.core.prove(keySets, this.numberOf(block));
    const { balance, nonce, codeHash } = accountOf(values[0] ?? []);
    return {
      address,
      balance,
      nonce,
      codeHash,
      proof: proofs[0] ?? NOTHING,
      storage: slots.map((slot, index) => ({
        slot,
        value: toBigInt(values[index + 1]?.[0] ?? NOTHING),
        proof: proofs[index + 1] ?? NOTHING,
      })),
      block: header,
    };
  }

  async signedHeader(block: BlockSelector): Promise<RpcSignedHeader | null> {
    return this.header(block);
  }

  async block(block: BlockSelector, fullTransactions: boolean): Promise<RpcBlock | null> {
    const found = await this.header(block);
    if (found === null) return null;
    const header = sealedHeader(found);
    return {
      header,
      sizeBytes: found.rlp.length,
      transactionHashes: [],
      transactions: fullTransactions ? [] : null,
      uncleHashes: [],
      withdrawals: header.withdrawalsRoot === null ? null : [],
    };
  }

  private async value(key: StateKey, block: BlockSelector): Promise<Uint8Array> {
    const { values } = await this.core.prove([[key]], this.numberOf(block));
    return values[0]?.[0] ?? NOTHING;
  }

  private async header(block: BlockSelector): Promise<LightHeader | null> {
    if (block.kind === 'hash') return this.core.headerByHash(block.hash);
    const number = this.numberOf(block);
    if (number === null) return this.core.newest;
    // A header by its number is what it is, however old the newest.
    return number > (this.core.tip ?? this.core.newest).number ? null : this.core.header(number);
  }

  /** null: the newest. @throws DeltacastError RPC_NOT_FOUND */
  private numberOf(block: BlockSelector): number | null {
    if (block.kind === 'number') return block.number;
    if (block.kind === 'tag') return block.tag === 'earliest' ? 0 : null;
    const header = this.core.headerByHash(block.hash);
    if (header === null) throw new DeltacastError('RPC_NOT_FOUND', 'header not found');
    return header.number;
  }
}
