// Runs in a small process of its own: one line of JSON with the outcome of every bomb.
import { unpackColumns } from '../../../../dist/net/p2p/columns.js';

const MIB = 1 << 20;
const repeated = (count, ...unit) => Buffer.from(new Uint8Array(count * unit.length)).fill(Buffer.from(unit));
const framed = (...inner) => Buffer.concat([Buffer.from([0x92, 0x01]), ...inner]);

const bombs = {
  'nested fixarrays, depth 10^6': repeated(1_000_000, 0x91),
  'nested array16, 72 KB': repeated(24_000, 0xdc, 0x00, 0x01),
  'nested array16 of 65,535': repeated(24_000, 0xdc, 0xff, 0xff),
  'nested array32': repeated(20_000, 0xdd, 0xff, 0xff, 0xff, 0xff),
  'nested maps': repeated(100_000, 0x81),
  'array of 2^32 - 1': Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
  'bytes of 2 GB': framed(Buffer.from([0xc6, 0x7f, 0xff, 0xff, 0xff])),
  'bytes of 4 GB': framed(Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff])),
  'text of 2 GB': framed(Buffer.from([0xdb, 0x7f, 0xff, 0xff, 0xff])),
  'nested column': framed(repeated(1_000_000, 0x91)),
  'record definition': framed(Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01])),
  'record definition first': Buffer.from([0xd4, 0x72, 0x40, 0x92, 0xa1, 0x61, 0xa1, 0x62, 1, 2]),
  'extension of 2 GB': framed(Buffer.from([0xc9, 0x7f, 0xff, 0xff, 0xff, 0x72])),
  'bundled strings': framed(Buffer.from([0xd6, 0x62, 0, 0, 0, 4, 0xa0])),
  'structured clone reference': framed(Buffer.from([0xd6, 0x69, 0, 0, 0, 1])),
  'date extension': framed(Buffer.from([0xd6, 0xff, 0, 0, 0, 1])),
  float: framed(Buffer.from([0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0])),
  'negative integer': framed(Buffer.from([0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  nil: framed(Buffer.from([0xc0])),
  '16 MB of fixarrays': repeated(16 * MIB, 0x91),
  '16 MB of one byte string': framed(Buffer.from([0xc6, 0x01, 0, 0, 0]), Buffer.alloc(16 * MIB)),
  '16 MB behind a good body': framed(Buffer.from([0xc4, 0x00]), Buffer.alloc(16 * MIB)),
  '12 MB of small numbers': Buffer.concat([Buffer.from([0xdc, 0xff, 0xff]), Buffer.alloc(12 * MIB - 3)]),
};

const report = Object.entries(bombs).map(([name, bytes]) => {
  const started = performance.now();
  let code = 'accepted';
  try {
    unpackColumns(bytes, ['uint', 'bytes']);
  } catch (error) {
    code = error.code ?? String(error);
  }
  return { name, code, ms: performance.now() - started };
});
process.stdout.write(JSON.stringify(report));
