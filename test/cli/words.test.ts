import { expect, describe as group, test } from 'vitest';
import { groupSetter } from '../../src/hooks/command.ts';
import { OutputTail } from '../../src/hooks/output.ts';
import { describe } from '../../src/listener/event-kinds.ts';
import type { ListenerEvent } from '../../src/listener/events.ts';
import { describeFolderRefusal, describeRefusal } from '../../src/listener/words/refusal.ts';
import type { Level } from '../../src/system/words.ts';
import type { LifecycleEvent, Reason, Transition } from '../../src/watch/lifecycle/transition.ts';

type Kind = ListenerEvent['kind'];
type OfKind<K extends Kind> = Extract<ListenerEvent, { readonly kind: K }>;
type RefusalCause = OfKind<'folder-refused'>['refusal']['cause'];
/** A record, how much it matters, and what its words must name: the thing, and the fix where there is one. */
type Case<K extends Kind> = readonly [record: Fields<K>, level: Level, ...names: string[]];
/** A record but for what is the same in all of them. */
type Fields<K extends Kind> = Omit<OfKind<K>, 'kind' | 'engine' | 'url'>;

const transition = (event: LifecycleEvent, reason: Reason): Transition => ({
  event,
  reason,
  source: 'engine',
  engine: 'default',
  at: 0,
  sequence: 7,
  run: '4711@123',
});
const start = transition('start', 'engine-started');
const stop = transition('stop', 'shutdown');
const url = 'unix:///var/run/docker.sock';
const socket = '/var/run/docker.sock';
const hook = 'on_start/10-hello';
const path = '/srv/my hooks/on_start/10-hello';
const quoted = "'/srv/my hooks/on_start/10-hello'";
const folder = '/srv/my hooks/on_start';
const output = new OutputTail();
const told = {
  type: 'container',
  action: 'die',
  id: '0123456789abcdef',
  name: 'web',
  timeNano: '1700000000000000000',
  reason: 'event',
} as const;
const refused = (cause: RefusalCause) => ({ folder, refusal: { path, cause } });
const unfit = (cause: OfKind<'hook-refused'>['admission']['cause']): Fields<'hook-refused'> => ({
  hook,
  admission: { kind: 'refused', path, cause },
});
const ended = (outcome: OfKind<'hook-ended'>['outcome'], durationMs = 1234) => ({
  hook,
  transition: start,
  run: 'r1',
  outcome,
  durationMs,
  output,
});

const exceeded = (installedBy: 'install' | 'user-install' | 'package') =>
  ({ kind: 'stop-wait-exceeded', waitedMs: 30_012, enoughMs: 120_000, installedBy }) as const;

