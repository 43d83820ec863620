import { readPath } from '../listener/config/readers.ts';
import { nearest } from '../system/nearest.ts';
import type { Asking, Command, NewHookEvent } from './command.ts';
import { givenSettings } from './given-settings.ts';
import { notifierCommands } from './notifier-commands.ts';
import { type OptionName, type Suggests, usage, type Values } from './options.ts';
import { calledAs } from './plugin/call.ts';
import { anyEventCalled, count, duration, eventIn, none, readSince, unknownWord } from './read-words.ts';
import { serviceCommands } from './service-commands.ts';
import { shellCommands } from './shell-commands.ts';

/** One command: what follows its name, what is said of it, and how it is read. */
export interface CommandEntry {
  /** Each way to write it, and what that does. */
  readonly calls: readonly (readonly [words: string, about: string])[];
  readonly options: readonly OptionName[];
  /** What may come behind those words of it that are there already. */
  readonly suggests?: (before: readonly string[]) => Suggests;
  /** Options that go with one word of the command alone. */
  readonly belongsTo?: { readonly [option in OptionName]?: string };
  /** What an option may be here, where that is not what it may be elsewhere. */
  readonly values?: { readonly [option in OptionName]?: Suggests };
  readonly read: (values: Values, words: readonly string[]) => Command;
}

const engineOptions = ['host', 'context', 'pidfile', 'heartbeat'] as const;
const askingOptions = ['control', 'config', 'json', 'no-color'] as const;
const runOptions = [
  ...engineOptions,
  'when-started',
  'state-dir',
  'control',
  'listen',
  'no-notifier',
  'trust-notifier',
  'metrics',
  'config',
  'dry-run',
  'log-file',
  'log-format',
  'verbose',
  'quiet',
] as const;

/** Every command by its name, in the order in which they are listed. */
export const commands: { readonly [name: string]: CommandEntry } = {
  run: {
    calls: [['<script_dir> [port]', 'run in the foreground']],
    options: runOptions,
    suggests: (before) => (before.length === 0 ? 'folder' : []),
    read: run,
  },
  status: {
    calls: [
      ['', 'whether Docker is up, what runs, and what went wrong last'],
      ['--web', 'the same as a page for a browser, with a time line'],
    ],
    options: ['watch', 'web', 'engine', ...askingOptions],
    read: status,
  },
  history: {
    calls: [
      ['', 'what happened: starts, stops and runs of hooks, newest last'],
      ['show N', 'one of them, with what a hook printed'],
      ['--html FILE', 'a page for a browser, to keep or to send'],
    ],
    options: [
      'since',
      'event',
      'hook',
      'engine',
      'failed',
      'number',
      'follow',
      'html',
      'state-dir',
      ...askingOptions,
    ],
    suggests: (before) => (before.length === 0 ? ['show'] : []),
    read: history,
  },
  hooks: {
    calls: [
      ['', 'what would run on each event, what not, and why'],
      ['enable NAME', 'make a hook executable; disable NAME the opposite'],
      ['new NAME --event start', 'write a template; also for stop, running and events'],
    ],
    options: ['event', 'script-dir', ...askingOptions],
    suggests: ([word, ...more]) => {
      if (word === undefined) return hookWords;
      return more.length === 0 && word !== 'new' ? 'hook' : [];
    },
    values: { event: ['start', 'stop', 'running'] },
    read: hooks,
  },
  trigger: {
    calls: [['start|stop', 'run the hooks of an event now; exits as the worst of them']],
    options: ['hook', 'engine', ...askingOptions],
    suggests: startOrStop,
    read: (values, words) => ({
      kind: 'trigger',
      ...asking(values),
      event: eventIn('trigger', words),
      hook: values.hook,
      engine: values.engine,
    }),
  },
  wait: {
    calls: [['start|stop', 'return when Docker is up, or down; at once if it is']],
    options: ['timeout', 'engine', ...engineOptions, 'control', 'config'],
    suggests: startOrStop,
    read: (values, words) => ({
      kind: 'wait',
      ...asking(values),
      event: eventIn('wait', words),
      engine: values.engine,
      timeout: duration('timeout', values.timeout),
    }),
  },
  events: {
    calls: [['', 'what happens, as it happens']],
    options: ['engine', ...askingOptions],
    read: (values, words) => ({
      kind: 'events',
      ...asking(values),
      engine: values.engine,
      ...none('events', words),
    }),
  },
  config: {
    calls: [['check [script_dir]', 'what the settings are, and where each comes from']],
    options: runOptions,
    suggests: ([word, ...more]) => (word === undefined ? ['check'] : more.length === 0 ? 'folder' : []),
    read: configCheck,
  },
  ...serviceCommands,
  ...shellCommands,
  ...notifierCommands,
  demo: {
    calls: [['', 'see it work, without Docker and without root']],
    options: [],
    read(_, [word]) {
      if (word !== undefined) throw usage(`demo takes no argument: ${word}`);
      return { kind: 'demo' };
    },
  },
  help: {
    calls: [['[COMMAND]', 'what there is, or what a command takes']],
    options: ['man'],
    suggests: (before) => (before.length === 0 ? 'command' : []),
    read: helpWith,
  },
};

