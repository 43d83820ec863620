import { expect, test } from 'vitest';
import { commandFor } from '../../src/hooks/command.ts';

const jo = { uid: 1000, gid: 100, groups: [44, 999], username: 'jo', home: '/home/jo', shell: '/bin/sh' };

test('a hook is started itself', () => {
  expect(commandFor('/h', ['start'], undefined)).toEqual({
    program: '/h',
    words: ['start'],
    credentials: {},
  });
});

test('as another user without further groups, too', () => {
  expect(commandFor('/h', ['start'], { ...jo, groups: [] }, 'linux')).toEqual({
    program: '/h',
    words: ['start'],
    credentials: { uid: 1000, gid: 100 },
  });
});

test('with further groups through setpriv, where there is one', () => {
  expect(commandFor('/h', ['start'], jo, 'linux')).toEqual({
    program: '/usr/bin/setpriv',
    words: ['--reuid=1000', '--regid=100', '--groups=100,44,999', '--', '/h', 'start'],
    credentials: {},
  });
  expect(commandFor('/h', [], jo, 'darwin').program).toBe('/h');
});
