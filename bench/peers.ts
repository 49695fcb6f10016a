/**
 * What others take for the same transactions, in the same process. @ethereumjs/vm gets what `--path
 * execute` gets: its state in memory, transactions parsed and senders recovered beforehand, and
 * neither root nor receipts asked of it. What EDR gets is in edr.ts.
 */
import { createBlock } from '@ethereumjs/block';
import { createCustomCommon, type Hardfork, Mainnet } from '@ethereumjs/common';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Account, Address, bigIntToBytes, setLengthLeft } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { fromHex } from '../state/base/bytes.js';
import { DeltacastError } from '../state/base/errors.js';
import type { Clock } from '../state/base/ports.js';
import { TransactionRecord } from '../workers/record.js';
import { type AllocEntry, CONTEXT } from './chain.js';
import { EDR_INSTALL, runEdr } from './edr.js';
import type { Batch } from './path.js';

export interface PeerRun {
  readonly milliseconds: number;
  readonly gas: number;
  /** Ethereum's state root after all of it; computed outside the time. */
  readonly stateRoot: Uint8Array;
}

export interface PeerOptions {
  readonly alloc: readonly AllocEntry[];
  /** Run first and not counted. */
  readonly warmUp: Batch;
  readonly measured: Batch;
  readonly clock: Clock;
}

export interface Peer {
  /** null where it is not installed. */
  run(options: PeerOptions): Promise<PeerRun | null>;
  /** The command that installs it, where that is not npm install; null: it is always there. */
  readonly install: string | null;
}

export const PEERS: Readonly<Record<string, Peer>> = {
  '@ethereumjs/vm': { run: runEthereumJs, install: null },
  '@nomicfoundation/edr': { run: runEdr, install: EDR_INSTALL },
};

const common = createCustomCommon({ chainId: CONTEXT.chainId, name: 'peer' }, Mainnet, {
  hardfork: CONTEXT.fork as Hardfork,
});

async function runEthereumJs({ alloc, warmUp, measured, clock }: PeerOptions): Promise<PeerRun> {
  const stateManager = new MerkleStateManager({ common, caches: new Caches() });
  for (const [address, account] of alloc) await putAccount(stateManager, address, account);
  const vm = await createVM({ common, stateManager });
  await runAll(vm, parse(warmUp));
  const transactions = parse(measured);
  // One checkpoint around all, as around a block: nothing goes to the trie before its end.
  await vm.evm.journal.checkpoint();
  const startedMs = clock.monotonicMs();
  const gas = await runAll(vm, transactions);
  const milliseconds = clock.monotonicMs() - startedMs;
  await vm.evm.journal.commit();
  return { milliseconds, gas, stateRoot: await stateManager.getStateRoot() };
}

async function putAccount(
  stateManager: MerkleStateManager,
  hex: string,
  { balance, nonce, code, storage }: AllocEntry[1],
): Promise<void> {
  const address = new Address(fromHex(hex));
  await stateManager.putAccount(address, new Account(BigInt(nonce ?? 0), BigInt(balance ?? 0)));
  if (code !== undefined) await stateManager.putCode(address, fromHex(code));
  for (const [slot, value] of Object.entries(storage ?? {})) {
    const bytes = bigIntToBytes(BigInt(value));
    await stateManager.putStorage(address, setLengthLeft(fromHex(slot), 32), bytes);
  }
}

function parse({ raws, records }: Batch): TypedTransaction[] {
  return raws.map((raw, index) => {
    const tx = createTxFromRLP(raw, { common, freeze: false });
    const sender = new Address(new TransactionRecord(records[index]!).sender.slice());
    Object.defineProperty(tx, 'getSenderAddress', { value: () => sender });
    return tx;
  });
}

async function runAll(vm: VM, transactions: readonly TypedTransaction[]): Promise<number> {
  const block = createBlock(
    {
      header: {
        number: CONTEXT.number,
        timestamp: CONTEXT.timestamp,
        coinbase: new Address(CONTEXT.coinbase),
        gasLimit: BigInt(CONTEXT.gasLimit),
        baseFeePerGas: CONTEXT.baseFee,
        mixHash: CONTEXT.prevRandao,
        excessBlobGas: CONTEXT.excessBlobGas,
      },
    },
    { common },
  );
  let gas = 0n;
  for (const tx of transactions) {
    const { totalGasSpent, execResult } = await runTx(vm, { tx, block });
    if (execResult.exceptionError !== undefined) {
      throw new DeltacastError('TX_INVALID', 'a transaction failed on the peer');
    }
    gas += totalGasSpent;
  }
  return Number(gas);
}
