/** Writes compiled.json.gz: `node dist/test/contracts/compile.js`, after the tests are built. */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { compiledPath, type Library } from './compiled.js';
import { compileOurs, nameOf, SOURCES } from './solc-matrix.js';

const library: Record<string, Record<string, object>> = {};
for (const { file, contracts, variants } of SOURCES) {
  for (const variant of variants) {
    const name = nameOf(variant);
    console.log(`${file}: ${name}`);
    const all = compileOurs(file, variant);
    const wanted = (library[name] ??= {});
    for (const contract of contracts) wanted[contract] = all[contract]!;
  }
}
writeFileSync(compiledPath(), gzipSync(JSON.stringify(library satisfies Library), { level: 9 }));
