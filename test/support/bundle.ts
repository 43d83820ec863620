import { existsSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/**
 * Makes one file that any Node can run of a module under test/: once for a run of the tests, in its folder, and
 * elsewhere into the given one.
 * @returns its path
 */
export function bundle(module: string, folder: string): string {
  const { TEST_PLACE: place = folder } = process.env;
  const outfile = `${place}/${module.replaceAll('/', '-')}.mjs`;
  if (existsSync(outfile)) return outfile;
  const entry = fileURLToPath(new URL(`../${module}.ts`, import.meta.url));
  // Another worker may build it, or start it, at the same time.
  const unfinished = `${outfile}.${process.pid}`;
  buildSync({
    entryPoints: [entry],
    outfile: unfinished,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.9',
    logLevel: 'error',
  });
  renameSync(unfinished, outfile);
  return outfile;
}
