import type { DaemonRecord, Record } from '../../daemon/record.ts';
import type { Reason, Source, Transition } from '../../lifecycle/transition.ts';
import { printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import type { UnexpectedError } from '../../system/unexpected.ts';
import { controlWords } from './control.ts';
import { engineWords } from './engine.ts';
import { eventsWords } from './events.ts';
import { hookWords } from './hooks.ts';
import { journalWords } from './journal.ts';
import { metricsWords } from './metrics.ts';
import { notifierWords } from './notifier.ts';
import { describeRefusal } from './refusal.ts';
import { describeWarning } from './warnings.ts';
import { detail, error, info, type Words, type WordsFor, warning } from './words.ts';

/** An error that was not foreseen, and its place in the code. */
export function unexpected({ error: what, at }: UnexpectedError): string {
  return `${what}${at === '' ? '' : ` (${at})`}`;
}

const daemonWords: WordsFor<DaemonRecord> = {
  'listener-started': (record) =>
    info(
      `docker-lifecycle-listener ${record.version} started: pid ${record.pid}, hooks in ${record.scriptDir}`,
    ),
  'listener-ending': (record) => info(`${record.signal} received: ending`),
  'listener-ended': () => info('Ended'),
  'listener-failed': (record) =>
    error(`The listener ends by an error of its own: ${unexpected(record)}. Please report it`),
  'engine-is-down': (record) => info(`Docker is not running at ${record.url}: waiting for it`),
  'engine-is-stopping': (record) =>
    info(`Docker at ${record.url} is being stopped, as was told before: waiting for its end`),
  transition: (record) => info(describeTransition(record.transition)),
  'hint-taken': (record) => info(describeHint(record.said, record.engineIsUp)),
  'companion-said': (record) =>
    detail(`Docker’s service says ${record.said}${record.told ? '' : ': nothing new'}`),
  'hooks-requested': ({ transition: { event }, hook }) =>
    info(hook === undefined ? `on_${event} is requested` : `${hook} is requested`),
  'hook-warned': (record) => {
    const { found, fix } = describeWarning(record.hook, record.warning);
    return warning(`${found}. ${fix}`);
  },
  'notifier-trusted': (record) =>
    warning(
      `--trust-notifier: whoever reaches port ${record.port} can have the hooks run. Keep it closed to others`,
    ),
  'reports-suppressed': ({ engine, counts }) =>
    warning(
      `Engine ${engine}: ${Object.entries(counts)
        .map(([kind, count]) => `${count} more of ${kind}`)
        .join(', ')} in the last minute`,
    ),
  'settings-unmatched': ({ hook, near }) =>
    warning(
      `There are settings for ${printableText(hook)}, but there is no such hook` +
        (near === undefined ? '' : `: did you mean ${near}?`),
    ),
  'access-list': (record) =>
    warning(
      `${record.folder} has an access control list: make sure that it lets nobody else write, ` +
        `now or in files to come. See: getfacl ${quote(record.folder)}`,
    ),
  'hooks-afar': (record) =>
    warning(
      `${record.folder} is on ${record.fileSystem}: should that hang, the listener hangs with it. Keep hooks on a disk of this machine`,
    ),
  'hooks-not-wanted': (record) =>
    info(
      `on_${record.transition.event} is not run: it was so before the listener started (--when-started ${record.whenStarted})`,
    ),
  'state-refused': (record) => {
    const { found, cure } = describeRefusal(record.refusal);
    return error(`Remembering nothing in ${record.folder}: ${found}. ${cure}`);
  },
  'not-notified': (record) =>
    error(
      `Cannot tell systemd that the listener is ready (${record.error}), and so it will end it. ` +
        'Set Type=exec with: systemctl edit docker-lifecycle-listener',
    ),
  'watch-degraded': (record) =>
    warning(
      `Cannot watch ${record.folder} (${record.error}): looking there every 2 s instead. ` +
        'Raise fs.inotify.max_user_instances and max_user_watches with sysctl',
    ),
};

const words: WordsFor<Record> = {
  ...daemonWords,
  ...engineWords,
  ...eventsWords,
  ...controlWords,
  ...notifierWords,
  ...metricsWords,
  ...hookWords,
  ...journalWords,
};

/** What happened, for a person: the thing, what was found, and what mends it. */
export function describe(record: Record): Words {
  // The table has one entry a kind, for just that kind.
  return (words[record.kind] as (record: Record) => Words)(record);
}

/** What happened to an engine. */
export function describeTransition({ event, reason, source, run }: Transition): string {
  const pid = /^(\d+)@/.exec(run ?? '')?.[1];
  const which = pid === undefined ? '' : ` (pid ${pid})`;
  const said = sayings[source];
  if (event === 'start') {
    return reason === 'listener-started'
      ? `Docker is up already${which}${said}`
      : `Docker has started${which}${said}`;
  }
  return `Docker ${endings[reason]}${which}${said}`;
}

const sayings: { readonly [source in Source]: string } = {
  engine: '',
  notifier: ', says the notifier',
  companion: ', says its service',
  request: ', on request',
};

const endings: { readonly [reason in Reason]: string } = {
  'listener-started': 'has stopped while the listener was not running',
  'engine-started': 'stops',
  shutdown: 'is stopping',
  crash: 'has crashed or was killed',
  unreachable: 'does not answer any more',
  unseen: 'was restarted in the meantime',
  requested: 'is said to stop',
};

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
