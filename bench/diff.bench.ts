/**
 * The diff codec on transfers among many accounts: bytes and nanoseconds for each update, encoding
 * on one arena and applying on another, keys that exist already; then mini-blocks of new keys.
 * Accounts are drawn evenly, which is the worst case for the gaps between ids. Run after a build:
 * `node dist/bench/diff.bench.js [accounts ...]`.
 */
import { Arena, KIND_BALANCE, KIND_NONCE, KIND_SLOT } from '../state/arena.js';
import { toBigInt, toWord } from '../state/base/bytes.js';
import { systemClock } from '../state/base/ports.js';
import { applyDiff, type DiffStatistics, diffStatistics, encodeDiff } from '../state/diff.js';

const TRANSFERS = 1_000;
const MINI_BLOCKS = 150;
/** Not measured: the kernel is optimised from the start, the JavaScript around it is not. */
const WARM_UP = 30;
const ETHER = 10n ** 18n;

type MiniBlock = (world: World) => void;

/** xorshift32: the same load in every run. */
class Chance {
  #state = 0x2545f491;

  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 0) / 2 ** 32) * bound);
  }
}

class World {
  readonly arena: Arena;
  readonly replica: Arena;
  readonly chance = new Chance();
  readonly accounts: number;
  sequence = 1;
  #fresh = 0;
  readonly #word = new Uint8Array(32);

  constructor(accounts: number, isToken: boolean) {
    this.accounts = accounts;
    this.arena = Arena.create({ threads: 1, megabytes: 2048 });
    this.replica = Arena.create({ threads: 1, megabytes: 2048 });
    for (const arena of [this.arena, this.replica]) {
      for (let index = 0; index < accounts; index++) fill(arena, index, isToken);
    }
  }

