import { type ParseArgsConfig, parseArgs } from 'node:util';
import { engineRows, listenerRows, logRows } from '../listener/config/rows.ts';
import { describeDefault, type Setting } from '../listener/config/setting.ts';
import { nearest } from '../system/nearest.ts';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';

type Config = NonNullable<ParseArgsConfig['options']>[string];

/** Values that completion offers: these words, or those of a kind that exist. */
export type Suggests = readonly string[] | 'file' | 'folder' | 'context' | 'engine' | 'hook' | 'command';

/** An option: how it is read, what its value is called and may be, and what is said of it, line by line. */
export type Option = Config & {
  readonly value?: string;
  readonly suggests?: Suggests;
  readonly about: readonly string[];
};

type Rows = { readonly [name: string]: Setting };
type RowFlags<R extends Rows> = R[keyof R] extends infer Row
  ? Row extends { readonly flags: infer Flags }
    ? Flags
    : never
  : never;
type FlagNames<Flags> = Flags extends unknown ? keyof Flags : never;
/** The flags of rows by their names, each with its lines for `--help`. */
type FlagsOf<R extends Rows> = {
  readonly [Name in FlagNames<RowFlags<R>>]: Extract<RowFlags<R>, { readonly [N in Name]: unknown }>[Name] & {
    readonly about: readonly string[];
  };
};

function flagsOf<R extends Rows>(rows: R): FlagsOf<R> {
  const flags = Object.values(rows).flatMap((row) =>
    Object.entries(row.flags ?? {}).map(([name, flag]) => [name, withAbout(row, flag)]),
  );
  return Object.fromEntries(flags);
}

/** Most commands show no help, so its lines are made when they are read. */
function withAbout(row: Setting, flag: object): object {
  return {
    get about() {
      return aboutValue(row);
    },
    ...flag,
  };
}

/** The names of the flags of rows. */
export function flagNames<R extends Rows>(rows: R): (keyof FlagsOf<R>)[] {
  return Object.values(rows).flatMap(({ flags = {} }) => Object.keys(flags)) as (keyof FlagsOf<R>)[];
}

/** The longest line that a default joins, in characters. */
const longestLine = 84;

/** Lines about a flag that takes a value: what the setting is, and its default. */
function aboutValue(row: Setting): readonly string[] {
  const [first, ...more] = describeDefault(row);
  if (first === undefined) return row.about;
  const before = row.about.slice(0, -1);
  const last = row.about.at(-1) ?? '';
  const joined = `${last} (default: ${first})`;
  if (more.length === 0 && joined.length <= longestLine) return [...before, joined];
  const lines = [`(default: ${first}`, ...more];
  return [...row.about, ...lines.slice(0, -1), `${lines.at(-1)})`];
}

