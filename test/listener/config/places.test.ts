import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration } from '../../../src/listener/config/readers.ts';
import { defaultStateDir } from '../../../src/listener/config/state-dir.ts';
import type { UserEnvironment } from '../../../src/watch/endpoint/user-environment.ts';

const around = (how: Partial<UserEnvironment> = {}): UserEnvironment => ({
  environment: {},
  home: '/home/me',
  isRoot: false,
  platform: 'linux',
  ...how,
});

test.each([
  [around({ isRoot: true }), '/var/lib/docker-lifecycle-listener/'],
  [around({ isRoot: true, platform: 'darwin' }), '/var/db/docker-lifecycle-listener/'],
  [around(), '/home/me/.local/state/docker-lifecycle-listener/'],
  [around({ platform: 'darwin' }), '/home/me/Library/Application Support/docker-lifecycle-listener/'],
  [around({ environment: { XDG_STATE_HOME: '/state' } }), '/state/docker-lifecycle-listener/'],
  [around({ environment: { XDG_STATE_HOME: 'state' } }), '/home/me/.local/state/docker-lifecycle-listener/'],
])('a listener’s memory is kept in a place of its own: %j', (user, parent) => {
  const one = defaultStateDir('/etc/hooks', user);
  expect(one.startsWith(`${parent}hooks-`)).toBe(true);
  expect(defaultStateDir('/opt/hooks', user)).not.toBe(one);
  expect(defaultStateDir('/etc/hooks', user)).toBe(one);
});

test('systemd says where', () => {
  const environment = { STATE_DIRECTORY: '/var/lib/one:/var/lib/two' };
  expect(defaultStateDir('/etc/hooks', around({ environment }))).toBe('/var/lib/one');
});

test.each([
  ['0', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['2 min', 120_000],
  ['2m', 120_000],
  ['1.5h', 5_400_000],
  ['600h', undefined],
  ['30', undefined],
  ['-1s', undefined],
  ['1e3s', undefined],
  ['s', undefined],
  ['', undefined],
  ['1d', undefined],
])('a duration of %j', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test('whatever is read as a duration fits a timer', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseDuration(text);
      expect(read === undefined || (Number.isInteger(read) && read >= 0 && read < 2 ** 31)).toBe(true);
    }),
  );
});
