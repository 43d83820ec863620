// Runs measurements: npm run bench -- NAME [ARGUMENT...]. Without a name those that take half an hour together.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const all = readdirSync(`${root}bench`).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
const [name, ...words] = process.argv.slice(2);
if (name !== undefined && !all.includes(name)) {
  console.error(`There is no measurement ${name}. All: ${all.join(', ')}`);
  process.exit(64);
}
for (const one of name === undefined ? ['scale', 'hooks', 'speed', 'wait', 'guest'] : [name]) {
  const flags = ['--expose-gc', '--import', './bench/support/typescript.js'];
  const { status } = spawnSync(process.execPath, [...flags, `bench/${one}.ts`, ...words], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
