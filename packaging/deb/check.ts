// Has lintian look at the Debian package that `npm run release:local` has made.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../build', import.meta.url));
const packages = readdirSync(folder).filter((name) => name.endsWith('.deb'));
if (packages.length === 0) throw new Error('There is no package: npm run release:local -- deb makes one');

const words = ['--fail-on', 'error,warning', '--display-info', '--allow-root', '--tag-display-limit', '0'];
const { status, error } = spawnSync('lintian', [...words, ...packages], { cwd: folder, stdio: 'inherit' });
if (error !== undefined) console.error(`lintian cannot be run (${error.message}): apt-get install lintian`);
console.log(`${packages.join(', ')}: ${status === 0 ? 'as it should be' : 'not as it should be'}`);
process.exitCode = status ?? 1;
