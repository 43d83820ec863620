import { execFile } from 'node:child_process';

/**
 * Which of these folders carry access control entries beyond their mode, for a warning: a default entry on
 * Linux gives later files a group that may write them, and on macOS no entry shows in the mode at all.
 * Asks `ls`, which marks them with a `+`, about what a link leads to; where it cannot (BusyBox), none is found.
 */
export function foldersWithAccessLists(folders: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const options = { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }, timeout: 5000 };
    execFile('ls', ['-ldL', '--', ...folders], options, (_error, stdout) => {
      resolve(markedFolders(stdout, folders));
    });
  });
}

/** Reads what `ls -ldL` printed: mode, mark, and the path at the line's end. */
export function markedFolders(listing: string, folders: readonly string[]): string[] {
  const marked = listing.split('\n').filter((line) => /^d[rwxsStT-]{9}\+/.test(line));
  return folders.filter((folder) => marked.some((line) => line.endsWith(` ${folder}`)));
}
