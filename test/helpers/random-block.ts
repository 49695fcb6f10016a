import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { fromHex, toHex, toWord } from '../../state/base/bytes.js';
import type { CellStore } from '../../workers/cell-store.js';
import { recordOfUnsigned } from '../../workers/decode.js';
import type { BlockContext } from '../../workers/engine.js';

const ETHER = 10n ** 18n;

export const CONTEXT: BlockContext = {
  fork: 'osaka',
  chainId: 31_337,
  number: 5,
  timestamp: 1_700_000_000,
  coinbase: fromHex('c0'.repeat(20)),
  gasLimit: 1_000_000_000,
  baseFee: 7n,
  prevRandao: toWord(99n),
  difficulty: 0n,
  excessBlobGas: 0n,
};

const ACCOUNTS = Array.from({ length: 8 }, (_, index) =>
  keccak_256(toWord(BigInt(index))).slice(12),
);

/** Small programs that read and write what conflicts are made of. */
const PROGRAMS = {
  /** slot[calldata] += 1; logs the new value. */
  counter: '6000358054600101806000529055602060 00a000'.replace(' ', ''),
  /** slot[0] = balance of the coinbase: every fee before it matters. */
  coinbaseReader: '413160005500',
  /** Creates an empty account with code nothing; its address depends on the contract's nonce. */
  creator: '600060006000f05000',
  /** Writes, then reverts. */
  reverter: '600160005560006000fd',
  /** Sends its whole balance to the coinbase. */
  tipper: '6000600060006000474161c350f15000',
  /** SELFDESTRUCT to the coinbase: moves the balance, keeps the account (EIP-6780). */
  destroyer: '41ff',
} as const;
type Program = keyof typeof PROGRAMS;
const NAMES = Object.keys(PROGRAMS) as Program[];
export const addressOf = (program: Program) =>
  keccak_256(new TextEncoder().encode(program)).slice(12);

/** Accounts with ether and the programs deployed, at this sequence. */
export function fillStore(store: CellStore, sequence: number): void {
  for (const address of ACCOUNTS) store.write(store.intern(0, address), toWord(ETHER), sequence);
  for (const name of NAMES) {
    const code = fromHex(PROGRAMS[name]);
    store.putCode(keccak_256(code), code);
    store.write(store.intern(1, addressOf(name)), toWord(1n), sequence);
    store.write(store.intern(2, addressOf(name)), keccak_256(code), sequence);
  }
}

interface Step {
  readonly sender: number;
  readonly target: Program | number;
  readonly word: number;
  readonly value: number;
  readonly tip: number;
  readonly nonceSlip: number;
}

/** Records whose nonces count per sender from `nonces`, some of them off by one on purpose. */
function recordsOf(steps: readonly Step[], nonces: number[]): Uint8Array[] {
  return steps.map(({ sender, target, word, value, tip, nonceSlip }, index) => {
    const nonce = (nonces[sender] ?? 0) + nonceSlip;
    if (nonceSlip === 0) nonces[sender] = nonce + 1;
    const to = typeof target === 'number' ? ACCOUNTS[target] : addressOf(target);
    const fields = {
      type: 2,
      nonce: Math.max(0, nonce),
      gasLimit: 200_000,
      maxFeePerGas: 100,
      maxPriorityFeePerGas: tip,
      value,
      to: toHex(to ?? new Uint8Array(20)),
      data: toHex(toWord(BigInt(word))),
      chainId: CONTEXT.chainId,
    } as const;
    return recordOfUnsigned(
      fields,
      ACCOUNTS[sender] ?? new Uint8Array(20),
      keccak_256(toWord(BigInt(index))),
      CONTEXT,
    );
  });
}

/**
 * Random blocks: `conflict` of 0 keeps senders and slots apart, 1 makes all of them touch the same.
 */
export const randomBlock: fc.Arbitrary<Uint8Array[]> = fc
  .double({ min: 0, max: 1, noNaN: true })
  .chain((conflict) => {
    const spread = Math.max(1, Math.round((1 - conflict) * 7));
    const step: fc.Arbitrary<Step> = fc.record({
      sender: fc.nat(7),
      target: fc.oneof(fc.nat(spread), fc.constantFrom(...NAMES)),
      word: fc.nat(spread),
      value: fc.nat(3),
      tip: fc.nat(5),
      nonceSlip: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1)),
    });
    return fc.array(step, { minLength: 1, maxLength: 32 });
  })
  .map((steps) => recordsOf(steps, new Array<number>(8).fill(0)));
