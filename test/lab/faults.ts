import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAccount } from '../support/lab/account.ts';
import { createLabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { installNotifier, notifierName } from '../support/lab/images.ts';
import { createProxy } from '../support/lab/proxy.ts';
import type { Reckoning } from '../support/lab/reckoning.ts';
import { rounds, soaking } from '../support/lab/rounds.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { ofKind } from '../support/stage.ts';
import { faultsBehindProxy } from './faults/behind-proxy.ts';
import type { Fault } from './faults/fault.ts';
import { faultsOfEngine } from './faults/of-engine.ts';
import { faultsOfListener } from './faults/of-listener.ts';

const faults = [...faultsOfEngine, ...faultsOfListener, ...faultsBehindProxy];

/** Every fault that is soon over, on one real engine. */
export function describeFaults(version: EngineVersion): void {
  describe(`Docker ${version}`, () => {
    test.for(titled(false))('%s', async ([, fault, withNotifier], { task }) => {
      await playRounds(fault, version, withNotifier, (played) => {
        task.meta.reckoning = played;
      });
    });
  });
}

/** Every fault that is mostly waiting, side by side. */
export function describeSlowFaults(version: EngineVersion): void {
  describe(`Docker ${version}`, () => {
    test.concurrent.for(titled(true))('%s', async ([, fault, withNotifier], { task }) => {
      await playRounds(fault, version, withNotifier, (played) => {
        task.meta.reckoning = played;
      });
    });
  });
}

/** The faults of one kind, without and with the notifier. Behind a proxy it makes no difference: when there is time. */
function titled(waiting: boolean): (readonly [title: string, fault: Fault, withNotifier: boolean])[] {
  const fitting = faults.filter(({ waits = false }) => waits === waiting);
  const withNotifier = fitting.filter(
    ({ network, proxy }) => network === undefined && (soaking || proxy === undefined),
  );
  return [
    ...fitting.map((fault) => [fault.name, fault, false] as const),
    ...withNotifier.map((fault) => [`${fault.name}, with the notifier`, fault, true] as const),
  ];
}

/** @param reckon told what was played, also when it fails */
async function playRounds(
  fault: Fault,
  version: EngineVersion,
  withNotifier: boolean,
  reckon: (played: Reckoning) => void,
): Promise<void> {
  const { liveRestore = false, network = 'host', prepare, play, ownListeners = false, under } = fault;
  const engine = await createLabEngine({ version, liveRestore, network });
  const before = join(engine.folder, 'proxy.sock');
  const proxy = fault.proxy && createProxy(engine.folder, engine.socket, before, fault.proxy);
  const stage = await createLabStage(engine, {
    ...(under && { under }),
    ...(proxy && { behind: before }),
  });
  const account = openAccount(stage);
  let played = 0;
  try {
    if (withNotifier || prepare !== undefined) {
      await engine.start();
      if (withNotifier) await installNotifier(engine, stage.port);
      await prepare?.(engine);
      await engine.stop();
    }
    await proxy?.start();
    const listener = ownListeners ? undefined : stage.listen(...(fault.words ?? []));
    await listener?.next(0, ofKind('engine-is-down'));
    const lines = listener?.lines ?? [];
    for (; played < rounds; played++) await play({ engine, stage, account, lines, proxy, round: played });
    if (listener !== undefined) await account.close(listener);
    // The notifier was there all the time, or the rows above prove less than they say.
    if (withNotifier) {
      await engine.start();
      expect(await engine.docker(['ps', '--format', '{{.Names}}'])).toContain(notifierName);
      await engine.stop();
    }
  } catch (error) {
    process.stdout.write(
      `lab  ${fault.name}, round ${played + 1}; the listener said last:\n${stage.log()}\n`,
    );
    throw error;
  } finally {
    reckon({ engine: `Docker ${version}`, rounds: played, ...stage.reckon() });
    await stage.clear();
    await proxy?.kill();
    await engine.clear();
  }
}
