import { afterEach, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/journal/history.ts';
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
