import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Account, openAccount } from '../support/lab/account.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import { type EngineVersion, hasRoot } from '../support/lab/folder.ts';
import { installNotifier, loadBusybox, notifierName } from '../support/lab/images.ts';
import { rounds, soaking } from '../support/lab/rounds.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { hooksDone, ofKind, type Stage, transitionsIn } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a fault is played on. The engine is down, and the notifier installed on it or not. */
interface Scene {
  readonly engine: LabEngine;
  readonly stage: Stage;
  readonly account: Account;
}

interface Fault {
  readonly name: string;
  readonly liveRestore?: boolean;
  /** What is done once, on the running engine, before the rounds. */
  readonly prepare?: (engine: LabEngine) => Promise<void>;
  /** One round: begins and ends with the engine down, and holds that the hooks ran as they must. */
  readonly play: (scene: Scene) => Promise<void>;
  /** Whether `play` starts and ends listeners itself; else one is at work through all rounds. */
  readonly ownListeners?: boolean;
}

/** More than a person has; in the ordinary run a number that starts in a few seconds. */
const manyContainers = soaking ? 200 : 20;

const faults: readonly Fault[] = [
  {
    name: 'orderly stop',
    async play({ engine, account }) {
      await engine.start();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('shutdown');
    },
  },
  {
    name: 'kill -9',
    async play({ engine, account }) {
      await engine.start();
      await account.tells('engine-started');
      await engine.kill('SIGKILL');
      await account.tells('crash');
    },
  },
  {
    name: 'an engine that fails while it starts, and one that is killed then',
    async play({ engine, account }) {
      engine.launch('--storage-driver=no-such-driver');
      await engine.over();
      engine.launch();
      // It writes its pid early, and answers much later.
      await waitFor(() => existsSync(engine.pidfile));
      await engine.kill('SIGKILL');
      await account.tells();
      await engine.start();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('shutdown');
    },
  },
  {
    name: 'start, stop, start as fast as it goes',
    ownListeners: true,
    async play({ engine, stage }) {
      const began = stage.runs().length;
      const listener = stage.listen();
      await listener.next(0, ofKind('engine-is-down'));
      for (let time = 0; time < 3; time++) {
        await engine.start();
        // Up for one command: an engine that is killed in the instant of its first answer may be missed.
        await engine.docker(['version']);
        await engine.stop();
      }
      await waitFor(() => listener.lines.filter(hooksDone('stop')).length === 3);
      expect(await listener.end()).toBe(0);
      expect(transitionsIn(listener.lines)).toEqual(Array(3).fill(['start', 'stop']).flat());
      // Hooks of a start that was over before they began are left out; never are those of a stop.
      const ran = stage.runs().slice(began);
      for (const name of ['10-a', '20-b']) {
        expect(ran.filter((run) => run === `on_stop/${name} stop shutdown`)).toHaveLength(3);
        const starts = ran.filter((run) => run === `on_start/${name} start engine-started`);
        expect(starts.length).toBeLessThanOrEqual(3);
      }
    },
  },
  {
    name: `${manyContainers} running containers stopped at once`,
    async prepare(engine) {
      const { docker } = engine;
      await docker(['image', 'inspect', 'busybox']).catch(() => loadBusybox(engine));
      // One that ignores SIGTERM, as the first process of a container does, would be waited for.
      const kind = ['--network', 'none', '--restart', 'always', '--stop-signal', 'SIGKILL'];
      const batch = 10;
      for (let done = 0; done < manyContainers; done += batch) {
        const run = () => docker(['run', '--detach', ...kind, 'busybox', 'sleep', '1000000']);
        await Promise.all(Array.from({ length: batch }, run));
      }
    },
    async play({ engine, account }) {
      await engine.start();
      await account.tells('engine-started');
      const running = await engine.docker(['ps', '--quiet', '--filter', 'ancestor=busybox']);
      expect(running.split('\n').length).toBeGreaterThanOrEqual(manyContainers);
      await engine.stop();
      await account.tells('shutdown');
    },
  },
  {
    name: 'live-restore: containers survive a stop and a kill -9',
    liveRestore: true,
    async prepare(engine) {
      const { docker } = engine;
      await docker(['image', 'inspect', 'busybox']).catch(() => loadBusybox(engine));
      await docker([
        'run',
        '--detach',
        '--name',
        'survivor',
        '--network',
        'none',
        'busybox',
        'sleep',
        '1000000',
      ]);
    },
    async play({ engine, account }) {
      const survivor = () => engine.docker(['inspect', '--format', '{{.State.Pid}}', 'survivor']);
      await engine.start();
      await account.tells('engine-started');
      const before = await survivor();
      await engine.stop();
      await account.tells('shutdown');
      await engine.start();
      await account.tells('engine-started');
      await engine.kill('SIGKILL');
      await account.tells('crash');
      await engine.start();
      await account.tells('engine-started');
      expect(await survivor()).toBe(before);
      await engine.stop();
      await account.tells('shutdown');
    },
  },
  {
    name: 'the listener started before, during and after the start of the engine',
    ownListeners: true,
    async play({ engine, stage }) {
      for (const moment of ['before', 'during', 'after'] as const) {
        const began = stage.runs().length;
        if (moment === 'during') {
          engine.launch();
          await sleep(Math.random() * 1500);
        } else if (moment === 'after') {
          await engine.start();
        }
        const listener = stage.listen();
        if (moment === 'before') {
          await listener.next(0, ofKind('engine-is-down'));
          engine.launch();
        }
        await listener.next(0, hooksDone('start'));
        await engine.stop();
        await listener.next(0, hooksDone('stop'));
        expect(await listener.end()).toBe(0);
        const ran = stage.runs().slice(began);
        expect(ran.map((run) => run.split(' ').slice(0, 2).join(' '))).toEqual(oneOfEach);
        if (moment === 'before') expect(ran[0]).toContain('engine-started');
        if (moment === 'after') expect(ran[0]).toContain('listener-started');
      }
    },
  },
  {
    name: 'the listener killed with -9 at a random moment, and started again',
    ownListeners: true,
    async play({ engine, stage }) {
      const killed = stage.listen();
      const busy = (async () => {
        await engine.start();
        await engine.stop();
        await engine.start();
      })();
      await sleep(Math.random() * 4000);
      await killed.kill();
      expect(alternates(transitionsIn(killed.lines))).toBe(true);
      await sleep(Math.random() * 1000);
      const listener = stage.listen();
      await busy;
      // The last start is told by the new one, which may have seen the stop and start before it as well.
      await listener.next(0, () => transitionsIn(listener.lines).at(-1) === 'start');
      await engine.stop();
      await listener.next(0, () => transitionsIn(listener.lines).at(-1) === 'stop');
      const done = () => listener.lines.filter(ofKind('hooks-done')).length;
      await waitFor(() => done() === transitionsIn(listener.lines).length);
      expect(await listener.end()).toBe(0);
      expect(alternates(transitionsIn(listener.lines))).toBe(true);
      expect(done()).toBe(transitionsIn(listener.lines).length);
    },
  },
];

