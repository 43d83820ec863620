import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { findDockerUnit } from '../../src/service/docker-units.ts';
import { layOut } from '../../src/service/layout.ts';
import { parseManifest, type ServiceOptions } from '../../src/service/manifest.ts';
import { planInstall } from '../../src/service/plan-install.ts';
import { planUninstall } from '../../src/service/plan-uninstall.ts';
import { programLinks } from '../../src/service/program.ts';
import { agentScope, manifestPath, type UserScope, userScope } from '../../src/service/scope.ts';
import { companionUnitText, serviceUnitText } from '../../src/service/systemd-units.ts';
import { createDisk } from '../support/disk.ts';

const home = '/home/me';
const runtime = '/run/user/1000';
const scope = userScope(1000, home, { XDG_RUNTIME_DIR: runtime }) as UserScope;
const supervisor = { kind: 'systemd', notifies: true } as const;
const layout = layOut(`${home}/.local`, '1.0.0');
const service: ServiceOptions = {
  scriptDir: `${home}/.config/docker-lifecycle-listener.d`,
  port: undefined,
  dockerUnit: 'docker.service',
  stopWait: 30,
};

test('a user’s folders are those of the XDG specification; without a runtime folder there is no manager', () => {
  expect(scope).toMatchObject({ config: `${home}/.config`, state: `${home}/.local/state`, runtime });
  const moved = { XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: 'relative' };
  expect(userScope(1000, home, moved)).toMatchObject({ config: '/c', state: `${home}/.local/state` });
  expect(userScope(1000, home, {})).toBeUndefined();
});

test('a user’s service is in the user’s folders, known to the user’s manager, and gone without a trace', () => {
  const folders = ['/home', home, '/usr', '/usr/local', '/etc', '/var', '/var/lib'];
  const disk = createDisk(folders, undefined, scope);
  disk.write('/home/node', 'ELF');
  disk.write('/home/bundle.js', 'bundle');
  const before = disk.listing();
  const runtimeFiles = { node: '/home/node', bundle: '/home/bundle.js', parts: [] };
  const plan = planInstall(
    { version: '1.0.0', layout, runtime: runtimeFiles, service, supervisor },
    disk,
    undefined,
  );
  for (const step of plan.steps) {
    if (step.kind === 'run') expect(step.words.join(' ')).toMatch(/^(systemctl --user |\/home\/me\/)/);
    else expect(step.path).toMatch(/^\/home\/me\//);
  }
  disk.apply(plan.steps);
  expect(disk.list(`${home}/.config/systemd/user`)).toEqual([
    'docker-lifecycle-listener.service',
    'docker-lifecycle-companion.service',
  ]);
  expect(disk.commands).toContain('systemctl --user daemon-reload');
  const written = disk.items.get(manifestPath('linux', scope));
  const manifest = parseManifest('', written?.kind === 'file' ? written.content : '');
  disk.apply(planUninstall(manifest, disk, supervisor, { settings: '/none', dropIns: [] }, true).steps);
  expect(disk.listing()).toEqual(before);
});

test('on macOS it is an agent of launchd’s in the user’s Library, and gone without a trace', () => {
  const ann = '/Users/ann';
  const agent = agentScope(501, ann);
  const folders = ['/Users', ann, `${ann}/Library`, `${ann}/Library/LaunchAgents`, `${ann}/Library/Logs`];
  const disk = createDisk(folders, undefined, agent, 'darwin');
  disk.write('/Users/node', 'ELF');
  disk.write('/Users/bundle.js', 'bundle');
  const before = disk.listing();
  const plan = planInstall(
    {
      version: '1.0.0',
      layout: layOut(`${ann}/.local`, '1.0.0'),
      runtime: { node: '/Users/node', bundle: '/Users/bundle.js', parts: [] },
      service: { ...service, scriptDir: `${ann}/.config/docker-lifecycle-listener.d` },
      supervisor: { kind: 'launchd' },
    },
    disk,
    undefined,
  );
  for (const step of plan.steps) {
    if (step.kind === 'run')
      expect(step.words.join(' ')).toMatch(/^(launchctl bootstrap gui\/501 |\/Users\/ann\/)/);
    else expect(step.path).toMatch(/^\/Users\/ann\//);
  }
  disk.apply(plan.steps);
  expect(disk.list(`${ann}/Library/LaunchAgents`)).toEqual(['docker-lifecycle-listener.plist']);
  const written = disk.items.get(manifestPath('darwin', agent));
  const manifest = parseManifest('', written?.kind === 'file' ? written.content : '');
  const leavings = { settings: '/none', dropIns: [] };
  disk.apply(planUninstall(manifest, disk, { kind: 'launchd' }, leavings, true).steps);
  expect(disk.listing()).toEqual(before);
});

test('its units speak of the user’s Docker, socket and state, and are started with the login', () => {
  const listener = serviceUnitText(layout, service, true, scope);
  expect(listener).toContain('Environment=DOCKER_HOST=unix://%t/docker.sock\n');
  expect(listener).toContain(` --no-notifier --state-dir ${home}/.local/state/docker-lifecycle-listener `);
  expect(listener).toContain('WantedBy=default.target');
  expect(listener).not.toMatch(/^StateDirectory/m);
  expect(serviceUnitText(layout, { ...service, port: 5000 }, true, scope)).not.toContain('--no-notifier');
  const companion = companionUnitText(layout, service, scope);
  expect(companion).toContain('$$XDG_RUNTIME_DIR/docker-lifecycle-listener/control.sock');
  expect(companion).toMatch(/ companion stop docker\.service 30s --user$/m);
});

test('the command is a script, whatever the home is called', () => {
  const odd = layOut("/home/it's $HOME/.local", '1.0.0');
  const command = programLinks(odd, '1.0.0').find(({ path }) => path === odd.command);
  const text = command !== undefined && 'content' in command ? command.content : '';
  const run = (script: string) => spawnSync('sh', ['-c', script, 'sh', 'status'], { encoding: 'utf8' });
  const { stdout } = run(text.replace('[ -x "$node" ]', 'true').replace('exec ', "exec printf '%s\\n' "));
  expect(stdout.split('\n').slice(0, -1)).toEqual([odd.node, odd.program, 'status']);
  const broken = run(text);
  expect(broken).toMatchObject({ status: 70, stdout: '' });
  expect(broken.stderr).toContain(`Its Node is missing, or cannot be started: ${odd.node}\n`);
});

test.each([
  [['docker.service'], 'docker.service'],
  [['snap.docker.dockerd.service'], 'snap.docker.dockerd.service'],
  [['docker.service', 'snap.docker.dockerd.service'], 'docker.service'],
  [[], 'docker.service'],
])('of the units %j the one that runs Docker is %s', (known, unit) => {
  const disk = createDisk([], (words) =>
    known.includes(words.at(-1) ?? '') ? 'LoadState=loaded' : 'LoadState=not-found',
  );
  expect(findDockerUnit(disk)).toBe(unit);
});

test('the snap’s Docker writes its pid elsewhere', () => {
  const snap = { ...service, dockerUnit: 'snap.docker.dockerd.service' };
  const pidfile = '--pidfile /var/snap/docker/current/run/docker.pid';
  expect(serviceUnitText(layout, snap, true)).toContain(pidfile);
  expect(serviceUnitText(layout, service, true)).not.toContain('--pidfile');
});
