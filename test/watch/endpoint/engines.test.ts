import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseEngines, knownSockets } from '../../../src/watch/endpoint/engines.ts';
import type { UserEnvironment } from '../../../src/watch/endpoint/user-environment.ts';
import { createFakeAuthority } from '../../support/fake-authority.ts';
import { needing } from '../../support/needs.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dll-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const wish = (from: string) => (value: string) => ({ value, from });
const around = (environment: NodeJS.ProcessEnv = {}): UserEnvironment => ({
  environment,
  home,
  isRoot: false,
  platform: 'linux',
});

function choose(words: { hosts?: string[]; contexts?: string[]; pidfile?: string }, environment = {}) {
  const hosts = (words.hosts ?? []).map(wish('--host'));
  const contexts = (words.contexts ?? []).map(wish('--context'));
  return chooseEngines({ hosts, contexts, pidfile: words.pidfile }, around(environment));
}

function writeConfig(text: string, folder = join(home, '.docker')): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), text);
}

describe('without contexts', () => {
  test('flags repeat, each engine by its own name', () => {
    const engines = choose({ hosts: ['tcp://one:2375', 'unix:///var/run/docker.sock', 'ssh://two'] });
    expect(engines.map(({ name }) => name)).toEqual(['tcp://one:2375', 'default', 'ssh://two']);
    expect(engines.map(({ pidfile }) => pidfile)).toEqual([undefined, '/var/run/docker.pid', undefined]);
  });

  test('one engine given twice is refused, and a pid file for several', () => {
    expect(() => choose({ hosts: ['tcp://one', 'one:2375'] })).toThrow(/given twice/);
    expect(() => choose({ hosts: ['tcp://one', 'tcp://two'], pidfile: '/run/d.pid' })).toThrow(/--pidfile/);
  });

  test('a pid file is what is given, none, or where rootless Docker has it', () => {
    const rootless = { XDG_RUNTIME_DIR: '/run/user/7' };
    const at = (host: string, pidfile?: string) =>
      choose({ hosts: [host], ...(pidfile && { pidfile }) }, rootless)[0]?.pidfile;
    expect(at('unix:///run/user/7/docker.sock')).toBe('/run/user/7/docker.pid');
    // Another user's, as root watches it.
    expect(at('unix:///run/user/1000/docker.sock')).toBe('/run/user/1000/docker.pid');
    expect(at('unix:///run/user/1000/other.sock')).toBeUndefined();
    expect(at('unix:///run/user/1000/podman/docker.sock')).toBeUndefined();
    expect(at('unix:///elsewhere/docker.sock')).toBeUndefined();
    expect(at('unix:///elsewhere/docker.sock', '/elsewhere/d.pid')).toBe('/elsewhere/d.pid');
    expect(at('unix:///var/run/docker.sock', 'none')).toBeUndefined();
  });

  test.each([
    [{ DOCKER_TLS_VERIFY: '1' }, { folder: '.docker', verify: true }],
    [{ DOCKER_TLS: '1' }, { folder: '.docker', verify: false }],
    [
      { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' },
      { folder: '/certs', verify: true },
    ],
    [{ DOCKER_CERT_PATH: '/certs' }, undefined],
  ])('TLS as %j says', (environment, tls) => {
    const [engine] = choose({}, { DOCKER_HOST: 'tcp://one', ...environment });
    const expected = tls?.folder === '.docker' ? { ...tls, folder: join(home, '.docker') } : tls;
    expect(engine?.endpoint).toMatchObject({ tls: expected });
  });

  test('a config.json that is not JSON, and an invalid context, are refused with a fix', () => {
    writeConfig('{');
    expect(() => choose({})).toThrow(expect.objectContaining({ exitCode: 78, fix: expect.any(String) }));
    writeConfig('{"currentContext":"gone"}');
    expect(() => choose({})).toThrow(/no Docker context "gone"/);
    writeConfig('[]');
    expect(choose({})[0]?.name).toBe('default');
  });
});

test('the known sockets come in the documented order', () => {
  const list = knownSockets(home, { XDG_RUNTIME_DIR: '/run/user/7' }, 'linux', true);
  const own = (path: string) => join(home, path);
  mkdirSync(own('.colima/work'), { recursive: true });
  mkdirSync(own('.colima/_lima'), { recursive: true });
  expect(list).toEqual([
    '/run/user/7/docker.sock',
    own('.docker/desktop/docker.sock'),
    own('.colima/default/docker.sock'),
    own('.rd/docker.sock'),
  ]);
  expect(knownSockets(home, { XDG_RUNTIME_DIR: '/run/user/7' }, 'linux', false)).toEqual([
    ...list.toSpliced(3, 0, own('.colima/work/docker.sock')),
    '/run/user/7/podman/podman.sock',
    '/run/podman/podman.sock',
  ]);
  expect(knownSockets(home, { XDG_RUNTIME_DIR: '/run/user/7' }, 'darwin')).toEqual([
    own('.docker/run/docker.sock'),
    own('.orbstack/run/docker.sock'),
    own('.colima/default/docker.sock'),
    own('.colima/work/docker.sock'),
    own('.rd/docker.sock'),
  ]);
});

test.each(['dockerd', 'docker.dockerd'])('an installed %s is meant before a socket of Podman', (name) => {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, name), '');
  const list = knownSockets(home, { XDG_RUNTIME_DIR: '/run/user/7', PATH: `relative:${bin}` }, 'linux');
  expect(list.filter((path) => path.endsWith('podman.sock'))).toEqual([]);
});

