/** What several solc have made of the sources beside this file (solc-matrix.ts), as committed. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Compiled } from './solc-matrix.js';

/** Contracts by variant, then by name. */
export type Library = Readonly<Record<string, Readonly<Record<string, object>>>>;

export function compiledPath(): URL {
  const isBuilt = import.meta.url.includes('/dist/');
  const folder = isBuilt ? '../../../test/contracts/' : './';
  return new URL(`${folder}compiled.json.gz`, import.meta.url);
}

let read: Readonly<Record<string, Readonly<Record<string, Compiled>>>> | undefined;

export function compiledLibrary(): NonNullable<typeof read> {
  read ??= JSON.parse(gunzipSync(readFileSync(compiledPath())).toString('utf8'));
  return read!;
}
