import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { walkToFile } from '../system/trust.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { partsFolder } from './layout.ts';

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

/**
 * Finds the Node that runs this process and our bundle, to be copied to a folder that only root can change.
 * @throws UserError when this Node cannot be copied: too old, not a program of this system, or with libraries that
 * another user could change; and when a part of the program is missing or cut off
 * @param owner the user who may change them beside root: 0 for root alone
 */
export function findRuntime(owner: number): Runtime {
  const node = realpathSync(process.execPath);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    throw refused(
      `Node ${process.versions.node} is too old`,
      `Run it with Node ${oldest.major}.${oldest.minor} or later`,
    );
  }
  if (!isProgram(firstBytes(node))) {
    throw refused(
      `${node} is no program of this system`,
      'Run install with the Node binary itself, not with a wrapper',
    );
  }
  for (const library of sharedObjects().filter((path) => !isSame(path, node))) {
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
