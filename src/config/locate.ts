import { lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCode, Failure } from '../system/failure.ts';
import { readConfigurationFile } from './configuration-file.ts';
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
 * @param guard asked before a file is read, which may be missing; throws when another user could have written it
 * @throws Failure with exit code 78 when the named one does not exist, or the one that counts cannot be used
 */
export function locateSettingsFile(
  named: string | undefined,
  surroundings: Surroundings,
  guard: (path: string) => void,
): LocatedFile | undefined {
  if (named === 'none') return undefined;
  for (const path of named === undefined ? usualPlaces(surroundings) : [resolve(named)]) {
    // Where there is no file, no other user can have written it, whoever may write to its folder.
    if (named === undefined && isAbsent(path)) continue;
    guard(path);
    const text = readConfigurationFile(path);
    if (text !== undefined) return { path, text };
    if (named !== undefined) {
      throw new Failure(
        exitCode.badConfiguration,
        `There is no settings file ${path}`,
        'Give the path of a file that exists',
      );
    }
  }
  return undefined;
}

/** Whether certainly nothing is at a path: one that this user may not look at may lead somewhere. */
function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
