/** Bombs among ordinary transactions: an arena with both, and the records of each. */
import { CONTEXT, FEES, openArena } from '../../bench/chain.js';
import { prepare } from '../../bench/prepare.js';
import { createWorkload } from '../../runtime/load/workloads.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import { systemClock } from '../../state/base/ports.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import { CODE_BYTES_MAX, createBombs } from './codes.js';

/** Enough for the bomb's gate, and for a good piece of what is behind it. */
const BOMB_GAS = 60_000;
const SENDER = toWord(0xb0b0n).slice(12);
const ACCOUNTS = 1_000;
/** Numbers between the address of a bomb and that of its dud. */
const DUDS = 0x1000;

const addressOf = (index: number): Uint8Array => toWord(BigInt(0xb0_0000 + index)).slice(12);

/** @param txs  ordinary ones: transfers of a token */
export function createLoad(txs: number) {
  const load = createWorkload('erc20', { accounts: ACCOUNTS, seed: 1, ...FEES });
  const bombs = createBombs();
  const contracts = bombs.flatMap(({ code }, index) => [
    contract(index, code),
    contract(DUDS + index, dudOf(code)),
  ]);
  const sender = { balance: `0x${(10n ** 24n).toString(16)}` };
  const alloc = [...load.alloc(), ...contracts, [toHex(SENDER), sender] as const];
  const { measured } = prepare(load, 0, txs, systemClock);
  return {
    bombs,
    ordinary: measured.records,
    open: (threads: number) => openArena(alloc, threads),
  };
}

/** A transaction that sets a bomb off. @param nonce  of the one account that sends them all */
export function recordOfBomb(index: number, nonce: number): Uint8Array {
  const fields = {
    type: 2,
    nonce,
    gasLimit: BOMB_GAS,
    maxFeePerGas: FEES.maxFeePerGas,
    maxPriorityFeePerGas: 0,
    to: toHex(addressOf(index)),
    data: toHex(toWord(1n)),
    chainId: CONTEXT.chainId,
  } as Parameters<typeof recordOfUnsigned>[0];
  return recordOfUnsigned(fields, SENDER, toWord(BigInt(nonce) + 1n), CONTEXT);
}

/** The same of a dud, which executes what the bomb does. */
export function recordOfDud(index: number, nonce: number): Uint8Array {
  return recordOfBomb(DUDS + index, nonce);
}

function contract(index: number, code: Uint8Array) {
  const account = { balance: '0x0', nonce: '0x1', code: toHex(code) };
  return [toHex(addressOf(index)), account] as const;
}

/** A bomb with so many STOPs behind it that the compiler does not look at it. */
function dudOf(code: Uint8Array): Uint8Array {
  const dud = new Uint8Array(CODE_BYTES_MAX + 1);
  dud.set(code);
  return dud;
}
