import { afterEach, describe, expect, test } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import {
  becomes,
  bootInstallStage,
  executedBy,
  type InstallStage,
  listing,
  usersProgram,
} from './install-stage.ts';

const service = 'docker-lifecycle-listener.service';
const companion = 'docker-lifecycle-companion.service';

/** The lines between an installer's headline and what it says when it is done. */
function stepsIn(output: string): string[] {
  return output.split('\n').filter((line) => /^ {2}(make|copy|write|link|run|remove|kept) /.test(line));
}

/** Install, upgrade, way back, uninstall: in a machine of its own. */
export function describeInstall(version: EngineVersion): void {
  describe(`Docker ${version} in a machine with socket activation`, () => {
    let stage: InstallStage;
    afterEach(() => stage?.clear());

    test('install makes a service of what is in a user’s folder; uninstall leaves no trace', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      await becomes(machine, 'docker.service', 'active');
      const before = await listing(machine);

      const settings = '/etc/docker-lifecycle-listener.toml';
      await machine.run(['sh', '-c', `echo 'when_startd = "new"' >${settings}`]);
      await expect(stage.program('install', '--yes')).rejects.toThrow('Did you mean when_started');
      await machine.run(['rm', settings]);
      expect(await listing(machine)).toEqual(before);

      const promised = await stage.program('install', '--dry-run', '--verbose');
      const summary = await stage.program('install', '--dry-run');
      expect(summary.split('\n').length).toBeLessThanOrEqual(26);
      expect(await listing(machine)).toEqual(before);
      const onTerminal = (answer: string) =>
        machine.attempt([
          'sh',
          '-c',
          'echo "$1" | script --quiet --return --command "$2 install" /dev/null',
          'sh',
          answer,
          usersProgram,
        ]);
      const declined = await onTerminal('n');
      expect(declined.stdout).toContain('Do this? [y/N]');
      expect(declined.stdout).toContain('Nothing was done');
      expect(declined.code).toBe(1);
      expect(await listing(machine)).toEqual(before);
      // A hook that is there before the first start: it has to run once.
      await stage.hook('on_start/10-a');
      const done = await stage.program('install', '--yes');
      const intoFolders = (line: string) => !/make .*listener\.d\/(on_start\/)?$/.test(line);
      expect(stepsIn(done)).toEqual(stepsIn(promised).filter(intoFolders));
      expect(stepsIn(done).length).toBeGreaterThan(10);
      expect(done).toContain(`${service} runs`);
      expect(await machine.stateOf(service)).toBe('active');
      expect(await machine.stateOf(companion)).toBe('active');
      expect(await stage.ran(1)).toEqual(['on_start/10-a listener-started']);

      const executed = await executedBy(machine, service);
      expect(executed.some((path) => path.endsWith('/node'))).toBe(true);
      const owners = await machine.run(['stat', '--format=%U %a', '--', ...executed]);
      for (const line of owners.split('\n')) expect(line).toMatch(/^root [0-7]?[0-7][0145][0145]$/);

      const units = [service, companion].map((unit) => `/usr/local/lib/systemd/system/${unit}`);
      expect(await machine.run(['systemd-analyze', 'verify', '--man=no', ...units])).toBe('');

      const again = await stage.program('install', '--yes');
      expect(again).toContain('Everything is as it should be');
      expect(stepsIn(again)).toEqual([]);

      expect(
        stepsIn(await stage.program('uninstall', '--dry-run', '--purge', '--verbose')).length,
      ).toBeGreaterThan(10);
      await stage.program('uninstall', '--yes', '--purge');
      expect(await stage.program('uninstall')).toContain('Nothing is installed');
      // The script folder was there before install, which therefore leaves it.
      await machine.run(['rm', '-r', '/etc/docker-lifecycle-listener.d']);
      expect(await listing(machine)).toEqual(before);
      expect(await machine.stateOf('docker.service')).toBe('active');
      expect(await stage.runs()).toEqual(['on_start/10-a listener-started']);
    });

    test('an upgrade runs no hook and loses none, keeps what was edited, and has a way back', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      const unit = `/usr/local/lib/systemd/system/${service}`;
      const dropIn = `/etc/systemd/system/${service}.d/mine.conf`;
      await stage.install('--stop-wait', '5s');
      expect(await stage.toldSoFar(1)).toEqual(['start listener-started']);
      await machine.run([
        'sh',
        '-euc',
        `cd /home/user/node_modules/docker-lifecycle-listener/dist
         sed -i 's/"0.1.0"/"0.2.0"/' *.js parts/*.js
         echo '# mine' >>${unit}
         mkdir ${dropIn.replace(/\/[^/]*$/, '')}
         printf '[Service]\\nNice=1\\n' >${dropIn}`,
      ]);
      const output = await stage.program('install', '--yes');
      expect(output).toContain('0.1.0 → 0.2.0');
      expect(output).toContain(`kept    ${unit}`);
      expect(await machine.run(['tail', '-n', '1', unit])).toBe('# mine');
      expect(await machine.run(['docker-lifecycle-listener', '--version'])).toBe('0.2.0');
      expect(await machine.run(['cat', `/usr/local/lib/systemd/system/${companion}`])).toContain(
        'docker.service 5s',
      );
      // The same run of Docker is told again, and runs nothing.
      expect(await stage.toldSoFar(2)).toEqual(['start listener-started', 'start listener-started']);
      expect(await stage.runs()).toEqual([]);

      await machine.systemctl('stop', 'docker.service');
      await stage.ran(1);
      await machine.run(['ln', '-sfn', '0.1.0', '/usr/local/lib/docker-lifecycle-listener/current']);
      await machine.systemctl('restart', service);
      await machine.systemctl('start', 'docker.service');
      expect(await stage.ran(2)).toEqual(['on_stop/10-a shutdown', 'on_start/10-a engine-started']);
      expect(await machine.run(['docker-lifecycle-listener', '--version'])).toBe('0.1.0');

      const farewell = await stage.program('uninstall', '--yes');
      for (const path of [unit, dropIn.replace(/\/[^/]*$/, ''), '/etc/docker-lifecycle-listener.d']) {
        expect(farewell).toContain(`kept    ${path}\n`);
        await machine.run(['test', '-e', path]);
      }
    });

    test('a signal that a hook sends to the listener does not end the service; systemctl stop does', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      const restarts = () => machine.run(['systemctl', 'show', '--property=NRestarts', '--value', service]);
      await stage.install();
      await becomes(machine, service, 'active');
      await stage.hook(
        'on_start/90-kill',
        `[ -e /run/sent ] && exit 0
         : >/run/sent
         kill -TERM "-$(systemctl show --property=MainPID --value ${service})"`,
      );
      await machine.systemctl('restart', 'docker.service');
      // The new listener finds the run of Docker that the old one had seen start.
      const told = await stage.toldSoFar(4);
      expect(told.at(-1)).toBe('start listener-started');
      await becomes(machine, service, 'active');
      expect(await restarts()).toBe('1');
      await machine.systemctl('stop', service);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      expect(await machine.stateOf(service)).toBe('inactive');
      // systemd keeps the count of a unit that was stopped: it did not rise.
      expect(await restarts()).toBe('1');
    });

    test('doctor finds what is wrong, and its cures mend it', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      await becomes(machine, 'docker.service', 'active');
      await stage.install();
      const examine = () => machine.attempt(['docker-lifecycle-listener', 'doctor', '--json']);
      const healthy = await examine();
      const rows = (output: string) =>
        (JSON.parse(output) as { findings: { check: string; verdict: string; cure?: string }[] }).findings;
      const wrong = (output: string) => rows(output).filter(({ verdict }) => verdict === 'wrong');
      expect(wrong(healthy.stdout)).toEqual([]);
      expect(healthy.code).toBe(0);

      const ours = '/usr/local/lib/docker-lifecycle-listener/current';
      await machine.run([
        'sh',
        '-euc',
        `chmod g+w ${ours}/node
         chown user /etc/docker-lifecycle-listener.d/on_stop/10-a
         systemctl stop ${companion}
         systemctl disable --quiet ${service}`,
      ]);
      const ill = await examine();
      expect(ill.code).toBe(1);
      expect(wrong(ill.stdout).map(({ check }) => check)).toEqual([
        'node',
        'service',
        'companion',
        'on_stop/10-a',
      ]);
      for (const { cure = '' } of wrong(ill.stdout)) {
        await machine.run(['sh', '-euc', cure.replace(/^Run: /, '')]);
      }
      const mended = await examine();
      expect(wrong(mended.stdout)).toEqual([]);
      // Docker is not started by the question.
      await machine.systemctl('stop', 'docker.service');
      expect(wrong((await examine()).stdout)).toEqual([]);
      expect(await machine.stateOf('docker.service')).toBe('inactive');
    });
  });
}
