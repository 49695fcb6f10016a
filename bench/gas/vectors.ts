/**
 * Inputs that the curve precompiles accept. Points are the generators of the curves' own
 * specifications, the signature is from the test vectors of EIP-7951, and the KZG proofs are
 * of a polynomial of degree 4095 and of zero, for which infinity is both commitment and proof.
 */
import { createHash } from 'node:crypto';
import { concatBytes, fromHex, toWord } from '../../state/base/bytes.js';

/** x and y, imaginary parts first (EIP-197). */
export const BN_G2 = fromHex(
  '198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2' +
    '1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed' +
    '090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b' +
    '12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
);
/** The generators of BLS12-381, each coordinate in 64 bytes (EIP-2537). */
export const BLS_G1 = fromHex(
  '00000000000000000000000000000000' +
    '17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58' +
    '6c55e83ff97a1aeffb3af00adb22c6bb' +
    '00000000000000000000000000000000' +
    '08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3ed' +
    'd03cc744a2888ae40caa232946c5e7e1',
);
export const BLS_G2 = fromHex(
  '00000000000000000000000000000000' +
    '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177' +
    '0bac0326a805bbefd48056c8c121bdb8' +
    '00000000000000000000000000000000' +
    '13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049' +
    '334cf11213945d57e5ac7d055d042b7e' +
    '00000000000000000000000000000000' +
    '0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c' +
    '923ac9cc3baca289e193548608b82801' +
    '00000000000000000000000000000000' +
    '0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab' +
    '3f370d275cec1da1aaa9075ff05f79be',
);
/** Hash, r, s, x and y: the first vector of EIP-7951. */
export const P256 = fromHex(
  '4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d' +
    'a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac' +
    '36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60' +
    '4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3' +
    '7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e',
);

/** EIP-4844: versioned hash, z, y, commitment, proof. */
export const KZG_PROOF = fromHex(
  '013b08bd84667a49b5646709fdd53c07f64e76a9955702ab1011a79c68cb8817' +
    '5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e' +
    '4b165968d79fafbed8b3cfa00a352bc59767c1e7aa0118bbfb6948bd53c0514a' +
    'a8745b09683e001194a93fb3e8b81cbfc40dcc68ffee75cfcd363d50182ceb7f' +
    'c35c20b5c579b823ed8faf885ae56f52' +
    '83803d75aca3f87ca90d23b89fa3face64b655271cef1c7b4a314b5529612209' +
    '17c0b3e2c0f1487d2e1efa331123c22e',
);

/** The same for the zero polynomial at z. */
export function kzgProof(z: bigint): Uint8Array {
  const infinity = concatBytes(Uint8Array.of(0xc0), new Uint8Array(47));
  const hash = new Uint8Array(createHash('sha256').update(infinity).digest());
  hash[0] = 1;
  return concatBytes(hash, toWord(z), new Uint8Array(32), infinity, infinity);
}
