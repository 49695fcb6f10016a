/** What everybody can see of an outcome, compared part by part. */
import { toHex } from '../../state/base/bytes.js';
import { type Outcome, STATUS_OK } from '../../workers/outcome.js';

const SHOWN_CHARACTERS_MAX = 400;

type Parts = Readonly<Record<string, (outcome: Outcome) => string>>;

const VISIBLE: Parts = {
  status: ({ status }) => String(status),
  reason: ({ status, reason }) => (status > STATUS_OK ? reason : ''),
  gasUsed: ({ gasUsed }) => String(gasUsed),
  created: ({ created }) => (created === null ? 'nothing' : toHex(created)),
  output: ({ output }) => toHex(output),
  logs: ({ logs }) =>
    logs.map((log) => [log.address, ...log.topics, log.data].map(toHex).join(' ')).join('; '),
  codes: ({ codes }) =>
    codes
      .map(({ hash, bytes }) => `${toHex(hash)} ${toHex(bytes)}`)
      .sort()
      .join('; '),
};

/** What a commit makes of it besides; the reads are another matter. */
const COMMITTED: Parts = {
  fee: ({ feeDelta }) => String(feeDelta),
  writes: ({ writes }) =>
    writes
      .map(({ kind, address, slot, value }) =>
        [String(kind), toHex(address), slot === null ? '' : toHex(slot), toHex(value)].join(' '),
      )
      .join('; '),
};

/** @returns the first part in which they differ, null where there is none */
export function visibleDifference(a: Outcome, b: Outcome): string | null {
  return differenceIn(VISIBLE, a, b);
}

/** The same with fee and writes. */
export function effectDifference(a: Outcome, b: Outcome): string | null {
  return differenceIn(VISIBLE, a, b) ?? differenceIn(COMMITTED, a, b);
}

function differenceIn(parts: Parts, a: Outcome, b: Outcome): string | null {
  for (const [name, show] of Object.entries(parts)) {
    const [one, two] = [show(a), show(b)];
    if (one !== two) return `${name}: ${shorten(one)} against ${shorten(two)}`;
  }
  return null;
}

function shorten(text: string): string {
  const { length } = text;
  return length <= SHOWN_CHARACTERS_MAX
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS_MAX)}... (${length})`;
}
