/** Kernels with a bug on purpose: one change to a source text, compiled as the build does. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What is changed: `from` stands in the file once. */
export interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** @throws Error where the text is not there once, or does not compile */
export async function compileMutant(
  target: string,
  entry: string,
  mutations: readonly Mutation[],
): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const left = new Set(mutations);
  const readFile = (name: string): string | null => {
    let text: string;
    try {
      text = readFileSync(`${ROOT}/${name}`, 'utf8');
    } catch {
      return null;
    }
    for (const mutation of mutations) {
      if (name !== mutation.file) continue;
      if (text.split(mutation.from).length !== 2) throw new Error(`not once: ${mutation.from}`);
      text = text.replace(mutation.from, mutation.to);
      left.delete(mutation);
    }
    return text;
  };
  const writeFile = (name: string, contents: string | Uint8Array): void => {
    if (name.endsWith('.wasm')) binary = new Uint8Array(contents as Uint8Array);
  };
  const options = [entry, '--target', target, '--config', 'asconfig.json'];
  const { error, stderr } = await asc.main(options, { readFile, writeFile, listFiles: () => null });
  if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`);
  if (binary === undefined || left.size > 0) throw new Error('nothing was changed');
  return new WebAssembly.Module(binary);
}
