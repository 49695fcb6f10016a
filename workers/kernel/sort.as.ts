/**
 * Sorts pointers to account entries by address, or to slot entries by slot, as numbers, where they
 * lie: by insertion while they are few, else by a heap, whose worst case is no worse than its mean.
 */
import { compareAddress } from "./words.as";
import { lt } from "./u256.as";

const FEW: u32 = 12;

export function sortPointers(list: usize, count: u32, areAccounts: bool): void {
  if (count < 2) return;
  if (count <= FEW) return insertAll(list, count, areAccounts);
  for (let root = count >> 1; root > 0; root--) siftDown(list, root - 1, count, areAccounts);
  for (let last = count - 1; last > 0; last--) {
    const first = at(list, 0);
    put(list, 0, at(list, last));
    put(list, last, first);
    siftDown(list, 0, last, areAccounts);
  }
}

function insertAll(list: usize, count: u32, areAccounts: bool): void {
  for (let next: u32 = 1; next < count; next++) {
    const item = at(list, next);
    let place = next;
    for (; place > 0 && isBefore(item, at(list, place - 1), areAccounts); place--) {
      put(list, place, at(list, place - 1));
    }
    put(list, place, item);
  }
}

function siftDown(list: usize, root: u32, count: u32, areAccounts: bool): void {
  const item = at(list, root);
  while (true) {
    let child = root * 2 + 1;
    if (child >= count) break;
    if (child + 1 < count && isBefore(at(list, child), at(list, child + 1), areAccounts)) child++;
    if (!isBefore(item, at(list, child), areAccounts)) break;
    put(list, root, at(list, child));
    root = child;
  }
  put(list, root, item);
}

@inline
function at(list: usize, index: u32): usize {
  return <usize>load<u32>(list + (<usize>index << 2));
}

@inline
function put(list: usize, index: u32, item: usize): void {
  store<u32>(list + (<usize>index << 2), <u32>item);
}

@inline
function isBefore(a: usize, b: usize, areAccounts: bool): bool {
  return areAccounts ? compareAddress(a, b) < 0 : lt(a, b);
}