describe('beside the docker client that is installed here', needing('docker'), () => {
  const docker = (environment: NodeJS.ProcessEnv, ...words: string[]) =>
    execFileSync('docker', words, {
      env: { PATH: process.env.PATH, HOME: home, ...environment },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();

  /** The endpoint that the real client would speak to. */
  function real(environment: NodeJS.ProcessEnv, context?: string): string {
    const name = context ?? docker(environment, 'context', 'show');
    return docker(environment, 'context', 'inspect', name, '--format', '{{.Endpoints.docker.Host}}');
  }

  beforeEach(() => {
    docker({}, 'context', 'create', 'afar', '--docker', 'host=tcp://afar.example:2375');
    docker({}, 'context', 'create', 'uber-ssh', '--docker', 'host=ssh://me@example.test');
    docker({}, 'context', 'create', 'local', '--docker', 'host=unix:///elsewhere/docker.sock');
  });

  test.each([
    { environment: {}, current: 'afar' },
    { environment: {}, current: 'uber-ssh' },
    { environment: { DOCKER_CONTEXT: 'local' }, current: 'afar' },
    { environment: { DOCKER_HOST: 'tcp://other.example:2375' }, current: 'afar' },
    { environment: { DOCKER_HOST: 'tcp://other.example:2375', DOCKER_CONTEXT: 'local' }, current: 'afar' },
    { environment: { DOCKER_CONTEXT: 'default' }, current: 'afar' },
    { environment: { DOCKER_HOST: 'tcp://other.example:2375' }, current: 'afar', context: 'local' },
    { environment: { DOCKER_HOST: 'tcp://other.example:2375' }, current: 'afar', context: 'default' },
    { environment: { DOCKER_CONTEXT: 'afar' }, current: 'default', context: 'uber-ssh' },
  ])('chooses the same: $environment, current context $current, --context $context', (row) => {
    const { environment, current, context } = row;
    docker({}, 'context', 'use', current);
    const [engine] = choose(context === undefined ? {} : { contexts: [context] }, environment);
    expect(engine?.endpoint.url).toBe(real(environment, context));
  });

  test('DOCKER_CONFIG names the folder of contexts for both', () => {
    const elsewhere = { DOCKER_CONFIG: join(home, 'other') };
    docker(elsewhere, 'context', 'create', 'there', '--docker', 'host=tcp://there.example:2375');
    docker(elsewhere, 'context', 'use', 'there');
    expect(choose({}, elsewhere)[0]).toMatchObject({ name: 'there', chosenBy: 'docker context use' });
    expect(choose({}, elsewhere)[0]?.endpoint.url).toBe(real(elsewhere));
    expect(() => choose({ contexts: ['there'] })).toThrow(/no Docker context "there"/);
  });

  test('the TLS files of a context are found where the client puts them', needing('openssl'), () => {
    const files = join(home, 'files');
    createFakeAuthority(home, 'right').issue(files);
    const given = ['ca', 'cert', 'key'].map((name) => `,${name}=${join(files, name)}.pem`).join('');
    docker({}, 'context', 'create', 'tls', '--docker', `host=tcp://tls.example:2376${given}`);
    const endpoint = choose({ contexts: ['tls'] })[0]?.endpoint;
    const tls = endpoint?.kind === 'tcp' ? endpoint.tls : undefined;
    expect(tls?.verify).toBe(true);
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) {
      expect(readFileSync(join(tls?.folder ?? '', name))).toEqual(readFileSync(join(files, name)));
    }
  });

  test('a context that only skips the check is spoken to with TLS', () => {
    docker({}, 'context', 'create', 'lax', '--docker', 'host=tcp://lax.example:2376,skip-tls-verify=true');
    expect(choose({ contexts: ['lax'] })[0]?.endpoint).toMatchObject({ tls: { verify: false } });
    expect(choose({ contexts: ['afar'] })[0]?.endpoint).toMatchObject({ tls: undefined });
  });
});
