import { join } from 'node:path';
import type { FolderWatches } from '../system/folder-watches.ts';
import type { Signs } from './signs.ts';

/**
 * Watches where an engine's coming and going shows. To be called again whenever something changed: a socket's
 * path may become a link, and a link may come to lead elsewhere.
 * @returns whether there is a place that was not watched before
 */
export function watchPlacesOf(signs: Signs, folders: FolderWatches, changed: () => void): () => boolean {
  const watched = new Set<string>();
  return () => {
    const before = watched.size;
    for (const [folder, names] of signs.places()) {
      const added = names.filter((name) => !watched.has(join(folder, name)));
      for (const name of added) watched.add(join(folder, name));
      if (added.length > 0) folders.watch(folder, added, changed);
    }
    return watched.size > before;
  };
}
