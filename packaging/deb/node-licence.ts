import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Where a Node's licence, with those of all that is in it, is beside the program: in the archives of nodejs.org and
 * what is unpacked from them, in NodeSource's package, and in the registry's packages.
 */
const places = ['../LICENSE', 'LICENSE', '../share/doc/nodejs/LICENSE'];

/** @returns its text; undefined where it is in none of the usual places */
export function nodeLicence(node: string): string | undefined {
  const folder = dirname(realpathSync(node));
  return places
    .map((place) => join(folder, place))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .find((text) => text.includes('Node.js'));
}
