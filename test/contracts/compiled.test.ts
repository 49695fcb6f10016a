/**
 * Contracts of ours and of OpenZeppelin by several solc, legacy and viaIR, with the optimiser and
 * without, called by their ABI. More calls, and what is committed compiled again:
 * `RUNS=400 npx vitest run test/contracts/compiled.test.ts`; SEED chooses others.
 */
import { Interface } from 'ethers';
import { describe, expect, it } from 'vitest';
import { Rng } from '../fuzz/rng.js';
import { compiledLibrary } from './compiled.js';
import { drive, type Subject } from './drive.js';
import { Panel, PEOPLE } from './panel.js';
import { type Compiled, compileOurs, nameOf, SOURCES, solcOf } from './solc-matrix.js';

const RUNS = Number(process.env['RUNS'] ?? 6);
const SEED = Number(process.env['SEED'] ?? 1);
const AGAIN_FROM_RUNS = 200;

const library = compiledLibrary();
const panel = new Panel();

describe.each(Object.entries(library))(`by %s, seed ${SEED}`, (_name, contracts) => {
  it('do the same on every engine', async () => {
    const rng = new Rng(SEED);
    await panel.begin({}, { fork: rng.pick(['cancun', 'prague', 'osaka'] as const) });
    const subjects = await deployAll(contracts);
    const addresses = [...PEOPLE, ...subjects.map(({ address }) => address), precompile(rng)];
    const known = { addresses, numbers: [10n ** 18n, BigInt(panel.now), 1_000n] };
    const { succeeded } = await drive(panel, subjects, known, {
      calls: RUNS * subjects.length,
      rng,
    });
    expect(succeeded).toBeGreaterThan((RUNS * subjects.length) / 8);
    for (const { address } of subjects) expectCompiled(address);
    expect(panel.handedOver).toBe(0);
  });
});

describe('what is committed', () => {
  const again = SOURCES.flatMap(({ file, contracts, variants }) =>
    variants.map((variant) => ({ file, contracts, variant, name: nameOf(variant) })),
  ).filter(({ file, variant, name }) =>
    RUNS >= AGAIN_FROM_RUNS
      ? solcOf(variant) !== null
      : file === 'pool-host.sol' && name === 'solc, legacy, no optimiser',
  );

  it.each(again)('is $file by $name', ({ file, contracts, variant, name }) => {
    const made = compileOurs(file, variant);
    for (const contract of contracts) expect(library[name]?.[contract]).toEqual(made[contract]);
  });
});

/** Each in its turn, so that those before can be arguments of its constructor. */
async function deployAll(contracts: Readonly<Record<string, Compiled>>): Promise<Subject[]> {
  const made = new Map<string, Subject>();
  const at = (name: string) => made.get(name)?.address ?? PEOPLE[0]!;
  for (const [name, { abi, code }] of Object.entries(contracts)) {
    const parameters: Readonly<Record<string, readonly unknown[]>> = {
      Vault4626: [at('Votes20')],
      TestGovernor: [at('Votes20'), at('TimelockController')],
      TimelockController: [60, PEOPLE, PEOPLE, PEOPLE[0]],
    };
    const data = new Interface(abi).encodeDeploy(parameters[name] ?? []);
    made.set(name, { address: await panel.deploy(`0x${code}${data.slice(2)}`), abi });
  }
  return [...made.values()];
}

function expectCompiled(address: string): void {
  const hash = panel.codeHash(address);
  if (!panel.both.fates.has(hash)) return;
  expect(panel.first.fates.get(hash)).toBe('tier 1');
  expect(panel.both.fates.get(hash)).toMatch(/^tier [12]$/);
}

function precompile(rng: Rng): string {
  return `0x${rng.pick([1, 2, 4, 6]).toString(16).padStart(40, '0')}`;
}
