import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The tests that need neither a build nor another process, and end in seconds: for while one works. */
export default defineConfig({
  test: {
    ...shared.test,
    include: unitTests(),
    exclude: [
      'test/fuzz/**',
      'test/**/*.{model,property}.test.ts',
      // They feed millions of bytes, or wait for what must not happen.
      'test/container-events/{containers,container-names,json-skimmer,stream-reader,waiting-events,watch}.test.ts',
      'test/hooks/{debounce,event-repeat,lines,output,retry,tail}.test.ts',
      'test/system/fair-reading.test.ts',
      'test/watch/engine/{backoff,behind-proxy,http,unsound}.test.ts',
    ],
  },
});

/** Lists the test files that do not start a process: no module of test/ that they import does, or reads what was built. */
function unitTests(): string[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name));
  return files.filter((file) =>
    [...modulesOf(file)].every(
      (path) =>
        !/'node:(?:child_process|worker_threads)'|'esbuild'|\bdist\//.test(readFileSync(path, 'utf8')),
    ),
  );
}

function modulesOf(file: string): Set<string> {
  const modules = new Set([file]);
  for (const path of modules) {
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+\.ts)'/g)) {
      const module = join(path, '..', name);
      if (module.startsWith('test/') && existsSync(module)) modules.add(module);
    }
  }
  return modules;
}
