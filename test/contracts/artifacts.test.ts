/**
 * Contracts as published on npm, deployed where their constructor takes what it is given and put in
 * place otherwise, and called by their ABI. All of them, with more calls:
 * `RUNS=400 npx vitest run test/contracts/artifacts.test.ts`; SEED chooses others.
 */
import { ConstructorFragment, Interface } from 'ethers';
import { describe, expect, it } from 'vitest';
import { type Artifact, loadArtifacts } from '../../bench/compile/artifacts.js';
import { fromHex } from '../../state/base/bytes.js';
import { Rng } from '../fuzz/rng.js';
import { anyValue, type Known } from './arguments.js';
import { drive } from './drive.js';
import { Panel, PEOPLE } from './panel.js';
import { refusalOf } from './watched.js';

const RUNS = Number(process.env['RUNS'] ?? 8);
const SEED = Number(process.env['SEED'] ?? 1);
/** A few by default; all where more calls are asked for. */
const CONTRACTS_DEFAULT = 12;
const ALL_FROM_RUNS = 20;

const all = loadArtifacts().sort((a, b) => a.deployed.length - b.deployed.length);
const every = RUNS >= ALL_FROM_RUNS ? 1 : Math.ceil(all.length / CONTRACTS_DEFAULT);
const chosen = all.filter((_, index) => index % every === (SEED - 1) % every);

const panel = new Panel();

describe.skipIf(all.length === 0)(
  `published contracts, seed ${SEED} (skipped without them)`,
  () => {
    it.each(chosen.map((artifact) => [artifact.name, artifact] as const))(
      '%s does the same on every engine',
      async (_name, artifact) => {
        const rng = new Rng(SEED);
        const address = await place(artifact, rng);
        const known: Known = {
          addresses: [...PEOPLE, address],
          numbers: [10n ** 18n, BigInt(panel.now)],
        };
        await drive(panel, [{ address, abi: artifact.abi }], known, { calls: RUNS, rng });
        const hash = panel.codeHash(address);
        expect(panel.first.fates.get(hash)).toBe('tier 1');
        const refusal = refusalOf(fromHex(artifact.deployed));
        expect(panel.both.fates.get(hash)).toBe(refusal === null ? 'tier 2' : 'tier 1');
        expect(panel.handedOver).toBe(0);
      },
    );
  },
);

/** @returns the address */
async function place(artifact: Artifact, rng: Rng): Promise<string> {
  const address = `0x${'ca'.repeat(20)}`;
  const code = `0x${artifact.deployed}`;
  await panel.begin({ [address]: { nonce: 1, code } });
  const of = new Interface(artifact.abi);
  const known: Known = { addresses: [...PEOPLE, address], numbers: [BigInt(panel.now)] };
  const { inputs } = of.fragments.find(ConstructorFragment.isFragment) ?? { inputs: [] };
  const values = inputs.map((input) => anyValue(input, known, rng));
  const data = `0x${artifact.creation}${of.encodeDeploy(values).slice(2)}`;
  const made = await panel.send({ to: null, data });
  return made.isOk && made.created !== null ? made.created : address;
}
