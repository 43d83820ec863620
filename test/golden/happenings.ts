import { OutputTail } from '../../src/hooks/output.ts';
import type { ListenerEvent } from '../../src/listener/events.ts';
import type { EventLabel } from '../../src/watch/lifecycle/engine-event.ts';
import type { Reason, Source, Transition } from '../../src/watch/lifecycle/transition.ts';

const engine = 'default';
const folder = '/etc/docker-lifecycle-listener.d';
const url = 'unix:///var/run/docker.sock';

/** The first second of the history; each record comes one second after the one before. */
export const began = Date.parse('2026-11-24T18:20:41.530Z');

type HookEnd = Extract<ListenerEvent, { readonly kind: 'hook-ended' }>['outcome'];

/**
 * A fixed history, as the listener reports it: transitions of each reason, hooks of each outcome and refusal, events
 * of containers, a gap, an overflow, and the listener's own remarks.
 */
export function happenings(): ListenerEvent[] {
  const records: ListenerEvent[] = [];
  let sequence = 0;
  let runs = 0;
  const now = () => began + records.length * 1000;
  const add = (...added: ListenerEvent[]) => records.push(...added);

  function transition(
    event: Transition['event'],
    reason: Reason,
    source: Source = 'engine',
    pid = 4711,
  ): Transition {
    sequence += 1;
    const made = { event, reason, source, engine, at: now(), sequence, run: `${pid}@90017/boot-1` };
    add({ kind: 'transition', transition: made });
    return made;
  }

  function hook(
    cause: Transition,
    name: string,
    outcome: HookEnd,
    durationMs: number,
    text = '',
    told?: EventLabel,
  ): void {
    runs += 1;
    const run = `run-${runs}`;
    const output = new OutputTail();
    output.push(Buffer.from(text));
    const which = { engine, hook: name, transition: cause, run, ...(told === undefined ? {} : { told }) };
    add({ kind: 'hook-started', ...which, process: { pid: 5000 + runs, startTime: `${7000 + runs}` } });
    for (const line of text.split('\n').filter(Boolean))
      add({ kind: 'hook-output', engine, hook: name, stream: 'stdout', line: Buffer.from(line) });
    add({ kind: 'hook-ended', ...which, outcome, durationMs, output });
  }

  function batch(cause: Transition, count: number, run: () => void, failed = 0): void {
    add({ kind: 'hooks-found', engine, transition: cause, count, folder: `${folder}/on_${cause.event}` });
    run();
    add({ kind: 'hooks-done', engine, transition: cause, ran: count, failed, durationMs: 1234 });
  }

  const well: HookEnd = { kind: 'exited', code: 0 };
  add(
    { kind: 'listener-started', version: '1.2.3', scriptDir: folder, pid: 4242 },
    { kind: 'notifier-listening', address: '127.0.0.1', port: 47200 },
    { kind: 'engine-watched', engine, url, pidfile: '/var/run/docker.pid', chosenBy: 'default' },
  );

  const first = transition('start', 'listener-started');
  batch(
    first,
    3,
    () => {
      hook(first, 'on_start/10-routes', well, 8, 'Added 10.20.0.0/16\n');
      hook(first, 'on_start/20-vpn', { kind: 'exited', code: 3 }, 2300, 'wg0: no \u001b[31mroute\u001b[0m\n');
      hook(
        first,
        'on_start/30-slow',
        { kind: 'ended', why: 'timeout', how: 'killed' },
        120_000,
        'still here\n',
      );
    },
    2,
  );
  add({
    kind: 'hook-refused',
    engine,
    hook: 'on_start/40-open',
    admission: {
      kind: 'refused',
      path: `${folder}/on_start/40-open`,
      cause: { kind: 'writable', mode: 0o775, gid: 1000, sticky: false },
    },
  });
  hook(
    first,
    'while_running/log',
    { kind: 'ended', why: 'engine-stops', how: 'terminated' },
    60_000,
    'tail\n',
  );

  const shutdown = transition('stop', 'shutdown', 'companion');
  batch(shutdown, 1, () => hook(shutdown, 'on_stop/10-backup', well, 42_000, 'Dumping\nDone\n'));

  const second = transition('start', 'engine-started', 'engine', 5012);
  batch(second, 1, () => hook(second, 'on_start/20-vpn', well, 2100, 'wg0: up\n'));
  const died: EventLabel = {
    type: 'container',
    action: 'die',
    id: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    name: 'web',
    timeNano: '1795544444000000001',
    reason: 'event',
  };
  add({ kind: 'event-told', engine, told: died, count: 1, folder: `${folder}/on_container_die` });
  hook(second, 'on_container_die/10-alert', well, 12, 'sent\n', died);
  add({ kind: 'event-done', engine, told: died, ran: 1, failed: 0, durationMs: 14 });
  add(
    { kind: 'events-cut', engine, error: 'read ECONNRESET' },
    { kind: 'events-gap', engine, since: '1795544444000000001', made: 2 },
    { kind: 'events-overflow', engine, waiting: 1000 },
    { kind: 'events-overflow-over', engine, merged: 3, givenUp: 1 },
  );

  const crash = transition('stop', 'crash', 'engine', 5012);
  batch(
    crash,
    2,
    () => {
      hook(crash, 'on_stop/10-backup', { kind: 'killed', signal: 'SIGSEGV' }, 30);
      hook(crash, 'on_stop/20-gone', { kind: 'not-started', code: 'ENOENT', program: '/usr/bin/python3' }, 1);
    },
    2,
  );

  const third = transition('start', 'engine-started', 'notifier', 6001);
  add({ kind: 'hooks-overtaken', engine, transition: third });
  const silent = transition('stop', 'unreachable', 'engine', 6001);
  add({ kind: 'hooks-not-repeated', engine, transition: silent });
  const fourth = transition('start', 'engine-started', 'engine', 6001);
  add({ kind: 'hooks-found', engine, transition: fourth, count: 0, folder: `${folder}/on_start` });
  const unseen = transition('stop', 'unseen', 'engine', 6001);
  batch(unseen, 1, () => hook(unseen, 'on_stop/10-backup', well, 900));
  const fifth = transition('start', 'engine-started', 'engine', 7003);
  add({
    kind: 'folder-refused',
    engine,
    folder: `${folder}/on_start`,
    refusal: { path: folder, cause: { kind: 'owner', uid: 1000, trusted: 0 } },
  });
  const asked: Transition = {
    ...fifth,
    event: 'stop',
    reason: 'requested',
    source: 'request',
    at: now(),
  };
  add({ kind: 'hooks-requested', engine, transition: asked, hook: 'on_stop/10-backup' } as ListenerEvent);
  hook(asked, 'on_stop/10-backup', { kind: 'exited', code: 1 }, 77, 'no space left\n');
  add(
    { kind: 'hooks-dropped', engine, transition: asked },
    { kind: 'notifier-said', from: '172.17.0.2:40000', said: 'stop' },
    { kind: 'hint-taken', engine, said: 'stop', engineIsUp: true },
    { kind: 'companion-said', engine, said: 'start', told: false },
    { kind: 'notifier-refused', from: '10.0.0.9:1234', bytes: Buffer.from('GET / \u0007'), tooLong: false },
    { kind: 'journal-failing', folder: '/var/lib/docker-lifecycle-listener/journal', code: 'ENOSPC' },
    { kind: 'journal-recovered', folder: '/var/lib/docker-lifecycle-listener/journal', lost: 2 },
    {
      kind: 'turn-continued',
      engine,
      transition: fifth,
      rest: { cut: 'on_start/20-vpn', left: ['on_start/30-slow'], count: 1 },
    },
    {
      kind: 'hook-passed',
      engine,
      hook: 'on_start/20-vpn',
      transition: fifth,
      why: 'given-up',
      cuts: 3,
    },
    {
      kind: 'turn-dropped',
      engine,
      transition: fifth,
      rest: { left: ['on_start/30-slow', 'on_start/40-open'], count: 25 },
      why: 'engine-stopped',
    },
    {
      kind: 'hook-warned',
      engine,
      hook: 'on_stop/10-backup',
      warning: { kind: 'stop-deadlock', command: 'systemctl start web' },
    },
    { kind: 'event-given-up', engine, told: died, begins: 3 },
    { kind: 'listener-failed', error: 'TypeError: x is not a function', at: 'file.js:1:2' },
    { kind: 'listener-ending', signal: 'SIGTERM' },
    { kind: 'listener-ended' },
  );
  return records;
}
