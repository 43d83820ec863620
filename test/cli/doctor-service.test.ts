import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkEngine, checkPort } from '../../src/cli/doctor/engine.ts';
import { checkProgram } from '../../src/cli/doctor/files.ts';
import { checkService } from '../../src/cli/doctor/service.ts';
import { checkUnitEnvironment } from '../../src/cli/doctor/unit-environment.ts';
import { thisMachine } from '../../src/service/machine.ts';
import type { Manifest } from '../../src/service/manifest.ts';
import { packagedService } from '../../src/service/packaged.ts';
import { type Scope, systemScope, userScope } from '../../src/service/scope.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { createDisk } from '../support/disk.ts';
import { startFakeEngine } from '../support/fake-engine.ts';
import { startFakeSystemd } from '../support/fake-systemd.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

const entry = { kind: 'file', path: '/usr/local/bin/docker-lifecycle-listener', digest: '1' } as const;
const manifest: Manifest = {
  version: 1,
  program: '1.0.0',
  prefix: '/usr/local',
  service: packagedService,
  entries: [entry],
};
const ofUser = userScope(1000, '/home/me', { XDG_RUNTIME_DIR: '/run/user/1000' }) as Scope;

/** What doctor says where systemd has these properties of units, and else the usual ones. */
function rows(units: { readonly [unit: string]: string }, of = manifest, scope = systemScope) {
  const usual = 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled';
  const disk = createDisk(
    [],
    (words) => (words.includes('show') ? (units[words.at(-1) ?? ''] ?? usual) : undefined),
    scope,
  );
  return checkService(disk, { kind: 'systemd', notifies: true }, of).filter(
    ({ verdict }) => verdict === 'wrong',
  );
}

describe('the units', () => {
  const listener = 'docker-lifecycle-listener.service';
  const companion = 'docker-lifecycle-companion.service';

  test('where all is well nothing is wrong', () => {
    expect(rows({})).toEqual([]);
  });

  test.each([
    [{ [listener]: 'ActiveState=inactive\nUnitFileState=masked' }, `Run: systemctl unmask ${listener}`],
    [
      { [listener]: 'ActiveState=active\nUnitFileState=masked-runtime' },
      `Run: systemctl unmask --runtime ${listener}`,
    ],
    [{ [listener]: 'ActiveState=failed\nResult=exit-code' }, `Run: systemctl restart ${listener}`],
    [{ [listener]: 'ActiveState=active\nUnitFileState=disabled' }, `Run: systemctl enable ${listener}`],
    [{ [companion]: 'ActiveState=inactive\nUnitFileState=masked' }, `Run: systemctl unmask ${companion}`],
    [{ [companion]: 'ActiveState=inactive\nUnitFileState=disabled' }, `Run: systemctl enable ${companion}`],
    [{ [companion]: 'ActiveState=inactive\nUnitFileState=enabled' }, `Run: systemctl start ${companion}`],
    [
      { 'docker.service': 'LoadState=masked\nUnitFileState=masked' },
      'Run: systemctl unmask docker.service. Or, where another unit runs Docker: docker-lifecycle-listener install --docker-unit UNIT',
    ],
    [
      { 'docker.service': 'LoadState=not-found' },
      'Install Docker. Or, where another unit runs Docker: docker-lifecycle-listener install --docker-unit UNIT',
    ],
  ])('%j: %s', (units, cure) => {
    expect(rows(units)).toMatchObject([{ cure }]);
  });

  test('what mends it is what this installation knows: a user’s own, or the Debian package', () => {
    const gone = { 'docker.service': 'LoadState=not-found' };
    expect(rows(gone, manifest, ofUser)[0]?.cure).toContain('install --user --docker-unit UNIT');
    const [packaged] = rows(gone, { ...manifest, entries: [] });
    expect(packaged?.cure).toMatch(
      /apt-get remove .*; then, from a checkout, .* install --docker-unit UNIT$/,
    );
  });
});

test('says that the companion of podman.service runs no hook, and how to have hooks run', () => {
  const rowsWith = (required: string) => {
    const shown = `LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nRequires=${required}`;
    const disk = createDisk([], (words) => (words.includes('show') ? shown : undefined));
    const of = { ...manifest, service: { ...packagedService, dockerUnit: 'podman.service' } };
    const found = checkService(disk, { kind: 'systemd', notifies: true }, of);
    return found.filter(({ check }) => check === 'companion');
  };
  expect(rowsWith('system.slice podman.socket')).toMatchObject([
    { verdict: 'note', found: expect.stringContaining('neither on_start nor on_stop is run') },
  ]);
  // A unit of the administrator's own.
  expect(rowsWith('system.slice')).toMatchObject([{ verdict: 'ok' }]);
});

