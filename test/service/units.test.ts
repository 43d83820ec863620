import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'plist';
import { describe, expect, test } from 'vitest';
import { jobText } from '../../src/service/launchd.ts';
import { layOut } from '../../src/service/layout.ts';
import { scriptText } from '../../src/service/openrc.ts';
import { isProgram } from '../../src/service/runtime.ts';
import {
  canBeRun,
  companionUnitText,
  serviceUnitText,
  systemdWord,
} from '../../src/service/systemd-units.ts';

const layout = layOut('/usr/local', '1.0.0');
const service = { scriptDir: '/etc/hooks', port: undefined, dockerUnit: 'docker.service', stopWait: 30 };

/** The directives of a unit, by section and name; the values of one that is given again are joined. */
function directives(unit: string): Map<string, string> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of unit.split('\n')) {
    if (line.startsWith('[')) section = line.slice(1, -1);
    else if (line.includes('=') && !line.startsWith('#')) {
      const [name = '', ...value] = line.split('=');
      const key = `${section}.${name}`;
      expect(found.has(key) && name !== 'After').toBe(false);
      found.set(key, [found.get(key), value.join('=')].filter(Boolean).join(' '));
    }
  }
  return found;
}

describe('systemd', () => {
  test('the service runs what is in the folder of root, through the link to the version that counts', () => {
    const unit = directives(serviceUnitText(layout, { ...service, port: 5000 }, true));
    expect(unit.get('Service.ExecStart')).toBe(
      '/usr/local/lib/docker-lifecycle-listener/current/node ' +
        '/usr/local/lib/docker-lifecycle-listener/current/docker-lifecycle-listener.js ' +
        'run /etc/hooks 5000 --when-started new',
    );
    expect(unit.get('Service.ExecReload')).toBe(
      '/usr/local/lib/docker-lifecycle-listener/current/node ' +
        '/usr/local/lib/docker-lifecycle-listener/current/docker-lifecycle-listener.js reload',
    );
    expect(unit.get('Service.SyslogIdentifier')).toBe('docker-lifecycle-listener');
    expect(unit.get('Service.Type')).toBe('notify');
    expect(unit.get('Service.Restart')).toBe('always');
    expect(unit.get('Service.RestartPreventExitStatus')).toBe('64 77 78');
    expect(unit.get('Service.UnsetEnvironment')?.split(' ')).toEqual(
      expect.arrayContaining(['NODE_OPTIONS', 'LD_PRELOAD', 'BASH_ENV']),
    );
  });

  test('where readiness cannot be reported, no unit waits for it', () => {
    expect(directives(serviceUnitText(layout, service, false)).get('Service.Type')).toBe('exec');
  });

  test('nothing in the service reaches hooks, or stops Node, and it asks nothing of Docker’s unit', () => {
    const text = serviceUnitText(layout, service, true);
    expect(text).not.toMatch(
      /^(MemoryDenyWriteExecute|NoNewPrivileges|Protect|Private|SystemCall|Restrict|User)/m,
    );
    expect(text).not.toMatch(/^(Before|After|Requires|Wants|BindsTo|PartOf|Requisite)=/m);
  });

  test('the companion belongs to the unit that runs Docker, and may fail at nothing', () => {
    const unit = directives(
      companionUnitText(layout, { ...service, dockerUnit: 'snap.docker.service', stopWait: 7 }),
    );
    expect(unit.get('Unit.Requisite')).toBe('snap.docker.service');
    expect(unit.get('Unit.PartOf')).toBe('snap.docker.service');
    expect(unit.get('Install.WantedBy')).toBe('snap.docker.service');
    expect(unit.has('Service.ExecStart')).toBe(false);
    expect(unit.get('Service.ExecStop')).toMatch(
      /^-\/bin\/sh -c .* companion stop snap\.docker\.service 7s$/,
    );
    expect(Number(unit.get('Service.TimeoutStopSec'))).toBeGreaterThan(7);
  });

  test('the companion is ordered after what on_stop may write to, and starts none of it', () => {
    const text = companionUnitText(layout, service);
    expect(directives(text).get('Unit.After')?.split(' ')).toEqual(
      expect.arrayContaining(['docker.service', 'remote-fs.target', 'network-online.target']),
    );
    expect(text).not.toMatch(/^(Wants|Requires|BindsTo|RequiresMountsFor)=/m);
  });

  test.each([0, 5])('where there is nothing to run, its shell says that all is well (%i s)', (stopWait) => {
    const unit = directives(companionUnitText(layout, { ...service, stopWait }));
    const [, script = ''] = / -c "((?:[^"\\]|\\.)*)"/.exec(unit.get('Service.ExecStop') ?? '') ?? [];
    const text = script.replaceAll('\\"', '"').replaceAll('$$', '$');
    // As where a listener runs.
    const { status } = spawnSync('sh', ['-c', text.replace(/\[ -S "[^"]*" \]/, ':'), '/nowhere', 'false']);
    expect({ status, isWhole: text.includes('on_stop') }).toEqual({ status: 0, isWhole: true });
  });

  test.each([
    ['activating', true],
    ['deactivating', false],
    ['inactive', false],
  ])('without a control socket, a listener that is %s is announced the stop: %s', (state, isAnnounced) => {
    const folder = mkdtempSync(join(tmpdir(), 'dll-units-'));
    try {
      // Prints what systemctl would; the hook is there to be run.
      writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho ActiveState=${state}\n`, { mode: 0o755 });
      mkdirSync(join(folder, 'on_stop'));
      writeFileSync(join(folder, 'on_stop/10-hook'), '');
      const unit = directives(companionUnitText(layout, service));
      const [, script = ''] = / -c "((?:[^"\\]|\\.)*)"/.exec(unit.get('Service.ExecStop') ?? '') ?? [];
      const text = script.replaceAll('\\"', '"').replaceAll('$$', '$');
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      const withoutSocket = text.replace(/\[ -S "[^"]*" \]/, 'false');
      const { stdout } = spawnSync('sh', ['-c', withoutSocket, folder, 'echo', 'announced'], {
        env,
        encoding: 'utf8',
      });
      expect(stdout).toBe(isAnnounced ? 'announced\n' : '');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('where Docker is not to wait, the companion reports in the background, and is not ended for it', () => {
    const unit = directives(companionUnitText(layout, { ...service, stopWait: 0 }));
    expect(unit.get('Service.ExecStop')).toMatch(/ & exit 0; .* companion stop docker\.service 0s$/);
    expect(unit.get('Service.KillMode')).toBe('process');
    const waiting = directives(companionUnitText(layout, service));
    expect(waiting.get('Service.ExecStop')).not.toContain(' & ');
    expect(waiting.has('Service.KillMode')).toBe(false);
  });

  test.each([
    ['/etc/hooks', '/etc/hooks'],
    ['/etc/my hooks', '"/etc/my hooks"'],
    ['100%', '100%%'],
    ['$HOME', '$$HOME'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["it's", '"it\'s"'],
    ['', '""'],
  ])('takes %j as one word', (word, written) => {
    expect(systemdWord(word)).toBe(written);
  });
});

test.each([
  ['/home/ann', true],
  ['/home/ann marie/größe 100%', true],
  ["/home/o'neill", false],
  ['/home/a"b', false],
  ['/home/a\\b', false],
  ['/home/a$b', false],
])('whether systemd runs a program below %j', (path, is) => {
  expect(canBeRun(path)).toBe(is);
});

test('launchd’s job is a property list, whatever a path contains', () => {
  const text = jobText(layout, { ...service, scriptDir: '/etc/<a> & "b"', port: 5000 });
  expect(parse(text)).toMatchObject({
    Label: 'docker-lifecycle-listener',
    ProgramArguments: [
      ...[layout.node, layout.program, 'run', '/etc/<a> & "b"', '5000'],
      ...['--state-dir', '/var/db/docker-lifecycle-listener', '--when-started', 'new'],
      ...['--log-file', '/var/log/docker-lifecycle-listener.log'],
    ],
    RunAtLoad: true,
    KeepAlive: true,
    EnvironmentVariables: { PATH: expect.stringContaining('/opt/homebrew/bin') },
    StandardErrorPath: '/var/log/docker-lifecycle-listener.log',
  });
  // It would be held open, and grow.
  expect(parse(text)).not.toHaveProperty('StandardOutPath');
});

test('OpenRC’s script is a script, and its command line is what was meant', () => {
  const apart = layOut('/opt/our programs', '1.0.0');
  const text = scriptText(apart, { ...service, scriptDir: "/etc/it's here" });
  // As OpenRC's own supervise-daemon.sh starts it.
  const script = `${text.replace('#!/sbin/openrc-run', '')}\neval printf '%s\\\\n' $command $command_args`;
  const { stdout, status } = spawnSync('sh', ['-euc', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.split('\n').slice(0, -1)).toEqual([
    apart.node,
    apart.program,
    'run',
    "/etc/it's here",
    '--state-dir',
    '/var/lib/docker-lifecycle-listener',
    '--when-started',
    'new',
    '--log-file',
    '/var/log/docker-lifecycle-listener.log',
  ]);
  expect(text).not.toContain('need docker');
});

test.each([
  ['ELF', [0x7f, 0x45, 0x4c, 0x46, 2], true],
  ['Mach-O', [0xcf, 0xfa, 0xed, 0xfe], true],
  ['a script', [...Buffer.from('#!/bin/sh')], false],
  ['nothing', [], false],
])('whether %s is a program', (_, bytes, is) => {
  expect(isProgram(Uint8Array.from(bytes))).toBe(is);
});
