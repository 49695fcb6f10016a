/**
 * Makes a failing case smaller for as long as it still fails: whole transactions, accounts and
 * blocks of code first, then stretches of code and what transactions carry. Each round takes the
 * first change that keeps the failure, until none does or the tries are used up.
 */

import type { CodeBlock } from '../../bench/gas/code-writer.js';
import type { FuzzAccount, FuzzCase, FuzzTransaction } from './case.js';

/** A try runs two engines on the case: some milliseconds each. */
const TRIES_MAX = 3_000;
const JUMPDEST = '5b';

/** @param fails  whether a case shows the failure that is looked for */
export async function minimise(
  subject: FuzzCase,
  fails: (candidate: FuzzCase) => Promise<boolean>,
  triesMax = TRIES_MAX,
): Promise<FuzzCase> {
  let smallest = subject;
  let tries = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smallerCases(smallest)) {
      if ((tries += 1) > triesMax) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Large steps first. */
function* smallerCases(subject: FuzzCase): Generator<FuzzCase> {
  const { accounts, transactions } = subject;
  for (const rest of without(transactions)) {
    if (rest.length > 0) yield { ...subject, transactions: rest };
  }
  for (const rest of without(accounts)) yield { ...subject, accounts: rest };
  for (const [index, account] of accounts.entries()) {
    for (const smaller of smallerAccounts(account)) {
      yield { ...subject, accounts: accounts.with(index, smaller) };
    }
  }
  for (const [index, transaction] of transactions.entries()) {
    for (const smaller of smallerTransactions(transaction)) {
      yield { ...subject, transactions: transactions.with(index, smaller) };
    }
  }
}

function* smallerAccounts(account: FuzzAccount): Generator<FuzzAccount> {
  const { blocks, storage } = account;
  for (const rest of without(blocks)) yield { ...account, blocks: rest };
  for (const slot of Object.keys(storage)) {
    yield {
      ...account,
      storage: Object.fromEntries(Object.entries(storage).filter(([key]) => key !== slot)),
    };
  }
  for (const [index, block] of blocks.entries()) {
    for (const smaller of smallerBlocks(block))
      yield { ...account, blocks: blocks.with(index, smaller) };
  }
}

/** Stretches of JUMPDEST instead of code: everything else stays where it was. */
function* smallerBlocks(block: CodeBlock): Generator<CodeBlock> {
  const { hex, fixups } = block;
  const length = hex.length / 2;
  for (let size = length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= length; at += size) {
      const stretch = hex.slice(at * 2, (at + size) * 2);
      const blank = JUMPDEST.repeat(size);
      if (stretch === blank) continue;
      const isFree = (fixup: number) => fixup + 2 <= at || fixup >= at + size;
      yield {
        ...block,
        hex: hex.slice(0, at * 2) + blank + hex.slice((at + size) * 2),
        fixups: fixups.filter(isFree),
      };
    }
  }
}

function* smallerTransactions(transaction: FuzzTransaction): Generator<FuzzTransaction> {
  const { data, accessList, authorizations } = transaction;
  if (data.length > 2) {
    yield { ...transaction, data: '0x' };
    yield { ...transaction, data: data.slice(0, 2 + ((data.length - 2) >> 2) * 2) };
  }
  if (transaction.value !== '0') yield { ...transaction, value: '0' };
  if (transaction.nonceSlip !== 0) yield { ...transaction, nonceSlip: 0 };
  for (const rest of without(accessList)) yield { ...transaction, accessList: rest };
  for (const rest of without(authorizations)) yield { ...transaction, authorizations: rest };
}

/** Halves that are left out first, then each item. */
function* without<Item>(items: readonly Item[]): Generator<Item[]> {
  const { length } = items;
  for (let size = length; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= length; at += size) {
      yield [...items.slice(0, at), ...items.slice(at + size)];
    }
  }
}
