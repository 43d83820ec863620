import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { type Account, openAccount } from '../support/lab/account.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { installNotifier, notifierName } from '../support/lab/images.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** What the system is for, on one real engine. */
export function describeMainJob(version: EngineVersion): void {
  describe(`Docker ${version}`, () => {
    let engine: LabEngine;
    let stage: Stage;
    let account: Account;
    beforeEach(async () => {
      engine = await createLabEngine({ version });
      stage = await createLabStage(engine);
      account = openAccount(stage);
    });
    afterEach(async () => {
      await stage?.clear();
      await engine?.clear();
    });

    /** A listener that knows that the engine is down. */
    async function listenFirst(...words: string[]): Promise<WatchedListener> {
      const listener = stage.listen(...words);
      await listener.next(0, ofKind('engine-is-down'));
      return listener;
    }

    /** Ten times start and stop, with what is done after each; hooks must keep up with every step. */
    async function tenRounds(afterStart = async () => {}, afterStop = async () => {}): Promise<void> {
      for (let round = 0; round < 10; round++) {
        await engine.start();
        await afterStart();
        await account.tells('engine-started');
        await engine.stop();
        await afterStop();
        await account.tells('shutdown');
      }
    }

    /** What was said on the port so far. */
    function hints(listener: WatchedListener): unknown[] {
      return listener.lines.filter(ofKind('hint-taken')).map(({ said }) => said);
    }

    test('ten starts and stops, without a notifier', async () => {
      const listener = await listenFirst('--no-notifier');
      await tenRounds();
      await account.close(listener);
    });

    test('ten starts and stops, with the notifier container', async () => {
      await engine.start();
      await installNotifier(engine, stage.port);
      await engine.stop();
      const listener = await listenFirst();
      await tenRounds();
      await waitFor(() => hints(listener).length >= 20);
      // The notifier did speak, at both ends of each round.
      expect(hints(listener)).toEqual(Array(10).fill(['start', 'stop']).flat());
      await account.close(listener);
    });

    test("ten starts and stops, with the original's protocol spoken by hand", async () => {
      const listener = await listenFirst();
      await tenRounds(
        () => stage.say('start\n'),
        () => stage.say('stop\n'),
      );
      expect(hints(listener)).toHaveLength(20);
      await account.close(listener);
    });

    test('kill -9 of dockerd runs on_stop', async () => {
      const listener = await listenFirst();
      await engine.start();
      await account.tells('engine-started');
      await engine.kill('SIGKILL');
      await account.tells('crash');
      await engine.start();
      await account.tells('engine-started');
      await account.close(listener);
    });

    test('a notifier that is installed, stopped and started beside a running listener runs nothing', async () => {
      await engine.start();
      const listener = stage.listen();
      await account.tells('listener-started');
      await installNotifier(engine, stage.port);
      await waitFor(() => hints(listener).length === 1);
      await engine.docker(['stop', notifierName]);
      await waitFor(() => hints(listener).length === 2);
      await engine.docker(['start', notifierName]);
      await waitFor(() => hints(listener).length === 3);
      expect(hints(listener)).toEqual(['start', 'stop', 'start']);
      await account.tells();
      await engine.stop();
      await account.tells('shutdown');
      await account.close(listener);
    });

    test("a stranger's stop while Docker is up runs nothing", async () => {
      await engine.start();
      const listener = stage.listen();
      await account.tells('listener-started');
      for (let time = 0; time < 20; time++) await stage.say('stop\n');
      await waitFor(() => hints(listener).length === 20);
      expect(await engine.docker(['version', '--format', '{{.Server.Version}}'])).toContain(version);
      await account.tells();
      await engine.stop();
      await account.tells('shutdown');
      await account.close(listener);
    });
  });
}
