/**
 * The engines by the name that `--engine` takes. One more is one more entry here; its module is
 * loaded when it is asked for, so that a thread that runs another one never carries it.
 */
import { builtUrl } from '../state/base/built.js';
import { DeltacastError } from '../state/base/errors.js';
import { type EngineFactory, loadEngineFactory } from './engine-factory.js';

/** The one that others compile for (tiering/tiering.ts). */
export const TIERED_ENGINE = 'auto';

/** The built module of each; the reference engine needs none. */
const ENGINES: Readonly<Record<string, string | null>> = {
  reference: null,
  interpreter: 'workers/interpreter-engine.js',
  [TIERED_ENGINE]: 'workers/auto-engine.js',
  compiled: 'workers/compiled-engine.js',
  'compiled-tier1': 'workers/compiled-tier1-engine.js',
};

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/**
 * The URL of an engine's module, for threads; null for the reference engine.
 * @throws DeltacastError BAD_USAGE where there is no such engine
 */
export function engineModuleOf(name: string): string | null {
  const file = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (file === undefined) {
    const known = ENGINE_NAMES.join(', ');
    throw new DeltacastError('BAD_USAGE', `no engine "${name.slice(0, 40)}"; there is: ${known}`);
  }
  return file === null ? null : builtUrl(file).href;
}

/** @throws DeltacastError BAD_USAGE where there is no such engine */
export async function loadEngine(name: string): Promise<EngineFactory> {
  return loadEngineFactory(engineModuleOf(name));
}
