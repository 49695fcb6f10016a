import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../state/base/bytes.js';
import type { ForkName } from '../../../workers/fork.js';
import { OPCODES } from '../../../workers/kernel/opcode-table.js';
import { STATUS_FAILED, STATUS_NEEDS_HEAD, STATUS_OK } from '../../../workers/outcome.js';
import {
  COINBASE,
  CONTRACT,
  op,
  push,
  RETURN_TOP,
  SENDER,
  type State,
  TwoEngines,
} from '../../helpers/two-engines.js';

/** Whatever the reference engine says is right; ours has to say the same, by itself. */

const RUNS = Number(process.env['RUNS'] ?? 120);
const seed = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };
const FORKS: readonly ForkName[] = ['london', 'paris', 'shanghai', 'cancun', 'prague', 'osaka'];
const MAX = 2n ** 256n - 1n;
const OTHER = 'bb'.repeat(20);
const engines = new TwoEngines();

/** Operands by their place, the top of the stack first. */
const OPERANDS: readonly ((place: number) => bigint)[] = [
  () => 0n,
  (place) => BigInt(place + 1),
  (place) => (place === 1 ? BigInt(`0x${OTHER}`) : 32n * BigInt(place)),
  (place) => MAX - BigInt(place) * 2n ** 200n,
  (place) => (2n ** 255n) >> BigInt(place * 60),
];

const base: State = {
  [toHex(CONTRACT)]: { code: '00', balance: 1_000n, nonce: 1n, slots: { 1: 5n } },
  [`0x${OTHER}`]: { code: `${push(7n)}60005260206000f3`, balance: 3n },
};

function withCode(code: string, more: State = {}): State {
  return { ...base, [toHex(CONTRACT)]: { ...base[toHex(CONTRACT)], code }, ...more };
}

async function expectSame(state: State, fields = {}) {
  const { ours, theirs } = await engines.run(state, fields);
  expect(ours).toEqual(theirs);
  expect(engines.handedOver).toBe(0);
  return ours;
}

/** Runs code with ample gas, then with limits around what it used: the last unit decides. */
async function expectSameAtEdges(state: State, fields = {}) {
  const { gasUsed, status } = await expectSame(state, fields);
  for (const gasLimit of [gasUsed - 1, gasUsed, gasUsed + 1, Math.ceil((gasUsed * 64) / 63)]) {
    if (gasLimit > 21_500) await expectSame(state, { ...fields, gasLimit });
  }
  return status;
}

describe.each(['london', 'shanghai', 'cancun', 'osaka'] as const)('in %s', (fork) => {
  it('every byte as an opcode, with five sets of operands, gives the same outcome', async () => {
    await engines.beginBlock(fork);
    const defined = new Map(OPCODES.map((opcode) => [opcode.code, opcode]));
    for (let code = 0; code < 256; code += 1) {
      const opcode = defined.get(code);
      // Undefined ones, and those that other tests treat, need one set only.
      const isSimple = opcode === undefined || (code >= 0x60 && code <= 0x9f);
      for (const operand of OPERANDS.slice(0, isSimple ? 1 : OPERANDS.length)) {
        let program = '';
        for (let place = (opcode?.takes ?? 0) - 1; place >= 0; place -= 1) {
          program += push(operand(place));
        }
        await expectSame(withCode(program + op(code) + RETURN_TOP), { value: 5n });
      }
    }
  });
});

/** Calls OTHER by an opcode with a value, some gas, and 32 bytes of room for the answer. */
function call(code: number, gas: bigint, to: bigint, value: bigint): string {
  const hasValue = code === 0xf1 || code === 0xf2;
  const tail = push(to) + push(gas) + op(code);
  return `6020600060006000${hasValue ? push(value) : ''}${tail}`;
}

const ASKED = BigInt(`0x${OTHER}`);
/** Returns one byte of memory, as code: the initcode of the creations below. */
const MAKER = '600160005360016000f3';
/** Puts code of 10 bytes at the end of the first word, and creates from it. */
const made = (code: string, opcode: 'f0' | 'f5') =>
  `69${code}600052${opcode === 'f5' ? '6007' : ''}600a60166000${opcode}`;

