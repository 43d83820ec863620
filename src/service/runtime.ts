import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { walkToFile } from '../system/trust.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { partsFolder } from './layout.ts';
import { neededLibraries } from './needed-libraries.ts';

/** The Node that is copied, and the program that it runs now. */
export interface Runtime {
  /** Absolute, links resolved. */
  readonly node: string;
  readonly bundle: string;
  /** The files that the bundle loads from the folder `parts` beside it. */
  readonly parts: readonly Part[];
}

/** A part of the program. */
export interface Part {
  /** The name by which the program loads it. */
  readonly name: string;
  /** Absolute, links resolved: a package manager may link it to a file of another name. */
  readonly path: string;
}

/** The oldest Node that the program runs on. */
const oldest = { major: 20, minor: 9 };

/** Libraries of C and C++, without which no package manager runs either: none removes them. */
const systemLibraries =
  /^(?:ld-(?:linux|musl)[\w-]*|lib(?:c|m|dl|pthread|rt|stdc\+\+|gcc_s|atomic)|libc\.musl-\w+)\.so\.\d+$/;

/**
 * Finds a Node and our bundle, to be copied to a folder that only root can change.
 * @throws UserError when the Node cannot be copied: too old, not a program of this system, with libraries that another
 * user could change or a package manager could remove; and when a part of the program is missing or cut off
 * @param owner the user who may change them beside root: 0 for root alone
 * @param other a Node to copy instead of the one that runs this process
 */
export function findRuntime(owner: number, other?: string): Runtime {
  const node = realNode(other ?? process.execPath);
  const [library, ...more] = neededLibraries(node).filter((name) => !systemLibraries.test(name));
  if (library !== undefined) {
    throw refused(
      `${node} is not a whole Node: it needs ${library}${more.length > 0 ? ` and ${more.length} other libraries` : ''}, and the service would end when an upgrade or apt autoremove takes one away`,
      'Give a Node that is one file, as those of nodejs.org are: install --node FILE',
    );
  }
  const version = other === undefined ? process.versions.node : versionOf(node);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    throw refused(`Node ${version} is too old`, `Run it with Node ${oldest.major}.${oldest.minor} or later`);
  }
  const loaded = other === undefined ? sharedObjects() : [];
  for (const library of loaded.filter((path) => !isSame(path, node))) {
    const walked = walkToFile(library, owner);
    // The kernel's own, and what macOS keeps in its cache, are no files.
    if (walked.trusted || walked.refusal.cause.kind === 'missing') continue;
    throw refused(
      `${node} needs the library ${library}, which another user can change`,
      'Run install with a Node that is one file, as those of nodejs.org are',
    );
  }
  const bundle = realpathSync(process.argv[1] ?? '');
  const parts = partsOf(bundle);
  requireWhole(bundle, parts);
  return { node, bundle, parts };
}

/** @throws UserError where there is none, or a wrapper */
function realNode(path: string): string {
  if (!existsSync(path)) throw refused(`${path} does not exist`, 'Give the path of a Node: --node FILE');
  const node = realpathSync(path);
  if (isProgram(firstBytes(node))) return node;
  throw refused(
    `${node} is no program of this system`,
    'Run install with the Node binary itself, not with a wrapper',
  );
}

/** @throws UserError where the program does not say a version, as Node does */
function versionOf(node: string): string {
  const { stdout, stderr, error } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 60_000 });
  const version = /^v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
  if (version !== undefined) return version;
  const said = error?.message ?? stderr.trim().split('\n')[0];
  throw refused(
    `${node} is no Node that runs here: ${said || 'it has no version'}`,
    'Give another one: --node FILE',
  );
}

/**
 * Requires each part that the program names, which install itself may not load. Without that, install from a broken copy
 * takes what is missing off its list, and succeeds.
 * @throws UserError for the first part that is missing or cut off
 */
export function requireWhole(bundle: string, parts: readonly Part[]): void {
  // A built file ends with its exports, so they are missing where it is cut off. The part for fleets is minified.
  const texts = new Map(parts.map(({ name, path }) => [name, readFileSync(path, 'utf8')]));
  const named = [readFileSync(bundle, 'utf8'), ...texts.values()].flatMap((text) => [
    ...text.matchAll(/"\.\/(?:parts\/)?([\w-]+-[A-Z0-9]{8}\.js)"/g),
  ]);
  const broken = named
    .map(([, name = '']) => name)
    .find((name) => !/(?:^|[;}])export ?\{[^}]*\};$/m.test(texts.get(name) ?? ''));
  if (broken === undefined) return;
  throw refused(
    `The program is incomplete: ${join(dirname(bundle), partsFolder, broken)} is ${texts.has(broken) ? 'cut off' : 'missing'}`,
    'Run install from a whole folder dist, or from the package that it came from',
  );
}

/** Lists the parts of a built program. */
export function partsOf(bundle: string): Part[] {
  const folder = join(dirname(bundle), partsFolder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, path: realpathSync(join(folder, name)) }));
}

function refused(message: string, fix: string): UserError {
  return new UserError(exitCode.failed, message, fix);
}

/** macOS counts the program among its libraries, and the program is what is copied. */
function isSame(path: string, node: string): boolean {
  try {
    return realpathSync(path) === node;
  } catch {
    return false;
  }
}

/** The libraries that this process has loaded, and so the copy will too. */
function sharedObjects(): string[] {
  const report = process.report?.getReport() as { sharedObjects?: string[] } | undefined;
  return (report?.sharedObjects ?? []).filter((path) => path.startsWith('/'));
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** ELF; Mach-O of 64 bits, and one for several processors, see <mach-o/loader.h> and <mach-o/fat.h>. */
const magics = ['7f454c46', 'cffaedfe', 'cafebabe'];

export function isProgram(first: Uint8Array): boolean {
  return magics.includes(Buffer.from(first.subarray(0, 4)).toString('hex'));
}
