import { hostname } from 'node:os';
import {
  type DebounceSettings,
  defaultAtMost,
  defaultHookSettings,
  defaultRetryWait,
  dockerHosts,
  type EventFilter,
  type HookSettings,
  type RetrySettings,
  type SingleHookSettings,
} from '../../hooks/settings.ts';
import { findAccount } from '../../system/find-account.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import { chooseEngines } from '../../watch/endpoint/engines.ts';
import type { Surroundings } from '../../watch/endpoint/user-environment.ts';
import { defaultHeartbeat } from '../../watch/settings.ts';
import { readEnvironment } from './environment.ts';
import { describeOrigin, type Given, wrong } from './given.ts';
import type { RawEventFilter, RawHookSettings, RawSettings } from './raw-settings.ts';
import {
  readAddress,
  readAddressAndPort,
  readChoice,
  readCount,
  readDuration,
  readHostName,
  readLimit,
  readPath,
  readPort,
} from './readers.ts';
import {
  defaultPort,
  type LogSettings,
  logFormats,
  type MetricsSettings,
  type NotifierMode,
  notifierModes,
  type Settings,
  verbosities,
  whenStartedWords,
} from './settings.ts';
import { defaultControlPath, defaultStateDir, readControlPath } from './state-dir.ts';

export interface Resolved {
  readonly settings: Settings;
  readonly log: LogSettings;
}

/**
 * Makes settings of what was given: fills in what was not, and refuses what makes no sense, alone or together.
 * @param fromFile the variables of `environment_file`
 * @throws UserError that names where the wrong value stands: exit code 64 for the command line, 78 for a file
 */
export function resolveSettings(
  raw: RawSettings,
  surroundings: Surroundings,
  fromFile: Readonly<Record<string, string>> = {},
): Resolved {
  if (raw.scriptDir === undefined) {
    throw new UserError(
      exitCode.usage,
      'No script folder given',
      'docker-lifecycle-listener <script_dir> [port], or script_dir in a settings file. More: --help',
    );
  }
  const scriptDir = readPath(raw.scriptDir);
  const engines = chooseEngines(
    {
      hosts: (raw.hosts ?? []).map(describeGiven),
      contexts: (raw.contexts ?? []).map(describeGiven),
      pidfile: raw.pidfile && (raw.pidfile.value === 'none' ? 'none' : readPath(raw.pidfile)),
    },
    surroundings,
  );
  const mode: NotifierMode = raw.notifier ? readChoice(raw.notifier, notifierModes) : 'hint';
  if (mode === 'trusted' && engines.length > 1 && raw.notifier) {
    throw wrong(
      raw.notifier,
      'works with one engine, but several are given',
      'A message does not say which engine it is about: run one listener for each, on ports of their own',
    );
  }
  // A flag may overrule a file that says both.
  if (
    mode === 'off' &&
    raw.listen?.[0] !== undefined &&
    raw.listen[0].from.kind === raw.notifier?.from.kind
  ) {
    throw wrong(raw.listen[0], 'has nobody to listen there: the notifier is off', 'Leave one of the two out');
  }
  return {
    settings: {
      scriptDir,
      engines,
      heartbeat: { ...defaultHeartbeat, ...(raw.heartbeat && { every: readDuration(raw.heartbeat) }) },
      whenStarted: raw.whenStarted ? readChoice(raw.whenStarted, whenStartedWords) : 'always',
      stateDir: raw.stateDir ? readPath(raw.stateDir) : defaultStateDir(scriptDir, surroundings),
      control: raw.control ? readControlPath(raw.control) : defaultControlPath(surroundings),
      notifier: {
        mode,
        port: raw.port ? readPort(raw.port) : defaultPort,
        addresses: raw.listen && [...new Set(raw.listen.map(readAddress))],
      },
      metrics: raw.metrics && resolveMetrics(raw.metrics, raw.metricsNames),
      hooks: resolveHooks(raw, surroundings, fromFile),
    },
    log: {
      format: raw.logFormat ? readChoice(raw.logFormat, logFormats) : 'text',
      verbosity: raw.verbosity ? readChoice(raw.verbosity, verbosities) : 'normal',
    },
  };
}

