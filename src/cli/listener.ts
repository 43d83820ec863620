import { existsSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { defaultControlPath } from '../listener/config/state-dir.ts';
import {
  type ControlClient,
  createControlClient,
  NotAllowed,
  NotRunning,
  withSecondSocket,
} from '../listener/control/client.ts';
import { readersPath } from '../listener/control/readers.ts';
import { layOut } from '../service/layout.ts';
import { manifestPath } from '../service/manifest.ts';
import { packagedPrefix } from '../service/packaged.ts';
import { groupName } from '../system/find-group.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { processEnvironment } from '../watch/endpoint/user-environment.ts';
import { isListening } from '../watch/host/unix-sockets.ts';
import { loadForClient } from './load.ts';
import { calledAs } from './plugin/call.ts';
import type { SettingsRequest } from './settings-request.ts';

/** The listener that these settings lead to. */
export interface Listener {
  readonly client: ControlClient;
  /** Its control socket. */
  readonly path: string;
}

/**
 * Which listener is meant, whether it runs or not.
 * @throws UserError when there is none to be reached
 */
export function findListener(given: SettingsRequest): Listener {
  const path = loadForClient(given).settings.control;
  if (path === undefined) {
    throw new UserError(
      exitCode.usage,
      'There is no control socket by these settings',
      'Give --control PATH, and to the listener as well',
    );
  }
  return { client: withSecondSocket(createControlClient(path), (error) => secondSocket(path, error)), path };
}

/** The readers' socket: of the listener that is meant, or of root's where this user has none and names none. */
function secondSocket(path: string, error: unknown): string | undefined {
  if (error instanceof NotAllowed) return readersPath(path);
  return error instanceof NotRunning && meansAny(path) ? readersPath(rootsSocket()) : undefined;
}

/** Returns whether root's listener is meant too: a socket that was named with `--control` is the one that is meant. */
function meansAny(socket: string): boolean {
  const user = processEnvironment();
  return !user.isRoot && socket === defaultControlPath(user);
}

/** Returns the path of the control socket of root's listener. */
function rootsSocket(): string {
  return defaultControlPath({ ...processEnvironment(), environment: {}, isRoot: true });
}

/** This user has no listener, and that of root is not theirs to ask. */
export class RootsListener extends UserError {}

/**
 * Awaits an answer. Returns undefined when no listener runs.
 * @throws RootsListener when this user's does not run, but root's does, or may
 */
export async function ifRunning<Answer>(asking: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof NotRunning) return noneButRoots(error);
    throw error;
  }
}

function noneButRoots({ socket }: NotRunning): undefined {
  if (!meansAny(socket)) return undefined;
  const path = rootsSocket();
  // /proc lists sockets below folders that this user may not look into.
  const found = isListening(path) ?? (canBeSeen(path) ? false : undefined);
  if (found === false) return undefined;
  throw new RootsListener(
    exitCode.notPermitted,
    found
      ? `This user has no listener. One runs as root: this user may not open ${path}`
      : `This user has no listener, and may not see whether one runs as root: ${path}`,
    `Run this command with sudo${orAsMember(path)}`,
  );
}

/** Names the group that may ask without sudo: root's listener has opened the folder of its sockets to it. */
function orAsMember(path: string): string {
  try {
    const { gid, mode } = lstatSync(dirname(path));
    const name = gid === 0 || (mode & 0o010) === 0 ? undefined : groupName(gid);
    return name === undefined
      ? ''
      : `. Members of the group ${name} may ask status, history, hooks and events without it`;
  } catch {
    return '';
  }
}

/** EACCES is no absence. */
function canBeSeen(path: string): boolean {
  try {
    lstatSync(path, { throwIfNoEntry: false });
    return true;
  } catch {
    return false;
  }
}

/**
 * For what only a running listener can do.
 * @throws UserError with exit code 69 when none runs
 */
export async function running<Answer>(asking: Promise<Answer>): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error;
    noneButRoots(error);
    throw new UserError(exitCode.unavailable, error.message, howToStart());
  }
}

/** Sentences, the last with the command that starts a listener, or that shows why the service does not run. */
export function howToStart(): string {
  const isRoot = process.geteuid?.() === 0;
  const sudo = isRoot ? '' : 'sudo ';
  // A second one beside the service would be no fix.
  const installed = [manifestPath(process.platform), layOut(packagedPrefix, '').current];
  if (installed.some((path) => existsSync(path))) {
    return `It is installed as a service. What is wrong with that: ${sudo}${calledAs()} doctor`;
  }
  const other = isRoot ? '' : 'One that root runs is asked with sudo. ';
  return `${other}Start it: ${sudo}docker-lifecycle-listener /etc/docker-lifecycle-listener.d`;
}
