/**
 * Precompiles for the kernel: @ethereumjs/evm's own set (this file is its owner beside the
 * reference engine's @ethereumjs/vm), with the native libraries that fork.ts gives it. The kernel
 * hands over pointers; libraries get a copy, since they do not expect shared memory.
 */
import { createEVM, type EVM, type PrecompileFunc } from '@ethereumjs/evm';
import { assert } from '../state/base/assert.js';
import { commonFor, type ForkName } from './fork.js';

/** Answers to the kernel beside the gas used (kernel/precompiles.as.ts). */
const FAILED = -1;
export const NO_WINDOW = -2;
const BROKEN = -3;
const LATER = -4;

/** Where a precompile finds its input, and where its output may go: it ends at `end`. */
export interface PrecompileCall {
  readonly number: number;
  readonly input: Uint8Array;
  readonly gas: number;
}

export class Precompiles {
  private evm: EVM | undefined;
  private key = '';

  /** Resolves when the set of this fork is there; a set is kept while the fork stays. */
  prepare(fork: ForkName, chainId: number): Promise<void> | undefined {
    const key = `${fork}:${chainId}`;
    if (this.key === key && this.evm !== undefined) return undefined;
    const common = commonFor(fork, chainId);
    return createEVM({ common }).then((evm) => {
      this.evm = evm;
      this.key = key;
      // Every EVM adds a listener to its Common and none removes it.
      common.events.removeAllListeners();
    });
  }

  /**
   * Runs one. @returns its output and the gas that it used; a number where there is no output:
   * FAILED, BROKEN, or LATER (BLS12-381 and KZG: the reference engine waits for them)
   */
  run(call: PrecompileCall): { readonly output: Uint8Array; readonly gas: number } | number {
    const { evm } = this;
    assert(evm !== undefined, 'precompiles are prepared before they run');
    const address = call.number.toString(16).padStart(40, '0');
    const precompile: PrecompileFunc | undefined = evm.precompiles.get(address);
    if (precompile === undefined) return BROKEN;
    try {
      const result = precompile({
        data: call.input,
        gasLimit: BigInt(call.gas),
        common: evm.common,
        _EVM: evm,
      });
      if (result instanceof Promise) return giveUp(result);
      if (result.exceptionError !== undefined) return FAILED;
      return { output: result.returnValue, gas: Number(result.executionGasUsed) };
    } catch {
      return BROKEN;
    }
  }
}

/** The reference engine will run it again: what becomes of this run is nobody's concern. */
function giveUp(result: Promise<unknown>): number {
  result.catch(() => undefined);
  return LATER;
}
