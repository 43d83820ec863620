import { type FolderWatchHandlers, watchFolder } from './folder-watch.ts';

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
