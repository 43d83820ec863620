// Checks what a user gets: packs the package, looks at what is in it, installs it into an empty folder and runs it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const bundle = manifest.bin['docker-lifecycle-listener'];
const library = Object.values(manifest.exports['.']).map((path) => path.replace('./', ''));
/** In bytes: several times what it is, so that only what does not belong there reaches it. */
const most = { bundle: 600_000, package: 1_000_000 };

const folder = mkdtempSync(join(tmpdir(), 'check-package-'));
const problems = [];
try {
  const packed = pack();
  checkFiles(packed.files.map(({ path }) => path));
  if (packed.unpackedSize > most.package)
    problems.push(`The package is too big: ${packed.unpackedSize} bytes`);
  const tarball = join(folder, packed.filename);
  await lint(tarball);
  checkInstalled(tarball);
  console.log(`Package of ${packed.files.length} files, ${packed.unpackedSize} bytes: ${verdict()}`);
} finally {
  rmSync(folder, { recursive: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function verdict() {
  return problems.length === 0 ? 'as it should be' : `${problems.length} wrong`;
}

function run(command, words, cwd) {
  // npm tells scripts of itself in the environment, --prefix and --json too: this npm is to know nothing of it.
  const environment = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return execFileSync(command, words, {
    cwd,
    env: Object.fromEntries(environment),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function pack() {
  run(process.execPath, ['scripts/build.js'], root);
  const answer = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );
  return Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
}

/** In the package belong what is built and what git has of the files it names: nothing else, nothing less. */
function checkFiles(files) {
  const always = ['package.json', 'README.md', 'LICENSE'];
  const belongs = (path) =>
    [...always, ...manifest.files].some((name) => path === name || path.startsWith(`${name}/`));
  // Root, in a continuous integration, often works on a checkout of somebody else's.
  const tracked = run('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], root).split('\0');
  const wanted = new Set([bundle, manifest.man, ...library, ...tracked.filter(belongs)]);
  for (const path of files) {
    if (!wanted.delete(path)) problems.push(`In the package, but neither built nor known to git: ${path}`);
  }
  for (const path of wanted) problems.push(`Not in the package: ${path}`);
}

async function lint(tarball) {
  const bytes = readFileSync(tarball);
  const { buffer, byteOffset, byteLength } = bytes;
  const { messages, pkg } = await publint({
    pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
    strict: true,
  });
  for (const message of messages) problems.push(`publint: ${formatMessage(message, pkg)}`);
}

/** Installs it as a user does, with nothing else around, and runs what is then on the path. */
function checkInstalled(tarball) {
  const home = join(folder, 'user');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{}');
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], home);
  const modules = join(home, 'node_modules');
  const others = readdirSync(modules).filter((name) => !name.startsWith('.') && name !== manifest.name);
  if (others.length > 0) problems.push(`It brings other packages: ${others.join(', ')}`);

  const text = readFileSync(join(modules, manifest.name, bundle), 'utf8');
  if (text.length > most.bundle) problems.push(`The bundle is too big: ${text.length} bytes`);
  if (text.includes('sourceMappingURL')) problems.push('The bundle names a source map');
  if (text.includes(root)) problems.push(`The bundle names the folder that it was built in: ${root}`);

  const program = join(modules, '.bin', 'docker-lifecycle-listener');
  const version = run(program, ['--version'], home).trim();
  if (version !== manifest.version) problems.push(`--version says ${version} instead of ${manifest.version}`);
  if (!run(program, ['--help'], home).includes('Usage:')) problems.push('--help does not say how it is used');
  run(program, ['demo'], home);
}
