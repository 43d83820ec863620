import { printable, printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import {
  addressAndPort,
  detail,
  error,
  info,
  plural,
  type Words,
  type WordsFor,
  warning,
} from '../../system/words.ts';
import { softwareAt } from '../../watch/words.ts';
import type { ControlReport } from '../control/protocol.ts';
import type { DaemonEvent, EventKinds } from '../events.ts';
import type { MemoryReport } from '../journal/engine-memory.ts';
import type { JournalReport } from '../journal/report.ts';
import type { TurnReport } from '../journal/turn-file.ts';
import type { MetricsReport } from '../metrics/server.ts';
import type { NotifierReport } from '../notifier/protocol.ts';
import type { UnexpectedError } from '../unexpected.ts';
import { describeRefusal } from './refusal.ts';
import { describeTransition } from './transitions.ts';
import { turnFileWords } from './turns.ts';
import { describeWarning } from './warnings.ts';

/** The files of the state folder. */
export const journalWords: WordsFor<MemoryReport | JournalReport | TurnReport> = {
  ...turnFileWords,
  'memory-unreadable': (event) =>
    warning(`Cannot read ${event.path}: ${event.error}. Starting as if for the first time`),
  'memory-damaged': ({ path, engines }) =>
    warning(
      `${path} is damaged in ${plural(engines.length, 'entry', 'entries')}: ${engines.slice(0, 5).join(', ')}` +
        `${engines.length > 5 ? ', …' : ''}. Starting as if for the first time with ${engines.length === 1 ? 'it' : 'them'}`,
    ),
  'memory-not-kept': (event) =>
    error(
      `Cannot write ${event.path}: ${event.error}. If the listener ends now, the next one does not know which starts and stops it reported. ` +
        'Make room there, or give another folder with --state-dir',
    ),
  'memory-kept-again': (event) => info(`${event.path} can be written again`),
  'journal-refused': (event) => {
    const { found, fix } = describeRefusal(event.refusal);
    return error(`Keeping no journal in ${event.folder}: ${found}. ${fix}`);
  },
  'journal-in-use': (event) =>
    warning(`Keeping no journal in ${event.folder}: another listener writes there, pid ${event.pid}`),
  'journal-failing': (event) =>
    warning(`Cannot write the journal in ${event.folder} (${event.code}): trying again`),
  'journal-removed': (event) => warning(`${event.file} was removed or replaced: beginning another one`),
  'journal-recovered': (event) =>
    info(
      `The journal in ${event.folder} is written again` +
        (event.lost === 0 ? '' : `; lost ${plural(event.lost, 'record')}`),
    ),
  'journal-torn': (event) =>
    warning(`${event.file} has ${plural(event.lines, 'line')} that a crash or a full disk cut off`),
};

const without = 'status, trigger and the companion do not reach this listener';

/** The control socket, and the page. */
export const controlWords: WordsFor<ControlReport> = {
  'control-listening': (event) => detail(`Answering on ${event.path}`),
  'readers-listening': (event) => detail(`Answering the group ${event.group} on ${event.path}`),
  'readers-no-group': ({ group }) =>
    warning(
      `There is no group ${printableText(group)}, so only root may ask this listener. ` +
        'Make it with groupadd and restart the listener, or give another with readers in the settings',
    ),
  'readers-kept-out': ({ folder, group }) =>
    warning(
      `The group ${printableText(group)} may not enter ${folder}, so only root may ask this listener. ` +
        `Run: chgrp ${quote(group)} ${quote(folder)} && chmod g+x ${quote(folder)}`,
    ),
  'readers-failed': ({ path, group, code }) =>
    warning(
      `No socket at ${path} (${code}) for the group ${printableText(group)}: only root may ask this listener. See: ls -ld ${quote(path)}`,
    ),
  'page-opened': (event) => info(`The page is served on 127.0.0.1 port ${event.port}`),
  'page-closed': () => info('No browser shows the page any more: closed'),
  'control-refused': (event) => {
    const { found, fix } = describeRefusal(event.refusal);
    return warning(`No control socket at ${event.path}: ${found}. ${fix}. Until then ${without}`);
  },
  'control-in-use': (event) =>
    warning(
      `No control socket at ${event.path}: another listener answers there, so ${without}. ` +
        'End the other one, or give this one its own with --control PATH',
    ),
  'control-failed': (event) =>
    warning(
      `No control socket at ${event.path} (${event.code}): ${without}. See: ls -ld ${quote(event.path)}`,
    ),
};

/** The port for metrics. */
export const metricsWords: WordsFor<MetricsReport> = {
  'metrics-listening': ({ address, port }) =>
    info(`Metrics are at http://${addressAndPort(address, port)}/metrics`),
  'metrics-not-listening': ({ address, port, code }) =>
    warning(`No metrics at ${addressAndPort(address, port)}: ${whyNot(code, port)}. It is tried again`),
};

function whyNot(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program listens there. See which: ss -ltnp 'sport = :${port}'`;
    case 'EACCES':
      return 'ports below 1024 are for root';
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'this machine has no such address now. See: ip address';
    default:
      return code;
  }
}

/** The notifier's port. */
export const notifierWords: WordsFor<NotifierReport> = {
  'notifier-listening': (event) =>
    info(`Listening for notifiers on ${addressAndPort(event.address, event.port)}`),
  'notifier-not-listening': (event) =>
    warning(`Not listening on ${addressAndPort(event.address, event.port)}: ${event.error}`),
  'notifier-port-not-kept': ({ path, code }) =>
    error(
      `Cannot write ${path} (${code}): the next listener does not know whether a notifier is installed. ` +
        'Make room there, then run notifier install or notifier remove again',
    ),
  'notifier-said': (event) => detail(`${event.from} says ${event.said}`),
  'notifier-refused': (event) =>
    warning(
      `Refused from ${event.from}: "${printable(event.bytes, 80)}"${event.tooLong ? ', a line without end' : ''}. ` +
        'Only start and stop are understood',
    ),
  'notifier-silent': (event) => detail(`${event.from} said nothing: dropped`),
  'notifier-flooded': (event) =>
    warning(`${event.count} more messages came to the notifier's port than are shown here`),
  'notifier-held': (event) => info(`A notifier at ${event.from} keeps its connection open`),
  'notifier-gone': (event) =>
    info(`The notifier at ${event.from} is gone without a word: looking whether Docker is`),
};

/** An error that was not foreseen, and its place in the code. */
function unexpected({ error: what, at }: UnexpectedError): string {
  return `${what}${at === '' ? '' : ` (${at})`}`;
}

export function describeListenerFailed(failed: UnexpectedError): string {
  return `The listener ends by an error of its own: ${unexpected(failed)}. Please report it`;
}

/** The listener itself, and the transitions of its engines. */
export const daemonWords: EventKinds<DaemonEvent> = {
  'listener-started': (event) =>
    info(`docker-lifecycle-listener ${event.version} started: pid ${event.pid}, hooks in ${event.scriptDir}`),
  'listener-ending': (event) => info(`${event.signal} received: ending`),
  'listener-ended': () => info('Ended'),
  'listener-failed': {
    words: (event) => error(describeListenerFailed(event)),
    record: ({ kind, error: text, at }) => ({ kind, error: text, at }),
  },
  'engine-is-down': (event) =>
    info(`${softwareAt(event.url)} is not running at ${event.url}: waiting for it`),
  'engine-is-stopping': (event) =>
    info(
      `${softwareAt(event.url)} at ${event.url} is being stopped, as reported before: waiting for its end`,
    ),
  transition: {
    words: (event) => info(describeTransition(event.transition)),
    record: ({ kind, transition }) => ({ kind, transition }),
  },
  'hint-taken': (event) => info(describeHint(event.said, event.engineIsUp)),
  'companion-said': (event) =>
    detail(`Docker’s service says ${event.said}${event.told ? '' : ': nothing new'}`),
  'hooks-requested': ({ transition: { event }, hook }) =>
    info(hook === undefined ? `on_${event} is requested` : `${hook} is requested`),
  'hook-warned': {
    words: (event) => {
      const { found, fix } = describeWarning(event.hook, event.warning);
      return warning(`${found}. ${fix}`);
    },
    record: ({ kind, engine, hook, warning: found }) => ({ kind, engine, hook, warning: found }),
  },
  'notifier-trusted': (event) =>
    warning(`--trust-notifier: any client of port ${event.port} can run the hooks. Keep it closed to others`),
  'reports-suppressed': ({ engine, counts }) =>
    warning(
      `Engine ${engine}: ${Object.entries(counts)
        .map(([kind, count]) => `${count} more of ${kind}`)
        .join(', ')} in the last minute`,
    ),
  'settings-reloaded': describeReload,
  'settings-refused': ({ error: why, fix }) =>
    error(`The settings stay as they were: ${why}${fix === undefined ? '' : `. ${fix}`}`),
  'settings-unmatched': ({ hook, near }) =>
    warning(
      `There are settings for ${printableText(hook)}, but there is no such hook` +
        (near === undefined ? '' : `: did you mean ${near}?`),
    ),
  'access-list': (event) =>
    warning(
      `${event.folder} has an access control list: make sure that it lets no other user write, ` +
        `now or in files to come. See: getfacl ${quote(event.folder)}`,
    ),
  'hooks-afar': (event) =>
    warning(
      `${event.folder} is on ${event.fileSystem}: should that hang, the listener hangs with it. Keep hooks on a disk of this machine`,
    ),
  'hooks-not-wanted': (event) =>
    info(
      `on_${event.transition.event} is not run: it was so before the listener started (--when-started ${event.whenStarted})`,
    ),
  'state-refused': (event) => {
    const { found, fix } = describeRefusal(event.refusal);
    return error(`Remembering nothing in ${event.folder}: ${found}. ${fix}`);
  },
  'not-notified': (event) =>
    error(
      `Cannot tell systemd that the listener is ready (${event.error}), and so it will end it. ` +
        'Set Type=exec with: systemctl edit docker-lifecycle-listener, or systemctl --user edit for a user’s own service',
    ),
};

type SettingChanges = Omit<Extract<DaemonEvent, { readonly kind: 'settings-reloaded' }>, 'kind'>;

/** Returns what a reload of the settings has changed, and what waits for a restart. */
export function describeReload({ applied, restart }: SettingChanges): Words {
  const now = applied.length === 0 ? 'no change to apply' : `${applied.join(', ')} from the next hook on`;
  const text = `The settings were read again: ${now}`;
  if (restart.length === 0) return info(text);
  return warning(`${text}. For ${restart.join(', ')} start the listener again`);
}

function describeHint(message: 'start' | 'stop', engineIsUp: boolean): string {
  if (message === 'start') {
    return engineIsUp
      ? 'A notifier says start: Docker is known to be up, nothing to do'
      : 'A notifier says start: looking whether Docker is there';
  }
  return engineIsUp
    ? 'A notifier says stop: asking Docker, which decides'
    : 'A notifier says stop: Docker is known to be down, nothing to do';
}
