import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCode } from '../../system/user-error.ts';

interface FolderWatchHandlers {
  /** An entry of this name was made, changed or removed; undefined: any entry may have. */
  readonly changed: (name: string | undefined) => void;
  /** The system refuses the watch (its limits are used up): from now on the folder is listed slowly. */
  readonly degraded: (folder: string, error: unknown) => void;
}

/** The interval at which a folder is listed that the system refuses to watch, in ms. */
const slowInterval = 2000;

/** Pauses between checks of a folder after its watch began, in ms. */
const settlingChecks = [20, 200, 1000, 5000];

/**
 * After so many events in one turn of the event loop every folder is checked. The kernel drops events that do not fit into
 * a process's queue (16,384, of all folders together; inotify(7)), and Node does not report it.
 */
const crowd = 1000;

const open = new Set<FolderWatch>();
let received = 0;

function countEvent(): void {
  received += 1;
  if (received > 1) return;
  // Node reads the queue to its end in one turn.
  setImmediate(() => {
    const isCrowd = received >= crowd;
    received = 0;
    if (isCrowd) for (const watch of [...open]) watch.check();
  });
}

/**
 * Watches a folder until `signal`, also one that does not exist yet, or that is removed and made again (an empty `/run`
 * after a reboot, a user's runtime folder at login): while it is missing, its nearest existing ancestor is watched
 * instead. Every change after this call is reported.
 */
export function watchFolder(folder: string, handlers: FolderWatchHandlers, signal: AbortSignal): void {
  new FolderWatch(folder, handlers, signal).start();
}

class FolderWatch {
  readonly #folder: string;
  readonly #handlers: FolderWatchHandlers;
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #watched: { readonly path: string; readonly identity: string } | undefined;
  #slowTimer: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(folder: string, handlers: FolderWatchHandlers, signal: AbortSignal) {
    this.#folder = folder;
    this.#handlers = handlers;
    this.#signal = signal;
  }

  start(): void {
    this.#signal.addEventListener('abort', () => this.#close(), { once: true });
    this.#arm();
    if (!this.#signal.aborted) open.add(this);
  }

  /** Reports that any entry may have changed, and watches the folder that is at the path by now. */
  check(): void {
    if (!this.#rearmIfReplaced()) this.#handlers.changed(undefined);
  }

  #close(): void {
    this.#watcher?.close();
    clearInterval(this.#slowTimer);
    clearTimeout(this.#settling);
    open.delete(this);
  }

  #arm(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearTimeout(this.#settling);
    if (this.#signal.aborted) return;
    const path = nearestExisting(this.#folder);
    const identity = identityOf(path);
    try {
      const armed = watch(path, (event, name) => this.#changed(armed, event, name ?? undefined));
      armed.on('error', () => this.#rearm(armed));
      this.#watcher = armed;
      this.#watched = { path, identity };
    } catch (error) {
      // Removed between the two calls: begin again. Any other error is a limit of the system.
      if (errorCode(error) === 'ENOENT' && identityOf(path) === '') return this.#arm();
      if (this.#slowTimer === undefined) this.#handlers.degraded(this.#folder, error);
      this.#slowTimer ??= setInterval(() => this.#checkSlowly(), slowInterval);
      return;
    }
    clearInterval(this.#slowTimer);
    this.#slowTimer = undefined;
    this.#settle(0);
    // The folder was made while the watch was being set up: no event would come for it.
    if (path !== this.#folder && nearestExisting(this.#folder) !== path) this.#arm();
  }

  /** Checks a new watch a few times: a mount over a folder gives no event. A runtime folder is made so at login. */
  #settle(check: number): void {
    const pause = settlingChecks[check];
    if (pause === undefined) return;
    this.#settling = setTimeout(() => {
      if (!this.#rearmIfReplaced()) this.#settle(check + 1);
    }, pause);
  }

  /** Tries to watch again: the system may allow it by now. */
  #checkSlowly(): void {
    this.#arm();
    this.#handlers.changed(undefined);
  }

  #rearm(by: FSWatcher): void {
    if (by !== this.#watcher) return;
    this.#arm();
    this.#handlers.changed(undefined);
  }

  #rearmIfReplaced(): boolean {
    if (this.#watched === undefined) return false;
    const { path, identity } = this.#watched;
    const isReplaced =
      identityOf(path) !== identity || (path !== this.#folder && nearestExisting(this.#folder) !== path);
    if (isReplaced) {
      this.#arm();
      this.#handlers.changed(undefined);
    }
    return isReplaced;
  }

  #changed(by: FSWatcher, event: string, name: string | undefined): void {
    countEvent();
    if (by !== this.#watcher || this.#rearmIfReplaced()) return;
    // An event of the folder itself: it was removed, and a new folder may have got the very same inode.
    if (event === 'rename' && name === basename(this.#watched?.path ?? '')) return this.#rearm(by);
    if (this.#watched?.path === this.#folder) {
      // The folder's own name comes with events of itself; an entry may have the same name.
      this.#handlers.changed(name === basename(this.#folder) ? undefined : name);
    }
  }
}

function nearestExisting(folder: string): string {
  let path = folder;
  while (identityOf(path) === '' && path !== dirname(path)) path = dirname(path);
  return path;
}

/** Returns device and inode of a folder (a link followed), `''` when there is none that can be seen. */
function identityOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : '';
  } catch {
    // A missing folder, a file on the way there, or a folder that this user may not read.
    return '';
  }
}

/** Watches folders. Callers that watch one folder share one watch of the system. */
export interface FolderWatches {
  /** Calls `changed` whenever an entry of one of these names was made, changed or removed in `folder`, or may have been. */
  watch(folder: string, names: readonly string[], changed: () => void): void;
}

interface Watched {
  readonly byName: Map<string, (() => void)[]>;
  /** Each callback once, for events without a name. */
  readonly all: Set<() => void>;
}

export class SharedFolderWatches implements FolderWatches {
  readonly #degraded: FolderWatchHandlers['degraded'];
  readonly #signal: AbortSignal;
  readonly #folders = new Map<string, Watched>();

  /**
   * @param degraded called once a folder that the system refuses to watch; see `watchFolder`
   * @param signal ends all watches
   */
  constructor(degraded: FolderWatchHandlers['degraded'], signal: AbortSignal) {
    this.#degraded = degraded;
    this.#signal = signal;
  }

  watch(folder: string, names: readonly string[], changed: () => void): void {
    const { byName, all } = this.#folders.get(folder) ?? this.#begin(folder);
    all.add(changed);
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), changed]);
  }

  #begin(folder: string): Watched {
    const watched: Watched = { byName: new Map(), all: new Set() };
    this.#folders.set(folder, watched);
    const changed = (name: string | undefined) => {
      const callbacks = name === undefined ? watched.all : watched.byName.get(name);
      for (const callback of callbacks ?? []) callback();
    };
    watchFolder(folder, { changed, degraded: this.#degraded }, this.#signal);
    return watched;
  }
}