function resolveMetrics(given: Given, names: readonly Given[] | undefined): MetricsSettings | undefined {
  const where = readAddressAndPort(given);
  if (where === undefined) return undefined;
  const own = isLoopback(where.address) ? [] : [hostname()];
  return { ...where, names: [...new Set([...own, ...(names ?? []).map(readHostName)])] };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function describeGiven({ value, from }: Given): { value: string; from: string } {
  return { value, from: describeOrigin(from) };
}

function resolveHooks(
  raw: RawSettings,
  surroundings: Surroundings,
  fromFile: Readonly<Record<string, string>>,
): HookSettings {
  const { grace, timeout, events } = defaultHookSettings;
  const limit = (given: Given | undefined, fallback: number | undefined) => {
    const read = given && readLimit(given);
    return read === 'none' ? undefined : (read ?? fallback);
  };
  const hooks = [...(raw.hooks ?? [])].map(([name, hook]): [string, SingleHookSettings] => [
    name,
    resolveHook(name, hook, surroundings),
  ]);
  return {
    ...defaultHookSettings,
    grace: raw.grace ? readDuration(raw.grace) : grace,
    timeout: {
      start: limit(raw.onStartTimeout, timeout.start),
      stop: limit(raw.onStopTimeout, timeout.stop),
    },
    events: {
      timeout: limit(raw.onEventTimeout, events.timeout),
      parallel: raw.eventsParallel ? readCount(raw.eventsParallel, 256) : events.parallel,
      waiting: raw.eventsWaiting ? readCount(raw.eventsWaiting, 100_000) : events.waiting,
    },
    environment: { ...fromFile, ...(raw.environment && readEnvironment(raw.environment)) },
    hooks: new Map(hooks),
  };
}

function resolveHook(
  name: string,
  raw: RawHookSettings,
  { isRoot, platform }: Surroundings,
): SingleHookSettings {
  const retry = resolveRetry(name, raw);
  const debounce = resolveDebounce(name, raw);
  const environment = raw.environment && readEnvironment(raw.environment);
  return {
    ...(raw.timeout && { timeout: readLimit(raw.timeout) }),
    ...(raw.user && { user: readUser(raw.user, isRoot, platform) }),
    ...(environment && { environment }),
    ...(raw.dockerHost && { dockerHost: readChoice(raw.dockerHost, dockerHosts) }),
    ...(raw.stopOnFailure && { stopChainOnFailure: raw.stopOnFailure.value }),
    ...(retry && { retry }),
    ...(debounce && { debounce }),
    ...(raw.repeat && { repeat: raw.repeat.value }),
    ...(raw.when && { when: readFilter(raw.when) }),
    ...(raw.labels && { labels: raw.labels.map(({ value }) => value) }),
  };
}

function readFilter(filter: RawEventFilter): EventFilter {
  const { action, container, name, label, image, exitCode, detail, requested } = filter;
  const wrongCode = exitCode?.find(({ value }) => !/^!?\d{1,3}$/.test(value));
  if (wrongCode !== undefined) {
    throw wrong(wrongCode, 'is no exit code', 'Give a number as 137, or "!0" for any but that');
  }
  const values = (given: readonly Given[]) => given.map(({ value }) => value);
  return {
    ...(action && { action: values(action) }),
    ...(container && { container: values(container) }),
    ...(name && { name: values(name) }),
    ...(label && { label: values(label) }),
    ...(image && { image: values(image) }),
    ...(exitCode && { exitCode: values(exitCode) }),
    ...(detail && { detail: values(detail) }),
    ...(requested && { requested: requested.value }),
  };
}

function readUser(given: Given, isRoot: boolean, platform: NodeJS.Platform) {
  if (!isRoot) {
    throw wrong(
      given,
      'cannot be who runs a hook: only root can hand a hook to another user',
      'Run the listener as root, or leave user out',
    );
  }
  const account = findAccount(given.value, platform);
  if (account === undefined) throw wrong(given, 'is no user of this system', `See: id ${given.value}`);
  return account;
}

const mostRetries = 100;

/**
 * Reads `retry` and `retry_wait` of one hook; undefined where it is not retried.
 * @param hook its name with its folder
 * @throws UserError for a wrong value, and for a hook that cannot be retried
 */
function resolveRetry(hook: string, { retry, retryWait }: RawHookSettings): RetrySettings | undefined {
  const given = retry ?? retryWait;
  if (given === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder !== 'on_start')
    throw wrong(given, `is for hooks in on_start, and ${hook} is in ${folder}`, whyNot(folder));
  if (retry === undefined)
    throw wrong(given, 'is a wait between retries, and there are none', 'Give retry too, as retry = 3');
  if (retry.value === '0') return undefined;
  const times = readCount(retry, mostRetries);
  if (retryWait === undefined) return { times, wait: defaultRetryWait };
  const wait = readLimit(retryWait);
  if (wait === 'none') throw wrong(retryWait, 'is no wait', 'Give a number with ms, s, min or h, as 1s');
  return { times, wait };
}

function whyNot(folder: string): string {
  switch (folder) {
    case 'on_stop':
      return 'Leave it out: Docker does not wait for another attempt while it stops';
    case 'while_running':
      return 'Leave it out: a hook there is started again whenever it ends';
    default:
      return 'Leave it out, and try again in the hook itself: the next event may have made it pointless';
  }
}

/**
 * Reads `debounce` and `at_most` of one hook; undefined where it runs for each event.
 * @param hook its name with its folder
 * @throws UserError for a wrong value, and for a hook that collects nothing
 */
function resolveDebounce(
  hook: string,
  { debounce, atMost, stopOnFailure }: RawHookSettings,
): DebounceSettings | undefined {
  const given = debounce ?? atMost;
  if (given === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder === 'on_start' || folder === 'on_stop' || folder === 'while_running') {
    throw wrong(
      given,
      `is for hooks of events, and ${hook} is in ${folder}`,
      'Leave it out: Docker starts and stops once, and there is nothing to collect',
    );
  }
  if (debounce === undefined)
    throw wrong(given, 'limits a debounce, and there is none', 'Give debounce too, as debounce = "2s"');
  const quiet = readLimit(debounce);
  if (quiet === 'none')
    throw wrong(debounce, 'is no time to wait for further events', 'Leave debounce out, or give it as "2s"');
  const limit = atMost === undefined ? Math.max(defaultAtMost, quiet) : readLimit(atMost);
  if (limit === 'none' || limit < quiet) {
    throw wrong(
      atMost ?? debounce,
      limit === 'none' ? 'is no limit' : 'is less than debounce',
      `Give at least ${debounce.value}`,
    );
  }
  if (stopOnFailure?.value === true) {
    throw wrong(
      stopOnFailure,
      'as stop_on_failure does not go with debounce: no other hook waits for one that collects events',
      'Leave one of the two out',
    );
  }
  return { quiet, atMost: limit };
}
