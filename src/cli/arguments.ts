import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Given } from '../config/given.ts';
import type { RawSettings } from '../config/raw-settings.ts';
import type { EmbeddedEngineOptions } from '../demo/embedded-engine.ts';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import { nearest } from '../system/nearest.ts';

/** What the user asked for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'demo' }
  /** For the demo and the tests alone; not in the help. */
  | ({ readonly kind: 'embedded-engine' } & EmbeddedEngineOptions)
  | ({ readonly kind: 'run' | 'dry-run' | 'config-check' } & GivenSettings);

export interface GivenSettings {
  readonly given: RawSettings;
  /** The settings file that is named; `none` for no file. */
  readonly config: string | undefined;
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
  config: { type: 'string' },
  'dry-run': { type: 'boolean' },
  'log-format': { type: 'string' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Values = ReturnType<typeof parse>['values'];

/**
 * Reads the command line; what its values mean is looked at later, together with the settings file's.
 * @throws Failure with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(words: readonly string[]): Command {
  const { values, positionals } = parse(words);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [first, ...rest] = positionals;
  switch (first) {
    case 'help':
      return { kind: 'help' };
    case 'demo':
      if (rest[0] !== undefined) throw usage(`demo takes no argument: ${rest[0]}`);
      return { kind: 'demo' };
    case 'embedded-engine':
      return embeddedEngine(rest);
    case 'config':
      return configCheck(values, rest);
    case 'run':
      return run(values, rest);
    default:
      return run(values, positionals);
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

function run(values: Values, positionals: readonly string[]): Command {
  return { kind: values['dry-run'] ? 'dry-run' : 'run', ...givenSettings(values, positionals) };
}

function configCheck(values: Values, [word, ...rest]: readonly string[]): Command {
  if (word !== 'check') {
    const found = word === undefined ? 'config needs a word' : `config knows no ${JSON.stringify(word)}`;
    throw usage(found, 'docker-lifecycle-listener config check');
  }
  return { kind: 'config-check', ...givenSettings(values, rest) };
}

function givenSettings(values: Values, [folder, port, ...more]: readonly string[]): GivenSettings {
  if (more[0] !== undefined) {
    throw usage(`One folder and one port are all that is taken, not also ${JSON.stringify(more[0])}`);
  }
  if (folder === '')
    throw usage('The script folder is empty', 'Give a path, as /etc/docker-lifecycle-listener.d');
  const given: RawSettings = {
    scriptDir: argument(folder),
    port: argument(port),
    hosts: flags('host', values.host),
    contexts: flags('context', values.context),
    pidfile: flag('pidfile', values.pidfile),
    whenStarted: flag('when-started', values['when-started']),
    heartbeat: flag('heartbeat', values.heartbeat),
    stateDir: flag('state-dir', values['state-dir']),
    listen: flags('listen', values.listen),
    notifier: notifierMode(values),
    logFormat: flag('log-format', values['log-format']),
    verbosity: verbosity(values),
  };
  return { given, config: values.config };
}

function argument(value: string | undefined): Given | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'argument' } };
}

function flag(name: keyof typeof options, value: string | undefined): Given | undefined {
  return value === undefined ? undefined : { value, from: { kind: 'flag', flag: `--${name}` } };
}

function flags(name: keyof typeof options, values: readonly string[] | undefined): Given[] | undefined {
  return values?.map((value) => ({ value, from: { kind: 'flag', flag: `--${name}` } }));
}

function notifierMode(values: Values): Given | undefined {
  const { 'no-notifier': off, 'trust-notifier': trusted } = values;
  if (off && trusted) throw exclusive('--no-notifier', '--trust-notifier');
  if (off && values.listen !== undefined) throw exclusive('--no-notifier', '--listen');
  if (off) return flag('no-notifier', 'off');
  return trusted ? flag('trust-notifier', 'trusted') : undefined;
}

function verbosity({ verbose, quiet }: Values): Given | undefined {
  if (verbose && quiet) throw exclusive('--verbose', '--quiet');
  if (quiet) return flag('quiet', 'quiet');
  return verbose ? flag('verbose', 'verbose') : undefined;
}

function exclusive(one: string, other: string): Failure {
  return usage(`${one} and ${other} exclude each other`, 'Give one of them');
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

function usage(message: string, cure?: string): Failure {
  return new Failure(exitCode.usage, message, cure);
}
