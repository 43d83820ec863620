import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { loadBusybox } from '../../support/lab/images.ts';
import { soaking } from '../../support/lab/rounds.ts';
import { hooksDone, ofKind, transitionsIn } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Fault, sleep } from './fault.ts';

/** More than a person has; in the ordinary run a number that starts in a few seconds. */
const manyContainers = soaking ? 200 : 20;

/** What can befall an engine. */
export const faultsOfEngine: readonly Fault[] = [
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
    name: 'frozen with SIGSTOP, and thawed',
    waits: true,
    words: ['--heartbeat', '2s'],
    async play({ engine, account }) {
      await engine.start();
      await account.tells('engine-started');
      const frozen = Date.now();
      engine.freeze();
      await account.tells('unreachable');
      if (soaking) await sleep(frozen + 60_000 - Date.now());
      engine.thaw();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('shutdown');
    },
  },
];