describe('the files', () => {
  const wrongIn = (of: Manifest, scope = systemScope) =>
    checkProgram(of, createDisk([], undefined, scope)).filter(({ check }) => check === 'installed');

  test('what is missing is mended by another install, of the same user', () => {
    expect(wrongIn(manifest)).toMatchObject([{ cure: 'Run: docker-lifecycle-listener install' }]);
    expect(wrongIn(manifest, ofUser)).toMatchObject([
      { cure: 'Run: docker-lifecycle-listener install --user' },
    ]);
  });

  test('a program that is gone is installed again, and no folder is made where its link was', () => {
    const lost = { ...manifest, prefix: '/nowhere' };
    const curesOf = (of: Manifest) =>
      checkProgram(of, createDisk([])).flatMap(({ check, cure }) =>
        ['node', 'program'].includes(check) ? [cure] : [],
      );
    const install = 'Run: docker-lifecycle-listener install';
    expect(curesOf(lost)).toEqual([install, install]);
    const reinstall = 'Run: apt-get install --reinstall docker-lifecycle-listener';
    expect(curesOf({ ...lost, entries: [] })).toEqual([reinstall, reinstall]);
  });

  test('a part of the program that another user can change is wrong, with the command that fixes it', () => {
    const uid = process.geteuid?.() ?? 0;
    const folder = makePrivateFolder('dll-test-', uid, process.env);
    try {
      const installed = join(folder, 'lib/docker-lifecycle-listener/current');
      mkdirSync(join(installed, 'parts'), { recursive: true, mode: 0o755 });
      for (const name of ['docker-lifecycle-listener.js', 'parts/good.js', 'parts/bad.js']) {
        writeFileSync(join(installed, name), '', { mode: 0o644 });
      }
      const scope = userScope(uid, folder, { XDG_RUNTIME_DIR: folder }) as Scope;
      const found = () =>
        checkProgram({ ...manifest, prefix: folder }, thisMachine(scope)).filter(
          ({ check }) => check === 'program',
        );
      expect(found()).toMatchObject([{ verdict: 'ok' }]);
      const bad = join(installed, 'parts/bad.js');
      chmodSync(bad, 0o666);
      expect(found()).toMatchObject([
        { verdict: 'ok' },
        { verdict: 'wrong', found: expect.stringContaining(bad) },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('of an install that was cut short only that is said', () => {
    const found = wrongIn({ ...manifest, unfinished: true, entries: [entry, { ...entry, digest: '2' }] });
    expect(found).toMatchObject([{ found: expect.stringContaining('cut short') }]);
  });
});

describe('the port', () => {
  const answering = [
    ['as a listener does', (line: string) => (line === 'ping\n' ? 'ok\n' : ''), 'note', 'a listener'],
    ['otherwise', () => 'HTTP/1.1 400 Bad Request\r\n', 'wrong', 'another program'],
  ] as const;
  test.each(answering)(
    'where a process answers %s, and no service runs',
    async (_, answer, verdict, says) => {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (line) => socket.write(answer(line.toString())));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const settings = { mode: 'hint', onRequest: false, port, addresses: ['127.0.0.1'] } as Parameters<
        typeof checkPort
      >[0];
      const found = await checkPort(settings, false);
      expect(found).toMatchObject({ verdict, found: expect.stringContaining(says) });
      expect(await checkPort(settings, true)).toMatchObject({ verdict: 'ok' });
      server.close();
      await once(server, 'close');
      expect(await checkPort(settings, false)).toMatchObject({ verdict: 'note' });
      expect(await checkPort(settings, true)).toMatchObject({ verdict: 'wrong' });
    },
  );
});

describe('the engine behind a socket of systemd’s', needing('linux'), () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dll-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is at rest; but where its unit is active its pid file is elsewhere', async () => {
    const socket = join(folder, 'e.sock');
    const pidfile = join(folder, 'e.pid');
    const systemd = await startFakeSystemd(socket, pidfile);
    const engine = { name: 'default', endpoint: unixEndpoint(socket), pidfile, chosenBy: 'default' };
    try {
      expect(await checkEngine(engine)).toMatchObject({ verdict: 'note' });
      expect(await checkEngine(engine, 'docker.service')).toMatchObject({
        verdict: 'wrong',
        found: expect.stringContaining(`no process is named by the pid file ${pidfile}`),
        cure: expect.stringContaining('systemctl cat docker.service'),
      });
      expect(systemd.activations).toBe(0);
    } finally {
      await systemd.end();
    }
  });

  test('is named as Podman’s where it has that name, with the way to have its service watched', async () => {
    const socket = join(folder, 'podman.sock');
    const systemd = await startFakeSystemd(socket, join(folder, 'none.pid'));
    const engine = { name: 'p', endpoint: unixEndpoint(socket), pidfile: undefined, chosenBy: '--host' };
    try {
      const found = expect.stringContaining(`${socket} is held by systemd, which starts Podman`);
      const cure = expect.stringContaining('set podman = "hold" (--podman hold)');
      expect(await checkEngine(engine)).toMatchObject({ verdict: 'note', found, cure });
      const held = await checkEngine({ ...engine, hold: true });
      expect(held).toMatchObject({
        verdict: 'note',
        found: expect.stringContaining('keeps Podman’s service up'),
      });
      expect(systemd.activations).toBe(0);
    } finally {
      await systemd.end();
    }
  });
});

test('an engine that answers as Podman is named so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dll-test-'));
  const socket = join(folder, 'e.sock');
  const fake = await startFakeEngine({ at: socket, server: 'Libpod/5.8.6 (linux)' });
  const engine = { name: 'p', endpoint: unixEndpoint(socket), pidfile: undefined, chosenBy: '--host' };
  try {
    expect(await checkEngine(engine)).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('it is Podman'),
    });
    fake.behaviour.server = 'Docker/26.1.5 (linux)';
    expect(await checkEngine(engine)).toMatchObject({ found: `unix://${socket} (--host) answers` });
  } finally {
    await fake.end();
    rmSync(folder, { recursive: true });
  }
});

