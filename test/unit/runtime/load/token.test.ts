import { parseAbi } from 'viem';
import { describe, expect, it } from 'vitest';
import { ABI } from '../../../../runtime/load/contracts/token.js';
import { contractModule } from '../../../helpers/solc.js';

const SOURCE = 'runtime/load/contracts/token.sol';

describe('the compiled token', () => {
  it('is what the source compiles to', async () => {
    const module = contractModule(SOURCE, 'LoadToken');
    await expect(module).toMatchFileSnapshot('../../../../runtime/load/contracts/token.ts');
  });

  it('has an ABI that libraries parse', () => {
    const names = parseAbi(ABI).map((entry) => ('name' in entry ? entry.name : entry.type));
    expect(names).toEqual(expect.arrayContaining(['transfer', 'balanceOf', 'Transfer']));
  });
});
