/**
 * The codes that `bench compile` measures: deployed codes of 1 to 24 KB, as evenly spread over that
 * as there are any, of npm packages and, where the data folder is there, of mainnet blocks.
 */
import { fromHex } from '../../state/base/bytes.js';
import { DeltacastError } from '../../state/base/errors.js';
import { loadArtifacts } from './artifacts.js';
import { blockPaths, codesOf, readMainnetBlock } from './mainnet.js';

const CODE_BYTES_MIN = 1_024;
/** EIP-170. */
const CODE_BYTES_MAX = 24_576;
/** One for each half KB. */
const SUBJECTS_MAX = 48;
/** Fewer say nothing about a curve. */
const SUBJECTS_MIN = 30;

export interface CompileSubject {
  /** Package and contract, or an address of mainnet. */
  readonly name: string;
  readonly code: Uint8Array;
}

/**
 * Shortest first, each code once.
 * @param data  the data folder; without it npm packages alone are enough
 * @throws DeltacastError BAD_USAGE where there are too few, with what is missing
 */
export function compileSubjects(data: string): CompileSubject[] {
  const published = loadArtifacts().map(({ name, deployed }) => ({ name, code: `0x${deployed}` }));
  const real = blockPaths(data)
    .flatMap((path) => codesOf(readMainnetBlock(path), CODE_BYTES_MIN))
    .map(({ address, code }) => ({ name: `mainnet ${address}`, code }));
  const byCode = new Map([...real, ...published].map((each) => [each.code, each]));
  const all = [...byCode.values()]
    .map(({ name, code }) => ({ name, code: fromHex(code) }))
    .filter(({ code }) => code.length >= CODE_BYTES_MIN && code.length <= CODE_BYTES_MAX);
  if (all.length < SUBJECTS_MIN) {
    const why =
      `${all.length} contracts of 1 to 24 KB, and ${SUBJECTS_MIN} are needed: install the ` +
      'development packages with artifacts (npm install), or give a folder with blocks as --data';
    throw new DeltacastError('BAD_USAGE', why);
  }
  return spread(all, SUBJECTS_MAX);
}

/** At every step of length that which is nearest and not taken yet. */
export function spread(all: readonly CompileSubject[], count: number): CompileSubject[] {
  const left = [...all];
  const taken: CompileSubject[] = [];
  const step = (CODE_BYTES_MAX - CODE_BYTES_MIN) / Math.max(1, count - 1);
  while (taken.length < count && left.length > 0) {
    const wanted = CODE_BYTES_MIN + taken.length * step;
    const distance = ({ code }: CompileSubject): number => Math.abs(code.length - wanted);
    const nearest = left.reduce((best, each) => (distance(each) < distance(best) ? each : best));
    taken.push(nearest);
    left.splice(left.indexOf(nearest), 1);
  }
  return taken.sort((a, b) => a.code.length - b.code.length);
}
