import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

const service = 'docker-lifecycle-listener.service';
const companion = 'docker-lifecycle-companion.service';
const programFolder = '/usr/local/lib/docker-lifecycle-listener';

/** What can be wrong with a listener; each is mended by the second command. */
const faults = [
  ['stopped', `systemctl stop ${service}`, `systemctl start ${service}`],
  [
    'killed, its socket left behind',
    // Made again as a socket that no process listens on: systemd would have taken the folder away.
    `systemctl kill --signal=KILL ${service}; systemctl stop ${service}; mkdir -p /run/docker-lifecycle-listener
     perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "/run/docker-lifecycle-listener/control.sock", Listen => 1)'`,
    `rm -r /run/docker-lifecycle-listener; systemctl start ${service}`,
  ],
  ['masked', `systemctl mask --now ${service}`, `systemctl unmask ${service}; systemctl start ${service}`],
  ['both units masked', `systemctl mask ${service} ${companion}`, `systemctl unmask ${service} ${companion}`],
  ['deleted', `mv ${programFolder} ${programFolder}.away`, `mv ${programFolder}.away ${programFolder}`],
  [
    'deleted and stopped',
    `mv ${programFolder} ${programFolder}.away; systemctl stop ${service}`,
    `mv ${programFolder}.away ${programFolder}; systemctl start ${service}`,
  ],
  [
    'frozen',
    `systemctl kill --kill-who=main --signal=STOP ${service}`,
    `systemctl kill --kill-who=main --signal=CONT ${service}`,
  ],
] as const;

/** Whatever is wrong with us, Docker is started and stopped as if we had never been there. */
export function describeBroken(version: EngineVersion): void {
  describe(`Docker ${version}, started and stopped beside a listener that is`, () => {
    let stage: InstallStage;
    /** How long a stop and a start took before anything of ours was there, in ms, the shortest and the longest. */
    const without: number[] = [];
    beforeAll(async () => {
      stage = await bootInstallStage(version);
      await becomes(stage.machine, 'docker.service', 'active');
      for (let round = 0; round < 3; round++) without.push(await stopAndStart());
      await stage.install('--stop-wait', '2s');
    });
    afterAll(() => stage?.clear());

    async function stopAndStart(): Promise<number> {
      const { machine } = stage;
      await machine.forgetStarts();
      const began = performance.now();
      await machine.systemctl('stop', 'docker.service');
      const stopped = performance.now() - began;
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      await machine.systemctl('start', 'docker.service');
      expect(await machine.stateOf('docker.service')).toBe('active');
      return stopped;
    }

    test.each(faults)('%s', async (name, spoil, mend) => {
      const { machine } = stage;
      await becomes(machine, 'docker.service', 'active');
      await becomes(machine, companion, 'active');
      await machine.run(['sh', '-c', spoil]);
      const stopped = await stopAndStart();
      // It does not answer: Docker waits for it as long as was allowed, and a second for the answer.
      const allowed = name === 'frozen' ? 3000 : 0;
      expect(stopped - allowed).toBeLessThan(2 * Math.max(...without) + 1000);
      await machine.run(['sh', '-c', mend]);
      await machine.systemctl('daemon-reload');
      await machine.systemctl('restart', service);
    });

    test('there, and the companion is started and stopped for itself', async () => {
      const { machine } = stage;
      await becomes(machine, companion, 'active');
      const before = await stage.told();
      await machine.systemctl('restart', companion);
      await machine.systemctl('stop', companion);
      expect(await machine.stateOf('docker.service')).toBe('active');
      expect(await stage.told()).toEqual(before);
      await machine.systemctl('stop', 'docker.service');
      const { code } = await machine.attempt(['systemctl', 'start', companion]);
      expect(code).not.toBe(0);
      expect(await machine.stateOf('docker.service')).toBe('inactive');
    });
  });
}
