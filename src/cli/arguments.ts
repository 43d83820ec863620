import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { durationForm, parseDuration } from '../config/duration.ts';
import { chooseEngines } from '../config/engines.ts';
import { defaultPort, type NotifierMode, type Settings, type WhenStarted } from '../config/settings.ts';
import { defaultStateDir } from '../config/state-dir.ts';
import type { EmbeddedEngineOptions } from '../demo/embedded-engine.ts';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import type { LogFormat, Verbosity } from './log.ts';
import { nearest } from './nearest.ts';

/** What the user asked for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'demo' }
  /** For the demo and the tests alone; not in the help. */
  | ({ readonly kind: 'embedded-engine' } & EmbeddedEngineOptions)
  | { readonly kind: 'run'; readonly settings: Settings; readonly log: LogSettings };

export interface LogSettings {
  readonly format: LogFormat;
  readonly verbosity: Verbosity;
}

const options = {
  host: { type: 'string', short: 'H', multiple: true },
  context: { type: 'string', short: 'c', multiple: true },
  pidfile: { type: 'string' },
  listen: { type: 'string', multiple: true },
  'no-notifier': { type: 'boolean' },
  'trust-notifier': { type: 'boolean' },
  'when-started': { type: 'string' },
  'state-dir': { type: 'string' },
  heartbeat: { type: 'string' },
  'log-format': { type: 'string' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Values = ReturnType<typeof parse>['values'];

/** How long a hook that is ended may take to clean up before it is killed, in ms. */
const grace = 10_000;
/** How often an engine is asked whether it still answers, and how long it may take to, in ms. */
const heartbeat = { every: 30_000, patience: 10_000 };

/** What the command line is read beside; the real ones by default. */
export interface ArgumentSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
}

function realSurroundings(): ArgumentSurroundings {
  const { env: environment, platform } = process;
  return { environment, home: environment.HOME || homedir(), platform, isRoot: process.geteuid?.() === 0 };
}

/**
 * Reads the command line.
 * @throws Failure with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(
  words: readonly string[],
  surroundings: ArgumentSurroundings = realSurroundings(),
): Command {
  const { values, positionals } = parse(words);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [first, ...rest] = positionals;
  switch (first) {
    case undefined:
      throw usage('No script folder given', 'docker-lifecycle-listener <script_dir> [port]. More: --help');
    case 'help':
      return { kind: 'help' };
    case 'demo':
      if (rest[0] !== undefined) throw usage(`demo takes no argument: ${rest[0]}`);
      return { kind: 'demo' };
    case 'embedded-engine':
      return embeddedEngine(rest);
    case 'run':
      return run(values, rest, surroundings);
    default:
      return run(values, positionals, surroundings);
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw badOption(error);
  }
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

function run(values: Values, positionals: readonly string[], surroundings: ArgumentSurroundings): Command {
  const [folder, port, ...more] = positionals;
  if (folder === undefined || folder === '') {
    throw usage('No script folder given', 'docker-lifecycle-listener <script_dir> [port]. More: --help');
  }
  if (more[0] !== undefined)
    throw usage(`One folder and one port are all that is taken, not also ${more[0]}`);
  const scriptDir = resolve(folder);
  const { environment, home, platform, isRoot } = surroundings;
  const engines = chooseEngines(
    { hosts: values.host ?? [], contexts: values.context ?? [], pidfile: readPidfile(values.pidfile) },
    { environment, home, platform },
  );
  const notifier = notifierMode(values);
  if (notifier === 'trusted' && engines.length > 1) {
    throw usage(
      '--trust-notifier works with one engine, but several are given',
      'A message does not say which engine it is about: run one listener for each, on ports of their own',
    );
  }
  return {
    kind: 'run',
    settings: {
      scriptDir,
      engines,
      heartbeat: {
        every: readDuration('--heartbeat', values.heartbeat) ?? heartbeat.every,
        patience: heartbeat.patience,
      },
      whenStarted: readWhenStarted(values['when-started']),
      stateDir: values['state-dir']
        ? resolve(values['state-dir'])
        : defaultStateDir(scriptDir, { environment, home, isRoot, platform }),
      notifier: { mode: notifier, port: readPort(port), addresses: readAddresses(values.listen) },
      grace,
    },
    log: { format: readFormat(values['log-format']), verbosity: readVerbosity(values) },
  };
}

function embeddedEngine([socket, pidfile, generation, startupMs, shutdownMs]: readonly string[]): Command {
  if (socket === undefined || pidfile === undefined)
    throw usage('embedded-engine takes a socket and a pid file');
  return {
    kind: 'embedded-engine',
    socket,
    pidfile,
    generation: generation === '20' ? 20 : 26,
    startupMs: Number(startupMs ?? 300),
    shutdownMs: Number(shutdownMs ?? 300),
  };
}

function readPidfile(path: string | undefined): string | undefined {
  return path === undefined || path === 'none' ? path : resolve(path);
}

function readDuration(flag: string, text: string | undefined): number | undefined {
  const milliseconds = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && milliseconds === undefined) {
    throw usage(`${flag}: ${JSON.stringify(text)} is no duration`, `Give ${durationForm}`);
  }
  return milliseconds;
}

function readWhenStarted(word = 'always'): WhenStarted {
  if (word === 'always' || word === 'new' || word === 'never') return word;
  throw usage(`--when-started: ${JSON.stringify(word)} is not known`, 'Give always, new or never');
}

function notifierMode(values: Values): NotifierMode {
  if (values['no-notifier'] && values['trust-notifier']) {
    throw usage('--no-notifier and --trust-notifier exclude each other', 'Give one of them');
  }
  if (values['no-notifier'] && values.listen !== undefined) {
    throw usage('--no-notifier and --listen exclude each other', 'Give one of them');
  }
  if (values['no-notifier']) return 'off';
  return values['trust-notifier'] ? 'trusted' : 'hint';
}

function readPort(text: string | undefined): number {
  if (text === undefined) return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw usage(`${JSON.stringify(text)} is no port`, 'Give a number from 1 to 65535');
  return port;
}

function readAddresses(addresses: string[] | undefined): string[] | undefined {
  for (const address of addresses ?? []) {
    if (isIP(address) !== 0) continue;
    const cure = 'Give an IP address, as 127.0.0.1; or 0.0.0.0 for every interface';
    throw usage(`--listen: ${JSON.stringify(address)} is no address`, cure);
  }
  return addresses && [...new Set(addresses)];
}

function readFormat(format = 'text'): LogFormat {
  if (format === 'text' || format === 'json') return format;
  throw usage(`--log-format: ${JSON.stringify(format)} is no format`, 'Give text or json');
}

function readVerbosity(values: Values): Verbosity {
  if (values.verbose && values.quiet)
    throw usage('--verbose and --quiet exclude each other', 'Give one of them');
  if (values.quiet) return 'quiet';
  return values.verbose ? 'verbose' : 'normal';
}

function usage(message: string, cure?: string): Failure {
  return new Failure(exitCode.usage, message, cure);
}
