import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCode } from '../../system/user-error.ts';

/** What a watched folder tells. */
interface FolderWatchHandlers {
  /** An entry of this name was made, changed or removed; undefined: look at everything anew. */
  readonly changed: (name: string | undefined) => void;
  /** The system will not watch (its limits are used up): from now on the folder is only looked at slowly. */
  readonly degraded: (folder: string, error: unknown) => void;
}

/** How often a folder is looked at where the system refuses to watch it, in ms. */
const slowLookInterval = 2000;

/** When a folder that has come to be watched is looked at again, each in ms after the one before. */
const settlingChecks = [20, 200, 1000, 5000];

/**
 * So much news in one turn of the event loop is looked behind. The kernel drops what does not fit into a process's
 * queue (16,384 pieces by default, of all folders together; inotify(7)), and Node does not say so.
 */
const crowd = 1000;

/** Looks at everything anew, for each watch that lives. */
const alive = new Set<() => void>();
let heard = 0;

function countNews(): void {
  heard += 1;
  if (heard > 1) return;
  // Node reads the queue to its end in one turn.
  setImmediate(() => {
    const isCrowd = heard >= crowd;
    heard = 0;
    if (isCrowd) for (const lookAnew of [...alive]) lookAnew();
  });
}

/**
 * Watches a folder for as long as `signal` allows, also one that does not exist yet, or that is removed and
 * made again (an empty `/run` after a reboot, a user's runtime folder at login): while it is missing, its
 * nearest existing ancestor is watched instead. When this returns, every later change is told.
 */
export function watchFolder(folder: string, handlers: FolderWatchHandlers, signal: AbortSignal): void {
  let watcher: FSWatcher | undefined;
  let slowLook: NodeJS.Timeout | undefined;
  let watched: { path: string; identity: string } | undefined;
  let settling: NodeJS.Timeout | undefined;

  function arm(): void {
    watcher?.close();
    watcher = undefined;
    clearTimeout(settling);
    if (signal.aborted) return;
    const path = nearestExisting(folder);
    const identity = identityOf(path);
    try {
      const armed = watch(path, (event, name) => changed(armed, event, name ?? undefined));
      armed.on('error', () => anew(armed));
      watcher = armed;
      watched = { path, identity };
    } catch (error) {
      // Gone again between the two calls: look anew. Anything else is a limit of the system's.
      if (errorCode(error) === 'ENOENT' && identityOf(path) === '') return arm();
      if (slowLook === undefined) handlers.degraded(folder, error);
      slowLook ??= setInterval(lookSlowly, slowLookInterval);
      return;
    }
    clearInterval(slowLook);
    slowLook = undefined;
    settle(0);
    // Made while the watch was being set up: nobody would tell of it any more.
    if (path !== folder && nearestExisting(folder) !== path) arm();
  }

  /** What is mounted over a folder tells nobody who watches it: a user's runtime folder is made just so at login. */
  function settle(check: number): void {
    const pause = settlingChecks[check];
    if (pause === undefined) return;
    settling = setTimeout(() => {
      if (!lookWhetherReplaced()) settle(check + 1);
    }, pause);
  }

  /** Watched again, if the system allows it by now. */
  function lookSlowly(): void {
    arm();
    handlers.changed(undefined);
  }

  function anew(by: FSWatcher): void {
    if (by !== watcher) return;
    arm();
    handlers.changed(undefined);
  }

  function lookWhetherReplaced(): boolean {
    if (watched === undefined) return false;
    const { path, identity } = watched;
    const replaced = identityOf(path) !== identity || (path !== folder && nearestExisting(folder) !== path);
    if (replaced) {
      arm();
      handlers.changed(undefined);
    }
    return replaced;
  }

  function lookAnew(): void {
    if (!lookWhetherReplaced()) handlers.changed(undefined);
  }

  function changed(by: FSWatcher, event: string, name: string | undefined): void {
    countNews();
    if (by !== watcher || lookWhetherReplaced()) return;
    // News of the folder itself: it was removed, and what stands there now may have got the very same inode.
    if (event === 'rename' && name === basename(watched?.path ?? '')) return anew(by);
    if (watched?.path === folder) {
      // The folder's own name comes with news of itself: it may also be the name of an entry.
      handlers.changed(name === basename(folder) ? undefined : name);
    }
  }

  signal.addEventListener(
    'abort',
    () => {
      watcher?.close();
      clearInterval(slowLook);
      clearTimeout(settling);
      alive.delete(lookAnew);
    },
    { once: true },
  );
  arm();
  if (!signal.aborted) alive.add(lookAnew);
}

function nearestExisting(folder: string): string {
  let path = folder;
  while (identityOf(path) === '' && path !== dirname(path)) path = dirname(path);
  return path;
}

/** Device and inode of a folder (a link followed), `''` when there is none that can be seen. */
function identityOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : '';
  } catch {
    // None, a file on the way there, or a folder that this user may not look into.
    return '';
  }
}

/** Tells of changes in folders; several that look at one folder share one watch of the system's. */
export interface FolderWatches {
  /**
   * Calls `changed` whenever an entry of one of these names was made, changed or removed in `folder`, or may
   * have been. For as long as the watches live.
   */
  watch(folder: string, names: readonly string[], changed: () => void): void;
}

interface Watched {
  readonly byName: Map<string, (() => void)[]>;
  /** Everybody once, for news that names nothing. */
  readonly all: Set<() => void>;
}

/** @param degraded told once a folder when the system will not watch it; see `watchFolder` */
export function createFolderWatches(
  degraded: FolderWatchHandlers['degraded'],
  signal: AbortSignal,
): FolderWatches {
  const folders = new Map<string, Watched>();

  function begin(folder: string): Watched {
    const watched: Watched = { byName: new Map(), all: new Set() };
    folders.set(folder, watched);
    const changed = (name: string | undefined) => {
      const told = name === undefined ? watched.all : watched.byName.get(name);
      for (const tell of told ?? []) tell();
    };
    watchFolder(folder, { changed, degraded }, signal);
    return watched;
  }

  return {
    watch(folder, names, changed) {
      const { byName, all } = folders.get(folder) ?? begin(folder);
      all.add(changed);
      for (const name of names) byName.set(name, [...(byName.get(name) ?? []), changed]);
    },
  };
}
