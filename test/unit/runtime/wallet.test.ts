import { describe, expect, it } from 'vitest';
import { DEFAULT_MNEMONIC, deriveAccounts } from '../../../runtime/wallet.js';
import { toHex } from '../../../state/base/bytes.js';

describe('development accounts', () => {
  it("are Anvil's first accounts under the default mnemonic", () => {
    const [first, second] = deriveAccounts(DEFAULT_MNEMONIC, 2);
    expect(toHex(first!.address)).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    expect(toHex(first!.privateKey)).toBe(
      '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    );
    expect(toHex(second!.address)).toBe('0x70997970c51812dc3a010c7d01b50e0d17dc79c8');
  });

  it('refuses a phrase with a wrong checksum', () => {
    expect(() => deriveAccounts('test test test', 1)).toThrow(/BIP-39/);
  });
});
