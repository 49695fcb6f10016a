import { describe, expect, it } from 'vitest';
import { CODE as TOKEN } from '../../../../runtime/load/contracts/token.js';
import { loadExchange } from '../../../../runtime/load/uniswap.js';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { cutIntoBlocks, opcodesOf } from '../../../../workers/compiler/blocks.js';
import { dumpCode } from '../../../../workers/compiler/dump.js';
import { compileTier1 } from '../../../../workers/compiler/tier1.js';
import { compileTier2 } from '../../../../workers/compiler/tier2.js';
import { WasmCode } from '../../../../workers/compiler/wasm-code.js';

const OSAKA = opcodesOf('osaka');
const PAGES = 1;
const code = (hex: string): Uint8Array => fromHex(hex);
/** What V8 says of a module: it throws where it is not valid. */
const isValid = (module: Uint8Array<ArrayBuffer> | null): boolean =>
  module !== null && WebAssembly.validate(module);

/** Codes of 24 KiB that ask as much as they can of a compiler. */
const BOMBS: Readonly<Record<string, string>> = {
  'nothing but destinations': '5b'.repeat(24_576),
  'jumps to what the input says': '5f355660'.repeat(6_144),
  'destinations that jump to what the stack says': '5b56'.repeat(12_288),
  'a word made at every byte': `${'3d'.repeat(1_020)}${'5080'.repeat(11_700)}`,
  'products of what is not known': `5f35${'8002'.repeat(12_000)}`,
  'sums in one block': `5f35${'8001'.repeat(12_000)}`,
  'branches without end': '5b5f3560035761'.repeat(3_500),
  'memory at places not known': '5f355f3552'.repeat(4_900),
  'messages one after the other': `5b${'5f5f5f5f5f5f5af150'.repeat(2_700)}`,
};

describe('the encoder', () => {
  it('writes LEB128 as the format has it', () => {
    const wasm = new WasmCode();
    wasm.u32(624_485);
    wasm.i32Const(-123_456);
    wasm.i64Const(2n ** 64n - 1n);
    wasm.i64Const(64n);
    expect(toHex(wasm.view())).toBe('0xe58e2641c0bb78427f42c000');
  });
});

describe('blocks', () => {
  it('charge each section once and ask for the stack once', () => {
    const { all, jumpDestinations } = cutIntoBlocks(code('600a5b600190038060025700'), OSAKA);
    expect(all.map(({ pc, end, need }) => [pc, end, need])).toEqual([
      [0, 'falls', { takes: 0, grows: 1 }],
      [2, 'halts', { takes: 1, grows: 2 }],
    ]);
    expect([...jumpDestinations]).toEqual([2]);
    expect(all[1]!.instructions.map(({ gas }) => gas)).toEqual([26, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('see no destination in the data of a push, and read zeros behind the end', () => {
    const { all, jumpDestinations } = cutIntoBlocks(code('605b6100'), OSAKA);
    expect([...jumpDestinations]).toEqual([]);
    expect(all[0]!.instructions.map(({ value }) => value)).toEqual([0x5bn, 0n, 0n]);
    expect(all[0]!.end).toBe('halts');
  });
});

describe('modules', () => {
  const exchange = loadExchange();
  const { pair, router } = exchange ?? {};
  const real: readonly (readonly [string, string])[] = [
    ['an OpenZeppelin token', TOKEN],
    ['a Uniswap V2 pair', pair?.evm.deployedBytecode.object ?? ''],
    ['a Uniswap V2 router', router?.evm.deployedBytecode.object ?? ''],
  ];

  it.each(real.filter(([, hex]) => hex !== ''))('of %s are valid in both tiers', (_name, hex) => {
    expect(isValid(compileTier1(code(hex), OSAKA, PAGES))).toBe(true);
    expect(isValid(compileTier2(code(hex), OSAKA, PAGES))).toBe(true);
  });

  it.each(Object.entries(BOMBS))('of %s are valid or refused, and soon', (_name, hex) => {
    const bytes = code(hex).slice(0, 24_576);
    const before = process.cpuUsage();
    const [one, two] = [compileTier1(bytes, OSAKA, PAGES), compileTier2(bytes, OSAKA, PAGES)];
    const { user, system } = process.cpuUsage(before);
    // Measured 12 to 660 ms; V8's own part is not in it.
    expect((user + system) / 1_000).toBeLessThan(8_000);
    if (one !== null) expect(isValid(one)).toBe(true);
    if (two !== null) expect(isValid(two)).toBe(true);
  });
});

describe('the dump', () => {
  it('says which tier took a code and shows blocks, nodes and instructions', () => {
    const text = dumpCode(code('600a5b600190038060025700'), 'osaka');
    expect(text).toContain('block 2: takes 1, grows by 2');
    expect(text).toContain('2 nodes in 1 functions');
    expect(text).toContain('tier 2:');
    expect(text).toMatch(/i64\.sub[\s\S]*i64\.lt_s/);
    expect(dumpCode(code('5f3556'), 'osaka')).toContain(
      'not for tier 2: a jump that is not static',
    );
  });
});
