import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { defaultEndpoint, type Endpoint, parseEndpoint } from '../config/endpoint.ts';
import { defaultPidfile } from '../config/pidfile.ts';
import { defaultPort, type NotifierMode, type Settings } from '../config/settings.ts';
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
  host: { type: 'string', short: 'H' },
  pidfile: { type: 'string' },
  listen: { type: 'string', multiple: true },
  'no-notifier': { type: 'boolean' },
  'trust-notifier': { type: 'boolean' },
  'log-format': { type: 'string' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

type Values = ReturnType<typeof parse>['values'];

/** How long a hook that is ended may take to clean up before it is killed, in ms. */
const grace = 10_000;

/**
 * Reads the command line.
 * @throws Failure with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(words: readonly string[], environment: NodeJS.ProcessEnv): Command {
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
      return run(values, rest, environment);
    default:
      return run(values, positionals, environment);
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

function run(values: Values, positionals: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const [folder, port, ...more] = positionals;
  if (folder === undefined || folder === '') {
    throw usage('No script folder given', 'docker-lifecycle-listener <script_dir> [port]. More: --help');
  }
  if (more[0] !== undefined)
    throw usage(`One folder and one port are all that is taken, not also ${more[0]}`);
  const endpoint = chooseEndpoint(values.host, environment);
  const pidfile =
    values.pidfile === undefined ? defaultPidfile(endpoint, environment) : resolve(values.pidfile);
  return {
    kind: 'run',
    settings: {
      scriptDir: resolve(folder),
      engine: { name: endpoint.path === defaultEndpoint.path ? 'default' : endpoint.url, endpoint, pidfile },
      notifier: { mode: notifierMode(values), port: readPort(port), addresses: readAddresses(values.listen) },
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

/** `--host`, else DOCKER_HOST, else Docker's default socket. */
function chooseEndpoint(host: string | undefined, environment: NodeJS.ProcessEnv): Endpoint {
  if (host !== undefined) return parseEndpoint(host, '--host');
  if (environment.DOCKER_HOST) return parseEndpoint(environment.DOCKER_HOST, 'DOCKER_HOST');
  return defaultEndpoint;
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
