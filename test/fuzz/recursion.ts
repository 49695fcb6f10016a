/**
 * Cases about the depth of calls and creations: a contract that calls itself as many times as the
 * call data says, near and at the limit of 1,024, and does something at the bottom. Gas is given
 * without end, since 63 of 64 parts are left at each level: Osaka's cap does not allow that deep.
 */

import { type CodeBlock, CodeWriter, newLabel } from '../../bench/gas/code-writer.js';
import { toHex, toWord } from '../../state/base/bytes.js';
import type { FuzzCase, FuzzTransaction } from './case.js';
import type { Rng } from './rng.js';
import { type FuzzFork, PEOPLE } from './world.js';

const DEPTHS = [0, 1, 2, 60, 1_022, 1_023, 1_024, 1_025] as const;
/** (64/63)^1024 is 10^7: enough is left at the bottom. */
const GAS = 10 ** 13;
const COUNTER_OFFSET = 0x200;

const FORKS: readonly FuzzFork[] = ['london', 'paris', 'shanghai', 'cancun', 'prague'];

/** @param fork  any unless given; not osaka */
export function createRecursion(rng: Rng, origin: string, fork?: FuzzFork): FuzzCase {
  const chosen = rng.pick(FORKS);
  const contract = toHex(rng.bytes(20));
  const kind = rng.pick(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL', 'CREATE', 'CREATE2']);
  const isCreation = kind.startsWith('CREATE');
  const blocks = [isCreation ? createSelf(rng, kind) : callSelf(rng, kind)];
  const wealth = String(10n ** 30n);
  const people = { balance: wealth, nonce: 0, blocks: [], storage: {} };
  return {
    origin,
    block: {
      fork: fork ?? chosen,
      chainId: 31_337,
      number: 100,
      timestamp: 1_700_000_000,
      coinbase: toHex(rng.bytes(20)),
      gasLimit: Number.MAX_SAFE_INTEGER,
      baseFee: '7',
      prevRandao: toHex(toWord(1n)),
      excessBlobGas: '0',
    },
    accounts: [
      { ...people, address: PEOPLE[0]! },
      { ...people, address: contract, nonce: 1, blocks, storage: {} },
    ],
    transactions: [rng.pick(DEPTHS), rng.pick(DEPTHS)].map((depth) => transaction(contract, depth)),
  };
}

function transaction(to: string, depth: number): FuzzTransaction {
  return {
    type: 2,
    sender: PEOPLE[0]!,
    to,
    nonceSlip: 0,
    gasLimit: GAS,
    value: '0',
    maxFee: '20',
    priorityFee: '1',
    data: toHex(toWord(BigInt(depth))),
    accessList: [],
    authorizations: [],
    blobHashes: [],
  };
}

/** Call data n: calls itself with n - 1 unless it is 0, keeps the success, returns a word. */
function callSelf(rng: Rng, kind: string): CodeBlock {
  const code = new CodeWriter();
  const [deeper, end] = [newLabel(), newLabel()];
  code.push(0);
  code.op('CALLDATALOAD', 'DUP1');
  code.pushLabel(deeper);
  code.op('JUMPI');
  bottom(rng, code, kind === 'STATICCALL');
  code.pushLabel(end);
  code.op('JUMP');
  code.jumpdest(deeper);
  code.push(1);
  code.op('DUP2', 'SUB');
  code.push(0);
  code.op('MSTORE');
  for (const size of [64, 64, 32, 0]) code.push(size);
  if (kind === 'CALL' || kind === 'CALLCODE') code.push(rng.below(2));
  code.op('ADDRESS', 'GAS', kind);
  code.push(COUNTER_OFFSET);
  code.op('MSTORE');
  code.jumpdest(end);
  // What the one below returned, and what it said.
  code.push(64);
  code.op('MLOAD');
  code.push(COUNTER_OFFSET);
  code.op('MLOAD', 'ADD', 'GAS', 'RETURNDATASIZE', 'ADD', 'ADD');
  code.push(0);
  code.op('MSTORE');
  code.push(64);
  code.push(0);
  code.op(rng.chance(90) ? 'RETURN' : 'REVERT');
  return code.build(`recursion by ${kind}`);
}

function bottom(rng: Rng, code: CodeWriter, isStatic: boolean): void {
  code.op('GAS');
  if (isStatic && rng.chance(70)) {
    code.push(COUNTER_OFFSET);
    code.op('MSTORE');
  } else {
    code.push(rng.below(3));
    code.op('SSTORE');
  }
}

/** Creates a copy of its own code, which does the same: down to where no more depth is given. */
function createSelf(rng: Rng, kind: string): CodeBlock {
  const code = new CodeWriter();
  code.op('CODESIZE');
  code.push(0);
  code.push(0);
  code.op('CODECOPY');
  if (kind === 'CREATE2') code.push(rng.below(2));
  code.op('CODESIZE');
  code.push(0);
  code.push(0);
  code.op(kind, 'DUP1');
  code.push(0);
  code.op('SSTORE', 'GAS', 'XOR');
  code.push(0);
  code.op('MSTORE');
  if (rng.chance(20)) {
    // A word of no meaning becomes the code of all of them.
    code.push(8);
    code.push(24);
    code.op('RETURN');
  } else code.op('STOP');
  return code.build(`recursion by ${kind}`);
}
