import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/**
 * Makes one file that any Node can run of a module under test/, into a folder.
 * @returns its path
 */
export function bundle(module: string, folder: string): string {
  const outfile = `${folder}/${module.replaceAll('/', '-')}.mjs`;
  const entry = fileURLToPath(new URL(`../${module}.ts`, import.meta.url));
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.9',
    logLevel: 'error',
  });
  return outfile;
}
