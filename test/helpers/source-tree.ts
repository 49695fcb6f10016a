import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface SourceFile {
  /** From the project's top, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ['runtime', 'workers', 'state', 'net', 'bench', 'test'];

export function sourceFiles(top: string): SourceFile[] {
  return FOLDERS.filter((folder) => existsSync(join(top, folder)))
    .flatMap((folder) => readdirSync(join(top, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: relative(top, path), text: readFileSync(path, 'utf8') };
    });
}

/** What a file imports: relative ones resolved to a path of the tree, others as package names. */
export function importsOf({ path, text }: SourceFile): { files: string[]; packages: string[] } {
  const files: string[] = [];
  const packages: string[] = [];
  const pattern = /^\s*(?:import|export)\s(?:[^'";]*\sfrom\s)?['"]([^'"]+)['"]/gm;
  for (const [, name = ''] of text.matchAll(pattern)) {
    if (name.startsWith('.')) {
      const target = join(dirname(path), name);
      files.push(target.endsWith('.as') ? `${target}.ts` : target.replace(/\.js$/, '.ts'));
    } else if (!name.startsWith('node:')) {
      packages.push(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    }
  }
  return { files, packages };
}
