import { afterEach, describe, expect, test } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import { becomes, bootInstallStage, type InstallStage, lastWords } from './install-stage.ts';

const service = 'docker-lifecycle-listener.service';
const companion = 'docker-lifecycle-companion.service';

/** The unit by which Docker's stop waits for on_stop, as installed. */
export function describeCompanion(version: EngineVersion): void {
  describe(`Docker ${version} in a machine with socket activation`, () => {
    let stage: InstallStage;
    afterEach(() => stage?.clear());

    /** Installed, Docker up and told, and its companion there. */
    async function ready(...words: string[]): Promise<void> {
      stage = await bootInstallStage(version);
      await becomes(stage.machine, 'docker.service', 'active');
      await stage.install(...words);
      expect(await stage.toldSoFar(1)).toEqual(['start listener-started']);
      expect(await stage.machine.stateOf(companion)).toBe('active');
    }

    test('on_stop runs while docker answers, and Docker stops after it', async () => {
      await ready();
      const { machine } = stage;
      await stage.hook('on_stop/10-a', lastWords);
      for (const [words, after] of [
        [['stop', 'docker.service'], 'inactive'],
        [['start', 'docker.service'], 'active'],
        [['restart', 'docker.service'], 'active'],
      ] as const) {
        await machine.systemctl(...words);
        expect(await machine.stateOf('docker.service')).toBe(after);
      }
      const stop = ['on_stop/10-a shutdown', 'ps 0', 'ps 0'];
      const start = 'on_start/10-a engine-started';
      expect(await stage.ran(8)).toEqual([...stop, start, ...stop, start]);
      expect(await stage.told()).toEqual([
        'start listener-started',
        ...['stop shutdown', 'start engine-started', 'stop shutdown', 'start engine-started'],
      ]);
      expect(await machine.stateOf(companion)).toBe('active');
    });

    test('Docker waits for on_stop no longer than it was told to', async () => {
      await ready('--stop-wait', '2s');
      const { machine } = stage;
      await stage.hook('on_stop/10-a', 'exec sleep 600');
      const began = performance.now();
      await machine.systemctl('stop', 'docker.service');
      const took = performance.now() - began;
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      expect(took).toBeGreaterThan(2000);
      // Far from the hook's ten minutes, and from systemd's own timeout.
      expect(took).toBeLessThan(60_000);
      expect(await stage.runs()).toEqual(['on_stop/10-a shutdown']);
      expect(await machine.stateOf(service)).toBe('active');
    });

    test('Docker does not wait at all where it was told so, and on_stop runs all the same', async () => {
      await ready('--stop-wait', '0');
      const { machine } = stage;
      await stage.hook('on_stop/10-a', 'exec sleep 5');
      await machine.systemctl('restart', 'docker.service');
      expect(await stage.toldSoFar(3)).toEqual([
        'start listener-started',
        ...['stop shutdown', 'start engine-started'],
      ]);
      expect(await stage.ran(2)).toEqual(['on_stop/10-a shutdown', 'on_start/10-a engine-started']);
      // Whoever has told the listener, or found that it is too late for that, did it when the companion was done.
      const shown = ['show', '--value', '--property=InactiveEnterTimestampMonotonic', companion];
      const ended = await machine.systemctl(...shown);
      const said = await machine.run(['journalctl', '--output=json', `--unit=${companion}`, '_COMM=node']);
      const { __MONOTONIC_TIMESTAMP: saidAt } = JSON.parse(said.split('\n').at(-1) ?? '');
      expect(Number(saidAt)).toBeGreaterThan(Number(ended));
    });

    test('Docker waits for nothing where there is nothing to be run', async () => {
      await ready();
      const { machine } = stage;
      const told = () => machine.run(['journalctl', '--output=cat', `--unit=${companion}`]);
      await machine.run(['rm', '/etc/docker-lifecycle-listener.d/on_stop/10-a']);
      await machine.systemctl('restart', 'docker.service');
      expect(await stage.toldSoFar(3)).toEqual([
        'start listener-started',
        ...['stop shutdown', 'start engine-started'],
      ]);
      expect(await told()).not.toContain('Docker may stop');
      await stage.hook('on_stop/10-a');
      await machine.systemctl('stop', 'docker.service');
      expect(await told()).toContain('Docker may stop');
    });

    test.each([
      ['ended', ['kill', '--signal=TERM', '--kill-who=main', service]],
      ['killed', ['kill', '--signal=KILL', '--kill-who=main', service]],
    ] as const)('Docker waits for the hooks that the next listener finishes (%s)', async (_, words) => {
      await ready('--stop-wait', '10min');
      const { machine } = stage;
      const open = '[ -e /var/lib/gate ]';
      await stage.hook(
        'on_stop/10-a',
        `until ${open}; do sleep 0.1; done; docker ps >/dev/null; echo "ps $?" >>/var/lib/runs`,
      );
      await stage.hook('on_stop/20-b');
      const stopping = machine.systemctl('stop', 'docker.service');
      expect(await stage.ran(1)).toEqual(['on_stop/10-a shutdown']);
      await machine.systemctl(...words);
      expect(await stage.ran(2)).toEqual(['on_stop/10-a shutdown', 'on_stop/10-a shutdown again']);
      expect(await machine.stateOf('docker.service')).toBe('active');
      await machine.run(['touch', '/var/lib/gate']);
      await stopping;
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      expect((await stage.runs()).slice(2)).toEqual(['ps 0', 'on_stop/20-b shutdown']);
      expect(await stage.told()).toEqual(['start listener-started', 'stop shutdown']);
      const said = await machine.run(['journalctl', '--output=cat', `--unit=${companion}`]);
      expect(said).toContain('on_stop: done. Docker may stop');
    });

    test('a restart of the listener waits for the hooks that Docker waits for', async () => {
      await ready('--stop-wait', '10min');
      const { machine } = stage;
      await stage.hook('on_stop/10-a', 'until [ -e /var/lib/gate ]; do sleep 0.1; done');
      const stopping = machine.systemctl('stop', 'docker.service');
      expect(await stage.ran(1)).toEqual(['on_stop/10-a shutdown']);
      const restarting = machine.systemctl('restart', service);
      let jobs = '';
      while (!jobs.includes(service)) jobs = await machine.systemctl('list-jobs', '--no-legend');
      await machine.run(['touch', '/var/lib/gate']);
      await Promise.all([stopping, restarting]);
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      expect(await machine.stateOf(service)).toBe('active');
      expect(await stage.runs()).toEqual(['on_stop/10-a shutdown']);
      expect(await stage.told()).toEqual(['start listener-started', 'stop shutdown']);
    });

    test('Docker waits for a listener that systemd is about to start again, and for none that is stopped', async () => {
      await ready('--stop-wait', '10min');
      const { machine } = stage;
      await stage.hook('on_stop/10-a', lastWords);
      await machine.systemctl('kill', '--signal=KILL', service);
      await machine.systemctl('stop', 'docker.service');
      expect(await stage.runs()).toEqual(['on_stop/10-a shutdown', 'ps 0', 'ps 0']);
      await machine.systemctl('start', 'docker.service');
      expect((await stage.ran(4)).at(-1)).toBe('on_start/10-a engine-started');
      await machine.systemctl('stop', service);
      await machine.systemctl('stop', 'docker.service');
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      expect(await stage.runs()).toHaveLength(4);
    });

    test('a crash is one, and systemd’s restart of Docker has its companion again', async () => {
      await ready();
      const { machine } = stage;
      await machine.systemctl('kill', '--signal=KILL', '--kill-who=main', 'docker.service');
      expect(await stage.ran(2)).toEqual(['on_stop/10-a crash', 'on_start/10-a engine-started']);
      await becomes(machine, companion, 'active');
      await stage.hook('on_stop/10-a', lastWords);
      await machine.systemctl('stop', 'docker.service');
      expect((await stage.ran(5)).slice(2)).toEqual(['on_stop/10-a shutdown', 'ps 0', 'ps 0']);
      expect(await stage.told()).toEqual([
        'start listener-started',
        ...['stop crash', 'start engine-started', 'stop shutdown'],
      ]);
    });

    test('when the host is powered off or reboots on_stop runs first, once; and on_start when it is up again', async () => {
      await ready();
      const { machine } = stage;
      await stage.hook('on_stop/10-a', lastWords);
      for (const round of [1, 2]) {
        await (round === 1 ? machine.powerCycle() : machine.reboot());
        await becomes(machine, 'docker.service', 'active');
        await becomes(machine, companion, 'active');
        const each = ['on_stop/10-a shutdown', 'ps 0', 'ps 0', 'on_start/10-a'];
        const runs = (await stage.ran(4 * round)).map((run) => run.replace(/^(on_start\S+) .*/, '$1'));
        expect(runs).toEqual(Array.from({ length: round }, () => each).flat());
      }
      const events = (await stage.told()).map((told) => told.split(' ')[0]);
      expect(events).toEqual(['start', 'stop', 'start', 'stop', 'start']);
    });
  });
}