/** Code, and whether it ends well with ample gas. */
const PROGRAMS: Readonly<Record<string, readonly [code: string, isOk: boolean]>> = {
  'a loop that counts down': ['600a5b600190038060025700', true],
  'a jump into the data of a push': ['6005565b605b00', false],
  'a jump to a destination': [`6003565b60055b${RETURN_TOP}`, true],
  'memory that grows by steps': [`60005160405161ffff51505059${RETURN_TOP}`, true],
  'memory beyond all gas': [`63ffffffff51${RETURN_TOP}`, false],
  'a slot set, changed, cleared and set back': ['600560025560066002556000600255600560025500', true],
  'a slot cleared for its refund': ['600060015500', true],
  'a slot cleared and set back': ['60006001556005600155600660015500', true],
  'a slot read cold and warm': [`60015460015460025401${RETURN_TOP}`, true],
  'hashes of 0, 32, 64 and 200 bytes': [
    `600060002060206000206040600020${push(200n)}600020${RETURN_TOP}`,
    true,
  ],
  'logs with all numbers of topics': [
    `${[0, 1, 2, 3, 4].map((n) => `${'6007'.repeat(n)}60206000${op(0xa0 + n)}`).join('')}00`,
    true,
  ],
  'a call with value': [call(0xf1, 50_000n, ASKED, 3n) + RETURN_TOP, true],
  'a call that cannot pay': [call(0xf1, 50_000n, ASKED, 5_000n) + RETURN_TOP, true],
  'a call to an account that is not there': [call(0xf1, 5_000n, 0x999n, 1n) + RETURN_TOP, true],
  'a callcode with value': [call(0xf2, 50_000n, ASKED, 3n) + RETURN_TOP, true],
  'a delegatecall': [call(0xf4, 50_000n, ASKED, 0n) + RETURN_TOP, true],
  'a staticcall and its return data': [`${call(0xfa, 50_000n, ASKED, 0n)}3d${RETURN_TOP}`, true],
  'return data copied': [`${call(0xfa, 50_000n, ASKED, 0n)}6020600060403e00`, true],
  'return data copied past its end': [`${call(0xfa, 50_000n, ASKED, 0n)}6021600060003e00`, false],
  'identity, sha256, ripemd and ecrecover': [
    [4n, 2n, 3n, 1n].map((to) => call(0xf1, 60_000n, to, 0n)).join('') + RETURN_TOP,
    true,
  ],
  'a precompile with too little gas': [call(0xf1, 10n, 2n, 0n) + RETURN_TOP, true],
  'a creation': [made(MAKER, 'f0') + RETURN_TOP, true],
  'a creation of what is there': [`${made(MAKER, 'f5')}${made(MAKER, 'f5')}${RETURN_TOP}`, true],
  'initcode that reverts': [`${made('600160006000fd000000', 'f0')}${RETURN_TOP}`, true],
  'initcode that deploys a reserved byte': [
    `${made('60ef60005360016000f3', 'f0')}${RETURN_TOP}`,
    true,
  ],
  'selfdestruct to another': [`73${OTHER}ff`, true],
  'selfdestruct to itself': ['30ff', true],
  'selfdestruct to nobody': ['610999ff', true],
  'block hashes': [`600440600340600640${push(MAX)}40${RETURN_TOP}`, true],
  'a revert with data': ['602a60005260206000fd', false],
  'a stack that overflows': ['5b58600056', false],
  'calls 1,024 deep': ['60006000600060006000305af100', true],
  'code copied from all sides': [
    `602060006000396020600a602039602060006000${push(ASKED)}3c60005b${RETURN_TOP}`,
    true,
  ],
};

