import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeRefusal } from '../../listener/words/refusal.ts';
import { partsFolder } from '../../service/layout.ts';
import { partsOf } from '../../service/runtime.ts';
import { quote } from '../../system/shell-quote.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import { walk, walkToFile } from '../../system/trust.ts';
import { codeOf, type ExitCode, exitCode, UserError } from '../../system/user-error.ts';
import { dockerConfigFolder } from '../../watch/endpoint/contexts.ts';
import { processEnvironment, type UserEnvironment } from '../../watch/endpoint/user-environment.ts';
import { print, remark } from '../print.ts';
import { pluginFile } from './call.ts';
import { type ProgramPaths, wrapperText } from './wrapper.ts';

/** Folders of Docker's plugins for all users, in its order (docker/cli, cli-plugins/manager). */
const systemFolders = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
] as const;

const program = 'docker-lifecycle-listener';
const writtenBy = `${program} plugin install`;

/**
 * Makes the plugin known to Docker for this user, or not any more, or prints whether it is.
 * @returns the exit code; of `status` 1 where it is not known
 */
export function managePlugin(act: 'install' | 'remove' | 'status'): ExitCode {
  const user = processEnvironment();
  const folder = join(dockerConfigFolder(user), 'cli-plugins');
  const path = join(folder, pluginFile);
  switch (act) {
    case 'install':
      return install(path, user);
    case 'remove':
      return remove(path);
    case 'status':
      return status(path);
    default:
      return act satisfies never;
  }
}

function install(path: string, { home, isRoot }: UserEnvironment): ExitCode {
  const shared = forEverybody();
  const before = read(path);
  if (shared !== undefined && before === undefined) {
    print(`It is there already, for everybody: ${shared}\n`);
    return exitCode.done;
  }
  if (isRoot && statSync(home, { throwIfNoEntry: false })?.uid !== 0) {
    throw new UserError(
      exitCode.usage,
      `${home} is not root’s: its owner could not change what root writes there`,
      `Run it without sudo: ${writtenBy}`,
    );
  }
  if (isRoot) requireRootsFolder(dirname(path));
  const text = wrapperText(thisProgram(), writtenBy);
  if (before !== undefined && !isOurs(before)) throw foreign(path);
  if (before === text) {
    print(`It is there already: ${path}\n`);
    return exitCode.done;
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Docker may be reading it.
    const fresh = `${path}.new-${process.pid}`;
    writeFileSync(fresh, text, { flag: 'wx' });
    chmodSync(fresh, 0o755);
    renameSync(fresh, path);
  } catch (error) {
    throw new UserError(
      exitCode.failed,
      `Cannot write ${path} (${codeOf(error)})`,
      `See: ls -ld ${quote(dirname(path))}`,
    );
  }
  print(`${path}\n`);
  if (isRoot) warnOfStrangers();
  remark('From now on: docker lifecycle status\n');
  return exitCode.done;
}

/** In a folder of another user, DOCKER_CONFIG's too, root would write where that user says. */
function requireRootsFolder(folder: string): void {
  const walked = walk(folder, 0);
  if (walked.trusted || walked.refusal.cause.kind === 'missing') return;
  const { found, fix } = describeRefusal(walked.refusal);
  throw new UserError(exitCode.notPermitted, `Root does not write a plugin to ${folder}: ${found}`, fix);
}

/** Root should run root's files alone; `install` copies the program. */
function warnOfStrangers(): void {
  const { node, program: bundle } = thisProgram();
  const file = realpathSync(bundle);
  // By their names in the folder, not by the files that these lead to: a link can be changed too.
  const parts = partsOf(file).map(({ name }) => join(dirname(file), partsFolder, name));
  for (const file of [node, bundle, ...parts]) {
    const walked = walkToFile(file, 0);
    if (walked.trusted) continue;
    remark(
      `Root will run ${file}, and another user can change it: ${describeRefusal(walked.refusal).found}\n`,
    );
    remark(`  Have a copy of root’s for everybody instead: ${program} plugin remove && ${program} install\n`);
    return;
  }
}

function remove(path: string): ExitCode {
  const before = read(path);
  if (before === undefined) {
    const shared = forEverybody();
    print(`There is none of this user’s: ${path}\n`);
    if (shared !== undefined) remark(`${shared} is everybody’s: ${program} uninstall removes it\n`);
    return exitCode.done;
  }
  if (!isOurs(before)) throw foreign(path);
  rmSync(path);
  print(`Removed ${path}\n`);
  return exitCode.done;
}

function status(path: string): ExitCode {
  const own = read(path);
  const shared = forEverybody();
  // The user's own plugin comes first.
  if (own !== undefined) {
    const state = !isOurs(own)
      ? 'not ours'
      : own === wrapperText(thisProgram(), writtenBy)
        ? 'this program'
        : 'another installation of it';
    print(`docker lifecycle is ${path}: ${state}\n`);
    if (state === 'another installation of it') remark(`  To have this one: ${writtenBy}\n`);
    return exitCode.done;
  }
  if (shared !== undefined) {
    print(`docker lifecycle is ${shared}, for everybody\n`);
    return exitCode.done;
  }
  print('Docker does not know it yet\n');
  remark(`  Make it known to Docker: ${writtenBy}\n`);
  return exitCode.failed;
}

/** By the paths that it was called by: a package manager turns links there to its next version. */
function thisProgram(): ProgramPaths {
  const [node = process.execPath, called = ''] = process.argv;
  // A link of that name is the plugin itself.
  return { node, program: basename(called) === pluginFile ? realpathSync(called) : called };
}

function forEverybody(): string | undefined {
  return systemFolders
    .map((folder) => join(folder, pluginFile))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** Longer than any wrapper of ours. */
const longestWrapper = 64 * 1024;

/** Returns undefined where there is nothing, and an empty text for a file that is too large to be ours. */
function read(path: string): string | undefined {
  const file = readSmallFile(path, longestWrapper);
  switch (file.kind) {
    case 'read':
      return file.bytes.toString('utf8');
    case 'missing':
      return undefined;
    case 'too-large':
      return '';
    case 'not-a-file':
    case 'unreadable':
      throw new UserError(
        exitCode.failed,
        `Cannot read the plugin: ${describeFileProblem(path, file)}`,
        `See: ls -ld ${quote(path)}`,
      );
    default:
      return file satisfies never;
  }
}

function isOurs(text: string): boolean {
  return text.includes(`\n# Written by: ${program} `);
}

function foreign(path: string): UserError {
  return new UserError(
    exitCode.failed,
    `${path} is something else, which ${writtenBy} did not write`,
    `See what it is, and remove it if it may go: rm ${quote(path)}`,
  );
}
