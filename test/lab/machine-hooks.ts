import { afterEach, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/listener/journal/history.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

const service = 'docker-lifecycle-listener.service';

/** A unit that is ordered after Docker's, as one of the user's that needs Docker. */
const orderedAfterDocker = `
printf '[Unit]\\nAfter=docker.service\\n[Service]\\nType=oneshot\\nExecStart=true\\n' >/etc/systemd/system/backup.service
systemctl daemon-reload
`;

/** What hooks do to Docker, and Docker's stop to hooks, on whole machines: each is named with its fix. */
export function describeMachineHooks(version: EngineVersion): void {
  describe(`Docker ${version} in a machine with socket activation`, () => {
    let stage: InstallStage;
    afterEach(() => stage?.clear());

    /** Installed, Docker up, and its start in the journal. */
    async function ready(...words: string[]): Promise<void> {
      stage = await bootInstallStage(version);
      await becomes(stage.machine, 'docker.service', 'active');
      await stage.install(...words);
      await stage.toldSoFar(1);
    }

    /** The warnings that history has, as `HOOK KIND`. */
    async function warnings(): Promise<string[]> {
      const output = await stage.machine.run(['docker-lifecycle-listener', 'history', '--json']);
      const { entries } = JSON.parse(output) as { entries: HistoryEntry[] };
      return entries.flatMap((entry) =>
        entry.kind === 'warning' ? [`${entry.name} ${entry.warning.kind}`] : [],
      );
    }

    const log = () => stage.machine.run(['journalctl', '--output=cat', '--unit=docker-lifecycle-listener']);
    // Docker is down: 3.
    const status = async () => (await stage.machine.attempt(['docker-lifecycle-listener', 'status'])).stdout;

    test.each([
      ['starts a unit that is ordered after Docker', 'systemctl start backup', 'systemctl start backup'],
      ['stops Docker', 'service docker stop', 'systemctl stop docker.service'],
    ])(
      'a hook of on_stop that %s waits for what waits for it: it is named, with the fix',
      async (...[, text, command]) => {
        await ready('--stop-wait', '12s');
        await stage.machine.run(['sh', '-euc', orderedAfterDocker]);
        await stage.hook('on_stop/10-a', text);
        await stage.machine.systemctl('stop', 'docker.service');
        expect(await warnings()).toEqual(['on_stop/10-a stop-deadlock']);
        for (const place of [await log(), await status()]) {
          expect(place).toContain(`on_stop/10-a waits for Docker’s stop in “${command}”`);
          expect(place).toContain('--no-block');
          expect(place).not.toContain('--stop-wait');
        }
        // Mended, it is not listed any more.
        await stage.hook(
          'on_stop/10-a',
          text.replace('systemctl', 'systemctl --no-block').replace('service docker stop', ''),
        );
        await stage.machine.systemctl('start', 'docker.service');
        await stage.machine.systemctl('stop', 'docker.service');
        expect(await status()).not.toContain('waits for Docker’s stop');
        expect(await warnings()).toEqual(['on_stop/10-a stop-deadlock']);
      },
    );

    test('a hook of on_stop that Docker’s stop does not wait for any longer is named, with the option to give', async () => {
      await ready('--stop-wait', '2s');
      // A command that takes its time, and that Docker's stop has nothing to do with.
      await stage.hook(
        'on_stop/10-a',
        'systemd-run --quiet --unit=slow sleep 4; systemctl stop slow; sleep 3',
      );
      await stage.hook('on_stop/20-b', 'true');
      await stage.machine.systemctl('stop', 'docker.service');
      await stage.ran(2);
      expect(await warnings()).toEqual(['on_stop/10-a stop-wait-exceeded']);
      for (const place of [await log(), await status()]) {
        expect(place).toContain('Docker stopped while on_stop/10-a was still running');
        expect(place).toContain('docker-lifecycle-listener install --stop-wait 120s');
      }
      await stage.machine.run(['docker-lifecycle-listener', 'install', '--yes', '--stop-wait', '120s']);
      await stage.machine.systemctl('start', 'docker.service');
      await stage.machine.systemctl('stop', 'docker.service');
      expect(await status()).not.toContain('was still running');
      expect(await warnings()).toEqual(['on_stop/10-a stop-wait-exceeded']);
    });

    test('a hook that says docker after Docker has gone does not start it; one that is to reach it does', async () => {
      await ready('--stop-wait', '3s');
      const { machine } = stage;
      const says =
        'docker ps >/dev/null 2>&1; echo "$DOCKER_LIFECYCLE_ENGINE_ANSWERS $DOCKER_HOST $?" >>/var/lib/runs';
      // When it begins Docker has gone: its stop waits 3 s.
      await stage.hook(
        'on_stop/10-a',
        `${says}\nuntil [ "$(systemctl is-active docker)" = inactive ]; do sleep 0.2; done`,
      );
      await stage.hook('on_stop/20-b', says);
      await machine.systemctl('stop', 'docker.service');
      expect(await stage.ran(4)).toEqual([
        'on_stop/10-a shutdown',
        'yes unix:///var/run/docker.sock 0',
        'on_stop/20-b shutdown',
        'no unix:///run/docker-lifecycle-listener/engine-is-down.sock 1',
      ]);
      expect(await machine.stateOf('docker.service')).toBe('inactive');

      const settings = '[on_stop."20-b"]\ndocker_host = "always"\n';
      await machine.run(['sh', '-c', 'printf %s "$1" >>/etc/docker-lifecycle-listener.toml', 'sh', settings]);
      await machine.systemctl('restart', service);
      await machine.systemctl('start', 'docker.service');
      await stage.ran(5);
      await machine.systemctl('stop', 'docker.service');
      expect((await stage.ran(9)).slice(5, 9)).toEqual([
        'on_stop/10-a shutdown',
        'yes unix:///var/run/docker.sock 0',
        'on_stop/20-b shutdown',
        'no unix:///var/run/docker.sock 0',
      ]);
      expect(await machine.stateOf('docker.service')).toBe('active');
    });

    test.each([
      ['systemctl restart docker', 'waits for it'],
      ['systemctl --no-block restart docker', 'does not wait for it'],
    ])(
      'a hook of on_start that restarts Docker (%s: %s) until systemd gives up on Docker is named',
      async (text) => {
        await ready();
        const { machine } = stage;
        await machine.forgetStarts();
        await stage.hook('on_start/10-a', text);
        await machine.systemctl('restart', 'docker.service');
        await becomes(machine, 'docker.service', 'failed');
        await becomes(machine, service, 'active');
        const named = await warnings();
        expect(new Set(named)).toEqual(new Set(['on_start/10-a engine-stopped-during']));
        for (const place of [await log(), await status()]) {
          expect(place).toMatch(/Docker has stopped \d times in a row while on_start\/10-a ran/);
          expect(place).toContain('If on_start/10-a restarts Docker');
        }
        // Mended, it is not listed any more.
        await stage.hook('on_start/10-a');
        await machine.forgetStarts();
        await machine.systemctl('start', 'docker.service');
        await expect.poll(status, { timeout: 60_000 }).not.toContain('in a row');
      },
    );
  });
}
