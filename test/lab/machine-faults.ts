import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, openAccount } from '../support/lab/account.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { installNotifier, notifierName } from '../support/lab/images.ts';
import type { Machine } from '../support/lab/machine.ts';
import { rounds } from '../support/lab/rounds.ts';
import { bootStage, type LabStage } from '../support/lab/stage.ts';

interface MachineFault {
  readonly name: string;
  /** One round: begins and ends with Docker up, and holds that the hooks ran as they must. */
  readonly play: (machine: Machine, account: Account) => Promise<void>;
}

const faults: readonly MachineFault[] = [
  {
    name: 'systemctl stop',
    async play(machine, account) {
      await machine.systemctl('stop', 'docker.service');
      await account.tells('shutdown');
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      await machine.systemctl('start', 'docker.service');
      await account.tells('engine-started');
    },
  },
  {
    name: 'systemctl restart',
    async play(machine, account) {
      await machine.systemctl('restart', 'docker.service');
      await account.tells('shutdown', 'engine-started');
    },
  },
  {
    name: 'kill -9, and systemd starts it again',
    async play(machine, account) {
      await machine.systemctl('kill', '--signal=KILL', '--kill-who=main', 'docker.service');
      await account.tells('crash', 'engine-started');
    },
  },
];

/** What systemd does to Docker, in whole machines. */
export function describeMachineFaults(version: EngineVersion): void {
  describe.each([
    ['with socket activation', true],
    ['without socket activation', false],
  ])(`Docker ${version} in a machine %s`, (_, socketActivation) => {
    describe.each(['without', 'with'] as const)('%s the notifier', (notifier) => {
      let machine: Machine;
      let stage: LabStage;
      beforeAll(async () => {
        ({ machine, stage } = await bootStage({ version, socketActivation }));
        expect(await machine.stateOf('docker.socket')).toBe(socketActivation ? 'active' : 'inactive');
        if (notifier === 'with') await installNotifier(machine, stage.port, 'bridge');
      });
      afterAll(async () => {
        await stage?.clear();
        await machine?.clear();
      });

      test.for(faults.map((fault) => [fault.name, fault] as const))('%s', async ([, { play }], { task }) => {
        const before = stage.reckon();
        const account = openAccount(stage);
        const listener = stage.listen();
        await account.tells('listener-started');
        for (let round = 0; round < rounds; round++) {
          await machine.forgetStarts();
          await play(machine, account);
        }
        if (notifier === 'with') {
          const running = await machine.docker(['ps', '--format', '{{.Names}}']);
          expect(running).toContain(notifierName);
        }
        await account.close(listener);
        const { transitions, hooks } = stage.reckon();
        task.meta.reckoning = {
          engine: `Docker ${version}`,
          rounds,
          transitions: transitions - before.transitions,
          hooks: hooks - before.hooks,
        };
      });
    });
  });
}
