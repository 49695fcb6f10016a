/**
 * The engines by the name that `--engine` takes. One more is one more entry here; its module is
 * loaded when it is asked for, so that a thread that runs another one never carries it.
 */
import { DeltacastError } from '../state/base/errors.js';
import { type EngineFactory, loadEngineFactory } from './engine-factory.js';

const ENGINES: Readonly<Record<string, () => Promise<EngineFactory>>> = {
  reference: () => loadEngineFactory(null),
};

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/** @throws DeltacastError BAD_USAGE where there is no such engine */
export async function loadEngine(name: string): Promise<EngineFactory> {
  const load = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (load === undefined) {
    const known = ENGINE_NAMES.join(', ');
    throw new DeltacastError('BAD_USAGE', `no engine "${name.slice(0, 40)}"; there is: ${known}`);
  }
  return load();
}
