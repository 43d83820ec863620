import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The most links that the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/**
 * Returns a path and all that it leads to, link by link. Docker Desktop makes /var/run/docker.sock a link into the user's
 * home: what matters happens there.
 */
export function followLinks(path: string): string[] {
  const steps = [path];
  let target = targetOf(path);
  while (target !== undefined && steps.length <= mostLinks) {
    steps.push(target);
    target = targetOf(target);
  }
  return steps;
}

/** Returns the path that all links lead to; the path itself when it is not a link. */
export function linkTarget(path: string): string {
  return followLinks(path).at(-1) ?? path;
}

/** Returns the target of one link; undefined for a path that is not a link. */
function targetOf(path: string): string | undefined {
  try {
    // Checked first, because mostly it is not a link, and an exception would delay the hooks.
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    // The folder may be reached by a link itself: `..` is then another one than the path shows.
    return isLink ? resolve(realpathSync(dirname(path)), readlinkSync(path)) : undefined;
  } catch {
    return undefined;
  }
}