  add(id: number, amount: bigint): void {
    this.arena.readLatest(id, this.#word);
    this.arena.write(id, toWord(toBigInt(this.#word) + amount), this.sequence);
  }

  /** A sender pays its fee and its nonce goes up; nothing is done for the fee's recipient. */
  send(value: bigint, gas: bigint, gasPrice: bigint): void {
    const sender = addressOf(this.chance.below(this.accounts));
    this.add(this.arena.find(KIND_BALANCE, sender), -value - gas * gasPrice);
    this.add(this.arena.find(KIND_NONCE, sender), 1n);
  }

  newAddress(): Uint8Array {
    return addressOf(this.accounts + this.#fresh++);
  }
}

function fill(arena: Arena, index: number, isToken: boolean): void {
  const address = addressOf(index);
  arena.restore(arena.intern(KIND_BALANCE, address), toWord(1000n * ETHER), 1);
  arena.restore(arena.intern(KIND_NONCE, address), toWord(7n), 1);
  if (!isToken) return;
  arena.restore(arena.intern(KIND_SLOT, TOKEN, slotOf(address)), toWord(10_000n * ETHER), 1);
}

/** Spread like hashes: the bits of the index times a large odd number. */
function addressOf(index: number): Uint8Array {
  const spread = (BigInt(index) + 1n) * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bn;
  return toWord(BigInt.asUintN(160, spread)).subarray(12);
}

function slotOf(address: Uint8Array): Uint8Array {
  const spread = toBigInt(address) * 0xd6e8feb86659fd93a5a5a5a5c2b2ae3d27d4eb2f165667b19e3779b1n;
  return toWord(BigInt.asUintN(256, spread * spread));
}

const TOKEN = addressOf(1_000_000_000);

/** Two to four digits of an amount, as people send them. */
function someAmount(chance: Chance): bigint {
  return BigInt(1 + chance.below(10 ** (2 + chance.below(3)))) * 10n ** 15n;
}

/** Nine digits: a base fee is seldom round. */
function someGasPrice(chance: Chance): bigint {
  return 10n ** 9n + BigInt(chance.below(10 ** 9));
}

function ethTransfers(world: World): void {
  const { arena, chance } = world;
  for (let count = 0; count < TRANSFERS; count++) {
    const value = someAmount(chance);
    world.send(value, 21_000n, someGasPrice(chance));
    const recipient = addressOf(chance.below(world.accounts));
    world.add(arena.find(KIND_BALANCE, recipient), value);
  }
}

function tokenTransfers(world: World): void {
  const { arena, chance } = world;
  const holder = () =>
    arena.find(KIND_SLOT, TOKEN, slotOf(addressOf(chance.below(world.accounts))));
  for (let count = 0; count < TRANSFERS; count++) {
    const value = someAmount(chance);
    world.send(0n, 34_000n + BigInt(chance.below(30)) * 12n, someGasPrice(chance));
    world.add(holder(), -value);
    world.add(holder(), value);
  }
}

function newAccounts(world: World): void {
  const { arena, chance } = world;
  for (let count = 0; count < TRANSFERS; count++) {
    const address = world.newAddress();
    world.add(arena.intern(KIND_BALANCE, address), someAmount(chance));
    world.add(arena.intern(KIND_NONCE, address), 1n);
  }
}

function newHolders(world: World): void {
  const { arena, chance } = world;
  for (let count = 0; count < TRANSFERS; count++) {
    const slot = slotOf(world.newAddress());
    world.add(arena.intern(KIND_SLOT, TOKEN, slot), someAmount(chance));
  }
}

interface Sample {
  readonly encodeNs: number;
  readonly applyNs: number;
  readonly statistics: DiffStatistics;
}

function measure(world: World, miniBlock: MiniBlock): Sample {
  const { arena, replica } = world;
  const sequence = ++world.sequence;
  const since = arena.openMiniBlock(sequence);
  miniBlock(world);
  const range = arena.closeMiniBlock(sequence);
  const startMs = systemClock.monotonicMs();
  const diff = encodeDiff(arena, range, since);
  const encodedMs = systemClock.monotonicMs();
  replica.openMiniBlock(sequence);
  const openMs = systemClock.monotonicMs();
  applyDiff(replica, diff, sequence);
  const endMs = systemClock.monotonicMs();
  replica.closeMiniBlock(sequence);
  const statistics = diffStatistics(diff);
  return {
    encodeNs: ((encodedMs - startMs) * 1e6) / statistics.updates,
    applyNs: ((endMs - openMs) * 1e6) / statistics.updates,
    statistics,
  };
}

function report(name: string, world: World, miniBlock: MiniBlock): void {
  const samples: Sample[] = [];
  for (let count = 0; count < WARM_UP + MINI_BLOCKS; count++) {
    const sample = measure(world, miniBlock);
    if (count >= WARM_UP) samples.push(sample);
  }
  const sum = (field: keyof DiffStatistics) =>
    samples.reduce((total, { statistics }) => total + statistics[field], 0);
  const times = (field: 'encodeNs' | 'applyNs') => {
    const sorted = samples.map((sample) => sample[field]).sort((a, b) => a - b);
    const [least, middle, high] = [0, 0.5, 0.99].map((part) =>
      Math.round(sorted[Math.floor(part * sorted.length)]!),
    );
    return `${least} / ${middle} / ${high}`;
  };
  const perKey = sum('newKeys') > 0 ? sum('keyBytes') / sum('newKeys') : 0;
  console.log(
    [
      name.padEnd(14),
      String(world.accounts).padStart(9),
      (sum('updates') / samples.length).toFixed(0).padStart(8),
      (sum('updateBytes') / sum('updates')).toFixed(2).padStart(7),
      perKey.toFixed(2).padStart(7),
      times('encodeNs').padStart(18),
      times('applyNs').padStart(18),
    ].join('  '),
  );
}

const sizes = process.argv.slice(2).map(Number);
console.log(`mini-blocks of ${TRANSFERS} transfers; ns/update are least / median / p99`);
console.log(
  'load             accounts   updates    B/upd    B/key  encode ns/update    apply ns/update',
);
for (const accounts of sizes.length > 0 ? sizes : [10_000, 1_000_000]) {
  const ether = new World(accounts, false);
  report('ETH', ether, ethTransfers);
  report('new accounts', ether, newAccounts);
  const token = new World(accounts, true);
  report('ERC-20', token, tokenTransfers);
  report('new holders', token, newHolders);
}
