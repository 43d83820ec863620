import { exitCode, Failure } from '../system/failure.ts';
import { readEnvironmentFile } from './environment-file.ts';
import { locateSettingsFile } from './locate.ts';
import { overlay, type RawSettings, rawSettingsIn } from './raw-settings.ts';
import { readPath } from './readers.ts';
import { type Resolved, resolveSettings } from './resolve.ts';
import type { Surroundings } from './surroundings.ts';
import { readToml } from './toml.ts';

export interface Loaded extends Resolved {
  /** What was given, by the command line and the file together, with where. */
  readonly given: RawSettings;
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
 * @throws Failure with exit code 64 for the command line's mistakes, 78 for the file's
 */
export function loadSettings(
  line: RawSettings,
  named: string | undefined,
  surroundings: Surroundings,
  guard: (path: string, what?: string) => void,
  fallback: RawSettings = {},
  runsHooks = true,
): Loaded {
  const located = locateSettingsFile(named, surroundings, guard);
  if (located === undefined) {
    const given = overlay(fallback, line);
    return { ...resolveSettings(given, surroundings), given, file: undefined };
  }
  const given = overlay(overlay(fallback, rawSettingsIn(readToml(located.path, located.text))), line);
  try {
    const path = given.environmentFile && readPath(given.environmentFile);
    const isRead = path !== undefined && runsHooks;
    if (isRead) guard(path, 'environment file');
    const variables = isRead ? readEnvironmentFile(path) : {};
    return { ...resolveSettings(given, surroundings, variables), given, file: located.path };
  } catch (error) {
    // An endpoint's own reader does not know who gave it.
    const inFile = error instanceof Failure && error.message.startsWith(`${located.path}, line `);
    if (!inFile) throw error;
    throw new Failure(exitCode.badConfiguration, error.message, error.cure);
  }
}
