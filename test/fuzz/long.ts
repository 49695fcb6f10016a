/**
 * The wide campaign as a program of its own, for as long as you like: a million programs take
 * hours, and a test runner's imports would cost it a quarter of its speed.
 *
 *   npm run -s build && npx tsc -p tsconfig.test.json --noEmit false
 *   RUNS=1000000 SEED=1 node dist/test/fuzz/long.js
 *
 * ENGINE names the engine under test, FORK one fork of London to Osaka. It says how far it is and
 * with which SEED and RUNS to go on where it was ended. A difference is made small, printed and
 * written into CORPUS (the current folder unless given): move it to test/fuzz/corpus/, where
 * corpus.test.ts takes it from. Ends with 1 after a difference or where an instruction was rare.
 */
import { pathToFileURL } from 'node:url';
import { checkCounts, report } from './report.js';
import { openDuel, settingsOf } from './settings.js';
import { runWide } from './wide.js';

const settings = settingsOf(process.env);
const corpus = pathToFileURL(`${process.env['CORPUS'] ?? process.cwd()}/`);
const { duel, trace, handOvers } = await openDuel(settings.engine);
console.log(JSON.stringify(settings));
const { failure, ...result } = await runWide({ ...settings, duel, corpus, say: console.log });
if (failure !== null) console.log(failure.text);
console.log(JSON.stringify(result));
console.log(report(duel.counts, trace, handOvers()));
const wrong = checkCounts(duel.counts, trace, settings.fork);
for (const line of wrong) console.log(`too rare: ${line}`);
console.log(failure === null ? 'no difference' : `a difference: ${failure.what}`);
process.exit(failure === null && wrong.length === 0 ? 0 : 1);
