import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { partsOf } from '../../src/service/runtime.ts';
import { version as built } from '../../src/version.ts';
import { program } from './stage.ts';

/**
 * Copies the built program, all of its parts, into `folder` (made when missing), as if it were of another version.
 * @returns its first file
 * @throws Error when no file of it names the built version, for then the copy would be the same program
 */
export function copyAsVersion(version: string, folder: string): string {
  cpSync(dirname(program), folder, { recursive: true });
  // For Node: its files are modules.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const first = join(folder, 'docker-lifecycle-listener.js');
  const naming = [first, ...partsOf(first).map(({ path }) => path)].filter((file) =>
    readFileSync(file, 'utf8').includes(`"${built}"`),
  );
  for (const file of naming) {
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`"${built}"`, `"${version}"`));
  }
  if (naming.length === 0) throw new Error(`no file of ${program} names version ${built}`);
  return first;
}
