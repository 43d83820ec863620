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
import type { Reason, Source, Transition } from '../../watch/lifecycle/transition.ts';
import { sensorWords } from '../../watch/words.ts';
import type { ControlReport } from '../control/protocol.ts';
import type { MemoryReport } from '../journal/engine-memory.ts';
import type { JournalReport } from '../journal/report.ts';
import type { TurnReport } from '../journal/turn-file.ts';
import type { MetricsReport } from '../metrics/server.ts';
import type { NotifierReport } from '../notifier/protocol.ts';
import type { DaemonRecord, Record } from '../record.ts';
import type { UnexpectedError } from '../unexpected.ts';
import { eventsWords } from './events.ts';
import { hookWords } from './hooks.ts';
import { describeRefusal } from './refusal.ts';
import { turnFileWords } from './turns.ts';
import { describeWarning } from './warnings.ts';

/** What becomes of what is kept on disk. */
const journalWords: WordsFor<MemoryReport | JournalReport | TurnReport> = {
  ...turnFileWords,
  'memory-unreadable': (record) =>
    warning(`Cannot read ${record.path}: ${record.error}. Starting as if for the first time`),
  'memory-damaged': ({ path, engines }) =>
    warning(
      `${path} is damaged in ${plural(engines.length, 'entry', 'entries')}: ${engines.slice(0, 5).join(', ')}` +
        `${engines.length > 5 ? ', …' : ''}. Starting as if for the first time with ${engines.length === 1 ? 'it' : 'them'}`,
    ),
  'memory-not-kept': (record) =>
    error(
      `Cannot write ${record.path}: ${record.error}. If the listener ends now, it will not know what it has told. ` +
        'Make room there, or give another folder with --state-dir',
    ),
  'memory-kept-again': (record) => info(`${record.path} can be written again`),
  'journal-refused': (record) => {
    const { found, fix } = describeRefusal(record.refusal);
    return error(`Keeping no journal in ${record.folder}: ${found}. ${fix}`);
  },
  'journal-in-use': (record) =>
    warning(`Keeping no journal in ${record.folder}: another listener writes there, pid ${record.pid}`),
  'journal-failing': (record) =>
    warning(`Cannot write the journal in ${record.folder} (${record.code}): trying again`),
  'journal-removed': (record) => warning(`${record.file} was removed or replaced: beginning another one`),
  'journal-recovered': (record) =>
    info(
      `The journal in ${record.folder} is written again` +
        (record.lost === 0 ? '' : `; lost ${plural(record.lost, 'record')}`),
    ),
  'journal-torn': (record) =>
    warning(`${record.file} has ${plural(record.lines, 'line')} that a crash or a full disk cut off`),
};

const without = 'status, trigger and the companion do not reach this listener';

/** What becomes of the control socket. */
const controlWords: WordsFor<ControlReport> = {
  'control-listening': (record) => detail(`Answering on ${record.path}`),
  'page-opened': (record) => info(`The page is served on 127.0.0.1 port ${record.port}`),
  'page-closed': () => info('Nobody looks at the page any more: closed'),
  'control-refused': (record) => {
    const { found, fix } = describeRefusal(record.refusal);
    return warning(`No control socket at ${record.path}: ${found}. ${fix}. Until then ${without}`);
  },
  'control-in-use': (record) =>
    warning(
      `No control socket at ${record.path}: another listener answers there, so ${without}. ` +
        'End the other one, or give this one its own with --control PATH',
    ),
  'control-failed': (record) =>
    warning(
      `No control socket at ${record.path} (${record.code}): ${without}. See: ls -ld ${quote(record.path)}`,
    ),
};

/** What becomes of the port for metrics. */
const metricsWords: WordsFor<MetricsReport> = {
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

/** What the notifier's port has to say. */
const notifierWords: WordsFor<NotifierReport> = {
  'notifier-listening': (record) =>
    info(`Listening for notifiers on ${addressAndPort(record.address, record.port)}`),
  'notifier-not-listening': (record) =>
    warning(`Not listening on ${addressAndPort(record.address, record.port)}: ${record.error}`),
  'notifier-said': (record) => detail(`${record.from} says ${record.said}`),
  'notifier-refused': (record) =>
    warning(
      `Refused from ${record.from}: "${printable(record.bytes, 80)}"${record.tooLong ? ', a line without end' : ''}. ` +
        'Only start and stop are understood',
    ),
  'notifier-silent': (record) => detail(`${record.from} said nothing: dropped`),
  'notifier-flooded': (record) =>
    warning(`${record.count} more messages came to the notifier's port than are shown here`),
  'notifier-held': (record) => info(`A notifier at ${record.from} keeps its connection open`),
  'notifier-gone': (record) =>
    info(`The notifier at ${record.from} is gone without a word: looking whether Docker is`),
};

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
    const { found, fix } = describeRefusal(record.refusal);
    return error(`Remembering nothing in ${record.folder}: ${found}. ${fix}`);
  },
  'not-notified': (record) =>
    error(
      `Cannot tell systemd that the listener is ready (${record.error}), and so it will end it. ` +
        'Set Type=exec with: systemctl edit docker-lifecycle-listener',
    ),
};

const words: WordsFor<Record> = {
  ...daemonWords,
  ...sensorWords,
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
