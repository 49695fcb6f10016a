/** OpenZeppelin's Governor with its timelock: propose, vote, queue, execute; what is refused. */
import { keccak256, toUtf8Bytes } from 'ethers';
import { describe, expect, it } from 'vitest';
import { compiledLibrary } from './compiled.js';
import { Contract } from './contract.js';
import { Panel, PEOPLE } from './panel.js';

const [ALICE, BOB, CAROL] = PEOPLE as [string, string, string];
const NOBODY = `0x${'00'.repeat(20)}`;
const UNIT = 10n ** 18n;
const DELAY_SECONDS = 3_600;
const FOR = 1;
const AGAINST = 0;
const EXECUTED = 7n;
const DEFEATED = 3n;

const panel = new Panel();
const variants = Object.entries(compiledLibrary()).filter(([, { TestGovernor }]) => TestGovernor);

async function parliament(contracts: (typeof variants)[number][1]) {
  await panel.begin();
  const deploy = (name: string, args: readonly unknown[] = []) =>
    Contract.deploy(panel, contracts[name]!, args);
  const token = await deploy('Votes20');
  const timelock = await deploy('TimelockController', [DELAY_SECONDS, [], [NOBODY], ALICE]);
  const governor = await deploy('TestGovernor', [token.address, timelock.address]);
  const role = await timelock.ask('PROPOSER_ROLE');
  await timelock.do('grantRole', [role, governor.address]);
  for (const [who, units] of [
    [ALICE, 50n],
    [BOB, 30n],
    [CAROL, 20n],
  ] as const) {
    await token.do('mint', [who, units * UNIT]);
    await token.do('delegate', [who], { from: who });
  }
  await panel.mine(1);
  return { token, timelock, governor };
}

describe.each(variants)('the governor by %s', (_name, contracts) => {
  it('carries out what was voted for', async () => {
    const { token, timelock, governor } = await parliament(contracts);
    const what = 'pay Carol';
    const payment = token.data('mint', [CAROL, 7n * UNIT]);
    const actions = [
      [token.address, timelock.address],
      [0n, 0n],
      [payment, timelock.data('updateDelay', [60n])],
    ];
    const hash = keccak256(toUtf8Bytes(what));
    const proposed = await governor.do('propose', [...actions, what]);
    expect(governor.eventsIn(proposed)).toEqual(['ProposalCreated']);
    const id = await governor.ask('hashProposal', [...actions, hash]);
    await governor.refused('castVote', [id, FOR]);
    await panel.mine(2);
    await governor.do('castVote', [id, FOR]);
    await governor.refused('castVote', [id, FOR]);
    await governor.do('castVoteWithReason', [id, AGAINST, 'no'], { from: CAROL });
    expect(await governor.ask('proposalVotes', [id])).toEqual([20n * UNIT, 50n * UNIT, 0n]);
    await governor.refused('queue', [...actions, hash]);
    await panel.mine(6);
    const queued = await governor.do('queue', [...actions, hash]);
    expect(governor.eventsIn(queued).at(-1)).toBe('ProposalQueued');
    await governor.refused('execute', [...actions, hash]);
    await panel.mine(1, DELAY_SECONDS + 1);
    await governor.do('execute', [...actions, hash], { from: BOB });
    expect(await governor.ask('state', [id])).toBe(EXECUTED);
    expect(await token.ask('balanceOf', [CAROL])).toBe(27n * UNIT);
    expect(await timelock.ask('getMinDelay')).toBe(60n);
    await governor.refused('execute', [...actions, hash]);
  });

  it('carries out nothing that was voted down', async () => {
    const { token, governor } = await parliament(contracts);
    const actions = [[token.address], [0n], [token.data('mint', [BOB, 1n])]];
    await governor.do('propose', [...actions, 'pay Bob']);
    const hash = keccak256(toUtf8Bytes('pay Bob'));
    const id = await governor.ask('hashProposal', [...actions, hash]);
    await panel.mine(2);
    await governor.do('castVote', [id, AGAINST]);
    await governor.do('castVote', [id, FOR], { from: BOB });
    await panel.mine(6);
    expect(await governor.ask('state', [id])).toBe(DEFEATED);
    await governor.refused('queue', [...actions, hash]);
    for (const who of [governor, token]) {
      const code = panel.codeHash(who.address);
      expect(panel.first.fates.get(code)).toBe('tier 1');
      expect(panel.both.fates.get(code)).toMatch(/^tier [12]$/);
    }
    expect(panel.handedOver).toBe(0);
  });
});
