import { lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCode, UserError } from '../../system/user-error.ts';
import { readConfigurationFile } from '../../watch/endpoint/configuration-file.ts';
import type { UserEnvironment } from '../../watch/endpoint/user-environment.ts';
import { readEnvironmentFile } from './environment-file.ts';
import { overlay, type RawSettings, rawSettingsIn } from './raw-settings.ts';
import { readPath } from './readers.ts';
import { resolveSettings } from './resolve.ts';
import type { Resolved } from './settings.ts';
import { readToml } from './toml.ts';

export interface Loaded extends Resolved {
  /** Inputs of the command line and the file together. */
  readonly inputs: RawSettings;
  /** The settings file that counted. */
  readonly file: string | undefined;
}

/**
 * The settings that hold: the command line's word, else the file's, else the default.
 * @param line what the command line says
 * @param named the settings file it names; `none` for no file
 * @param guard asked before a file is read, which may be missing; throws when another user could have written it
 * @param fallback what holds where neither says anything, in place of the defaults
 * @param runsHooks whether the variables of hooks are wanted; their file may be secret from a user who only asks
 * @throws UserError with exit code 64 for the command line's mistakes, 78 for the file's
 */
export function loadSettings(
  line: RawSettings,
  named: string | undefined,
  user: UserEnvironment,
  guard: (path: string, what?: string) => void,
  fallback: RawSettings = {},
  runsHooks = true,
): Loaded {
  const located = locateSettingsFile(named, user, guard);
  if (located === undefined) {
    const inputs = overlay(fallback, line);
    return { ...resolveSettings(inputs, user), inputs, file: undefined };
  }
  const inputs = overlay(overlay(fallback, rawSettingsIn(readToml(located.path, located.text))), line);
  try {
    const path = inputs.environmentFile && readPath(inputs.environmentFile);
    const isRead = path !== undefined && runsHooks;
    if (isRead) guard(path, 'environment file');
    const variables = isRead ? readEnvironmentFile(path) : {};
    return { ...resolveSettings(inputs, user, variables), inputs, file: located.path };
  } catch (error) {
    // An endpoint's own reader does not know who gave it.
    const inFile = error instanceof UserError && error.message.startsWith(`${located.path}, line `);
    if (!inFile) throw error;
    throw new UserError(exitCode.badConfiguration, error.message, error.fix);
  }
}

/** The name of a settings file at its usual places. */
export const settingsFileName = 'docker-lifecycle-listener.toml';

/** A settings file's content, and where it is. */
interface LocatedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The paths of a settings file when none is named: /etc, then the user's own folder. Root has none of its own: `sudo` may
 * keep the HOME of a user.
 */
function usualPlaces({ environment, home, isRoot }: UserEnvironment): string[] {
  const own = join(environment.XDG_CONFIG_HOME || join(home, '.config'), settingsFileName);
  return [join('/etc', settingsFileName), ...(isRoot ? [] : [own])];
}

/**
 * The settings file that counts: the one that is named, else the first at its usual places; none for `none`.
 * @param guard asked before a file is read, which may be missing; throws when another user could have written it
 * @throws UserError with exit code 78 when the named one does not exist, or the one that counts cannot be used
 */
function locateSettingsFile(
  named: string | undefined,
  user: UserEnvironment,
  guard: (path: string) => void,
): LocatedFile | undefined {
  if (named === 'none') return undefined;
  for (const path of named === undefined ? usualPlaces(user) : [resolve(named)]) {
    // A file that does not exist needs no trusted folder.
    if (named === undefined && isAbsent(path)) continue;
    guard(path);
    const text = readConfigurationFile(path);
    if (text !== undefined) return { path, text };
    if (named !== undefined) {
      throw new UserError(
        exitCode.badConfiguration,
        `There is no settings file ${path}`,
        'Give the path of a file that exists',
      );
    }
  }
  return undefined;
}

/** Returns true if nothing is at a path for certain; false where this user may not look. */
function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
