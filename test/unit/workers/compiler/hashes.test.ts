import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../state/base/bytes.js';
import { dumpCode } from '../../../../workers/compiler/dump.js';
import * as opcodes from '../../../../workers/kernel/opcodes.js';
import { Rng } from '../../../fuzz/rng.js';
import { CONTRACT, op, push, TwoEngines } from '../../../helpers/two-engines.js';

/**
 * A hash of a number that has just been written is worked out by the compiler. Random programs
 * write numbers, and other things over them or beside them, in all ways that there are, and hash.
 */

const PROGRAMS = Number(process.env['RUNS'] ?? 60);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const STEPS = 16;
const OFFSETS = [0, 1, 31, 32, 33, 63, 64, 96];
const INPUT = `0x${'00'.repeat(31)}20${'a7'.repeat(64)}`;

class Program {
  private hex = push(0n);
  private readonly rng: Rng;

  constructor(rng: Rng) {
    this.rng = rng;
    for (let step = 0; step < STEPS; step += 1) this.step();
  }

  get code(): string {
    return `${this.hex}5f5260205ff3`;
  }

  private step(): void {
    const { rng } = this;
    const at = push(BigInt(rng.pick(OFFSETS)));
    const small = push(BigInt(rng.pick([0, 1, 5, 255, 2 ** 31 - 1, 2 ** 31])));
    const kind = rng.below(12);
    if (kind < 4) this.hex += `${small}${at}52`;
    else if (kind < 8) this.hex += `${push(BigInt(rng.pick([32, 32, 32, 31, 64])))}${at}2018`;
    else if (kind === 8) this.hex += `5f35${at}52`;
    else if (kind === 9) this.hex += `${small}${at}53`;
    else if (kind === 10) this.hex += `${push(7n)}${push(32n)}${at}37`;
    // At an offset that only the input knows: 32.
    else if (rng.chance(50)) this.hex += `${small}5f3552`;
    else this.branch();
  }

  /** Over a store that is not run. */
  private branch(): void {
    const skipped = `${push(9n)}5f52`;
    const to = this.hex.length / 2 + 6 + skipped.length / 2;
    this.hex += `5f3561${to.toString(16).padStart(4, '0')}57${skipped}5b`;
  }
}

describe.each(['compiled', 'compiled-tier1'])('%s', (name) => {
  it('hashes what lies in memory', async () => {
    const engines = new TwoEngines(name);
    await engines.beginBlock('osaka');
    for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed += 1) {
      const { code } = new Program(new Rng(seed));
      const state = { [toHex(CONTRACT)]: { code } };
      const { ours, theirs } = await engines.run(state, { data: INPUT });
      expect(ours, `seed ${seed}`).toEqual(theirs);
      expect(ours.gasUsed, `seed ${seed}`).toBeLessThan(100_000);
    }
    expect(engines.handedOver).toBe(0);
  });
});

describe('compiled code', () => {
  const isHashed = (hex: string) => dumpCode(fromHex(hex), 'osaka').includes('call $hashMessage');
  const hash = `60205f20${op(opcodes.OP_STOP)}`;

  it('knows the hash of a slot that it has stored', () => {
    expect(isHashed(`60055f52${hash}`)).toBe(false);
  });

  it('asks the kernel where something may have been written since, or is not known', () => {
    expect(isHashed(`5f355f52${hash}`)).toBe(true);
    expect(isHashed(`60055f5260015f53${hash}`)).toBe(true);
    expect(isHashed(`60055f52600160015f5e${hash}`)).toBe(true);
    expect(isHashed(`60055f526001601f52${hash}`)).toBe(true);
    expect(isHashed(`60055f5260015f3552${hash}`)).toBe(true);
    expect(isHashed(`60055f525b${hash}`)).toBe(true);
    expect(isHashed(hash)).toBe(true);
  });
});
