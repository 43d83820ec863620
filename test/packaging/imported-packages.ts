import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the packages that `src` imports, and those that they depend on: found without esbuild. */
export function importedPackages(): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8').replace(/^\s*(?:\*|\/\/).*/gm, ''));
  const imported = sources.flatMap((text) =>
    [...text.matchAll(/\b(?:from|import) ?\(?'((?:@[\w.-]+\/)?\w[\w.-]*)(?:\/[\w./-]+)?'/g)].map(
      ([, name = '']) => name,
    ),
  );
  const names = new Set(imported.filter((name) => !isBuiltin(name)));
  for (const name of names) {
    const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    for (const other of Object.keys(JSON.parse(text).dependencies ?? {})) names.add(other);
  }
  return [...names].sort();
}