function startOrStop(before: readonly string[]): Suggests {
  return before.length === 0 ? ['start', 'stop'] : [];
}

function helpWith({ man = false }: Values, [of, ...rest]: readonly string[]): Command {
  if (of === undefined || Object.hasOwn(commands, of)) {
    return { kind: 'help', of, man, ...none('help COMMAND', rest) };
  }
  const near = nearest(of, Object.keys(commands));
  throw usage(
    `There is no command ${JSON.stringify(of)}`,
    near === undefined ? `All commands: ${calledAs()} --help` : `Did you mean ${near}?`,
  );
}

function status(values: Values, words: readonly string[]): Command {
  const given = { ...asking(values), ...none('status', words), engine: values.engine };
  if (!values.web) return { kind: 'status', ...given, watch: watching(values) };
  if (!values.watch) return { kind: 'status-page', ...given };
  throw usage('--web and --watch exclude each other', 'The page goes on by itself');
}

function watching({ watch = false, json }: Values): boolean {
  if (watch && json) {
    throw usage('--watch and --json exclude each other', 'events --json tells each change as a line');
  }
  return watch;
}

export function run(values: Values, words: readonly string[]): Command {
  const kind = values['dry-run'] ? 'dry-run' : 'run';
  return { kind, logFile: logFile(values), ...givenSettings(values, words) };
}

function logFile({ 'log-file': value }: Values): string | undefined {
  if (value === undefined) return undefined;
  return readPath({ value, from: { kind: 'flag', flag: '--log-file' } });
}

function configCheck(values: Values, [word, ...rest]: readonly string[]): Command {
  if (word === 'check') {
    return { kind: 'config-check', logFile: logFile(values), ...givenSettings(values, rest) };
  }
  throw unknownWord('config', word, ['check']);
}

function history(values: Values, [word, number, ...rest]: readonly string[]): Command {
  if (word === undefined) {
    const since = values.since === undefined ? undefined : readSince(values.since, new Date());
    if (values.html !== undefined) return report(values, values.html, since);
    return {
      kind: 'history',
      ...asking(values),
      since,
      event: values.event === undefined ? undefined : anyEventCalled('--event', values.event),
      hook: values.hook,
      engine: values.engine,
      failed: values.failed ?? false,
      n: values.number === undefined ? undefined : count(values.number),
      follow: values.follow ?? false,
    };
  }
  if (word !== 'show') throw unknownWord('history', word, ['show']);
  if (number === undefined || !/^\d{1,12}$/.test(number)) {
    throw usage('history show takes a number', `${calledAs()} history lists them`);
  }
  return { kind: 'history-show', number: Number(number), ...asking(values), ...none('history show N', rest) };
}

function report(values: Values, file: string, since: number | undefined): Command {
  const foreign = (['event', 'hook', 'failed', 'follow', 'json'] as const).find(
    (name) => values[name] !== undefined,
  );
  if (foreign !== undefined) {
    throw usage(`--html and --${foreign} exclude each other`, 'The page itself can show a part of it');
  }
  if (file === '') throw usage('--html takes the name of a file', 'As history.html; - for standard output');
  const n = values.number === undefined ? undefined : count(values.number);
  return { kind: 'history-report', ...asking(values), engine: values.engine, file, since, n };
}

const hookWords = ['enable', 'disable', 'new'];

function hooks(values: Values, [word, hook, ...rest]: readonly string[]): Command {
  if (word === undefined) return { kind: 'hooks', ...asking(values) };
  if (!hookWords.includes(word)) throw unknownWord('hooks', word, hookWords);
  if (hook === undefined) throw usage(`hooks ${word} takes the name of a hook`, 'As 10-hello');
  const given = { hook, ...asking(values), ...none(`hooks ${word} NAME`, rest) };
  if (word !== 'new') return { kind: 'hooks-switch', on: word === 'enable', ...given };
  return { kind: 'hooks-new', event: newHookEvent(values.event), ...given };
}

function newHookEvent(word: string | undefined): NewHookEvent {
  if (word === 'running') return word;
  const event = anyEventCalled('--event', word);
  return event === 'start' || event === 'stop' ? event : `on_${event}`;
}

function asking(values: Values): Asking {
  const { json = false, 'no-color': noColor = false } = values;
  return { ...givenSettings(values), json, noColor };
}
