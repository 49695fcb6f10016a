/**
 * Receipts in their consensus encoding (EIP-658, EIP-2718), made of the logs of outcome records:
 * address (20), topic count u8, topics (32 each), data length u32, data.
 */
import { addToBloom, mergeBloom } from "./bloom.as";
import { addItem } from "./leaves.as";
import {
  BLOOM, GAS, IN_GAS, IN_LOG_ENDS, IN_LOGS, IN_RAW_ENDS, IN_RAWS, IN_STATUSES, RECEIPT,
  TREE_RECEIPTS, TREE_TRANSACTIONS,
} from "./map";
import {
  BYTES_TAG, bytesSize, headSize, LIST_TAG, putBytes, putHead, putNumber, sizeOf,
} from "./rlp.as";

const BLOOM_BYTES: u32 = 256;
const ADDRESS_BYTES: u32 = 20;
const TOPIC_BYTES: u32 = 32;
/** EIP-2718 reserves first bytes from 0xc0 on for legacy lists. */
const LEGACY_FIRST_BYTE: u32 = 0xc0;

/** Takes in the transactions at IN_..., and their receipts. */
export function addTransactions(count: u32): void {
  const raws: usize = load<u32>(IN_RAWS);
  const logs: usize = load<u32>(IN_LOGS);
  let rawEnds: usize = load<u32>(IN_RAW_ENDS);
  let logEnds: usize = load<u32>(IN_LOG_ENDS);
  let statuses: usize = load<u32>(IN_STATUSES);
  let gas: usize = load<u32>(IN_GAS);
  for (let left = count; left > 0; left--) {
    const from = load<u32>(rawEnds);
    const raw = raws + from - load<u32>(load<u32>(IN_RAW_ENDS));
    const first = <u32>load<u8>(raw);
    const logBase = logs - load<u32>(load<u32>(IN_LOG_ENDS));
    store<u64>(GAS, load<u64>(GAS) + <u64>load<f64>(gas));
    addReceipt(
      first >= LEGACY_FIRST_BYTE ? 0 : first, load<u8>(statuses),
      logBase + load<u32>(logEnds), logBase + load<u32>(logEnds, 4),
    );
    addItem(TREE_TRANSACTIONS, raw, load<u32>(rawEnds, 4) - from);
    rawEnds += 4;
    logEnds += 4;
    statuses += 1;
    gas += 8;
  }
}

function addReceipt(type: u32, status: u32, logs: usize, logsEnd: usize): void {
  const logsLength = logsSize(logs, logsEnd);
  const gasSize = sizeOf(load<u64>(GAS));
  const bloomSize = headSize(BLOOM_BYTES) + BLOOM_BYTES;
  const gasLength: u32 = gasSize == 1 && load<u64>(GAS) < BYTES_TAG ? 1 : 1 + gasSize;
  const length = 1 + gasLength + bloomSize + headSize(logsLength) + logsLength;
  let at: usize = RECEIPT;
  if (type != 0) store<u8>(at++, type);
  at = putHead(at, LIST_TAG, length);
  store<u8>(at++, status == 0 ? BYTES_TAG : status);
  if (gasLength > gasSize) at = putHead(at, BYTES_TAG, gasSize);
  at = putNumber(at, load<u64>(GAS), gasSize);
  const bloom = putHead(at, BYTES_TAG, BLOOM_BYTES);
  memory.fill(bloom, 0, BLOOM_BYTES);
  at = putHead(bloom + BLOOM_BYTES, LIST_TAG, logsLength);
  while (logs < logsEnd) {
    at = putLog(at, logs, bloom);
    logs = endOf(logs);
  }
  mergeBloom(BLOOM, bloom);
  addItem(TREE_RECEIPTS, RECEIPT, <u32>(at - RECEIPT));
}

/** Bytes of the RLP of all logs, without the list's head. */
function logsSize(logs: usize, end: usize): u32 {
  let size: u32 = 0;
  for (; logs < end; logs = endOf(logs)) {
    const length = logSize(logs);
    size += headSize(length) + length;
  }
  return size;
}

@inline
function logSize(log: usize): u32 {
  const topics = topicsSize(log);
  const data = dataOf(log);
  return 1 + ADDRESS_BYTES + headSize(topics) + topics + bytesSize(data + 4, load<u32>(data));
}

@inline
function topicsSize(log: usize): u32 {
  return <u32>load<u8>(log + ADDRESS_BYTES) * (1 + TOPIC_BYTES);
}

/** Pointer to the length of the data. */
@inline
function dataOf(log: usize): usize {
  return log + ADDRESS_BYTES + 1 + <u32>load<u8>(log + ADDRESS_BYTES) * TOPIC_BYTES;
}

@inline
function endOf(log: usize): usize {
  const data = dataOf(log);
  return data + 4 + load<u32>(data);
}

/** @returns the end of the log's RLP */
function putLog(at: usize, log: usize, bloom: usize): usize {
  at = putHead(at, LIST_TAG, logSize(log));
  at = putBytes(at, log, ADDRESS_BYTES);
  addToBloom(bloom, log, ADDRESS_BYTES);
  at = putHead(at, LIST_TAG, topicsSize(log));
  const data = dataOf(log);
  for (let topic = log + ADDRESS_BYTES + 1; topic < data; topic += TOPIC_BYTES) {
    at = putBytes(at, topic, TOPIC_BYTES);
    addToBloom(bloom, topic, TOPIC_BYTES);
  }
  return putBytes(at, data + 4, load<u32>(data));
}