/** Every kind of record: a new one without words to check does not compile. */
const table: { readonly [K in Kind]: readonly Case<K>[] } = {
  'listener-started': [
    [{ version: '1.2.3', scriptDir: '/hooks', pid: 99 }, 'info', '1.2.3', '/hooks', 'pid 99'],
  ],
  'listener-ending': [[{ signal: 'SIGTERM' }, 'info', 'SIGTERM']],
  'listener-failed': [
    [{ error: 'TypeError: boom', at: 'main.js:1:2' }, 'error', 'TypeError: boom', 'main.js:1:2', 'report'],
  ],
  'listener-ended': [[{}, 'info', 'Ended']],
  'reports-suppressed': [[{ counts: { 'events-cut': 7 } }, 'warning', '7 more of events-cut', 'last minute']],
  'engine-is-down': [[{}, 'info', url, 'not running', 'waiting']],
  'engine-is-stopping': [[{}, 'info', url, 'is being stopped', 'waiting']],
  transition: [
    [{ transition: start }, 'info', 'Docker has started', 'pid 4711'],
    [{ transition: transition('start', 'listener-started') }, 'info', 'Docker is up already'],
    [{ transition: stop }, 'info', 'Docker is stopping'],
    [{ transition: { ...start, software: 'podman' } }, 'info', 'Podman’s service has started'],
    [{ transition: { ...stop, software: 'podman' } }, 'info', 'Podman’s service is stopping'],
    [{ transition: transition('stop', 'crash') }, 'info', 'crashed or was killed'],
    [{ transition: transition('stop', 'unreachable') }, 'info', 'does not answer any more'],
    [{ transition: transition('stop', 'unseen') }, 'info', 'was restarted'],
    [{ transition: { ...stop, source: 'companion' } }, 'info', 'Docker is stopping', 'says its service'],
    [{ transition: { ...start, source: 'notifier' } }, 'info', 'Docker has started', 'says the notifier'],
  ],
  'hint-taken': [
    [{ said: 'start', engineIsUp: true }, 'info', 'start', 'nothing to do'],
    [{ said: 'start', engineIsUp: false }, 'info', 'start', 'looking'],
    [{ said: 'stop', engineIsUp: true }, 'info', 'stop', 'Docker, which decides'],
    [{ said: 'stop', engineIsUp: false }, 'info', 'stop', 'nothing to do'],
  ],
  'companion-said': [
    [{ said: 'stop', told: true }, 'detail', 'service says stop'],
    [{ said: 'start', told: false }, 'detail', 'service says start', 'nothing new'],
  ],
  'hooks-requested': [
    [{ transition: start, hook: undefined }, 'info', 'on_start is requested'],
    [{ transition: start, hook: 'on_start/10-a' }, 'info', 'on_start/10-a is requested'],
  ],
  'fleet-connected': [
    [{ server: 'tls://n:4222', name: 'web-1', behind: 0 }, 'info', 'tls://n:4222 as web-1'],
    [{ server: 'tls://n:4222', name: 'web-1', behind: 7 }, 'info', '7 records behind'],
  ],
  'fleet-failing': [
    [{ problem: { kind: 'not-set-up' } }, 'warning', 'no stream', 'fleet setup', 'Nothing is lost'],
    [
      { problem: { kind: 'unreachable', server: 'tls://n:4222', code: 'ECONNREFUSED' } },
      'warning',
      'tls://n:4222',
      'ECONNREFUSED',
      'nats-server',
    ],
  ],
  'fleet-journal-renewed': [[{ published: 110, kept: 100 }, 'warning', '110', '100', 'new journal id']],
  'control-listening': [[{ path: socket }, 'detail', socket]],
  'control-refused': [
    [
      { path: socket, ...refused({ kind: 'owner', uid: 1000, trusted: 0 }) },
      'warning',
      socket,
      `chown -h root ${quoted}`,
    ],
  ],
  'control-in-use': [[{ path: socket }, 'warning', socket, 'another listener', '--control PATH']],
  'notifier-port-not-kept': [
    [{ path: '/s/notifier.json', code: 'ENOSPC' }, 'error', '/s/notifier.json', 'ENOSPC', 'notifier install'],
  ],
  'readers-listening': [[{ path: socket, group: 'docker' }, 'detail', 'docker', socket]],
  'readers-no-group': [[{ group: 'ops' }, 'warning', 'no group ops', 'only root', 'groupadd', 'readers']],
  'readers-kept-out': [
    [{ folder: '/srv/x', group: 'ops' }, 'warning', 'ops', '/srv/x', 'chgrp ops /srv/x', 'chmod g+x'],
  ],
  'readers-failed': [
    [{ path: socket, group: 'ops', code: 'EPERM' }, 'warning', socket, 'EPERM', 'ops', 'ls -ld'],
  ],
  'page-opened': [[{ port: 41234 }, 'info', '127.0.0.1 port 41234']],
  'page-closed': [[{}, 'info', 'page']],
  'control-failed': [[{ path: socket, code: 'ENOTSOCK' }, 'warning', socket, 'ENOTSOCK', 'ls -ld']],
  'hook-warned': [
    [
      { hook: 'on_stop/10-a', warning: { kind: 'stop-deadlock', command: 'systemctl start x' } },
      'warning',
      'on_stop/10-a waits for Docker’s stop',
      'systemctl start x',
      '--no-block',
    ],
    [
      { hook: 'on_stop/10-a', warning: exceeded('install') },
      'warning',
      'while on_stop/10-a was still running',
      '30.0 s at most',
      'install --stop-wait 120s',
    ],
    [
      { hook: 'on_stop/10-a', warning: exceeded('user-install') },
      'warning',
      'install --user --stop-wait 120s',
    ],
    [
      { hook: 'on_stop/10-a', warning: exceeded('package') },
      'warning',
      'systemctl edit --full docker-lifecycle-companion',
      '120s in ExecStop',
      '123 in TimeoutStopSec',
    ],
    [
      { hook: 'on_start/10-a', warning: { kind: 'engine-stopped-during', times: 3, withinMs: 20_000 } },
      'warning',
      'Docker has stopped 3 times in a row while on_start/10-a ran',
      'within 20.0 s',
      'If on_start/10-a restarts Docker',
    ],
  ],
  'notifier-trusted': [[{ port: 47200 }, 'warning', '--trust-notifier', 'port 47200', 'Keep it closed']],
  'settings-unmatched': [
    [
      { hook: 'on_start/10-rotes', near: 'on_start/10-routes' },
      'warning',
      '10-rotes',
      'mean on_start/10-routes',
    ],
    [{ hook: 'on_start/a\u001b', near: undefined }, 'warning', 'on_start/a\\x1b, but there is no such hook'],
  ],
  'settings-reloaded': [
    [{ applied: ['grace'], restart: [] }, 'info', 'grace', 'next hook on'],
    [{ applied: [], restart: ['port'] }, 'warning', 'port', 'start the listener again'],
    [{ applied: [], restart: [] }, 'info', 'no change'],
  ],
  'settings-refused': [
    [{ error: '/etc/x.toml, line 2: no', fix: 'Give y' }, 'error', 'line 2', 'Give y', 'stay as they were'],
  ],
  'access-list': [[{ folder }, 'warning', folder, "getfacl '/srv/my hooks/on_start'"]],
  'hooks-afar': [[{ folder, fileSystem: 'nfs' }, 'warning', folder, 'nfs', 'a disk of this machine']],

  'engine-watched': [
    [{ pidfile: '/var/run/docker.pid', chosenBy: 'default' }, 'detail', url, '/var/run/docker.pid'],
    [{ pidfile: undefined, chosenBy: 'DOCKER_HOST' }, 'info', url, 'DOCKER_HOST'],
    [{ pidfile: undefined, chosenBy: 'found' }, 'info', url, 'nothing is at /var/run/docker.sock'],
  ],
  'engine-not-reached': [
    [{ code: 'ECONNREFUSED', error: 'refused' }, 'warning', url, 'refused', 'ECONNREFUSED'],
  ],
  'engine-silent': [[{}, 'info', url, 'does not answer yet']],
  'engine-answers-badly': [[{ status: 502 }, 'warning', url, '502', '200']],
  'engine-pidfile-unusable': [
    [
      { path: '/p', problem: { kind: 'not-a-file', found: 'a named pipe' } },
      'warning',
      '/p is a named pipe, not a regular file',
      '--pidfile',
    ],
    [{ path: '/p', problem: { kind: 'too-large', limit: 64 } }, 'warning', '/p is larger than 64 bytes'],
  ],
  'engine-forbidden': [[{ path: socket }, 'warning', socket, 'sudo usermod -aG docker ']],
  'engine-socket-removed': [
    [{ path: socket }, 'warning', socket, 'systemctl restart docker'],
    [{ path: '/run/user/1000/docker.sock' }, 'warning', 'systemctl --user restart docker'],
  ],
  'engine-left-alone': [
    [{ path: socket, pidfile: '/p', holder: 'systemd' }, 'detail', socket, 'systemd'],
    [
      { path: '/run/podman/podman.sock', pidfile: undefined, holder: 'systemd' },
      'info',
      '/run/podman/podman.sock is held by systemd',
      'starts Podman for a connection',
      'set podman = "hold" (--podman hold)',
    ],
    [{ path: socket, pidfile: '/p', holder: 'unknown' }, 'warning', socket, '/p', '--pidfile'],
    [{ path: socket, pidfile: undefined, holder: 'unknown' }, 'warning', 'Run as root', '--pidfile'],
  ],
  'engine-is-podman': [[{}, 'info', url, 'is Podman', 'without on_stop']],
  'engine-let-go': [[{}, 'info', url, 'podman system service --time 0']],
  'engine-held': [
    [{ unit: 'podman.service' }, 'info', url, 'podman = "hold"', 'run: systemctl stop podman.service'],
  ],
  'engine-not-held': [
    [{ unit: 'podman.service' }, 'warning', url, 'not kept up', 'systemctl status podman.service'],
  ],
  'not-notified': [[{ error: 'spawn systemd-notify ENOENT' }, 'error', 'ENOENT', 'systemctl edit']],
  'watch-degraded': [
    [
      { folder: '/run', error: 'ENOSPC' },
      'warning',
      '/run',
      'ENOSPC',
      'sysctl',
      'fs.inotify.max_user_instances',
    ],
  ],

  'hooks-not-wanted': [
    [
      { transition: transition('start', 'listener-started'), whenStarted: 'never' },
      'info',
      'on_start',
      '--when-started never',
    ],
  ],
  'turns-unreadable': [[{ path: '/var/lib/x', error: 'EIO' }, 'warning', '/var/lib/x', 'EIO']],
  'turns-not-kept': [[{ path: '/var/lib/x', error: 'ENOSPC' }, 'error', '/var/lib/x', 'ENOSPC', 'ls -l']],
  'turns-kept-again': [[{ path: '/var/lib/x' }, 'info', '/var/lib/x']],
  'turns-in-use': [[{ path: '/var/lib/x', pid: 42 }, 'warning', '/var/lib/x', 'pid 42']],
  'memory-unreadable': [[{ path: '/var/lib/x', error: 'EIO' }, 'warning', '/var/lib/x', 'EIO']],
  'memory-damaged': [
    [{ path: '/var/lib/x', engines: ['default'] }, 'warning', '/var/lib/x', '1 entry: default'],
    [
      { path: '/var/lib/x', engines: ['a', 'b', 'c', 'd', 'e', 'f'] },
      'warning',
      '6 entries: a, b, c, d, e, …',
    ],
  ],
  'memory-not-kept': [
    [{ path: '/var/lib/x', error: 'ENOSPC' }, 'error', '/var/lib/x', 'ENOSPC', '--state-dir'],
  ],
  'memory-kept-again': [[{ path: '/var/lib/x' }, 'info', '/var/lib/x']],
  'state-refused': [
    [
      refused({ kind: 'owner', uid: 1000, trusted: 0 }),
      'error',
      folder,
      'user 1000',
      `chown -h root ${quoted}`,
    ],
  ],

  'notifier-listening': [
    [{ address: '127.0.0.1', port: 47200 }, 'info', '127.0.0.1:47200'],
    [{ address: '::1', port: 47200 }, 'info', '[::1]:47200'],
  ],
  'notifier-not-listening': [
    [
      { address: '172.17.0.1', port: 47200, error: 'found. cure' },
      'warning',
      '172.17.0.1:47200',
      'found. cure',
    ],
  ],
  'notifier-said': [[{ from: '127.0.0.1:5', said: 'start' }, 'detail', '127.0.0.1:5', 'start']],
  'notifier-refused': [
    [
      { from: '127.0.0.1:5', bytes: Buffer.from('\u001bhi'), tooLong: false },
      'warning',
      '127.0.0.1:5',
      '"\\x1bhi"',
      'start and stop',
    ],
    [
      { from: '127.0.0.1:5', bytes: Buffer.alloc(256, 'a'), tooLong: true },
      'warning',
      'without end',
      '(176 more bytes)',
    ],
  ],
  'notifier-silent': [[{ from: '127.0.0.1:5' }, 'detail', '127.0.0.1:5', 'nothing']],
  'notifier-held': [[{ from: '127.0.0.1:5' }, 'info', '127.0.0.1:5']],
  'notifier-gone': [[{ from: '127.0.0.1:5' }, 'info', '127.0.0.1:5', 'gone']],
  'notifier-flooded': [[{ count: 35 }, 'warning', '35', 'port']],

  'metrics-listening': [
    [{ address: '127.0.0.1', port: 9480 }, 'info', 'http://127.0.0.1:9480/metrics'],
    [{ address: '::1', port: 9480 }, 'info', 'http://[::1]:9480/metrics'],
  ],
  'metrics-not-listening': [
    [{ address: '::1', port: 9480, code: 'EADDRINUSE' }, 'warning', '[::1]:9480', 'ss -ltnp', 'again'],
    [{ address: '10.0.0.1', port: 9480, code: 'EADDRNOTAVAIL' }, 'warning', 'ip address', 'again'],
    [{ address: '::1', port: 9480, code: 'EAFNOSUPPORT' }, 'warning', 'ip address'],
    [{ address: '127.0.0.1', port: 80, code: 'EACCES' }, 'warning', 'for root'],
    [{ address: '127.0.0.1', port: 9480, code: 'EMFILE' }, 'warning', 'EMFILE'],
  ],

  'hooks-found': [
    [{ transition: start, count: 0, folder }, 'info', 'No hooks', folder],
    [{ transition: start, count: 1, folder }, 'info', '1 hook in', folder],
    [{ transition: start, count: 2, folder }, 'info', '2 hooks', folder],
  ],
  'hooks-done': [
    [{ transition: start, ran: 1, failed: 0, durationMs: 12 }, 'info', 'on_start', '1 hook run', '12 ms'],
    [
      { transition: stop, ran: 3, failed: 2, durationMs: 150_000 },
      'warning',
      'on_stop',
      '3 hooks',
      '2 failed',
      'min',
    ],
  ],
  'event-not-reported': [
    [
      {
        engineKind: 'podman',
        folder: '/h/on_container_stop',
        when: 'sometimes',
        instead: 'on_container_die',
      },
      'warning',
      '/h/on_container_stop',
      'command line',
      'on_container_die',
    ],
    [
      { engineKind: 'docker', folder: '/h/on_pod_start', when: 'never' },
      'warning',
      '/h/on_pod_start',
      'Docker does not',
    ],
  ],
  'event-unknown': [
    [
      { folder: '/h/on_container_dye', near: 'on_container_die' },
      'warning',
      '/h/on_container_dye',
      'on_container_die?',
    ],
    [{ folder: '/h/on_x', near: undefined }, 'warning', '/h/on_x', 'docs/container-events.md'],
    [
      {
        folder: '/h/on_container_copy',
        near: 'on_container_archive_path',
        also: ['on_container_extract_to_dir'],
      },
      'warning',
      '/h/on_container_copy',
      'on_container_archive_path or on_container_extract_to_dir?',
    ],
  ],
  'event-told': [
    [
      { told, count: 2, folder: 'on_container_die' },
      'info',
      'container die of web',
      '2 hooks',
      'on_container_die',
    ],
    [
      { told: { ...told, name: '', repeat: true }, count: 1, folder: 'f' },
      'info',
      'of 0123456789ab',
      'possibly again',
    ],
    [{ told: { ...told, reason: 'reconciled' }, count: 1, folder: 'f' }, 'info', 'by comparing containers'],
  ],
  'event-done': [
    [{ told, ran: 1, failed: 0, durationMs: 12 }, 'detail', 'die of web', '12 ms'],
    [{ told, ran: 2, failed: 1, durationMs: 12 }, 'warning', 'die of web', '1 failed'],
  ],
  'events-overflow': [[{ waiting: 2000 }, 'warning', '2000', 'merged', 'events.parallel']],
  'events-overflow-over': [[{ merged: 3, givenUp: 1 }, 'warning', '3 were merged', '1 given up']],
  'events-dropped': [
    [{ count: 1 }, 'info', '1 event', 'has no point'],
    [{ count: 2 }, 'info', '2 events', 'have no point'],
  ],
  'events-read': [[{ names: ['container_start'] }, 'detail', 'container_start']],
  'events-cut': [[{ error: 'it was closed' }, 'info', 'it was closed', 'again']],
  'events-refused': [[{ status: 403 }, 'error', '403']],
  'events-gap': [
    [{ since: '1700000000000000000', made: 0 }, 'info', '2023-11-14T22:13:20', 'nothing was missed'],
    [{ since: '1700000000000000000', made: 3 }, 'info', '3 starts and ends made good'],
  ],
  'events-not-compared': [[{ error: 'ECONNREFUSED' }, 'warning', 'ECONNREFUSED', 'missed']],
  'containers-unreadable': [
    [
      { count: 1, id: 'abc\u001b', why: 'Name is null' },
      'warning',
      '1 container',
      'abc\\x1b',
      'Name is null',
    ],
    [{ count: 3, id: '', why: 'Id is a number' }, 'warning', '3 containers', 'one without an id'],
  ],
  'event-given-up': [[{ told, begins: 3 }, 'error', 'die of web', '3 listeners', 'history']],
  'events-damaged': [
    [{ path: '/var/lib/x', lines: 1 }, 'warning', '1 line of /var/lib/x is'],
    [{ path: '/var/lib/x', lines: 2 }, 'warning', '2 lines of /var/lib/x are'],
  ],
  'events-unreadable': [[{ line: '{\u001b' }, 'warning', '{\\x1b']],
  'events-not-kept': [[{ path: '/var/lib/x', error: 'ENOSPC' }, 'error', '/var/lib/x', 'ENOSPC', 'ls -l']],
  'hooks-overtaken': [[{ transition: start }, 'info', 'on_start', 'left out']],
  'hooks-not-repeated': [[{ transition: stop }, 'info', 'on_start has not run', 'on_stop is not run again']],
  'hooks-delayed': [
    [{ transition: stop, code: 'EMFILE' }, 'warning', 'EMFILE', 'LimitNOFILE', 'on_stop (7)'],
  ],
  'hook-start-delayed': [
    [{ hook, code: 'EMFILE' }, 'warning', hook, 'EMFILE', 'LimitNOFILE'],
    [{ hook, code: 'EAGAIN' }, 'warning', hook, 'EAGAIN', 'TasksMax'],
    [{ hook, code: 'ENFILE' }, 'warning', hook, 'ENFILE', 'fs.file-max'],
    [{ hook, code: 'ENOMEM' }, 'warning', hook, 'ENOMEM', 'memory'],
  ],
  'hooks-withdrawn': [[{ transition: stop }, 'info', 'on_stop (7)', 'has gone']],
  'hooks-dropped': [[{ transition: stop }, 'warning', 'on_stop (7)']],
  'folder-missing': [[{ folder, event: 'start' }, 'info', folder, 'start']],
  'folder-unreadable': [[{ folder, code: 'EACCES' }, 'error', folder, 'EACCES']],
  'folder-refused': [
    [
      refused({ kind: 'writable', mode: 0o775, gid: 999, sticky: false }),
      'error',
      folder,
      'group 999',
      '0775',
      `chmod g-w ${quoted}`,
    ],
  ],
  'name-refused': [[{ hook: 'on_start/\\xff' }, 'error', 'on_start/\\xff', 'Rename it']],
  'hook-refused': [
    [unfit({ kind: 'missing' }), 'error', hook, path, `mkdir -p ${quoted}`],
    [unfit({ kind: 'unreadable', code: 'EIO' }), 'error', path, 'EIO', `ls -ld ${quoted}`],
    [unfit({ kind: 'owner', uid: 1000, trusted: 0 }), 'error', 'user 1000', `chown -h root ${quoted}`],
    [
      unfit({ kind: 'owner', uid: 1000, trusted: 1001 }),
      'error',
      'root or user 1001',
      `chown -h 1001 ${quoted}`,
    ],
    [
      unfit({ kind: 'writable', mode: 0o757, gid: 5, sticky: false }),
      'error',
      'everybody',
      '0757',
      `chmod o-w ${quoted}`,
    ],
    [
      unfit({ kind: 'writable', mode: 0o777, gid: 5, sticky: false }),
      'error',
      'group 5 and everybody',
      `chmod go-w ${quoted}`,
    ],
    [
      unfit({ kind: 'writable', mode: 0o1777, gid: 5, sticky: true }),
      'error',
      'sticky',
      'use a folder elsewhere',
    ],
    [unfit({ kind: 'byte-order-mark' }), 'error', 'byte order mark', quoted],
    [unfit({ kind: 'set-id', mode: 0o4755 }), 'error', '4755', `chmod ug-s ${quoted}`],
    [unfit({ kind: 'not-a-folder' }), 'error', path, `ls -ld ${quoted}`],
    [unfit({ kind: 'not-a-file' }), 'error', 'no regular file', `ls -ld ${quoted}`],
    [unfit({ kind: 'too-many-links' }), 'error', 'circles', `ls -ld ${quoted}`],
    [unfit({ kind: 'dangling' }), 'error', path, 'Remove or mend the link'],
    [unfit({ kind: 'windows-line-ends' }), 'error', path, `sed -i 's/\\r$//' ${quoted}`],
    [
      unfit({ kind: 'interpreter', program: '/bin/nosh', code: 'ENOENT' }),
      'error',
      '/bin/nosh',
      'Install it',
    ],
    [unfit({ kind: 'interpreter', program: '/bin/nosh', code: 'EACCES' }), 'error', 'EACCES', quoted],
    [unfit({ kind: 'unknown-format' }), 'error', path, 'Start it from a script'],
    [unfit({ kind: 'not-executable', code: 'EACCES' }), 'error', 'EACCES', `ls -ld ${quoted}`],
    [unfit({ kind: 'no-interpreter' }), 'error', path, '#!/bin/sh'],
  ],
  'hook-left-out': [
    [{ hook, why: 'masked' }, 'detail', hook, '/dev/null'],
    [{ hook, why: 'switched-off' }, 'info', hook, 'chmod +x'],
    [{ hook, why: 'folder' }, 'detail', hook, 'folder'],
    [{ hook, why: 'gone' }, 'detail', hook, 'removed'],
  ],
  'hook-linked': [[{ hook, path, hardLinks: 3 }, 'warning', hook, '3 names']],
  'hook-interpreter-exposed': [
    [
      {
        hook,
        program: '/opt/x/bin/node',
        path: '/opt/x',
        cause: { kind: 'writable', mode: 0o775, gid: 50, sticky: false },
      },
      'warning',
      hook,
      '/opt/x/bin/node',
      '/opt/x is writable by group 50',
      'chmod g-w /opt/x',
    ],
    [
      {
        hook,
        program: '/home/a/node',
        path: '/home/a',
        cause: { kind: 'owner', uid: 1000, trusted: 0 },
      },
      'warning',
      'user 1000',
      'Name another interpreter',
    ],
    [
      {
        hook,
        program: '/tmp/node',
        path: '/tmp',
        cause: { kind: 'writable', mode: 0o1777, gid: 0, sticky: true },
      },
      'warning',
      'everybody',
      'Name another interpreter',
    ],
  ],
  'hook-started': [[{ hook, transition: start, run: 'r1', process: undefined }, 'detail', hook]],
  'hook-output': [
    [{ hook, stream: 'stdout', line: Buffer.from('hi \u001b[2J') }, 'info', `${hook}: hi \\x1b[2J`],
  ],
  'hook-output-omitted': [[{ hook, bytes: 2_500_000 }, 'warning', hook, '3 MB']],
  'hook-retries': [
    [{ hook, transition: start, attempt: 2, attempts: 4, afterMs: 1000 }, 'warning', hook, '2 of 4', '1.0 s'],
  ],
  'hook-restarts': [[{ hook, afterMs: 2000 }, 'warning', hook, '2.0 s']],
  'turn-continued': [
    [{ transition: start, rest: { cut: hook, left: ['on_start/b'], count: 1 } }, 'info', hook, 'on_start/b'],
    [{ transition: start, rest: {} }, 'info', 'on_start (7)'],
  ],
  'turn-cut': [
    [
      { transition: start, rest: { cut: hook, left: ['a', 'b'], count: 22 } },
      'warning',
      '22 hooks',
      'a, b, …',
    ],
  ],
  'turn-dropped': [
    [{ transition: start, rest: {}, why: 'engine-stopped' }, 'warning', 'on_start (7)', 'has stopped'],
    [{ transition: start, rest: {}, why: 'another-run' }, 'warning', 'another run'],
    [{ transition: start, rest: {}, why: 'not-repeated' }, 'warning', 'stands for it'],
    [{ transition: start, rest: {}, why: 'not-kept' }, 'warning', 'could not be written'],
  ],
  'hook-passed': [
    [{ hook, transition: start, why: 'given-up', cuts: 3 }, 'warning', hook, '3 times', '--no-block'],
    [{ hook, transition: start, why: 'repeat-off', cuts: 1 }, 'warning', hook, '1 time ', 'repeat = false'],
  ],
  'chain-stopped': [[{ hook, transition: start }, 'warning', hook, 'left out']],
  'hook-running': [[{ hook, forMs: 60_000 }, 'warning', hook, '60.0 s']],
  'hook-ended': [
    [ended({ kind: 'exited', code: 0 }), 'detail', hook, '1.2 s'],
    [ended({ kind: 'exited', code: 3 }), 'error', hook, 'exit code 3'],
    [ended({ kind: 'killed', signal: 'SIGKILL' }), 'error', hook, 'SIGKILL'],
    [ended({ kind: 'not-started', code: 'EAGAIN', program: path }), 'error', hook, 'EAGAIN'],
    [
      ended({ kind: 'not-started', code: 'EACCES', program: '/etc/a b' }),
      'error',
      hook,
      'the user that it is given to',
      "ls -ld '/etc/a b'",
    ],
    [
      ended({ kind: 'not-started', code: 'ENOENT', program: groupSetter }),
      'error',
      hook,
      'Install util-linux',
    ],
    [ended({ kind: 'ended', why: 'timeout', how: 'terminated' }), 'error', hook, 'took too long'],
    [ended({ kind: 'ended', why: 'engine-stops', how: 'terminated' }), 'info', hook, 'Docker stops'],
    [ended({ kind: 'ended', why: 'listener-ends', how: 'killed' }), 'error', hook, 'SIGTERM', 'killed'],
    [ended({ kind: 'ended', why: 'timeout', how: 'given-up' }), 'error', hook, 'the kernel holds it'],
  ],
  'hook-left-over': [[{ hook, pid: 4711 }, 'warning', hook, 'pid 4711', 'ending it']],

  'journal-refused': [
    [
      refused({ kind: 'writable', mode: 0o777, gid: 0, sticky: false }),
      'error',
      folder,
      'writable by',
      `chmod go-w ${quoted}`,
    ],
  ],
  'journal-in-use': [[{ folder, pid: 4711 }, 'warning', folder, 'pid 4711']],
  'journal-failing': [[{ folder, code: 'ENOSPC' }, 'warning', folder, 'ENOSPC', 'trying again']],
  'journal-removed': [[{ file: '/j/1.jsonl' }, 'warning', '/j/1.jsonl', 'removed']],
  'journal-recovered': [
    [{ folder, lost: 0 }, 'info', folder, 'written again'],
    [{ folder, lost: 1 }, 'info', folder, 'lost 1 record'],
  ],
  'journal-torn': [[{ file: '/j/1.jsonl', lines: 2 }, 'warning', '/j/1.jsonl', '2 lines']],
};