describe('programs', () => {
  it.each(Object.entries(PROGRAMS))(
    '%s: the same to the last unit of gas',
    async (_name, program) => {
      const [code, isOk] = program;
      for (const fork of ['london', 'cancun', 'osaka'] as const) {
        await engines.beginBlock(fork);
        const status = await expectSameAtEdges(withCode(code), { data: '0x0102030405' });
        expect(status).toBe(isOk ? STATUS_OK : STATUS_FAILED);
      }
    },
  );

  it('transient storage, MCOPY and CLZ where they are, also after a revert', async () => {
    await engines.beginBlock('osaka');
    // Without input: sets slot 1, calls itself with a byte of input; that sets it too and reverts.
    const inner = '5b600960015d60006000fd';
    const outer = `36602257600760015d60006000600160006000305af160015c601f60006020${op(0x5e)}1e50`;
    const code = outer.padEnd(0x22 * 2, '5b') + inner;
    expect(await expectSameAtEdges(withCode(code))).not.toBeUndefined();
  });

  it('hundreds of accounts, slots and transient slots, each with its own value', async () => {
    await engines.beginBlock('osaka');
    // For n from 300 down to 1: SSTORE and TSTORE of n at n, BALANCE; then all are added up.
    const next = '6001900380';
    const begin = `61012c5b80805580805d8062100000013150${next}600357505f61012c`;
    const loop = (begin.length / 2).toString(16).padStart(2, '0');
    const sum = `5b8054815c0190910190${next}60${loop}5750${RETURN_TOP}`;
    const { output } = await expectSame(withCode(begin + sum), {
      gasLimit: 16_000_000,
    });
    expect(toHex(output.slice(0, 32))).toBe(`0x${(300 * 301).toString(16).padStart(64, '0')}`);
  });

  it('creating transactions, and what they leave', async () => {
    for (const fork of ['london', 'shanghai', 'osaka'] as const) {
      await engines.beginBlock(fork);
      for (const data of ['', MAKER, '30ff', '60006000fd', 'fe', '60ef60005360016000f3']) {
        await expectSameAtEdges(base, { to: undefined, data: `0x${data}`, value: 9n });
      }
    }
  });
});

describe('where the reference library is wrong', () => {
  it('initcode that reverts with a reserved first byte keeps its gas (EIP-3541)', async () => {
    await engines.beginBlock('osaka');
    const { ours, theirs } = await engines.run(base, {
      to: undefined,
      data: '0x60ef60005360016000fd',
    });
    expect([ours.status, ours.gasUsed, toHex(ours.output)]).toEqual([
      STATUS_FAILED,
      53_156,
      '0xef',
    ]);
    // The day this fails the library is right too, and this test goes.
    expect([theirs.status, theirs.gasUsed]).toEqual([STATUS_FAILED, 1_000_000]);
  });
});

describe('the transaction', () => {
  it('is refused for each reason that the reference engine knows', async () => {
    await engines.beginBlock('osaka', { gasLimit: 2_000_000 });
    const cases = [
      { nonce: 1 },
      { gasLimit: 20_999 },
      { gasLimit: 2_000_001 },
      { maxFeePerGas: 3, maxPriorityFeePerGas: 1 },
      { value: 10n ** 18n },
      { value: 10n ** 18n - 9_000_000n + 1n },
      { maxFeePerGas: 10n ** 13n },
      { data: `0x${'ff'.repeat(1_000)}`, gasLimit: 60_000 },
    ];
    const reasons: string[] = [];
    for (const fields of cases) {
      const { status, reason } = await expectSame(base, fields);
      if (status > STATUS_OK) reasons.push(reason);
    }
    expect(new Set(reasons).size).toBeGreaterThanOrEqual(5);
    const asContract: State = { ...base, [toHex(SENDER)]: { balance: 10n ** 18n, code: '00' } };
    expect((await expectSame(asContract)).reason).toBe('TX_SENDER_NOT_EOA');
    const ahead: State = { ...base, [toHex(SENDER)]: { balance: 10n ** 18n, nonce: 2n } };
    expect((await expectSame(ahead, { nonce: 1 })).reason).toBe('TX_NONCE_TOO_LOW');
  });

  it('pays its fee apart, unless it has to do with the coinbase', async () => {
    await engines.beginBlock('osaka');
    expect((await expectSame(base)).feeDelta).toBeGreaterThan(0n);
    for (const isMarked of [false, true]) {
      const state: State = { ...base, [toHex(COINBASE)]: isMarked ? { isMarked } : {} };
      expect((await expectSame(state, { to: toHex(COINBASE), value: 1n })).feeDelta).toBe(0n);
      await expectSame(state, { to: toHex(COINBASE), maxPriorityFeePerGas: 0 });
      await expectSame(state, { maxPriorityFeePerGas: 0 });
    }
  });

  it('warms its access list and pays for it', async () => {
    await engines.beginBlock('prague');
    const accessList = [
      { address: toHex(CONTRACT), storageKeys: [`0x${'00'.repeat(31)}01`] },
      { address: `0x${OTHER}`, storageKeys: [] },
    ];
    const code = `60015460025473${OTHER}31${RETURN_TOP}`;
    await expectSameAtEdges(withCode(code), { accessList });
  });

  it('removes an empty account that it touches, mark and all', async () => {
    await engines.beginBlock('osaka');
    const empty = 'ee'.repeat(20);
    const state = withCode(`${call(0xf1, 9_000n, BigInt(`0x${empty}`), 0n)}00`, {
      [`0x${empty}`]: { isMarked: true },
    });
    const { writes } = await expectSame(state);
    expect(writes.some(({ address }) => toHex(address) === `0x${empty}`)).toBe(true);
  });

  it('needs the head only where storage must be enumerated', async () => {
    await engines.beginBlock('london');
    const { ours, theirs } = await engines.run(withCode('30ff'), {}, 'speculative');
    expect([ours.status, theirs.status]).toEqual([STATUS_NEEDS_HEAD, STATUS_NEEDS_HEAD]);
    const plain = await engines.run(withCode('600160015500'), {}, 'speculative');
    expect(plain.ours).toEqual(plain.theirs);
    expect(plain.ours.status).toBe(STATUS_OK);
  });

  it('is handed over, and counted, where its memory passes the window', async () => {
    const one = new TwoEngines();
    await one.beginBlock('london', { gasLimit: 2 ** 40 });
    const fields = { gasLimit: 400_000_000 };
    const { ours, theirs } = await one.run(withCode(`630060000051${RETURN_TOP}`), fields);
    expect(ours).toEqual(theirs);
    expect(one.ours.handOvers).toEqual({ window: 1, hash: 0, fault: 0 });
    expect(ours.status).not.toBe(STATUS_FAILED);
  });
});

