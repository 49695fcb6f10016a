/** Transactions of all types, most of them valid, on the contracts of a world. */
import { RLP } from '@ethereumjs/rlp';
import { concatBytes, fromHex, toHex, toWord } from '../../state/base/bytes.js';
import { keccak256 } from '../../state/base/keccak.js';
import { isFrom } from '../../workers/fork.js';
import { signHash } from '../../workers/signature.js';
import type { FuzzAuthorization, FuzzBlock, FuzzTransaction } from './case.js';
import { createDeployment } from './program.js';
import type { Rng } from './rng.js';
import { anyAddress, KEYS, PEOPLE, type World } from './world.js';

/** EIP-7702. */
const AUTHORIZATION_MAGIC = 5;
/** EIP-7825: Osaka's cap of a transaction's gas. */
const GAS_CAP = 16_777_216;

export function createTransactions(rng: Rng, world: World, block: FuzzBlock): FuzzTransaction[] {
  const count = rng.weighted([
    [50, 1],
    [30, 2],
    [12, 3],
    [8, 4],
  ]);
  return Array.from({ length: count }, () => createTransaction(rng, world, block));
}

export function createTransaction(rng: Rng, world: World, block: FuzzBlock): FuzzTransaction {
  const type = typeOf(rng, world);
  // Types 3 and 4 cannot create.
  const isCreation = type < 3 && rng.chance(8);
  const to = isCreation
    ? null
    : rng.chance(85)
      ? rng.pick(world.contracts)
      : anyAddress(rng, world);
  return {
    ...plain(rng, world, block, type),
    sender: rng.chance(97) ? rng.pick(PEOPLE) : anyAddress(rng, world),
    to,
    nonceSlip: rng.chance(98) ? 0 : rng.pick([-1, 1]),
    gasLimit: gasLimitOf(rng),
    value: String(amountOf(rng)),
    data: toHex(isCreation ? createDeployment(rng, world) : callData(rng)),
  };
}

/** One that is accepted and does something. @param to  null: creates */
export function createSound(
  rng: Rng,
  world: World,
  block: FuzzBlock,
  to: string | null,
): FuzzTransaction {
  const type = typeOf(rng, world, SOUND_TYPES);
  return {
    ...plain(rng, world, block, to === null && type > 2 ? 2 : type),
    to,
    data: toHex(to === null ? createDeployment(rng, world) : callData(rng)),
  };
}

function plain(
  rng: Rng,
  world: World,
  block: FuzzBlock,
  type: FuzzTransaction['type'],
): Omit<FuzzTransaction, 'to' | 'data'> {
  return {
    type,
    sender: rng.pick(PEOPLE),
    nonceSlip: 0,
    gasLimit: rng.between(250_000, 600_000),
    value: rng.chance(75) ? '0' : String(rng.below(1_000)),
    ...feesOf(rng, block, type),
    accessList: type === 0 || rng.chance(40) ? [] : accessList(rng, world),
    authorizations: type === 4 ? authorizations(rng, world, block) : [],
    blobHashes: type === 3 ? blobHashes(rng) : [],
  };
}

type TypeWeights = readonly (readonly [number, FuzzTransaction['type']])[];

const TYPES: TypeWeights = [
  [30, 0],
  [15, 1],
  [35, 2],
  [4, 3],
  [16, 4],
];
/** The library recovers signers of authorizations in plain JavaScript: 2 ms each. */
const SOUND_TYPES: TypeWeights = [
  [40, 0],
  [18, 1],
  [36, 2],
  [4, 3],
  [2, 4],
];

function typeOf(rng: Rng, { fork }: World, weights = TYPES): FuzzTransaction['type'] {
  const type = rng.weighted(weights);
  if (type === 3 && !isFrom(fork, 'cancun')) return 2;
  return type === 4 && !isFrom(fork, 'prague') ? 2 : type;
}

function gasLimitOf(rng: Rng): number {
  const kind = rng.below(100);
  if (kind < 78) return rng.between(500_000, 1_200_000);
  if (kind < 94) return rng.between(150_000, 600_000);
  if (kind < 97) return rng.between(21_000, 100_000);
  if (kind < 98) return rng.below(22_000);
  return rng.pick([GAS_CAP, GAS_CAP + 1, 30_000_000, 30_000_001]);
}

function amountOf(rng: Rng): bigint {
  const kind = rng.below(100);
  if (kind < 65) return 0n;
  return kind < 99 ? BigInt(rng.below(1_000)) : 10n ** 30n;
}

function feesOf(rng: Rng, { baseFee }: FuzzBlock, type: number) {
  const base = BigInt(baseFee);
  const priority = BigInt(rng.pick([0, 0, 1, 5, 1_000_000]));
  const max =
    rng.below(1_000) < 4 ? base - (base > 0n ? 1n : 0n) : base + BigInt(rng.below(10)) + priority;
  const isMarket = type >= 2;
  const priorityFee = isMarket ? (priority < max ? priority : max) : max;
  return { maxFee: String(max), priorityFee: String(priorityFee) };
}

function callData(rng: Rng): Uint8Array {
  const words = Array.from({ length: rng.below(4) }, () => toWord(rng.word()));
  return concatBytes(...words, rng.chance(20) ? rng.bytes(rng.below(70)) : new Uint8Array(0));
}

function accessList(rng: Rng, world: World): FuzzTransaction['accessList'] {
  return Array.from({ length: rng.between(1, 3) }, () => ({
    address: anyAddress(rng, world),
    slots: Array.from({ length: rng.below(4) }, () =>
      toHex(toWord(rng.chance(90) ? BigInt(rng.below(5)) : rng.word())),
    ),
  }));
}

function blobHashes(rng: Rng): string[] {
  return Array.from({ length: rng.between(1, 3) }, () =>
    toHex(concatBytes(Uint8Array.of(1), rng.bytes(31))),
  );
}

function authorizations(rng: Rng, world: World, block: FuzzBlock): FuzzAuthorization[] {
  return Array.from({ length: rng.between(1, 3) }, () => authorization(rng, world, block));
}

/** Mostly one that counts: right chain, right nonce (0, or 1 of the sender), signed. */
function authorization(rng: Rng, world: World, { chainId }: FuzzBlock): FuzzAuthorization {
  const chain = BigInt(
    rng.weighted([
      [60, chainId],
      [30, 0],
      [10, 1],
    ]),
  );
  const address = rng.chance(90) ? anyAddress(rng, world) : `0x${'00'.repeat(20)}`;
  const nonce = rng.chance(95) ? BigInt(rng.below(2)) : 2n ** 64n - 1n;
  const fields = [chain, fromHex(address), nonce];
  const message = concatBytes(Uint8Array.of(AUTHORIZATION_MAGIC), RLP.encode(fields));
  const { r, s, recovery } = signHash(keccak256(message), rng.pick(KEYS));
  const yParity = rng.chance(96) ? recovery : rng.pick([1 - recovery, 2, 27, 255]);
  return {
    chainId: String(chain),
    address,
    nonce: String(nonce),
    yParity,
    r: toHex(r),
    s: toHex(rng.chance(97) ? s : rng.bytes(32)),
  };
}
