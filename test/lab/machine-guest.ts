import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/demo/listener.ts';
import { openAccount } from '../support/lab/account.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import type { Machine } from '../support/lab/machine.ts';
import { median } from '../support/lab/median.ts';
import { soaking } from '../support/lab/rounds.ts';
import { bootStage } from '../support/lab/stage.ts';
import { ofKind, type Stage, transitionOf } from '../support/stage.ts';

/** Counts how often systemd starts Docker, whatever becomes of it then. */
const counting = `
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nExecStartPre=/bin/sh -c "echo started >>/run/docker-starts"\\n' \\
  >/etc/systemd/system/docker.service.d/count.conf
systemctl daemon-reload
`;

/** What Docker itself must not notice of us, where systemd holds its socket. */
export function describeMachineGuest(version: EngineVersion): void {
  describe(`Docker ${version} in a machine with socket activation`, () => {
    let machine: Machine;
    let stage: Stage;
    beforeEach(async () => {
      ({ machine, stage } = await bootStage({ version, socketActivation: true }));
      await machine.run(['sh', '-c', counting]);
      await machine.systemctl('stop', 'docker.service');
    });
    afterEach(async () => {
      await stage?.clear();
      await machine?.clear();
    });

    /** Does the same without a listener and with one beside it, and gives what came of both. */
    async function pair<Outcome>(act: () => Promise<Outcome>): Promise<[alone: Outcome, beside: Outcome]> {
      const alone = await act();
      const listener = stage.listen();
      await listener.next(0, ofKind('engine-is-down'));
      const beside = await act();
      expect(await listener.end()).toBe(0);
      return [alone, beside];
    }

    /** How often Docker was started since the last call. */
    async function starts(): Promise<number> {
      const text = await machine.run(['sh', '-c', 'cat /run/docker-starts; rm -f /run/docker-starts']);
      return text === '' ? 0 : text.split('\n').length;
    }

    /** Waits until systemd has given up on Docker, and for longer than until it would start it again. */
    async function givenUp(): Promise<{ readonly service: string; readonly socket: string }> {
      const states = async () => ({
        service: await machine.stateOf('docker.service'),
        socket: await machine.stateOf('docker.socket'),
      });
      let last = await states();
      for (let quiet = 0; quiet < 30; quiet++) {
        await sleep(100);
        const now = await states();
        if (now.service !== last.service || !isSettled(now.service)) quiet = 0;
        last = now;
      }
      return last;
    }

    const askStatus = () =>
      machine.attempt([
        machine.node,
        machine.program,
        'status',
        '--control',
        join(stage.folder, 'control.sock'),
      ]);

    test('a Docker that was stopped stays stopped, whatever a stranger sends and any user asks', async () => {
      const account = openAccount(stage);
      const listener = stage.listen();
      await listener.next(0, ofKind('engine-is-down'));
      await machine.systemctl('start', 'docker.service');
      await account.tells('engine-started');
      await machine.systemctl('stop', 'docker.service');
      const end = Date.now() + strangersTime;
      while (Date.now() < end) {
        for (const line of ['start\n', 'stop\n']) await stage.say(line);
        expect((await askStatus()).stdout).toContain('down');
        await sleep(200);
        expect(await machine.stateOf('docker.service')).toBe('inactive');
      }
      await account.tells('shutdown');
      // A connection does start Docker when one is made: above, none was.
      await machine.docker(['version']);
      await account.tells('engine-started');
      expect(await machine.stateOf('docker.service')).toBe('active');
      await account.close(listener);
    });

    test.each([
      ['before it has written its pid file', '{ "no-such-setting": true }'],
      ['when it has written its pid file', '{ "storage-driver": "no-such-driver" }'],
    ])('a Docker that fails %s is started as often with us as without', async (_, settings) => {
      await machine.run(['mkdir', '-p', '/etc/docker']);
      await machine.run(['sh', '-c', `printf '%s' '${settings}' >/etc/docker/daemon.json`]);
      const [alone, beside] = await pair(async () => {
        await machine.forgetStarts();
        await machine.systemctl('start', 'docker.socket');
        await starts().catch(() => {});
        await machine.attempt(['systemctl', 'start', 'docker.service']);
        return { ...(await givenUp()), starts: await starts() };
      });
      expect(alone.starts).toBeGreaterThan(1);
      expect(beside).toEqual(alone);
    });

    test('a Docker that is stopped while it starts stays stopped', async () => {
      const [alone, beside] = await pair(async () => {
        await machine.forgetStarts();
        await machine.run(['rm', '-f', '/run/docker.pid']);
        await machine.systemctl('start', '--no-block', 'docker.service');
        await machine.run(['sh', '-c', 'until [ -s /run/docker.pid ]; do sleep 0.01; done; sleep 0.1']);
        const starting = await machine.stateOf('docker.service');
        await machine.systemctl('stop', 'docker.service');
        await sleep(3000);
        return { starting, stopped: await machine.stateOf('docker.service') };
      });
      expect(alone).toEqual({ starting: 'activating', stopped: 'inactive' });
      expect(beside).toEqual(alone);
    });

    test('systemctl stop docker takes as long with us as without', async () => {
      // Hooks take processors under any listener; this is about the listener.
      for (const event of ['on_start', 'on_stop']) {
        for (const name of ['10-a', '20-b']) rmSync(join(stage.hooks, event, name));
      }
      const alone: number[] = [];
      const beside: number[] = [];
      const stop = () => timeOf(() => machine.systemctl('stop', 'docker.service'));
      const ratio = () => median(beside) / median(alone);
      // A guest that costs time costs it in each round; a busy machine does not, so it gets more of them.
      for (let round = 0; round < pairs || (ratio() > goal && round < 2 * pairs); round++) {
        // By turns, so that whatever else the machine does meets both alike.
        for (const times of round % 2 === 0 ? [alone, beside] : [beside, alone]) {
          await machine.forgetStarts();
          await machine.systemctl('start', 'docker.service');
          const listener = times === beside ? stage.listen() : undefined;
          await listener?.next(0, tells('start'));
          // Docker has things to do when it has started, and so have we.
          await sleep(1000);
          times.push(await stop());
          await listener?.next(0, tells('stop'));
          expect((await listener?.end()) ?? 0).toBe(0);
          expect(await machine.stateOf('docker.service')).toBe('inactive');
        }
      }
      // How far half of the stops without us are from their median: what a busy machine makes of the same thing.
      const noise = median(alone.map((time) => Math.abs(time - median(alone)))) / median(alone);
      const figures = `${median(alone).toFixed(0)} ms alone, ${median(beside).toFixed(0)} ms beside us`;
      process.stdout.write(
        `lab        systemctl stop, ${version}: ${figures}, ratio ${ratio().toFixed(2)} in ${alone.length} rounds, noise ${noise.toFixed(2)}\n`,
      );
      // A guest that is waited for would make it several times as long.
      expect(ratio()).toBeLessThan(goal + 3 * Math.max(noise, 0.1));
    });
  });
}

/** How long a stranger tries to have Docker started, in ms. */
const strangersTime = soaking ? 120_000 : 15_000;

/** What a stop may take with us, of what it takes without. */
const goal = 1.05;

/** How often it is stopped without us and with us. */
const pairs = soaking ? 10 : 5;

/** With no hooks to be done, the transition is all there is to wait for. */
function tells(event: string): (line: LogLine) => boolean {
  return (line) => line.kind === 'transition' && transitionOf(line).event === event;
}

function isSettled(state: string): boolean {
  return ['active', 'inactive', 'failed'].includes(state);
}

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
