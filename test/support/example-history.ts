import type { Outcome } from '../../src/hooks/run.ts';
import type { HistoryEntry } from '../../src/listener/journal/history.ts';
import type { Transition } from '../../src/watch/lifecycle/transition.ts';

const minute = 60_000;
const hour = 60 * minute;
const engine = 'default';
const folder = '/etc/docker-lifecycle-listener.d';

/** A day of a machine as it may be: an upgrade, a crash, a slow backup, a hook that fails and one that is refused. */
export function exampleHistory(now: number): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let transitions = 0;
  const add = (entry: object) => entries.push({ number: entries.length + 1, ...entry } as HistoryEntry);
  const iso = (at: number) => new Date(at).toISOString();

  function tell(
    event: Transition['event'],
    reason: Transition['reason'],
    ago: number,
    pid: number,
  ): Transition {
    transitions += 1;
    const source = reason === 'shutdown' ? 'companion' : 'engine';
    const at = now - ago;
    const run = `${pid}@${pid}000/boot`;
    const transition = { event, reason, source, engine, at, sequence: transitions, run } as Transition;
    add({ kind: 'transition', time: iso(at + 1), transition });
    return transition;
  }

  function run(
    transition: Transition,
    hook: string,
    durationMs: number,
    output = '',
    outcome: Outcome = { kind: 'exited', code: 0 },
    after = 8,
  ) {
    const outputBytes = Buffer.byteLength(output);
    const end = { outcome, durationMs, output, outputBytes };
    add({ kind: 'run', time: iso(transition.at + after), hook, run: `${entries.length}`, transition, end });
  }

  function started(transition: Transition, vpn: Outcome = { kind: 'exited', code: 0 }, said = '') {
    run(transition, 'on_start/10-routes', 14, 'Added 10.20.0.0/16 via docker0\n');
    run(transition, 'on_start/20-vpn', 2300, said || 'wg0: up after 2.1 s\n', vpn, 24);
  }

  function stopped(transition: Transition, ms: number) {
    run(transition, 'on_stop/10-routes', 11, 'Removed 10.20.0.0/16\n');
    const backup = 'Dumping 3 databases\npg: 1.2 GB\nredis: 88 MB\nDone\n';
    run(transition, 'on_stop/30-backup', ms, backup, { kind: 'exited', code: 0 }, 20);
  }

  const first = tell('start', 'engine-started', 22.4 * hour, 812);
  started(first);
  run(first, 'while_running/watch-events', 5.1 * hour, 'container start web\n', ended, 2400);
  stopped(tell('stop', 'shutdown', 17.3 * hour, 812), 22 * minute);
  const second = tell('start', 'engine-started', 16.8 * hour, 4105);
  started(second);
  run(second, 'while_running/watch-events', 8.5 * hour, '', ended, 2400);
  stopped(tell('stop', 'crash', 8.3 * hour, 4105), 40_000);
  const third = tell('start', 'engine-started', 8.28 * hour, 20_511);
  started(third, { kind: 'exited', code: 3 }, `${handshake}\n`);
  run(third, 'while_running/watch-events', 5.2 * hour, '', ended, 2400);
  stopped(tell('stop', 'shutdown', 3.1 * hour, 20_511), 9 * minute);
  const fourth = tell('start', 'engine-started', 2.9 * hour, 31_007);
  started(fourth, { kind: 'exited', code: 3 }, `${handshake}\n`);
  const path = `${folder}/on_start/40-notify`;
  const cause = { kind: 'writable', mode: 0o775, uid: 0, gid: 1000, sticky: false };
  add({ kind: 'refusal', time: iso(fourth.at + 2350), engine, name: 'on_start/40-notify', path, cause });
  const hook = 'while_running/watch-events';
  add({ kind: 'run', time: iso(fourth.at + 2400), hook, run: 'kept', transition: fourth });
  return entries;
}

const ended: Outcome = { kind: 'ended', why: 'engine-stops', how: 'terminated' };
const handshake = [
  'wg0: creating interface',
  'wg0: handshake with 203.0.113.7:51820 did not complete after 5 s',
  'wg0: removing interface',
  'error: no route to 10.20.0.1',
].join('\n');
