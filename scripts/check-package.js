// Checks what a user gets: packs the package, looks at what is in it, installs it into an empty folder and runs it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const bundle = manifest.bin['docker-lifecycle-listener'];
/** In bytes: a little above what it is, so that a change that adds much is seen. `start` is what every command loads. */
const most = { start: 100_000, program: 1_250_000, package: 1_720_000 };

const folder = mkdtempSync(join(tmpdir(), 'check-package-'));
const problems = [];
try {
  const packed = pack();
  checkFiles(packed.files.map(({ path }) => path));
  if (packed.unpackedSize > most.package)
    problems.push(`The package is too big: ${packed.unpackedSize} bytes`);
  const tarball = join(folder, packed.filename);
  await lint(tarball);
  checkTypes(tarball);
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

/**
 * In the package belong what the build makes, which empties its folder first, and what git has of the files that
 * package.json names: nothing else, nothing less. And what package.json leads users to is there.
 */
function checkFiles(files) {
  const always = ['package.json', 'README.md', 'LICENSE'];
  const left = manifest.files.flatMap((name) => (name.startsWith('!') ? [name.slice(1)] : []));
  const belongs = (path) =>
    !left.some((pattern) => matches(path, pattern)) &&
    [...always, ...manifest.files].some((name) => path === name || path.startsWith(`${name}/`));
  // Root, in a continuous integration, often works on another user's checkout.
  const tracked = run('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], root).split('\0');
  const built = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
  for (const path of pathsIn([manifest.bin, manifest.exports, manifest.types, manifest.man])) {
    if (!files.includes(path)) problems.push(`package.json names what is not in the package: ${path}`);
  }
  const wanted = new Set([...built, ...tracked.filter(belongs)]);
  for (const path of files) {
    if (!wanted.delete(path)) problems.push(`In the package, but neither built nor known to git: ${path}`);
  }
  for (const path of wanted) problems.push(`Not in the package: ${path}`);
}

/** Whether a path is what a pattern with at most one star means, as `docs/*.png`. */
function matches(path, pattern) {
  const [before, after] = pattern.split('*');
  if (after === undefined) return path === pattern;
  return path.startsWith(before) && path.endsWith(after) && !path.slice(before.length).includes('/');
}

/** Every path in a part of package.json, however deep. */
function pathsIn(value) {
  if (typeof value === 'string') return [value.replace(/^\.\//, '')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : [];
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

/** Whether each way to import the package leads to types that are those of what it leads to. Without types there is none. */
function checkTypes(tarball) {
  const program = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  // It is ESM alone; a CommonJS module gets it by import().
  const words = ['--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, tarball, ...words], {
    encoding: 'utf8',
  });
  if (status !== 0) problems.push(`attw: ${stdout}${stderr}`);
  const hasTypes = !stdout.includes('does not contain types');
  const promised = manifest.types !== undefined || JSON.stringify(manifest.exports ?? '').includes('"types"');
  if (promised !== hasTypes) {
    problems.push(
      promised ? 'attw: package.json names types that are not there' : 'attw: types that nothing leads to',
    );
  }
}

/** Lists the program's first file and its parts. */
function programFiles(first) {
  const parts = join(dirname(first), 'parts');
  return [first, ...readdirSync(parts).map((name) => join(parts, name))];
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

  const files = programFiles(join(modules, manifest.name, bundle)).map((path) => ({
    name: basename(path),
    text: readFileSync(path, 'utf8'),
  }));
  const texts = files.map(({ text }) => text);
  const total = (some) => some.reduce((sum, { text }) => sum + text.length, 0);
  const isAtStart = ({ name }, index) => index === 0 || texts[0].includes(`import("./parts/${name}").catch(`);
  const atStart = files.filter(isAtStart);
  // The first file and the part that it waits for: see loadWithCare in parts.js.
  if (atStart.length !== 2) problems.push(`Every command loads ${atStart.length} files instead of 2`);
  const start = total(atStart);
  if (start > most.start) problems.push(`Every command loads too much: ${start} bytes`);
  if (total(files) > most.program) problems.push(`The program is too big: ${total(files)} bytes`);
  if (texts.some((text) => text.includes('sourceMappingURL')))
    problems.push('The program names a source map');
  if (texts.some((text) => text.includes(root)))
    problems.push(`The program names the folder that it was built in: ${root}`);

  const program = join(modules, '.bin', 'docker-lifecycle-listener');
  const version = run(program, ['--version'], home).trim();
  if (version !== manifest.version) problems.push(`--version says ${version} instead of ${manifest.version}`);
  if (!run(program, ['--help'], home).includes('Usage:')) problems.push('--help does not say how it is used');
  run(program, ['demo'], home);
}
