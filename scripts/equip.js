// Installs every workspace's packages where one of those that are named here is missing or has another version: .npmrc
// has `npm ci` leave them out. Usage: equip.js WORKSPACE...
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [, , ...workspaces] = process.argv;
const missing = workspaces.flatMap((workspace) =>
  Object.entries(read(join(root, workspace)).devDependencies)
    .filter(([name, version]) => installed(workspace, name) !== version)
    .map(([name]) => name),
);
if (missing.length > 0) {
  console.log(`Installing what the first npm ci leaves out: ${missing.join(', ')}`);
  const words = ['ci', '--workspaces', '--include-workspace-root', '--no-audit', '--no-fund'];
  execFileSync('npm', words, { cwd: root, stdio: 'inherit' });
}

/** Returns a package's version as the workspace would find it. */
function installed(workspace, name) {
  const folder = [join(root, workspace), root]
    .map((parent) => join(parent, 'node_modules', name))
    .find((path) => existsSync(path));
  return folder && read(folder).version;
}

function read(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