group.each(Object.keys(table) as Kind[])('%s', (kind) => {
  const cases = table[kind] as readonly Case<Kind>[];
  test.each(cases.map((parts, index) => [index + 1, ...parts] as const))(
    '%i',
    (_, fields, level, ...names) => {
      const words = describe({ kind, engine: 'default', url, ...fields } as ListenerEvent);
      expect(words.level).toBe(level);
      for (const name of names) expect(words.text).toContain(name);
      expect(words.text).not.toMatch(/undefined|\[object|NaN|\n/);
      expect(words.text).toMatch(/^\S.*\S$/);
      // A sentence that stands in a log line ends without a full stop; what follows one is another sentence.
      expect(words.text).not.toMatch(/\.$/);
    },
  );
});

test('no record has fields that the JSON log has for itself', () => {
  const fields = Object.values(table).flatMap((cases: readonly Case<Kind>[]) =>
    cases.flatMap(([record]) => Object.keys(record)),
  );
  for (const own of ['time', 'level', 'message']) expect(fields).not.toContain(own);
});

test('a script folder that is refused is named with what is at fault, and the fix apart', () => {
  const cause: RefusalCause = { kind: 'owner', uid: 1000, trusted: 0 };
  expect(describeFolderRefusal('/srv/me/hooks', { path: '/srv/me', cause })).toEqual({
    message: 'Will not run hooks from /srv/me/hooks: /srv/me is owned by user 1000, not by root',
    fix: 'Run: chown -h root /srv/me',
  });
});

test.each(['/home/me', '/Users/me'])('no fix gives %s away', (home) => {
  const cause: RefusalCause = { kind: 'owner', uid: 1000, trusted: 0 };
  expect(describeFolderRefusal(`${home}/hooks`, { path: home, cause })).toEqual({
    message: `Will not run hooks from ${home}/hooks: ${home} is owned by user 1000, not by root`,
    fix: 'That is a user’s home: use a folder elsewhere that no other user may write to, as below /etc',
  });
});

test('a refusal shows no control characters, and its fix names the file all the same', () => {
  const cause: RefusalCause = { kind: 'writable', mode: 0o775, gid: 0, sticky: false };
  expect(describeRefusal({ path: '/etc/a\u001b[2J', cause })).toEqual({
    found: '/etc/a\\x1b[2J is writable by group 0 (mode 0775)',
    fix: `Run: chmod g-w "$(printf '/etc/a\\033\\1332J')"`,
  });
});

test('what is not a folder gets the fix of a folder for hooks only where they were to be in it', () => {
  const refusal = { path: '/etc/passwd', cause: { kind: 'not-a-folder' } } as const;
  expect(describeFolderRefusal('/etc/passwd', refusal).fix).toMatch(/on_start and on_stop/);
  expect(describeRefusal(refusal).fix).toBe('See: ls -ld /etc/passwd');
});

test.each([
  ['its parent', '/srv'],
  ['itself', '/srv/my hooks'],
])('a script folder that is missing has a fix that makes all of it: from %s on', (_, missing) => {
  const cause: RefusalCause = { kind: 'missing' };
  const { message, fix } = describeFolderRefusal('/srv/my hooks', { path: missing, cause });
  expect(message).toContain(`${missing} does not exist`);
  expect(fix).toBe("Run: mkdir -p '/srv/my hooks/on_start' '/srv/my hooks/on_stop'");
});

test('a script folder that is a link to nothing is not made where the link is', () => {
  const { fix } = describeFolderRefusal('/etc/hooks', { path: '/srv/hooks', cause: { kind: 'missing' } });
  expect(fix).toBe('Run: mkdir -p /srv/hooks');
});