/** Every option of every command, in the order of the manual page. Flags of settings are those of their rows. */
export const options = {
  ...flagsOf(engineRows),
  ...flagsOf(listenerRows),
  config: {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    about: [
      'settings (default: /etc/docker-lifecycle-listener.toml, else the one in ~/.config;',
      'none for no file)',
    ],
  },
  'script-dir': {
    type: 'string',
    value: 'PATH',
    suggests: 'folder',
    about: [
      'the script folder (default: the running listener’s, else that of the settings;',
      'for install /etc/docker-lifecycle-listener.d)',
    ],
  },
  'dry-run': {
    type: 'boolean',
    about: [
      'do nothing: say what would run on each event, in order, and what would not and why;',
      'or what install or uninstall would do',
    ],
  },
  user: {
    type: 'boolean',
    about: ['a service of your own, without root: beside a rootless Docker, or on macOS'],
  },
  yes: { type: 'boolean', short: 'y', about: ['ask nothing'] },
  prefix: {
    type: 'string',
    value: 'PATH',
    suggests: 'folder',
    about: ['where the program is put (default: /usr/local, where root alone can write there)'],
  },
  node: {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    about: ['the Node that runs the service (default: the one that runs install)'],
  },
  port: { type: 'string', value: 'PORT', about: ['where a notifier may connect (default: 47200)'] },
  base: {
    type: 'string',
    value: 'IMAGE',
    about: ['what the notifier’s image is built from, with a shell and nc in it (default: busybox)'],
  },
  'docker-unit': {
    type: 'string',
    value: 'UNIT',
    about: ['the unit of systemd that runs Docker (default: docker.service, or that of the snap)'],
  },
  notifier: {
    type: 'string',
    value: 'WHEN',
    suggests: ['auto', 'always', 'never'],
    about: [
      'whether a container tells of Docker’s start and stop too: always, never, or',
      'auto, where nothing else does in time (default: auto)',
    ],
  },
  'stop-wait': {
    type: 'string',
    value: 'TIME',
    about: ['how long Docker’s stop waits for on_stop, at most; 0 for not at all (default: 30s)'],
  },
  purge: {
    type: 'boolean',
    about: ['hooks, settings, and what the listener remembers are removed too'],
  },
  engine: {
    type: 'string',
    value: 'NAME',
    suggests: 'engine',
    about: ['which engine, by its name or its address; may be left out where there is one'],
  },
  event: {
    type: 'string',
    value: 'EVENT',
    suggests: ['start', 'stop'],
    about: ['start, stop, or one of Docker’s own, as container_die; for hooks new also running'],
  },
  hook: {
    type: 'string',
    value: 'NAME',
    suggests: 'hook',
    about: ['this hook alone, as 10-hello or on_start/10-hello'],
  },
  since: { type: 'string', value: 'WHEN', about: ['nothing before it: 30min, 2h, 3d, or a date and time'] },
  failed: { type: 'boolean', about: ['only what went wrong'] },
  number: { type: 'string', short: 'n', value: 'N', about: ['the newest N (default: 50)'] },
  follow: { type: 'boolean', short: 'f', about: ['go on with what happens from now on'] },
  watch: { type: 'boolean', short: 'w', about: ['stay, and show each change as it happens; q ends it'] },
  man: { type: 'boolean', about: ['all of it as a manual page, for man -l -'] },
  timeout: { type: 'string', value: 'TIME', about: ['give up after so long, with exit code 1'] },
  html: {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    about: ['as a page for a browser, into this file; - for standard output'],
  },
  web: { type: 'boolean', about: ['as a live page for a browser: prints its address'] },
  json: { type: 'boolean', about: ['as JSON, which schemas/ describes'] },
  'no-color': { type: 'boolean', about: ['no colours, as with NO_COLOR'] },
  'log-file': {
    type: 'string',
    value: 'FILE',
    suggests: 'file',
    about: [
      'where the log goes; put aside when it has 10 MB, the last four kept',
      '(default: standard output)',
    ],
  },
  ...flagsOf(logRows),
  help: { type: 'boolean', short: 'h', about: ['this; behind a command, what it takes'] },
  version: { type: 'boolean', about: ['the version'] },
} as const satisfies { readonly [name: string]: Option };

export type OptionName = keyof typeof options;
export type Values = ReturnType<typeof parse>['values'];

/**
 * Takes a command line apart.
 * @throws UserError with exit code 64 for an option that there is not, naming the nearest
 */
export function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw badOption(error);
  }
}

/** An option as people write it. */
export function describeOption(name: OptionName): readonly string[] {
  const { short, value, about } = options[name] as Option;
  const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
  const width = 23;
  // A flag that is too wide has a line of its own.
  const head = flag.length < width ? [] : [`  ${flag}`];
  const lines = about.map((line, index) =>
    `  ${(index === 0 && head.length === 0 ? flag : '').padEnd(width)}${line}`.trimEnd(),
  );
  return [...head, ...lines];
}

/** Wrong usage, as what ends the program with exit code 64. */
export function usage(message: string, fix?: string): UserError {
  return new UserError(exitCode.usage, message, fix);
}

function badOption(error: unknown): unknown {
  if (!(error instanceof Error) || !errorCode(error)?.startsWith('ERR_PARSE_ARGS')) return error;
  // Node's own sentence, without its advice on what a word that begins with a dash may mean.
  const message = error.message.split('. ')[0] ?? error.message;
  const unknown = /'(--?[^']+)'/.exec(message)?.[1];
  const known = Object.keys(options).map((name) => `--${name}`);
  const near = unknown === undefined ? undefined : nearest(unknown, known);
  const isUnknown = errorCode(error) === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
  return usage(
    message,
    isUnknown && near !== undefined ? `Did you mean ${near}? All options: --help` : 'All options: --help',
  );
}
