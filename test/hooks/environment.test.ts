import { expect, test } from 'vitest';
import { downHost, hookEnvironment } from '../../src/hooks/environment.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { transition } from '../support/hook-stage.ts';

const root = { uid: 0, username: 'root', home: '/root', shell: '/bin/bash' };
const jo = { uid: 1000, username: 'jo', home: '/home/jo', shell: '/bin/zsh' };
const context = {
  transition: transition('start', 7),
  event: 'start',
  endpoint: unixEndpoint('/run/docker.sock'),
  path: '/etc/hooks/on_start/a',
  run: 'r-1',
  reach: { answers: true, startsOnConnect: true },
  dockerHost: 'when-up',
} as const;
const hostile = {
  PATH: '/tmp/evil',
  LANG: 'de_DE.UTF-8',
  LC_ALL: 'C',
  TZ: 'Europe/Vienna',
  NODE_OPTIONS: '--require=/tmp/evil.js',
  LD_PRELOAD: '/tmp/evil.so',
  BASH_ENV: '/tmp/evil',
  ENV: '/tmp/evil',
  DOCKER_LIFECYCLE_EVENT: 'lie',
};

test('for root it is built from nothing', () => {
  expect(hookEnvironment(context, root, hostile, 'linux')).toEqual({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/bash',
    LANG: 'de_DE.UTF-8',
    DOCKER_HOST: 'unix:///run/docker.sock',
    DOCKER_LIFECYCLE_EVENT: 'start',
    DOCKER_LIFECYCLE_REASON: 'engine-started',
    DOCKER_LIFECYCLE_SOURCE: 'engine',
    DOCKER_LIFECYCLE_ENGINE: 'default',
    DOCKER_LIFECYCLE_SEQUENCE: '7',
    DOCKER_LIFECYCLE_TIME: '2023-11-14T22:13:20.000Z',
    DOCKER_LIFECYCLE_ENGINE_ANSWERS: 'yes',
    DOCKER_LIFECYCLE_HOOK: '/etc/hooks/on_start/a',
    DOCKER_LIFECYCLE_RUN: 'r-1',
  });
});

test('another user keeps PATH and time zone, and nothing that changes a program’s code', () => {
  const own = hookEnvironment(context, jo, hostile, 'linux');
  expect(own).toMatchObject({ PATH: '/tmp/evil', TZ: 'Europe/Vienna', LC_ALL: 'C', HOME: '/home/jo' });
  expect(Object.keys(own)).not.toEqual(expect.arrayContaining(['NODE_OPTIONS']));
  for (const name of ['NODE_OPTIONS', 'LD_PRELOAD', 'BASH_ENV', 'ENV']) expect(own).not.toHaveProperty(name);
});

test('run as another user it has nothing of the listener’s environment', () => {
  const given = hookEnvironment(context, jo, undefined, 'linux');
  expect(given).toMatchObject({ USER: 'jo', LANG: 'C.UTF-8' });
  expect(given.PATH).not.toContain('evil');
  expect(given).not.toHaveProperty('TZ');
});

test('a LANG that is no locale’s name is not passed on', () => {
  for (const LANG of ['../../tmp/evil', '/tmp/evil', '', 'x'.repeat(65)]) {
    expect(hookEnvironment(context, root, { LANG }, 'linux').LANG).toBe('C.UTF-8');
  }
  expect(hookEnvironment(context, root, {}, 'linux').LANG).toBe('C.UTF-8');
});

test('on macOS Homebrew’s programs are found first', () => {
  expect(hookEnvironment(context, root, {}, 'darwin').PATH).toMatch(/^\/opt\/homebrew\/bin:/);
});

test('the settings add to it, and cannot falsify what happened', () => {
  const extra = { PATH: '/opt/bin', TOKEN: 'x', DOCKER_HOST: 'tcp://a', DOCKER_LIFECYCLE_EVENT: 'lie' };
  expect(hookEnvironment(context, root, {}, 'linux', extra)).toMatchObject({
    PATH: '/opt/bin',
    TOKEN: 'x',
    DOCKER_HOST: 'tcp://a',
    DOCKER_LIFECYCLE_EVENT: 'start',
  });
});

test.each([
  ['answers', true, true, 'when-up', 'yes', 'unix:///run/docker.sock'],
  ['is down, and no connection would start it', false, false, 'when-up', 'no', 'unix:///run/docker.sock'],
  [
    'is down, and a connection would start it',
    false,
    true,
    'when-up',
    'no',
    downHost(process.getuid?.() ?? 0),
  ],
  ['is down, and the hook is to reach it', false, true, 'always', 'no', 'unix:///run/docker.sock'],
] as const)(
  'a hook of an engine that %s',
  (...[, answers, startsOnConnect, dockerHost, says, DOCKER_HOST]) => {
    const given = { ...context, reach: { answers, startsOnConnect }, dockerHost };
    expect(hookEnvironment(given, root, {}, 'linux')).toMatchObject({
      DOCKER_LIFECYCLE_ENGINE_ANSWERS: says,
      DOCKER_HOST,
    });
    // What the settings say counts.
    const extra = { DOCKER_HOST: 'unix:///own.sock', DOCKER_LIFECYCLE_ENGINE_ANSWERS: 'perhaps' };
    expect(hookEnvironment(given, root, {}, 'linux', extra)).toMatchObject({
      DOCKER_LIFECYCLE_ENGINE_ANSWERS: says,
      DOCKER_HOST: 'unix:///own.sock',
    });
  },
);

test('the address that refuses is in a folder of the listener’s own', () => {
  expect(downHost(0)).toBe('unix:///run/docker-lifecycle-listener/engine-is-down.sock');
  expect(downHost(1000)).toBe('unix:///run/user/1000/docker-lifecycle-listener/engine-is-down.sock');
});

test.each([
  [{ verify: true }, { DOCKER_TLS_VERIFY: '1' }],
  [{ verify: false }, { DOCKER_TLS: '1' }],
])('docker in a hook is given the files for TLS, %j as %j', (how, expected) => {
  const folder = '/root/.docker';
  const tls = { folder, ca: `${folder}/ca.pem`, cert: undefined, key: undefined, ...how };
  const endpoint = { kind: 'tcp', host: 'far', port: 2376, url: 'tcp://far:2376', tls } as const;
  const environment = hookEnvironment({ ...context, endpoint }, root, hostile, 'linux');
  expect(environment).toMatchObject({ DOCKER_HOST: 'tcp://far:2376', DOCKER_CERT_PATH: folder, ...expected });
  expect(Object.keys(environment).filter((name) => name.startsWith('DOCKER_TLS'))).toEqual(
    Object.keys(expected),
  );
});
