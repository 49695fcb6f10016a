/**
 * What really runs: the reference engine with counters. They are put around the library's own
 * functions, not on its events, which would copy memory and stack at every step.
 */
import { OPCODES } from '../../bench/gas/opcodes.js';
import type { Arena } from '../../state/arena.js';
import { toHex } from '../../state/base/bytes.js';
import type { EngineFactory } from '../../workers/engine-factory.js';
import { loadEngine } from '../../workers/engines.js';

const INVALID = 0xfe;
const FORBIDDEN_FIRST_BYTE = 0xef;
/** Precompiles have only zeros before their last two bytes. */
const ZEROS_BYTES = 18;

interface FrameResult {
  readonly exceptionError?: { readonly error: string };
  readonly returnValue: Uint8Array;
  readonly runState?: { readonly opCode: number };
}

interface Message {
  readonly to?: { readonly bytes: Uint8Array };
  readonly depth: number;
  readonly isCreate?: boolean;
}

type Handler = (...parameters: unknown[]) => unknown;

/** The part of @ethereumjs/evm that is counted at. */
interface ObservedEvm {
  readonly _opcodeMap: { opHandler: Handler; readonly opcodeInfo: { readonly code: number } }[];
  _executeCall(message: Message): Promise<unknown>;
  runInterpreter(message: Message, ...rest: unknown[]): Promise<FrameResult>;
}

export class Trace {
  /** Executions by opcode. */
  readonly opcodes = new Float64Array(256);
  /** Messages to precompiles by their address. */
  readonly callees = new Map<string, number>();
  /** Frames by how they ended, in the library's words; "ok" for those that halt well. */
  readonly ends = new Map<string, number>();
  /** Frames by depth; 0 is the transaction's own. */
  readonly depths = new Float64Array(1_025);
  steps = 0;
  depthMax = 0;
  /**
   * Initcode that reverted with data beginning with 0xEF: the library takes all gas for it, as if
   * it were code to deploy. EIP-3541 speaks of deployed code only; see ARCHITECTURE.md.
   */
  quirks = 0;

  /** Executions by the instruction's name, those that never ran included. */
  byName(): [string, number][] {
    return OPCODES.map(({ name, code }) => [name, this.opcodes[code] ?? 0]);
  }
}

/** Reference engines that count into the trace. */
export async function tracedReference(trace: Trace): Promise<EngineFactory> {
  const create = await loadEngine('reference');
  return (arena: Arena, blockHash) => {
    const engine = create(arena, blockHash) as unknown as {
      machine(context: unknown): Promise<{ readonly evm: ObservedEvm }>;
    };
    const machine = engine.machine.bind(engine);
    const observed = new WeakSet<object>();
    engine.machine = async (context) => {
      const vm = await machine(context);
      if (!observed.has(vm)) observe(vm.evm, trace);
      observed.add(vm);
      return vm;
    };
    return engine as unknown as ReturnType<EngineFactory>;
  };
}

function observe(evm: ObservedEvm, trace: Trace): void {
  // Instructions that a fork does not have share one entry.
  for (const entry of new Set(evm._opcodeMap)) countHandler(entry, trace);
  const executeCall = evm._executeCall.bind(evm);
  evm._executeCall = (message) => {
    const bytes = message.to?.bytes;
    if (bytes !== undefined && isLow(bytes)) add(trace.callees, toHex(bytes));
    return executeCall(message);
  };
  const runInterpreter = evm.runInterpreter.bind(evm);
  evm.runInterpreter = async (message, ...rest) => {
    const { depth } = message;
    trace.depths[depth] = (trace.depths[depth] ?? 0) + 1;
    if (depth > trace.depthMax) trace.depthMax = depth;
    const result = await runInterpreter(message, ...rest);
    countEnd(trace, message, result);
    return result;
  };
}

function countHandler(entry: ObservedEvm['_opcodeMap'][number], trace: Trace): void {
  const { opcodes } = trace;
  const { code } = entry.opcodeInfo;
  const handler = entry.opHandler;
  if (code === INVALID) return;
  entry.opHandler = (state, common) => {
    opcodes[code] = (opcodes[code] ?? 0) + 1;
    trace.steps += 1;
    return handler(state, common);
  };
}

function countEnd(trace: Trace, message: Message, result: FrameResult): void {
  const error = result.exceptionError?.error.split(' at ')[0];
  add(trace.ends, error ?? 'ok');
  if (error === undefined) return;
  // It has no handler: it fails before it would be called.
  if (error === 'invalid opcode' && result.runState?.opCode === INVALID) {
    trace.opcodes[INVALID] = (trace.opcodes[INVALID] ?? 0) + 1;
  }
  const isRevert = error === 'revert' && message.isCreate === true;
  if (isRevert && result.returnValue[0] === FORBIDDEN_FIRST_BYTE) trace.quirks += 1;
}

function isLow(bytes: Uint8Array): boolean {
  for (let index = 0; index < ZEROS_BYTES; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
