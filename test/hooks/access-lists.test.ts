import { expect, test } from 'vitest';
import { foldersWithAccessLists, markedFolders } from '../../src/listener/trusted-folders.ts';

test('finds what ls marks, and nothing else', () => {
  const listing = [
    'drwxr-xr-x  2 root root 4096 Nov 24 18:30 /etc/hooks',
    'drwxrwxr-x+ 2 root root 4096 Nov 24 18:30 /etc/hooks/on_start',
    // macOS marks extended attributes, which are no grants, with an @.
    'drwxr-xr-x@ 2 root wheel  64 Nov 24 18:30 /etc/hooks/on_stop',
    'drwxr-xr-t+ 2 root root 4096 Nov 24 18:30 /etc/with space',
    '-rwxr-xr-x+ 1 root root    0 Nov 24 18:30 /etc/file',
  ].join('\n');
  const folders = ['/etc/hooks', '/etc/hooks/on_start', '/etc/hooks/on_stop', '/etc/with space', '/etc/file'];
  expect(markedFolders(listing, folders)).toEqual(['/etc/hooks/on_start', '/etc/with space']);
});

test('a folder whose name ends like another’s is not taken for it', () => {
  expect(markedFolders('drwxr-xr-x+ 2 root root 4096 Nov 24 18:30 /a/etc/hooks', ['/etc/hooks'])).toEqual([]);
});

test('a real folder without any has none; a missing one neither', async () => {
  expect(await foldersWithAccessLists(['/', '/no/such/folder'])).toEqual([]);
  expect(await foldersWithAccessLists([])).toEqual([]);
});
