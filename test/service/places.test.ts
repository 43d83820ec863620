import { expect, test } from 'vitest';
import { findSupervisor } from '../../src/service/machine.ts';
import { choosePrefix, chooseScriptDir, type Distrust } from '../../src/service/places.ts';

/** Refuses these paths and what is below them: they are a user's. */
function ownedByUser(...paths: string[]): Distrust {
  return (path) => {
    const owned = paths.find((one) => path === one || path.startsWith(`${one}/`));
    return owned === undefined ? undefined : { path: owned, cause: { kind: 'owner', uid: 501, trusted: 0 } };
  };
}

test('the program goes below /usr/local where root alone can write there, else below /opt', () => {
  expect(choosePrefix(ownedByUser())).toEqual({ path: '/usr/local', instead: undefined });
  expect(choosePrefix(ownedByUser('/usr/local/bin'))).toMatchObject({
    path: '/opt/docker-lifecycle-listener',
    instead: { of: '/usr/local', refusal: { path: '/usr/local/bin' } },
  });
  expect(() => choosePrefix(ownedByUser('/usr/local', '/opt'))).toThrow('/usr/local');
});

test('hooks go where the original has them on macOS, unless that is the user’s own', () => {
  expect(chooseScriptDir('linux', ownedByUser()).path).toBe('/etc/docker-lifecycle-listener.d');
  expect(chooseScriptDir('darwin', ownedByUser()).path).toBe('/usr/local/etc/docker-lifecycle-listener.d');
  expect(chooseScriptDir('darwin', ownedByUser('/usr/local'))).toMatchObject({
    path: '/etc/docker-lifecycle-listener.d',
    instead: { of: '/usr/local/etc/docker-lifecycle-listener.d' },
  });
});

test.each([
  ['darwin', [], { kind: 'launchd' }],
  ['linux', ['/run/systemd/system', '/usr/bin/systemd-notify'], { kind: 'systemd', notifies: true }],
  ['linux', ['/run/systemd/system'], { kind: 'systemd', notifies: false }],
  ['linux', ['/run/openrc'], { kind: 'openrc' }],
  ['linux', [], { kind: 'none' }],
] as const)('finds the supervisor: %s with %j', (platform, there, supervisor) => {
  expect(findSupervisor(platform, (path) => (there as readonly string[]).includes(path))).toEqual(supervisor);
});
