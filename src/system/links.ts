import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/**
 * A path and all that it leads to, link by link. Docker Desktop makes /var/run/docker.sock a link into the user's
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

/** What a path leads to in the end: itself, where it is no link. */
export function linkTarget(path: string): string {
  return followLinks(path).at(-1) ?? path;
}

/** Where one link leads to; undefined for what is none. */
function targetOf(path: string): string | undefined {
  try {
    // Asked first: that it is none, as mostly, would cost an exception, on the way to the hooks.
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    // The folder may be reached by a link itself: `..` is then another one than the path shows.
    return isLink ? resolve(realpathSync(dirname(path)), readlinkSync(path)) : undefined;
  } catch {
    return undefined;
  }
}
