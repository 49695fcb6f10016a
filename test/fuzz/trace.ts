/** Which instructions and precompiles really run: the reference engine with an observer. */

import type { EngineFactory } from '../../workers/engine-factory.js';
import { loadEngine } from '../../workers/engines.js';

/** The part of @ethereumjs/vm that is listened to. */
interface ObservedVm {
  readonly evm: {
    readonly events: {
      on(
        name: 'step',
        listener: (step: { opcode: { name: string } }, next: () => void) => void,
      ): void;
      on(
        name: 'beforeMessage',
        listener: (
          message: { to?: { toString(): string }; depth: number },
          next: () => void,
        ) => void,
      ): void;
    };
  };
}

export interface Trace {
  readonly opcodes: Map<string, number>;
  /** Messages by the callee's address. */
  readonly callees: Map<string, number>;
  depthMax: number;
}

export function newTrace(): Trace {
  return { opcodes: new Map(), callees: new Map(), depthMax: 0 };
}

/** Reference engines that count into the trace; slow, as every step is an event. */
export async function tracedReference(trace: Trace): Promise<EngineFactory> {
  const create = await loadEngine('reference');
  return (arena, blockHash) => {
    const engine = create(arena, blockHash) as unknown as {
      machine(context: unknown): Promise<ObservedVm>;
    };
    const machine = engine.machine.bind(engine);
    const observed = new WeakSet<object>();
    engine.machine = async (context) => {
      const vm = await machine(context);
      if (!observed.has(vm)) observe(vm, trace);
      observed.add(vm);
      return vm;
    };
    return engine as unknown as ReturnType<EngineFactory>;
  };
}

function observe(vm: ObservedVm, trace: Trace): void {
  const add = (counts: Map<string, number>, name: string) =>
    counts.set(name, (counts.get(name) ?? 0) + 1);
  vm.evm.events.on('step', ({ opcode }, next) => {
    add(trace.opcodes, opcode.name);
    next();
  });
  vm.evm.events.on('beforeMessage', ({ to, depth }, next) => {
    if (to !== undefined) add(trace.callees, to.toString());
    trace.depthMax = Math.max(trace.depthMax, depth);
    next();
  });
}
