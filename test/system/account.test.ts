import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { findAccount, readPasswordEntry } from '../../src/system/account.ts';

test('finds a user with all groups', async () => {
  const { uid, gid, username, homedir, shell } = userInfo();
  const account = await findAccount(username);
  expect(account).toMatchObject({ uid, gid, username, home: homedir, shell });
  expect(account?.groups).not.toContain(gid);
});

test.each(['no-such-user-here', '', '-G', 'a b', 'root:x', '../root'])('%j is no user', async (name) => {
  expect(await findAccount(name)).toBeUndefined();
});

test('reads the entries of Linux and of macOS', () => {
  const jo = { username: 'jo', uid: 1000, gid: 100, home: '/home/jo', shell: '/bin/zsh' };
  expect(readPasswordEntry('jo:x:1000:100:Jo,,,:/home/jo:/bin/zsh\n', 'linux')).toEqual(jo);
  expect(readPasswordEntry('jo:***:1000:100::0:0:Jo:/home/jo:/bin/zsh\n', 'darwin')).toEqual(jo);
  expect(readPasswordEntry('jo:x:1000:100::/home/jo:', 'linux')).toEqual({ ...jo, shell: '/bin/sh' });
  expect(readPasswordEntry('', 'linux')).toBeUndefined();
  expect(readPasswordEntry('jo:x:1000', 'linux')).toBeUndefined();
});
