import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { importsOf, type SourceFile, sourceFiles } from '../helpers/source-tree.js';

const files = sourceFiles(process.cwd());
const isProduct = ({ path }: SourceFile) => !/^(test|bench)\//.test(path);

/** Folder -> what it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly RegExp[]>> = {
  state: [],
  workers: [/^state\//],
  net: [/^state\/base\//, /^state\/diff\./, /^state\/proof\./],
  runtime: [/^(state|workers|net)\//],
};

/** One third-party package has one owner; these are hashes and encodings that need none. */
const SHARED_PACKAGES = [
  '@noble/hashes',
  '@ethereumjs/rlp',
  '@ethereumjs/util',
  '@ethereumjs/common',
];

function wrongImports(tree: readonly SourceFile[]): string[] {
  return tree.filter(isProduct).flatMap((file) => {
    const folder = file.path.split('/')[0] ?? '';
    const allowed = MAY_IMPORT[folder] ?? [];
    return importsOf(file)
      .files.filter((target) => !target.startsWith(`${folder}/`))
      .filter((target) => !allowed.some((pattern) => pattern.test(target)))
      .map((target) => `${file.path} -> ${target}`);
  });
}

function cycles(tree: readonly SourceFile[]): string[] {
  const edges = new Map(tree.map((file) => [file.path, valueImportsOf(file)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return found;
}

/** Types vanish when compiled: they make no cycle that a program could trip over. */
function valueImportsOf(file: SourceFile): string[] {
  return importsOf({ ...file, text: file.text.replace(/^import type [^;]*;/gm, '') }).files;
}

function sharedOwners(tree: readonly SourceFile[]): string[] {
  const owners = new Map<string, Set<string>>();
  for (const file of tree.filter(isProduct)) {
    for (const name of importsOf(file).packages) {
      owners.set(name, (owners.get(name) ?? new Set()).add(file.path));
    }
  }
  return [...owners]
    .filter(([name, paths]) => paths.size > 1 && !SHARED_PACKAGES.includes(name))
    .map(([name, paths]) => `${name}: ${[...paths].sort().join(', ')}`);
}

const FORBIDDEN: readonly (readonly [RegExp, RegExp])[] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, /^test\/unit\/tidy/],
  [/(:|\bas) any\b|@ts-(ignore|nocheck)/, /^test\/unit\/tidy/],
  [/^export default/m, /^(test\/helpers\/build|vitest|net\/p2p\/holepunch)/],
  [/^(export )?(const )?enum /m, /^$/],
  [/\b(Date\.now|Math\.random|setTimeout|setInterval)\b/, /^(state\/base\/ports|test\/)/],
  [/\bprocess\.env\b/, /^(runtime\/cli|test\/)/],
];

function forbidden(tree: readonly SourceFile[]): string[] {
  return tree.flatMap(({ path, text }) =>
    FORBIDDEN.filter(([pattern, exempt]) => !exempt.test(path) && pattern.test(text)).map(
      ([pattern]) => `${path}: ${pattern.source}`,
    ),
  );
}

/** A file says so in its opening comment; style allows it for these alone. */
const EXEMPT =
  /^\/\*\*[^/]*Exempt from the limit on lines: (interpreter loop|opcode table|generated code)\./;

function oversized(tree: readonly SourceFile[]): string[] {
  return tree.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    const wide = lines.findIndex((line) => line.length > 100);
    return [
      ...(lines.length > 401 && !EXEMPT.test(text) ? [`${path}: ${lines.length} lines`] : []),
      ...(wide >= 0 ? [`${path}:${wide + 1}: over 100 columns`] : []),
    ];
  });
}

/** Beside dotfiles, everything that belongs at the top. */
const TOP_FOLDERS = ['runtime', 'workers', 'state', 'net', 'bench', 'test'];
const TOP_FILES = /^(\..+|[\w.-]+\.json|vitest\.config\.ts|LICENSE|(README|ARCHITECTURE)\.md)$/;

function strangers(paths: readonly string[]): string[] {
  const names = new Set(paths.map((path) => path.split('/')[0] ?? ''));
  return [...names].filter((name) => !TOP_FOLDERS.includes(name) && !TOP_FILES.test(name));
}

function trackedFiles(): string[] {
  const text = execFileSync('git', ['ls-files'], { encoding: 'utf8' });
  return text.split('\n').filter((path) => path !== '');
}

describe('the tree', () => {
  it('has at its top what belongs there', () => expect(strangers(trackedFiles())).toEqual([]));
  it('imports only downwards', () => expect(wrongImports(files)).toEqual([]));
  it('has no import cycles', () => expect(cycles(files)).toEqual([]));
  it('has one owner file for each package', () => expect(sharedOwners(files)).toEqual([]));
  it('has none of the forbidden constructs', () => expect(forbidden(files)).toEqual([]));
  it('keeps files and lines short', () => expect(oversized(files)).toEqual([]));
});

describe('each rule', () => {
  const at = (path: string, text: string): SourceFile => ({ path, text });

  it('catches a planted violation', () => {
    const up = at('state/a.ts', "import { x } from '../workers/b.js';");
    const sideways = at('net/a.ts', "export { x } from '../state/arena.js';");
    expect(wrongImports([up, sideways])).toHaveLength(2);
    const ring = [
      at('state/a.ts', "import { b } from './b.js';"),
      at('state/b.ts', "import { a } from './a.js';"),
    ];
    expect(cycles(ring)).toHaveLength(1);
    const owners = [
      at('state/a.ts', "import p from 'piscina';"),
      at('state/b.ts', "import {\n  p,\n} from 'piscina';"),
    ];
    expect(sharedOwners(owners)).toHaveLength(1);
    const bad = ['// TODO', 'let a: any;', 'export default 1;', 'enum A {}', 'Date.now()'];
    for (const text of bad) expect(forbidden([at('state/a.ts', text)])).toHaveLength(1);
    expect(strangers(['a.log', 'src/a.ts', 'state/a.ts', 'package-lock.json'])).toHaveLength(2);
    expect(oversized([at('state/a.ts', 'x'.repeat(101))])).toHaveLength(1);
    const long = '\n'.repeat(401);
    expect(oversized([at('state/a.ts', long)])).toHaveLength(1);
    const marker = 'Exempt from the limit on lines: interpreter loop.';
    expect(oversized([at('state/a.ts', `/** ${marker} */${long}`)])).toHaveLength(0);
    expect(oversized([at('state/a.ts', `${long}/** ${marker} */`)])).toHaveLength(1);
  });
});
