/**
 * Hardhat's EDR as a peer: revm in Rust behind a JSON-RPC of its own, with no other door. What is
 * timed is the mining of one block of transactions that its pool holds already, senders recovered,
 * so it includes the block's receipts and state root, and whatever else EDR does for its users.
 *
 * It is no dependency: 220 MB, binaries for seven platforms (all in the npm registry), and from
 * 0.13 on it needs Node 22. Where it is installed, it is found.
 */
import { createRequire } from 'node:module';
import { fromHex, toHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import { type AllocEntry, CONTEXT } from './chain.js';
import type { PeerOptions, PeerRun } from './peers.js';

export const EDR_INSTALL = 'npm install --no-save @nomicfoundation/edr@0.12.1';

const NO_LIMIT = BigInt(Number.MAX_SAFE_INTEGER);

interface Provider {
  /** @param request  JSON. The answer's data is JSON, or what it would be parsed to. */
  handleRequest(request: string): Promise<{ readonly data: unknown }>;
}

interface Edr {
  readonly L1_CHAIN_TYPE: string;
  readonly OSAKA: string;
  readonly ContractDecoder: new () => object;
  readonly EdrContext: new () => {
    registerProviderFactory(chainType: string, factory: object): Promise<void>;
    createProvider(chainType: string, ...configs: readonly object[]): Promise<Provider>;
  };
  l1ProviderFactory(): object;
}

/** There may be one of a process, says EDR. */
let context: InstanceType<Edr['EdrContext']> | undefined;

/**
 * @returns null where it is not installed (EDR_INSTALL says how)
 * @throws DeltacastError TX_INVALID where it does not take a transaction
 */
export async function runEdr(options: PeerOptions): Promise<PeerRun | null> {
  const { alloc, warmUp, measured, clock } = options;
  const edr = loadEdr();
  if (edr === null) return null;
  const provider = await startProvider(edr, alloc);
  await mine(provider, warmUp.raws);
  await submit(provider, measured.raws);
  const startedMs = clock.monotonicMs();
  await ask(provider, 'evm_mine');
  const milliseconds = clock.monotonicMs() - startedMs;
  const block = await lastBlock(provider, measured.raws.length);
  return { milliseconds, gas: Number(block.gasUsed), stateRoot: fromHex(block.stateRoot) };
}

function loadEdr(): Edr | null {
  try {
    return createRequire(import.meta.url)('@nomicfoundation/edr') as Edr;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

async function startProvider(edr: Edr, alloc: readonly AllocEntry[]): Promise<Provider> {
  const { L1_CHAIN_TYPE, EdrContext, ContractDecoder } = edr;
  if (context === undefined) {
    context = new EdrContext();
    await context.registerProviderFactory(L1_CHAIN_TYPE, edr.l1ProviderFactory());
  }
  const config = {
    ...{ chainId: BigInt(CONTEXT.chainId), networkId: BigInt(CONTEXT.chainId) },
    ...{ hardfork: edr.OSAKA, genesisState: alloc.map(accountOf), coinbase: CONTEXT.coinbase },
    ...{ allowBlocksWithSameTimestamp: true, allowUnlimitedContractSize: false },
    ...{ bailOnCallFailure: true, bailOnTransactionFailure: true },
    ...{ initialBaseFeePerGas: CONTEXT.baseFee, minGasPrice: 0n },
    initialParentBeaconBlockRoot: new Uint8Array(32),
    defaultTransactionGasLimit: NO_LIMIT,
    mining: { autoMine: false, blockGasLimit: NO_LIMIT, memPool: { order: 'Fifo' } },
    network: { genesisBlockGasLimit: NO_LIMIT, genesisBlockTime: BigInt(CONTEXT.timestamp) },
    ...{ observability: {}, ownedAccounts: [], precompileOverrides: [] },
  };
  const logger = {
    enable: false,
    decodeConsoleLogInputsCallback: () => [],
    printLineCallback: () => {},
  };
  const subscription = { subscriptionCallback: () => {} };
  return context.createProvider(L1_CHAIN_TYPE, config, logger, subscription, new ContractDecoder());
}

function accountOf([address, { balance, nonce, code, storage }]: AllocEntry): object {
  return {
    address: fromHex(address),
    balance: BigInt(balance ?? 0),
    nonce: BigInt(nonce ?? 0),
    ...(code === undefined ? {} : { code: fromHex(code) }),
    storage: Object.entries(storage ?? {}).map(([slot, value]) => ({
      index: BigInt(slot),
      value: BigInt(value),
    })),
  };
}

async function submit(provider: Provider, raws: readonly Uint8Array[]): Promise<void> {
  for (const raw of raws) await ask(provider, 'eth_sendRawTransaction', toHex(raw));
  const baseFee = `0x${CONTEXT.baseFee.toString(16)}`;
  await ask(provider, 'hardhat_setNextBlockBaseFeePerGas', baseFee);
  await ask(provider, 'evm_setNextBlockTimestamp', CONTEXT.timestamp);
}

async function mine(provider: Provider, raws: readonly Uint8Array[]): Promise<void> {
  await submit(provider, raws);
  await ask(provider, 'evm_mine');
  await lastBlock(provider, raws.length);
}

interface BlockJson {
  readonly gasUsed: string;
  readonly stateRoot: string;
  readonly transactions: readonly string[];
}

async function lastBlock(provider: Provider, transactions: number): Promise<BlockJson> {
  const block = (await ask(provider, 'eth_getBlockByNumber', 'latest', false)) as BlockJson;
  if (block.transactions.length === transactions) return block;
  throw new DeltacastError('TX_INVALID', 'EDR left transactions out of its block');
}

async function ask(provider: Provider, method: string, ...params: unknown[]): Promise<unknown> {
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const { data } = await provider.handleRequest(request);
  const answer = (typeof data === 'string' ? JSON.parse(data) : data) as {
    readonly result?: unknown;
    readonly error?: { readonly message: string };
  };
  if (answer.error === undefined) return answer.result;
  throw new DeltacastError('TX_INVALID', `EDR, ${method}: ${answer.error.message.slice(0, 200)}`);
}
