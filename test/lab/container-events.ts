import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { createContainerMaker } from '../support/lab/containers.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/lab/cutting-proxy.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import { type EngineVersion, rootOf } from '../support/lab/folder.ts';
import { loadBusybox } from '../support/lab/images.ts';
import { median } from '../support/lab/median.ts';
import { soaking } from '../support/lab/rounds.ts';
import { createLabStage, type LabStage } from '../support/lab/stage.ts';
import { hooksDone, ofKind } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

/** How many containers come and go; the whole of it with `LAB_ROUNDS=20 npm run test:lab -- faults`. */
const containers = soaking ? 500 : 60;
const cuts = 50;
const kills = 5;
/** How many are made at the same time: more than that, and engines are no faster. */
const makers = 6;

/** One line that a hook wrote: what it was run for. */
interface Written {
  readonly action: string;
  readonly name: string;
  readonly reason: string;
  readonly repeat: boolean;
}

/**
 * Hooks for what containers do, on one real engine.
 * @param part `stop` for the engine's stop alone
 */
export function describeContainerEvents(version: EngineVersion, part: 'all' | 'stop' = 'all'): void {
  describe(`Docker ${version}`, () => {
    let engine: LabEngine;
    let stage: LabStage;
    let proxy: CuttingProxy | undefined;
    beforeEach(async () => {
      engine = await createLabEngine({ version });
    });
    afterEach(async () => {
      await stage?.clear();
      await proxy?.close();
      await engine?.clear();
      proxy = undefined;
    });

    function hooksThatWrite(): void {
      const log = join(stage.folder, 'events');
      for (const action of ['start', 'die']) {
        mkdirSync(join(stage.hooks, `on_container_${action}`));
        chmodSync(join(stage.hooks, `on_container_${action}`), 0o755);
        stage.hook(
          `on_container_${action}/10-write`,
          `#!/bin/sh\necho "$DOCKER_EVENT_ACTION $DOCKER_EVENT_NAME $DOCKER_LIFECYCLE_REASON \${DOCKER_EVENT_POSSIBLE_REPEAT:-0}" >>"${log}"\n`,
        );
      }
    }

    function written(): Written[] {
      const log = join(stage.folder, 'events');
      if (!existsSync(log)) return [];
      return readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
          const [action = '', name = '', reason = '', repeat] = line.split(' ');
          return { action, name, reason, repeat: repeat === '1' };
        });
    }

    const of = (name: string) => written().filter((line) => line.name === name);

    const testAll = part === 'all' ? test : undefined;
    testAll?.(
      `${containers} containers come and go while the stream is cut and the listener killed: none is missed`,
      async () => {
        await engine.start();
        await loadBusybox(engine);
        const socket = join(engine.folder, 'proxy.sock');
        proxy = await startCuttingProxy(engine.socket, socket);
        stage = await createLabStage(engine, { behind: socket });
        hooksThatWrite();
        let listener = stage.listen('--no-notifier', '--when-started', 'new');
        await listener.next(0, ofKind('events-read'));
        const loop = startShellLoop(socket, version);

        const maker = createContainerMaker(engine.socket);
        let made = 0;
        let next = 0;
        const making = Array.from({ length: makers }, async () => {
          while (next < containers) {
            next += 1;
            await maker.run(`n-${next}`, ['true']);
            made += 1;
          }
        });
        const began = performance.now();
        let killed = 0;
        while (made < containers) {
          // As often as is due by now, at arbitrary moments.
          const share = made / containers;
          if (proxy.cuts < cuts * share + 1) proxy.cut();
          if (killed < Math.floor(kills * share)) {
            killed += 1;
            await listener.kill();
            listener = stage.listen('--no-notifier', '--when-started', 'new');
          }
          await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
        }
        await Promise.all(making);
        const rate = containers / ((performance.now() - began) / 1000);
        maker.close();
        while (killed < kills) {
          killed += 1;
          await listener.kill();
          listener = stage.listen('--no-notifier', '--when-started', 'new');
        }
        while (proxy.cuts < cuts) {
          await waitFor(() => proxy?.cut() ?? true);
        }
        const names = Array.from({ length: containers }, (_, index) => `n-${index + 1}`);
        const isWhole = () => {
          const told = new Set(written().map(({ action, name }) => `${action} ${name}`));
          return names.every((name) => told.has(`start ${name}`) && told.has(`die ${name}`));
        };
        await waitFor(isWhole, 60_000).catch(() => {});
        await listener.end();
        const lines = written();
        const repeats = lines.filter(({ repeat }) => repeat).length;
        const made_good = lines.filter(({ reason }) => reason === 'reconciled').length;
        const lostByLoop = names.flatMap((name) =>
          ['start', 'die'].filter((action) => !loop.saw(action, name)),
        );
        loop.end();
        process.stdout.write(
          `lab        events of ${version}: ${containers} containers at ${rate.toFixed(1)} a second, ${proxy.cuts} cuts, ${killed} kills: ` +
            `${lines.length} told of ${2 * containers}, ${repeats} marked as possible repeats, ${made_good} made good; ` +
            `a shell loop over docker events lost ${lostByLoop.length}\n`,
        );
        expect(names.filter((name) => !isTold(of(name)))).toEqual([]);
        // Each once, but for what was begun when the listener was killed; and in order.
        const wrong = names.filter((name) => !isInOrder(of(name)));
        expect(wrong.map((name) => [name, of(name)])).toEqual([]);
        expect(repeats).toBeLessThanOrEqual(kills * 4);
        expect(proxy.cuts).toBeGreaterThanOrEqual(cuts);
      },
    );

    testAll?.('what the engine has forgotten is found by comparing containers', async () => {
      await engine.start();
      await loadBusybox(engine);
      stage = await createLabStage(engine);
      hooksThatWrite();
      let listener: WatchedListener = stage.listen('--no-notifier', '--when-started', 'new');
      await listener.next(0, ofKind('events-read'));
      const sleep = ['busybox', 'sleep', '1000'];
      await engine.docker(['run', '--detach', '--name', 'stays', ...sleep]);
      await engine.docker(['run', '--detach', '--name', 'goes', ...sleep]);
      const done = () => listener.lines.filter(ofKind('event-done')).length;
      await waitFor(() => done() === 2);
      await listener.kill();

      await engine.docker(['kill', 'goes']);
      await engine.docker(['run', '--detach', '--name', 'comes', ...sleep]);
      // More than the engine remembers.
      const maker = createContainerMaker(engine.socket);
      for (let count = 0; count < 300; count++) await maker.tag(`n${count}`);
      maker.close();
      listener = stage.listen('--no-notifier', '--when-started', 'new');
      const { made } = await listener.next(0, ofKind('events-gap'));
      expect(made).toBe(2);
      await waitFor(() => of('goes').length + of('comes').length === 3);
      expect(of('goes').at(-1)).toMatchObject({ action: 'die', reason: 'reconciled' });
      expect(of('comes')).toMatchObject([{ action: 'start', reason: 'reconciled' }]);

      // What ran when the engine ended ended with it; that is told when the engine is there again, which may find the
      // container dead and say so itself.
      await engine.docker(['kill', 'comes']);
      await waitFor(() => of('comes').length === 2);
      await engine.kill('SIGKILL');
      await engine.start();
      await waitFor(() => of('stays').length === 2);
      expect(of('stays').at(-1)?.action).toBe('die');
      await listener.end();
      expect(written()).toHaveLength(6);
    });

    test('the stop takes no longer for those who listen to events', async () => {
      stage = await createLabStage(engine);
      hooksThatWrite();
      const alone: number[] = [];
      const heard: number[] = [];
      for (let round = 0; round < 5; round++) {
        await engine.start();
        alone.push(await engine.stop());
        await engine.start();
        const listener = stage.listen('--no-notifier');
        await listener.next(0, ofKind('events-read'));
        await listener.next(0, hooksDone('start'));
        heard.push(await engine.stop());
        await listener.next(0, hooksDone('stop'));
        await listener.end();
      }
      const [a, b] = [median(alone), median(heard)];
      process.stdout.write(
        `lab        stop of ${version}: alone ${a.toFixed(0)} ms, with its events heard ${b.toFixed(0)} ms\n`,
      );
      // As in guest.test.ts: hooks have their share of the processors; an open stream makes it 5 s.
      expect(b / a).toBeLessThan(5);
      expect(Math.max(...heard) - Math.max(...alone)).toBeLessThan(2500);
    });
  });
}

function isTold(lines: readonly Written[]): boolean {
  return ['start', 'die'].every((action) => lines.some((line) => line.action === action));
}

/** A start, perhaps again and then marked; an end, perhaps again and then marked. */
function isInOrder(lines: readonly Written[]): boolean {
  const [starts, ends] = ['start', 'die'].map((action) => lines.filter((line) => line.action === action));
  if (starts === undefined || ends === undefined) return false;
  const isSorted = lines.slice(0, starts.length).every(({ action }) => action === 'start');
  return isSorted && [starts, ends].every((list) => list.slice(1).every(({ repeat }) => repeat));
}

/** What people write instead: the stream again and again, line by line. */
function startShellLoop(socket: string, version: EngineVersion) {
  const docker = join(rootOf(version), 'usr/bin/docker');
  const format = '{{.Action}} {{.Actor.Attributes.name}}';
  const script = `while :; do "$1" -H "unix://$2" events --filter type=container --format '${format}' 2>/dev/null; done`;
  const child = spawn('sh', ['-c', script, 'sh', docker, socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const seen = new Set<string>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen.add(line);
  });
  return {
    saw: (action: string, name: string) => seen.has(`${action} ${name}`),
    end: () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'),
  };
}
