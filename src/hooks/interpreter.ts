import { accessSync, constants, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Walk, walk, walkToFolder } from '../system/trust.ts';
import { type ExposedInterpreter, programOf } from './admit.ts';
import { readEnvCall } from './env-line.ts';
import { searchPathOf } from './environment.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';

/** How often an interpreter may be a script itself: as often as Linux follows. */
const mostScripts = 4;

/**
 * Looks whether another user can replace the interpreter on a hook's `#!` line: for `#!/usr/bin/env X` that of X on the
 * hook's PATH too, and for an interpreter that is a script its own. A binary has none.
 * @returns the first that is exposed
 */
export function exposedInterpreter(
  { account, settings }: Pick<HookHost, 'account' | 'settings'>,
  { name, path }: Candidate,
): ExposedInterpreter | undefined {
  const { user, environment } = settings.hooks.get(name) ?? {};
  const runner = user ?? account;
  const searchPath =
    environment?.PATH ??
    settings.environment.PATH ??
    searchPathOf(runner, user === undefined ? process.env : undefined, process.platform);
  return ofScript(path, { searchPath, user: runner.uid, scripts: mostScripts });
}

interface Look {
  readonly searchPath: string;
  /** Trusted beside root. */
  readonly user: number;
  /** How many scripts may still be followed. */
  readonly scripts: number;
}

function ofScript(path: string, look: Look): ExposedInterpreter | undefined {
  const program = firstLineOf(path);
  if (program?.kind !== 'script') return undefined;
  const interpreter = resolve('/', program.interpreter);
  const next = { ...look, scripts: look.scripts - 1 };
  const exposed = ofProgram(interpreter, next);
  if (exposed !== undefined || basename(interpreter) !== 'env') return exposed;
  const call = readEnvCall(program.argument ?? '', look.searchPath, process.platform);
  if (call === undefined) return undefined;
  const { command, searchPath } = call;
  return command.includes('/') ? ofProgram(resolve('/', command), next) : onPath(command, searchPath, next);
}

function ofProgram(program: string, look: Look): ExposedInterpreter | undefined {
  const walked = walk(program, look.user);
  const exposed = exposedBy(program, walked);
  if (exposed !== undefined) return exposed;
  const isFile = walked.trusted && walked.stats.isFile();
  return isFile && look.scripts > 0 ? ofScript(program, look) : undefined;
}

/** A program could be put into each folder before the one that it is found in. */
function onPath(command: string, searchPath: string, look: Look): ExposedInterpreter | undefined {
  for (const folder of searchPath.split(':')) {
    const program = join(resolve('/', folder), command);
    const isFound = isProgram(program);
    const exposed = isFound
      ? ofProgram(program, look)
      : exposedBy(program, walkToFolder(resolve('/', folder), look.user));
    if (isFound || exposed !== undefined) return exposed;
  }
  return undefined;
}

/** What is missing or cannot be reached runs nothing. */
function exposedBy(program: string, walked: Walk): ExposedInterpreter | undefined {
  if (walked.trusted) return undefined;
  const { path, cause } = walked.refusal;
  const isExposed = cause.kind === 'owner' || cause.kind === 'writable' || cause.kind === 'user-mount';
  return isExposed ? { program, path, cause } : undefined;
}

function isProgram(path: string): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns undefined for what cannot be read now: nothing can be said of it. */
function firstLineOf(path: string): ReturnType<typeof programOf> | undefined {
  try {
    return programOf(path);
  } catch {
    return undefined;
  }
}
