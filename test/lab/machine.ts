import { afterEach, describe, expect, test } from 'vitest';
import { openAccount } from '../support/lab/account.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import type { Machine } from '../support/lab/machine.ts';
import { soaking } from '../support/lab/rounds.ts';
import { bootStage } from '../support/lab/stage.ts';
import type { Stage } from '../support/stage.ts';

/** How long a stranger tries to have Docker started, in ms. */
const strangersTime = soaking ? 120_000 : 6000;

/** Whole machines: what systemd makes of Docker, and Docker of a listener beside it. */
export function describeMachine(version: EngineVersion): void {
  let machine: Machine;
  let stage: Stage;
  afterEach(async () => {
    await stage?.clear();
    await machine?.clear();
  });

  describe.each([true, false])(
    `Docker ${version} in a machine, socket activation: %s`,
    (socketActivation) => {
      test('five rounds of systemctl stop and start', async () => {
        ({ machine, stage } = await bootStage({ version, socketActivation }));
        expect(await machine.stateOf('docker.socket')).toBe(socketActivation ? 'active' : 'inactive');
        const account = openAccount(stage);
        const listener = stage.listen();
        await account.tells('listener-started');
        for (let round = 0; round < 5; round++) {
          await machine.systemctl('stop', 'docker.service');
          await account.tells('shutdown');
          expect(await machine.stateOf('docker.service')).toBe('inactive');
          await machine.forgetStarts();
          await machine.systemctl('start', 'docker.service');
          await account.tells('engine-started');
        }
        await account.close(listener);
      });
    },
  );

  test(`Docker ${version} in a machine with socket activation stays stopped, whatever a stranger says`, async () => {
    ({ machine, stage } = await bootStage({ version, socketActivation: true }));
    const account = openAccount(stage);
    const listener = stage.listen();
    await account.tells('listener-started');
    await machine.systemctl('stop', 'docker.service');
    const end = Date.now() + strangersTime;
    while (Date.now() < end) {
      for (const line of ['start\n', 'stop\n']) await stage.say(line);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await machine.stateOf('docker.service')).toBe('inactive');
    }
    await account.tells('shutdown');
    // A connection does start Docker when somebody means it: above, none was made.
    await machine.docker(['version']);
    await account.tells('engine-started');
    expect(await machine.stateOf('docker.service')).toBe('active');
    await account.close(listener);
  });
}
