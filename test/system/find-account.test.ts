import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { findAccount, readPasswordLine } from '../../src/system/find-account.ts';

test('finds a user with all groups', () => {
  const { uid, gid, username, homedir, shell } = userInfo();
  const account = findAccount(username);
  expect(account).toMatchObject({ uid, gid, username, home: homedir, shell });
  expect(account?.groups).not.toContain(gid);
});

test('finds a user by number', () => {
  const { uid, username } = userInfo();
  expect(findAccount(String(uid))).toMatchObject({ uid, username });
});

test.each(['no-such-user-here', '', '-G', 'root:x', '../root'])('%j is no user', (name) => {
  expect(findAccount(name)).toBeUndefined();
});

test('reads the lines of passwd(5)', () => {
  const jo = { username: 'jo', uid: 1000, gid: 100, home: '/home/jo', shell: '/bin/zsh' };
  expect(readPasswordLine('jo:x:1000:100:Jo,,,:/home/jo:/bin/zsh\n')).toEqual(jo);
  expect(readPasswordLine('jo:x:1000:100::/home/jo:')).toEqual({ ...jo, shell: '/bin/sh' });
  expect(readPasswordLine('')).toBeUndefined();
  expect(readPasswordLine('jo:x:abc:1')).toBeUndefined();
});
