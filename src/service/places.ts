import { join } from 'node:path';
import { type Refusal, walk } from '../system/trust.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { productName } from './layout.ts';

/** A place that was chosen, and why not the one that comes first; undefined where it is that. */
export interface Place {
  readonly path: string;
  readonly instead: { readonly of: string; readonly refusal: Refusal } | undefined;
}

/** Why root could not trust what is in a place that may still have to be made; undefined when it could. */
export type Distrust = (path: string) => Refusal | undefined;

/** Returns the trust rule of the service's owner: a missing folder will be made, if the path to it is trusted. */
export function distrustOf(owner: number): Distrust {
  return (path) => {
    const walked = walk(path, owner);
    return walked.trusted || walked.refusal.cause.kind === 'missing' ? undefined : walked.refusal;
  };
}

/**
 * Chooses the program's prefix: /usr/local, or /opt if other users can write to /usr/local. On some Macs Homebrew gives it to
 * the user, on some Debians it belongs to the group `staff`.
 */
export function choosePrefix(refuses: Distrust = distrustOf(0)): Place {
  return choose(['/usr/local', `/opt/${productName}`], refuses, (prefix) => [
    join(prefix, 'lib'),
    join(prefix, 'bin'),
  ]);
}

/** Chooses the folder of hooks: /etc; on macOS that of the original, if only root can write there. */
export function chooseScriptDir(platform: NodeJS.Platform, refuses: Distrust = distrustOf(0)): Place {
  const places = [...(platform === 'darwin' ? ['/usr/local/etc'] : []), '/etc'];
  return choose(
    places.map((place) => join(place, `${productName}.d`)),
    refuses,
    (folder) => [folder],
  );
}

function choose(places: readonly string[], refuses: Distrust, parts: (place: string) => string[]): Place {
  const [first = '', ...others] = places;
  const why = (place: string) =>
    parts(place)
      .map(refuses)
      .find((refusal) => refusal !== undefined);
  const refusal = why(first);
  if (refusal === undefined) return { path: first, instead: undefined };
  const path = others.find((place) => why(place) === undefined);
  if (path !== undefined) return { path, instead: { of: first, refusal } };
  throw new UserError(
    exitCode.notPermitted,
    `Neither ${places.join(' nor ')} can be used: another user than root can change ${refusal.path}`,
    `See: ls -ld ${refusal.path}`,
  );
}
