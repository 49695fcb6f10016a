/**
 * The smallest engine that moves ether: nonce and balances, a fee of 1 wei, 21,000 gas; no code is
 * run. Worker threads load it, so it is plain JavaScript over the built program.
 */
import { NO_CELL } from '../../../dist/state/arena.js';
import { toBigInt, toWord } from '../../../dist/state/base/bytes.js';
import { EMPTY_OUTCOME, writeOutcome } from '../../../dist/workers/outcome.js';
import { TransactionRecord } from '../../../dist/workers/record.js';

export class TransferEngine {
  name = 'transfer';

  constructor(arena) {
    this.arena = arena;
  }

  beginBlock() {}

  execute(transaction, outcome) {
    const { sender, to, value, nonce } = new TransactionRecord(transaction);
    const reads = [];
    const seen = this.read(1, sender, reads);
    if (seen !== nonce) {
      const reason = nonce < seen ? 'TX_NONCE_TOO_LOW' : 'TX_NONCE_TOO_HIGH';
      return writeOutcome({ ...EMPTY_OUTCOME, reads, reason }, outcome);
    }
    const balance = this.read(0, sender, reads);
    const cost = value + 1n;
    if (balance < cost) {
      const reason = 'TX_INSUFFICIENT_FUNDS';
      return writeOutcome({ ...EMPTY_OUTCOME, reads, reason }, outcome);
    }
    const isSelf = Buffer.compare(sender, to) === 0;
    const left = balance - (isSelf ? 1n : cost);
    const writes = [write(0, sender, left), write(1, sender, nonce + 1n)];
    if (!isSelf) writes.push(write(0, to, this.read(0, to, reads) + value));
    const done = { status: 1, gasUsed: 21_000, feeDelta: 1n };
    return writeOutcome({ ...EMPTY_OUTCOME, ...done, reads, writes }, outcome);
  }

  systemCall(_to, _data, outcome) {
    return writeOutcome({ ...EMPTY_OUTCOME, status: 1 }, outcome);
  }

  read(kind, address, reads) {
    const word = new Uint8Array(32);
    const id = this.arena.find(kind, address);
    const version = id === NO_CELL ? 0 : this.arena.readLatest(id, word);
    reads.push({ kind, address, slot: null, version });
    return toBigInt(word);
  }
}

function write(kind, address, value) {
  return { kind, address, slot: null, value: toWord(value) };
}

export function createEngine(arena) {
  return new TransferEngine(arena);
}
