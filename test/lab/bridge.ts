import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAccount } from '../support/lab/account.ts';
import { run } from '../support/lab/command.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { installNotifier, notifierName } from '../support/lab/images.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** What needs Docker's bridge: an engine in a network of its own, with nothing in it but loopback at first. */
export function describeBridge(version: EngineVersion): void {
  describe(`Docker ${version} with its bridge`, () => {
    let engine: LabEngine;
    let stage: Stage;
    beforeEach(async () => {
      engine = await createLabEngine({ version, network: 'private' });
      stage = await createLabStage(engine, { listen: [] });
    });
    afterEach(async () => {
      await stage?.clear();
      await engine?.clear();
    });

    test('the notifier container reaches a listener that was there before the bridge', async () => {
      const interfaces = () => run([...engine.besides, 'ip', '-brief', 'address']);
      expect(await interfaces()).not.toContain('docker0');
      const account = openAccount(stage);
      const listener = stage.listen();
      await listener.next(0, ofKind('engine-is-down'));
      await engine.start();
      await account.tells('engine-started');
      const bridge = /^docker0\s+\S+\s+([\d.]+)/m.exec(await interfaces())?.[1];
      expect(bridge).toBeDefined();

      await installNotifier(engine, stage.port, 'bridge');
      const hints = () => listener.lines.filter(ofKind('hint-taken')).map(({ said }) => said);
      await waitFor(() => hints().includes('start'));
      expect(await engine.docker(['logs', notifierName])).toContain('host.docker.internal');

      await engine.stop();
      await account.tells('shutdown');
      await waitFor(() => hints().includes('stop'));
      await account.close(listener);
    });
  });
}
