/** OpenZeppelin's tokens as they are used: ERC-20 with votes, 721, 1155, a vault; by each solc. */
import { describe, expect, it } from 'vitest';
import { compiledLibrary } from './compiled.js';
import { Contract } from './contract.js';
import { Panel, PEOPLE } from './panel.js';

const [ALICE, BOB, CAROL] = PEOPLE as [string, string, string];
const NOBODY = `0x${'00'.repeat(20)}`;
const UNIT = 10n ** 18n;

const panel = new Panel();
const variants = Object.entries(compiledLibrary()).filter(([, { Votes20 }]) => Votes20);

describe.each(variants)('by %s', (_name, contracts) => {
  const deploy = (name: string, args: readonly unknown[] = []) =>
    Contract.deploy(panel, contracts[name]!, args);

  it('an ERC-20 with votes', async () => {
    await panel.begin();
    const token = await deploy('Votes20');
    await token.do('mint', [ALICE, 100n * UNIT]);
    await token.do('delegate', [BOB]);
    await token.do('transfer', [BOB, 30n * UNIT]);
    await token.refused('transfer', [BOB, 71n * UNIT]);
    await token.do('approve', [CAROL, 5n * UNIT]);
    await token.do('transferFrom', [ALICE, CAROL, 2n * UNIT], { from: CAROL });
    await token.refused('transferFrom', [ALICE, CAROL, 4n * UNIT], { from: CAROL });
    await panel.mine(2);
    expect(await token.ask('balanceOf', [ALICE])).toBe(68n * UNIT);
    expect(await token.ask('allowance', [ALICE, CAROL])).toBe(3n * UNIT);
    expect(await token.ask('getVotes', [BOB])).toBe(68n * UNIT);
    const none = `0x${'11'.repeat(32)}`;
    await token.refused('permit', [ALICE, BOB, 1n, 2n ** 255n, 27, none, none]);
    const sent = await token.do('transfer', [BOB, 1n]);
    expect(token.eventsIn(sent)).toEqual(['Transfer', 'DelegateVotesChanged']);
  });

  it('an ERC-721', async () => {
    await panel.begin();
    const token = await deploy('Nft721');
    for (const id of [7n, 8n, 9n, 2n ** 200n]) await token.do('mint', [ALICE, id]);
    await token.refused('mint', [token.address, 10n]);
    await token.refused('mint', [ALICE, 7n]);
    await token.do('transferFrom', [ALICE, BOB, 8n]);
    await token.refused('transferFrom', [ALICE, CAROL, 9n], { from: CAROL });
    await token.do('setApprovalForAll', [CAROL, true]);
    await token.do('safeTransferFrom(address,address,uint256)', [ALICE, CAROL, 9n], {
      from: CAROL,
    });
    await token.do('burn', [7n]);
    expect(String(await token.ask('ownerOf', [9n])).toLowerCase()).toBe(CAROL);
    expect(await token.ask('tokenOfOwnerByIndex', [CAROL, 0n])).toBe(9n);
    expect(await token.ask('totalSupply')).toBe(3n);
    expect(await token.ask('tokenOfOwnerByIndex', [ALICE, 0n])).toBe(2n ** 200n);
    expect(await token.ask('supportsInterface', ['0x80ac58cd'])).toBe(true);
  });

  it('an ERC-1155', async () => {
    await panel.begin();
    const token = await deploy('Multi1155');
    await token.do('mint', [ALICE, 1n, 50n, '0x']);
    await token.do('mintBatch', [ALICE, [2n, 3n, 4n], [5n, 6n, 7n], '0x1234']);
    await token.refused('mintBatch', [ALICE, [2n, 3n], [5n], '0x']);
    await token.do('safeTransferFrom', [ALICE, BOB, 1n, 20n, '0x']);
    const batch = [ALICE, BOB, [1n, 2n, 4n], [1n, 1n, 7n], '0x'];
    const sent = await token.do('safeBatchTransferFrom', batch);
    expect(token.eventsIn(sent)).toEqual(['TransferBatch']);
    await token.refused('safeBatchTransferFrom', batch, { from: CAROL });
    await token.do('burn', [BOB, 1n, 3n]);
    const balances = await token.ask('balanceOfBatch', [
      [ALICE, BOB, BOB],
      [1n, 1n, 4n],
    ]);
    expect([...(balances as bigint[])]).toEqual([29n, 18n, 7n]);
    expect(await token.ask('totalSupply(uint256)', [1n])).toBe(47n);
  });

  it('a vault, ERC-4626', async () => {
    await panel.begin();
    const token = await deploy('Votes20');
    const vault = await deploy('Vault4626', [token.address]);
    await token.do('mint', [ALICE, 100n * UNIT]);
    await token.do('approve', [vault.address, 2n ** 256n - 1n]);
    await vault.do('deposit', [40n * UNIT, ALICE]);
    await token.do('transfer', [vault.address, 7n * UNIT + 3n]);
    await vault.do('mint', [UNIT, BOB]);
    await vault.do('withdraw', [3n * UNIT, CAROL, ALICE]);
    await vault.refused('redeem', [UNIT, CAROL, ALICE], { from: CAROL });
    await vault.do('redeem', [UNIT / 3n, CAROL, BOB], { from: BOB });
    await vault.refused('deposit', [1n, NOBODY]);
    const assets = (await vault.ask('totalAssets')) as bigint;
    const held = await token.ask('balanceOf', [CAROL]);
    expect(held).toBeGreaterThan(3n * UNIT);
    expect(await token.ask('balanceOf', [vault.address])).toBe(assets);
  });
});