describe('variables in the unit', () => {
  const override = '/etc/systemd/system/docker-lifecycle-listener.service.d/override.conf';
  const fragment = '/usr/local/lib/systemd/system/docker-lifecycle-listener.service';
  const settings = '/etc/docker-lifecycle-listener.toml';
  const look = (dropIn: string, given: Record<string, string> = {}) => {
    const unit = `# ${fragment}\n[Service]\nEnvironment=DOCKER_HOST=unix://%t/docker.sock\n# Environment= is\n`;
    const cat = `${unit}\n# ${override}\n[Service]\n${dropIn}\n`;
    const machine = createDisk([], (words) => (words.includes('cat') ? cat : undefined));
    return checkUnitEnvironment(machine, { kind: 'systemd', notifies: true }, given, settings);
  };

  test('that hooks do not get are pointed out by name, with the settings that give them', () => {
    const [finding, ...others] = look(
      `Environment="TOKEN=a secret=x" DEVICE=eth1 'MORE=b c'\nEnvironment=LAST=\\\n1`,
    );
    expect(others).toEqual([]);
    expect(finding).toEqual({
      check: 'environment',
      verdict: 'note',
      found: `TOKEN, DEVICE, MORE, LAST in ${override} do not reach hooks`,
      cure: `Give hooks their variables in ${settings}: a table [environment]`,
    });
  });

  test('come from files too', () => {
    const [finding] = look('EnvironmentFile=-/etc/default/hooks');
    expect(finding?.found).toBe(`EnvironmentFile=/etc/default/hooks in ${override} does not reach hooks`);
    expect(finding?.cure).toContain('environment_file = "/etc/default/hooks"');
  });

  test.each([
    [
      'the listener reads itself',
      'Environment=DOCKER_HOST=unix:///run/other.sock SSH_AUTH_SOCK=/run/agent',
      {},
    ],
    ['were taken back', 'Environment=A=1\nEnvironmentFile=/x\nEnvironment=\nEnvironmentFile=', {}],
    ['the settings give to hooks', 'Environment=DEVICE=eth1', { DEVICE: 'eth2' }],
  ])('that %s need no word', (_, dropIn, given) => {
    expect(look(dropIn, given)).toEqual([]);
  });
});
