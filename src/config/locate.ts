import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import type { Surroundings } from './surroundings.ts';

/** The name of a settings file at its usual places. */
export const settingsFileName = 'docker-lifecycle-listener.toml';

/** A settings file's content, and where it is. */
export interface LocatedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Where a settings file is looked for when none is named: /etc, then the user's own folder. Root has none of
 * its own, lest `sudo` with a kept HOME picks up a user's.
 */
export function usualPlaces({ environment, home, isRoot }: Surroundings): string[] {
  const own = join(environment.XDG_CONFIG_HOME || join(home, '.config'), settingsFileName);
  return [join('/etc', settingsFileName), ...(isRoot ? [] : [own])];
}

/**
 * The settings file that counts: the one that is named, else the first at its usual places; none for `none`.
 * @throws Failure with exit code 78 when the named one does not exist, or the one that counts cannot be read
 */
export function locateSettingsFile(
  named: string | undefined,
  surroundings: Surroundings,
): LocatedFile | undefined {
  if (named === 'none') return undefined;
  const path =
    named === undefined ? usualPlaces(surroundings).find((place) => existsSync(place)) : resolve(named);
  if (path === undefined) return undefined;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = errorCode(error);
    const cure = code === 'ENOENT' ? 'Give the path of a file that exists' : `See: ls -l ${path}`;
    throw new Failure(exitCode.badConfiguration, `Cannot read the settings file ${path} (${code})`, cure);
  }
}
