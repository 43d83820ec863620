import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LogLine } from '../../../src/demo/listener.ts';
import { readJournal } from '../../../src/listener/journal/lines.ts';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { identify } from '../../../src/system/processes.ts';
import { errorCode } from '../../../src/system/user-error.ts';
import type { Transition } from '../../../src/watch/lifecycle/transition.ts';
import { hooksDone, ofKind, type Stage, transitionOf, transitionsIn } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Fault, sleep } from './fault.ts';

/** How often the listener is killed in one round of turns: `DLL_KILLS=25` for more. */
const turnKills = Number(process.env.DLL_KILLS ?? 4);

/** What can befall the listener, and the machine under it. */
export const faultsOfListener: readonly Fault[] = [
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
      // A start is left out when a stop comes before its hooks have begun.
      const isOver = ({ kind }: LogLine) =>
        ['hooks-done', 'hooks-overtaken', 'hooks-not-repeated'].includes(kind);
      const done = () => listener.lines.filter(isOver).length;
      await waitFor(() => done() === transitionsIn(listener.lines).length);
      expect(await listener.end()).toBe(0);
      expect(alternates(transitionsIn(listener.lines))).toBe(true);
      expect(done()).toBe(transitionsIn(listener.lines).length);
    },
  },
  {
    name: 'the listener killed with -9 while a hook runs',
    ownListeners: true,
    async play({ engine, stage }) {
      const long = 'on_start/15-long';
      const pidOfLong = join(stage.folder, 'long');
      const before = await journalOf(stage);
      const began = stage.runs().length;
      stage.hook(long, `#!/bin/sh\necho $$ >"${pidOfLong}"\nexec sleep 1000000\n`);
      await engine.start();
      const killed = stage.listen();
      const isRecorded = ({ kind, ...record }: JournalRecord) =>
        kind === 'hook-started' && 'hook' in record && record.hook === long;
      while (!(await journalOf(stage)).slice(before.length).some(isRecorded)) await sleep(5);
      await waitFor(() => existsSync(pidOfLong) && readFileSync(pidOfLong, 'utf8').endsWith('\n'));
      await killed.kill();
      const pid = Number(readFileSync(pidOfLong, 'utf8'));
      expect(identify(pid)).toBeDefined();
      for (const path of [pidOfLong, join(stage.hooks, long)]) rmSync(path);

      const listener = stage.listen();
      await listener.next(0, hooksDone('start'));
      expect(identify(pid)).toBeUndefined();
      await engine.stop();
      await listener.next(0, hooksDone('stop'));
      expect(await listener.end()).toBe(0);
      const records = (await journalOf(stage)).slice(before.length);
      expect(records.filter(({ kind }) => kind === 'hook-interrupted')).toMatchObject([
        { hook: long, alive: true },
      ]);
      const ran = stage.runs().slice(began);
      expect(ran.map((run) => run.split(' ').slice(0, 2).join(' '))).toEqual([
        'on_start/10-a start',
        ...oneOfEach,
      ]);
    },
  },
  {
    name: 'the listener killed with -9 at random moments of turns of hooks',
    ownListeners: true,
    async play({ engine, stage }) {
      const log = join(stage.folder, 'turns');
      const say = `echo "$1 $DOCKER_LIFECYCLE_SEQUENCE \${0##*/} $DOCKER_LIFECYCLE_POSSIBLE_REPEAT" >>"${log}"`;
      const names = ['20-t', '30-t', '40-t'].flatMap((name) => [`on_start/${name}`, `on_stop/${name}`]);
      for (const name of names) stage.hook(name, `#!/bin/sh\n${say}\nsleep 0.2\n`);
      const before = (await journalOf(stage)).length;
      let kills = 0;
      const killing = (async () => {
        while (kills < turnKills) {
          const listener = stage.listen('--when-started', 'new');
          await listener.next(0, ofKind('engine-watched'));
          await sleep(Math.random() * 1500);
          await listener.kill();
          kills += 1;
        }
      })();
      while (kills < turnKills) {
        await engine.start();
        await sleep(Math.random() * 3000);
        await engine.stop();
        await sleep(Math.random() * 1500);
      }
      await killing;
      await engine.start();
      const last = stage.listen('--when-started', 'new');
      await last.next(0, hooksDone('start'));
      await engine.stop();
      await last.next(0, (line) => hooksDone('stop')(line) && transitionOf(line).reason === 'shutdown');
      expect(await last.end()).toBe(0);
      for (const name of names) rmSync(join(stage.hooks, name));

      const ran = readFileSync(log, 'utf8').trimEnd().split('\n');
      rmSync(log);
      const unmarked = ran.filter((run) => !run.endsWith(' 1'));
      expect(unmarked).toEqual([...new Set(unmarked)]);
      const records = (await journalOf(stage)).slice(before);
      const reported = new Set(
        records.flatMap((record) =>
          record.kind === 'turn-dropped' || record.kind === 'hooks-left-out' || record.kind === 'hook-passed'
            ? [record.transition.sequence]
            : [],
        ),
      );
      const turns = new Set(ran.map((run) => run.split(' ').slice(0, 2).join(' ')));
      const lost = [...turns].filter((turn) => {
        const count = new Set(ran.filter((run) => run.startsWith(`${turn} `)).map((run) => run.split(' ')[2]))
          .size;
        return count < 3 && !reported.has(Number(turn.split(' ')[1]));
      });
      expect(lost).toEqual([]);
    },
  },
  {
    name: 'the disk full for the state folder',
    under: ({ folder }) => [
      ...['unshare', '--mount', 'sh', '-c'],
      'mkdir -p "$1" && mount -t tmpfs -o size=4m,mode=700 tmpfs "$1" && shift && exec "$@"',
      ...['sh', join(folder, 'state')],
    ],
    async play({ engine, stage, account, lines }) {
      const count = (kind: string) => lines.filter(ofKind(kind)).length;
      const told = ['memory-not-kept', 'journal-failing', 'memory-kept-again', 'journal-recovered'] as const;
      const before = told.map(count);
      const have = (...more: number[]) => before.map((number, index) => number + (more[index] ?? 0));
      // Through the listener's own root: no other process sees its mounts.
      const pid = lines.find(ofKind('listener-started'))?.pid;
      const ballast = join(`/proc/${pid}/root`, stage.folder, 'state', 'ballast');
      // Enough for the journal to need another page; first of all, for what is not begun is left out at a stop.
      stage.hook('on_start/05-talks', '#!/bin/sh\nhead -c 9000 /dev/zero | tr "\\0" x\n');
      fill(ballast);
      await engine.start();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('shutdown');
      await waitFor(() => count('journal-failing') > (before[1] ?? 0));
      expect(told.map(count)).toEqual(have(1, 1, 0, 0));

      rmSync(ballast);
      await engine.start();
      await account.tells('engine-started');
      await engine.stop();
      await account.tells('shutdown');
      await waitFor(() => count('journal-recovered') > (before[3] ?? 0));
      expect(told.map(count)).toEqual(have(1, 1, 1, 1));
    },
  },
  {
    name: 'the clock set an hour forth and back',
    // The listener's own clock: that of the host is everybody's.
    under: ({ folder }) => [
      ...['env', 'LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1'],
      ...[`FAKETIME_TIMESTAMP_FILE=${join(folder, 'clock')}`, 'FAKETIME_NO_CACHE=1', 'NO_FAKE_STAT=1'],
      ...['FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1', 'FAKETIME_DISABLE_SHM=1'],
    ],
    async play({ engine, stage, account, lines }) {
      const set = (offset: string) => writeFileSync(join(stage.folder, 'clock'), `${offset}\n`);
      const hoursAhead = () => {
        const at = (
          transitionOf(lines.filter(ofKind('transition')).at(-1) as LogLine) as unknown as Transition
        ).at;
        return Math.round((at - Date.now()) / 3_600_000);
      };
      engine.launch();
      await waitFor(() => existsSync(engine.pidfile));
      set('+1h');
      await account.tells('engine-started');
      expect(hoursAhead()).toBe(1);
      set('-1h');
      await engine.stop();
      await account.tells('shutdown');
      expect(hoursAhead()).toBe(-1);
      await engine.start();
      await account.tells('engine-started');
      set('+1h');
      await engine.kill('SIGKILL');
      await account.tells('crash');
      set('-1h');
    },
  },
];

const oneOfEach = ['on_start/10-a start', 'on_start/20-b start', 'on_stop/10-a stop', 'on_stop/20-b stop'];

/** Whether transitions are told in turn. The first may be the stop of what a listener before this one told. */
function alternates(events: readonly string[]): boolean {
  return events.every((event, index) => event !== events[index - 1]);
}

async function journalOf({ folder }: Stage): Promise<JournalRecord[]> {
  const journal = join(folder, 'state', 'journal');
  const records: JournalRecord[] = [];
  if (existsSync(journal)) for await (const record of readJournal(journal)) records.push(record);
  return records;
}

/** Writes until there is no room for another page. */
function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, Buffer.alloc(4096));
  } catch (error) {
    if (errorCode(error) !== 'ENOSPC') throw error;
  }
}
