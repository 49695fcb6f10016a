import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DataDirectory } from '../../../runtime/data-dir.js';
import { systemRandom } from '../../../state/base/ports.js';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'data-dir-')), 'node');

it('is locked while a node runs on it, and free afterwards', async () => {
  const path = fresh();
  const first = await DataDirectory.open(path);
  await expect(DataDirectory.open(path)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  await first.close();
  await (await DataDirectory.open(path)).close();
});

it('takes over the lock of a node that was killed', async () => {
  const path = fresh();
  await (await DataDirectory.open(path)).close();
  // What a killed process leaves: the file of a socket that nobody listens on.
  writeFileSync(join(path, 'lock'), '');
  await (await DataDirectory.open(path)).close();
});

it('is locked under a path too long for a socket as well', async () => {
  const path = join(fresh(), 'x'.repeat(120));
  const first = await DataDirectory.open(path);
  await expect(DataDirectory.open(path)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  await first.close();
});

it('keeps one key, and refuses one that others may read or that is none', async () => {
  const path = fresh();
  const directory = await DataDirectory.open(path);
  const seed = directory.sequencerSeed(systemRandom);
  expect(directory.sequencerSeed(systemRandom)).toEqual(seed);
  chmodSync(join(path, 'sequencer.key'), 0o644);
  expect(() => directory.sequencerSeed(systemRandom)).toThrow(/chmod 600/);
  chmodSync(join(path, 'sequencer.key'), 0o600);
  writeFileSync(join(path, 'sequencer.key'), 'no key');
  expect(() => directory.sequencerSeed(systemRandom)).toThrow(/is no key/);
  await directory.close();
});

it('that cannot be made is a typed error', async () => {
  await expect(DataDirectory.open('/dev/null/node')).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
