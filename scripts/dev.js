// Builds the program and checks the types whenever a source file changes: npm run dev. Ends with Ctrl-C.
import { spawn, spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const compiler = join(dirname(require.resolve('typescript/package.json')), 'lib/tsc.js');
/** An editor writes several files, and each in several steps. In ms. */
const quiet = 100;

function build() {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'inherit' });
  const took = ((performance.now() - began) / 1000).toFixed(1);
  if (status === 0) console.log(`Built in ${took} s. Run: node dist/docker-lifecycle-listener.js`);
}

build();
let timer;
for (const folder of ['src', 'notifier']) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(build, quiet);
  });
}
spawn(process.execPath, [compiler, '--watch', '--preserveWatchOutput'], { cwd: root, stdio: 'inherit' });