const oneOfEach = ['on_start/10-a start', 'on_start/20-b start', 'on_stop/10-a stop', 'on_stop/20-b stop'];

/** Every fault on one real engine. */
export function describeFaults(version: EngineVersion): void {
  describe.skipIf(!hasRoot(version))(`Docker ${version}`, () => {
    describe.each(['without', 'with'] as const)('%s the notifier', (notifier) => {
      let scene: Scene;
      afterEach(async () => {
        await scene?.stage.clear();
        await scene?.engine.clear();
      });

      test.each(faults)('$name', async ({ liveRestore = false, prepare, play, ownListeners = false }) => {
        const engine = await createLabEngine({ version, liveRestore });
        const stage = await createLabStage(engine);
        const account = openAccount(stage);
        scene = { engine, stage, account };
        if (notifier === 'with' || prepare !== undefined) {
          await engine.start();
          if (notifier === 'with') await installNotifier(engine, stage.port);
          await prepare?.(engine);
          await engine.stop();
        }
        const listener = ownListeners ? undefined : stage.listen();
        await listener?.next(0, ofKind('engine-is-down'));
        for (let round = 0; round < rounds; round++) await play(scene);
        if (listener !== undefined) await account.close(listener);
        // The notifier was there all the time, or the rows above prove less than they say.
        if (notifier === 'with') {
          await engine.start();
          expect(await engine.docker(['ps', '--format', '{{.Names}}'])).toContain(notifierName);
          await engine.stop();
        }
      });
    });
  });
}

/** Whether transitions are told in turn. The first may be the stop of what a listener before this one told. */
function alternates(events: readonly string[]): boolean {
  return events.every((event, index) => event !== events[index - 1]);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
