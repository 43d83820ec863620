import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './failure.ts';

/** What a watched folder tells. */
export interface FolderWatchHandlers {
  /** An entry of this name was made, changed or removed; undefined: look at everything anew. */
  readonly changed: (name: string | undefined) => void;
  /** The system will not watch (its limits are used up): from now on the folder is only looked at slowly. */
  readonly degraded: (folder: string, error: unknown) => void;
}

/** How often a folder is looked at where the system refuses to watch it, in ms. */
const slowLookInterval = 2000;

/**
 * Watches a folder for as long as `signal` allows, also one that does not exist yet, or that is removed and
 * made again (an empty `/run` after a reboot, a user's runtime folder at login): while it is missing, its
 * nearest existing ancestor is watched instead. When this returns, every later change is told.
 */
export function watchFolder(folder: string, handlers: FolderWatchHandlers, signal: AbortSignal): void {
  let watcher: FSWatcher | undefined;
  let slowLook: NodeJS.Timeout | undefined;
  let watched: { path: string; identity: string } | undefined;

  function arm(): void {
    watcher?.close();
    watcher = undefined;
    if (signal.aborted) return;
    const path = nearestExisting(folder);
    const identity = identityOf(path);
    try {
      const armed = watch(path, (_, name) => changed(armed, name ?? undefined));
      armed.on('error', () => changed(armed, undefined));
      watcher = armed;
      watched = { path, identity };
    } catch (error) {
      // Gone again between the two calls: look anew. Anything else is a limit of the system's.
      if (errorCode(error) === 'ENOENT' && identityOf(path) === '') return arm();
      slowLook ??= setInterval(() => handlers.changed(undefined), slowLookInterval);
      handlers.degraded(folder, error);
      return;
    }
    // Made while the watch was being set up: nobody would tell of it any more.
    if (path !== folder && nearestExisting(folder) !== path) arm();
  }

  function changed(by: FSWatcher, name: string | undefined): void {
    if (by !== watcher || watched === undefined) return;
    const { path, identity } = watched;
    const replaced = identityOf(path) !== identity;
    if (replaced || (path !== folder && nearestExisting(folder) !== path)) {
      arm();
      handlers.changed(undefined);
    } else if (path === folder) {
      // The folder's own name comes with news of itself: it may also be the name of an entry.
      handlers.changed(name === basename(folder) ? undefined : name);
    }
  }

  signal.addEventListener(
    'abort',
    () => {
      watcher?.close();
      clearInterval(slowLook);
    },
    { once: true },
  );
  arm();
}

function nearestExisting(folder: string): string {
  let path = folder;
  while (identityOf(path) === '' && path !== dirname(path)) path = dirname(path);
  return path;
}

/** Device and inode of a folder (a link followed), `''` when there is none. */
function identityOf(path: string): string {
  const stats = statSync(join(path, '.'), { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`;
}