describe('random programs', () => {
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: 64n }),
    fc.bigInt({ min: 0n, max: MAX }),
    fc.constantFrom(MAX, 2n ** 255n, BigInt(`0x${OTHER}`), BigInt(toHex(CONTRACT))),
  );
  const small = fc.bigInt({ min: 0n, max: 3n });
  const who = fc.constantFrom(ASKED, BigInt(toHex(CONTRACT)), 0x999n, 1n, 2n, 4n, 6n);
  const kinds = fc.constantFrom(0xf1, 0xf2, 0xf4, 0xfa);
  /** What well-behaved code does: these leave the stack as it was. */
  const deed = fc.oneof(
    fc.tuple(small, small).map(([slot, value]) => `${push(value)}${push(slot)}55`),
    fc.tuple(small, small).map(([slot, value]) => `${push(value)}${push(slot)}5d`),
    small.map((slot) => `${push(slot)}5450`),
    fc
      .tuple(kinds, fc.bigInt({ min: 0n, max: 60_000n }), who, small)
      .map(([kind, gas, to, value]) => `${call(kind, gas, to, value)}50`),
    fc
      .constantFrom(MAKER, '30ff5b5b5b5b5b5b5b5b', '600160015560006000fd', '60056003555f5f5f5ff0')
      .map((code) => `${made(code, 'f0')}50`),
    fc.constantFrom(MAKER, '33ff5b5b5b5b5b5b5b5b').map((code) => `${made(code, 'f5')}50`),
    fc.constantFrom('3d6000803e', '60206000a0', '60406000206000', '5a50', '47600052'),
  );
  const step = fc.oneof(
    { weight: 12, arbitrary: deed },
    { weight: 3, arbitrary: word.map(push) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(...OPCODES.map(({ code }) => code)).chain((code) => {
        const takes = OPCODES.find((each) => each.code === code)?.takes ?? 0;
        return fc
          .array(word, { minLength: takes, maxLength: takes })
          .map((words) => words.map(push).join('') + op(code));
      }),
    },
    { weight: 1, arbitrary: fc.nat(255).map(op) },
  );
  const program = fc.array(step, { minLength: 1, maxLength: 25 }).map((steps) => steps.join(''));

  it('end the same on both engines', { timeout: 60_000 + RUNS * 40 }, async () => {
    const forks = fc.constantFrom(...FORKS);
    await fc.assert(
      fc.asyncProperty(program, program, forks, async (code, other, fork) => {
        await engines.beginBlock(fork);
        const state = withCode(code + RETURN_TOP, { [`0x${OTHER}`]: { code: other, balance: 3n } });
        const { ours, theirs } = await engines.run(state, { gasLimit: 300_000, value: 2n });
        expect(ours).toEqual(theirs);
      }),
      { numRuns: RUNS, ...seed },
    );
  });
});
