import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import { type Scope, systemScope } from './scope.ts';

/** The file at a path, as far as an installer needs to know. */
export type Found =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'file'; readonly digest: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

/** Input of a plan: reads files, and runs commands that change nothing. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The scope of the service. */
  readonly scope: Scope;
  look(path: string): Found;
  /** The names in a folder; none where there is no such folder. */
  list(path: string): string[];
  /** Returns the trimmed output of a command, whatever its exit code; `''` if it cannot be run. */
  ask(words: readonly string[]): string;
}

export function thisMachine(scope: Scope = systemScope): Machine {
  return { platform: process.platform, scope, look, list, ask };
}

function look(path: string): Found {
  return permitted(path, () => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return { kind: 'nothing' };
    if (stats.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
    if (stats.isDirectory()) return { kind: 'folder' };
    return stats.isFile() ? { kind: 'file', digest: digest(readFileSync(path)) } : { kind: 'other' };
  });
}

function list(path: string): string[] {
  return permitted(path, () => {
    try {
      return readdirSync(path).sort();
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
      throw error;
    }
  });
}

/** Fails for a path that this user may not read: a plan must not guess. */
function permitted<Result>(path: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EACCES' || code === 'EPERM') throw mayNotLook(path, code);
    throw error;
  }
}

/** The error of a user who may not look at something of the service's. */
export function mayNotLook(path: string, code: string): UserError {
  return new UserError(
    exitCode.notPermitted,
    `May not look at ${path} (${code}): what is installed cannot be seen`,
    'Run this with sudo',
  );
}

function ask([command = '', ...words]: readonly string[]): string {
  const { stdout } = spawnSync(command, words, {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (stdout ?? '').trim();
}

export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The service manager of this system. */
export type Supervisor =
  | {
      readonly kind: 'systemd';
      /** The system has `systemd-notify`, which reports readiness. */
      readonly notifies: boolean;
    }
  | { readonly kind: 'launchd' }
  | { readonly kind: 'openrc' }
  | { readonly kind: 'none' };

/** Finds it as the supervisors' own manuals tell it: sd_booted(3); OpenRC's folder in /run. */
export function findSupervisor(
  platform: NodeJS.Platform,
  exists: (path: string) => boolean = existsSync,
): Supervisor {
  if (platform === 'darwin') return { kind: 'launchd' };
  if (exists('/run/systemd/system')) {
    return { kind: 'systemd', notifies: ['/usr/bin', '/bin'].some((bin) => exists(`${bin}/systemd-notify`)) };
  }
  return { kind: exists('/run/openrc') ? 'openrc' : 'none' };
}
