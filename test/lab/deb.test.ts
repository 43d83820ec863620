import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packDeb } from '../support/lab/deb.ts';
import { room } from '../support/wait-for.ts';
import {
  becomes,
  bootInstallStage,
  executedBy,
  type InstallStage,
  lastWords,
  listing,
} from './install-stage.ts';

const service = 'docker-lifecycle-listener.service';
const companion = 'docker-lifecycle-companion.service';
const settings = '/etc/docker-lifecycle-listener.toml';
const hooks = '/etc/docker-lifecycle-listener.d';

/** The tests are one story: what one leaves is what the next begins with. */
describe('The Debian package, with Docker 26.1 in a machine with socket activation', () => {
  let stage: InstallStage;
  let before: string[];
  beforeAll(async () => {
    stage = await bootInstallStage('26.1');
    const folder = mkdtempSync(join(tmpdir(), 'dll-deb-'));
    try {
      for (const version of ['0.1.0', '0.2.0']) {
        const into = ['sh', '-c', 'cat >"$1"', 'sh', at(version)];
        await stage.machine.run(into, createReadStream(packDeb(version, folder)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    await becomes(stage.machine, 'docker.service', 'active');
    before = await listing(stage.machine);
  });
  afterAll(() => stage?.clear());

  const at = (version: string) => `/tmp/${version}.deb`;
  const dpkg = (...words: string[]) => stage.machine.run(['dpkg', ...words]);
  /** Which run of Docker it is. */
  const docker = () =>
    stage.machine.run([
      'systemctl',
      'show',
      '--property=MainPID,ActiveEnterTimestampMonotonic',
      'docker.service',
    ]);

  test('where there is no systemd it starts nothing, and leaves nothing', async () => {
    const elsewhere = (...words: string[]) =>
      stage.machine.run([
        'unshare',
        '--mount',
        'sh',
        '-euc',
        'mount -t tmpfs tmpfs /run; exec "$@"',
        'sh',
        ...words,
      ]);
    await elsewhere('dpkg', '--install', at('0.1.0'));
    await elsewhere('docker-lifecycle-listener', '--version');
    expect(await stage.machine.stateOf(service)).toBe('inactive');
    await elsewhere('dpkg', '--purge', 'docker-lifecycle-listener');
    expect(await listing(stage.machine)).toEqual(before);
  });

  test('installed, the service runs, as root’s files alone, and Docker runs on', async () => {
    const { machine } = stage;
    // A hook that is there before the first start: it has to run once.
    await stage.hook('on_start/10-a');
    const run = await docker();
    await dpkg('--install', at('0.1.0'));
    for (const unit of [service, companion]) {
      expect(await machine.stateOf(unit)).toBe('active');
      expect(await machine.systemctl('is-enabled', unit)).toBe('enabled');
    }
    expect(await stage.ran(1)).toEqual(['on_start/10-a listener-started']);
    const executed = await executedBy(machine, service);
    expect(executed).toContain('/usr/lib/docker-lifecycle-listener/0.1.0/node');
    const owners = await machine.run(['stat', '--format=%U %a', '--', ...executed]);
    for (const line of owners.split('\n')) expect(line).toMatch(/^root [0-7]?[0-7][0145][0145]$/);
    expect(await docker()).toBe(run);
    const differs = (await dpkg('--verify', 'docker-lifecycle-listener')).split('\n');
    // The laboratory's machines unpack no documents.
    expect(differs.filter((line) => !line.includes(' /usr/share/'))).toEqual([]);
    const units = [service, companion].map((unit) => `/usr/lib/systemd/system/${unit}`);
    expect(await machine.run(['systemd-analyze', 'verify', '--man=no', ...units])).toBe('');
  });

  test('doctor finds nothing wrong, and the program’s own install leaves it alone', async () => {
    const { machine } = stage;
    const examined = await machine.run(['docker-lifecycle-listener', 'doctor']);
    expect(examined).toContain('Docker');
    expect(examined).not.toContain('WRONG');
    expect(await machine.docker(['lifecycle', 'status'])).toContain('up');
    const installed = await listing(machine);
    for (const command of ['install', 'uninstall']) {
      await expect(stage.program(command, '--yes')).rejects.toThrow('installed as a package of Debian’s');
      await expect(stage.program(command, '--yes')).rejects.toThrow(
        'apt-get remove docker-lifecycle-listener',
      );
    }
    expect(await listing(machine)).toEqual(installed);
  });

  test('on_stop runs while docker answers, and Docker stops after it', async () => {
    const { machine } = stage;
    await stage.hook('on_stop/10-a', lastWords);
    await machine.systemctl('restart', 'docker.service');
    const stopped = ['on_stop/10-a shutdown', 'ps 0', 'ps 0'];
    expect((await stage.ran(5)).slice(1)).toEqual([...stopped, 'on_start/10-a engine-started']);
    await becomes(machine, companion, 'active');
  });

  test('an upgrade runs no hook, keeps what was set, and does not touch Docker', async () => {
    const { machine } = stage;
    await machine.run(['sh', '-c', `echo 'verbosity = "verbose"' >>${settings}`]);
    await stage.hook('on_stop/10-a');
    const [run, runs, told] = [await docker(), await stage.runs(), await stage.told()];
    await dpkg('--install', at('0.2.0'));
    expect(await machine.run(['docker-lifecycle-listener', '--version'])).toBe('0.2.0');
    expect(await machine.run(['tail', '-n', '1', settings])).toBe('verbosity = "verbose"');
    expect(await machine.run(['ls', '/usr/lib/docker-lifecycle-listener'])).toBe('0.2.0\ncurrent');
    // The same run of Docker is told again, and runs nothing.
    expect(await stage.toldSoFar(told.length + 1)).toEqual([...told, 'start listener-started']);
    expect(await stage.runs()).toEqual(runs);
    expect(await docker()).toBe(run);
    expect(await executedBy(machine, service)).toContain('/usr/lib/docker-lifecycle-listener/0.2.0/node');
  });

  test('a restart of Docker during an upgrade or a rollback is reported once', async () => {
    const { machine } = stage;
    for (const version of ['0.1.0', '0.2.0', '0.1.0']) {
      await machine.forgetStarts();
      const { length } = await stage.runs();
      await Promise.all([dpkg('--install', at(version)), machine.systemctl('restart', 'docker.service')]);
      // Which listener saw it, the old one or the new one, does not matter. A hook that the upgrade cut off runs again.
      const until = Date.now() + room(60_000);
      let runs = unrepeated((await stage.runs()).slice(length));
      while (runs.length < 2 && Date.now() < until) runs = unrepeated((await stage.runs()).slice(length));
      expect(runs).toEqual(['on_stop/10-a', 'on_start/10-a']);
      await becomes(machine, companion, 'active');
    }
  });

  test('disabled, masked and stopped by the administrator, it stays so', async () => {
    const { machine } = stage;
    const enabled = async (unit: string) =>
      (await machine.attempt(['systemctl', 'is-enabled', unit])).stdout.trim();
    await machine.systemctl('disable', '--now', service);
    await machine.systemctl('mask', '--now', companion);
    await dpkg('--install', at('0.2.0'));
    expect(await machine.stateOf(service)).toBe('inactive');
    expect(await enabled(service)).toBe('disabled');
    expect(await machine.stateOf(companion)).toBe('inactive');
    expect(await enabled(companion)).toBe('masked');
    await machine.systemctl('unmask', companion);
    await machine.systemctl('enable', '--now', service);
  });

  test('removed, it leaves settings and hooks; purged, hooks alone', async () => {
    const { machine } = stage;
    const [run, { length }] = [await docker(), await stage.runs()];
    await dpkg('--remove', 'docker-lifecycle-listener');
    expect(await docker()).toBe(run);
    expect((await machine.attempt(['systemctl', 'cat', service])).code).not.toBe(0);
    for (const kept of [settings, `${hooks}/on_stop/10-a`, '/var/lib/docker-lifecycle-listener/journal']) {
      await machine.run(['test', '-e', kept]);
    }
    await machine.systemctl('restart', 'docker.service');
    expect(await machine.stateOf('docker.service')).toBe('active');
    expect((await stage.runs()).length).toBe(length);
    await dpkg('--purge', 'docker-lifecycle-listener');
    await machine.run(['test', '-e', `${hooks}/on_stop/10-a`]);
    await machine.run(['rm', '-r', hooks]);
    expect(await listing(machine)).toEqual(before);
  });

  test('it is not put over what the program’s own install command has made', async () => {
    const { machine } = stage;
    await stage.program('install', '--yes');
    const installed = await listing(machine);
    await expect(dpkg('--install', at('0.1.0'))).rejects.toThrow(
      'Run first: docker-lifecycle-listener uninstall',
    );
    expect(await machine.stateOf(service)).toBe('active');
    await dpkg('--purge', 'docker-lifecycle-listener');
    expect(await listing(machine)).toEqual(installed);
  });
});

/** The names of hooks that ran, without those that ran again, marked, behind the run that was cut off. */
function unrepeated(lines: readonly string[]): string[] {
  const name = (line: string | undefined) => line?.split(' ')[0];
  return lines
    .filter((line, index) => !(line.endsWith(' again') && name(lines[index - 1]) === name(line)))
    .map((line) => name(line) ?? '');
}
