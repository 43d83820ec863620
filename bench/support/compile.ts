import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A C program of this folder, compiled static, so that its own start takes as little time as can be. */
export function compile(source: 'floor.c' | 'stub.c' | 'first-answer.c', folder: string): string {
  const program = join(folder, basename(source, '.c'));
  const path = fileURLToPath(new URL(`../${source}`, import.meta.url));
  const words = ['-O2', '-Wall', '-Wextra', '-static', '-o', program, path];
  const { error, status, stderr } = spawnSync('cc', words, { encoding: 'utf8' });
  if (error !== undefined) {
    throw new Error('No C compiler: cc is not there\n  On Debian: sudo apt-get install gcc libc6-dev');
  }
  if (status !== 0) throw new Error(`${source} does not compile:\n${stderr}`);
  return program;
}
