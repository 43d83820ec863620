import { hostname } from 'node:os';
import { defaultHookSettings, type HookSettings } from '../../hooks/settings.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import { isPodmanSocket } from '../../watch/endpoint/endpoint.ts';
import { chooseEngines } from '../../watch/endpoint/engines.ts';
import type { UserEnvironment } from '../../watch/endpoint/user-environment.ts';
import { defaultHeartbeat, type EngineSettings } from '../../watch/settings.ts';
import { readEnvironment } from './environment.ts';
import { describeOrigin, type Input, wrong } from './input.ts';
import type { RawSettings } from './raw-settings.ts';
import { readAddress, readHostName } from './readers.ts';
import { resolveHook } from './resolve-hook.ts';
import { settingRows as rows } from './rows.ts';
import { readSetting } from './setting.ts';
import {
  type FleetSettings,
  type MetricsSettings,
  type ReaderSettings,
  type Resolved,
  usualReaders,
} from './settings.ts';
import { defaultControlPath, defaultStateDir } from './state-dir.ts';

/**
 * Makes settings of their inputs: fills in defaults, and refuses what makes no sense, alone or together.
 * @param fromFile the variables of `environment_file`
 * @throws UserError that names where the wrong value stands: exit code 64 for the command line, 78 for a file
 */
export function resolveSettings(
  raw: RawSettings,
  user: UserEnvironment,
  fromFile: Readonly<Record<string, string>> = {},
): Resolved {
  const scriptDir = readSetting(rows.scriptDir, raw.scriptDir);
  if (scriptDir === undefined) {
    throw new UserError(
      exitCode.usage,
      'No script folder given',
      'docker-lifecycle-listener <script_dir> [port], or script_dir in a settings file. More: --help',
    );
  }
  const engines = chooseEngines(
    {
      hosts: (raw.hosts ?? []).map(withOrigin),
      contexts: (raw.contexts ?? []).map(withOrigin),
      pidfile: readSetting(rows.pidfile, raw.pidfile),
    },
    user,
  );
  const podman = readSetting(rows.podman, raw.podman);
  const given = readSetting(rows.notifier, raw.notifier);
  // A port or an address is there to be listened on.
  const mode = given ?? (raw.port === undefined && raw.listen === undefined ? 'off' : 'hint');
  if (mode === 'trusted' && engines.length > 1 && raw.notifier) {
    throw wrong(
      raw.notifier,
      'works with one engine, but several are given',
      'A message does not say which engine it is about: run one listener for each, on ports of their own',
    );
  }
  // A flag may overrule a file that says both.
  if (
    given === 'off' &&
    raw.listen?.[0] !== undefined &&
    raw.listen[0].from.kind === raw.notifier?.from.kind
  ) {
    throw wrong(raw.listen[0], 'has no effect: the notifier is off', 'Leave one of the two out');
  }
  const stateDir = readSetting(rows.stateDir, raw.stateDir);
  const control = readSetting(rows.control, raw.control) ?? defaultControlPath(user);
  return {
    settings: {
      scriptDir,
      engines: podman === 'hold' ? engines.map(hold) : engines,
      podman,
      heartbeat: { ...defaultHeartbeat, every: readSetting(rows.heartbeat, raw.heartbeat) },
      whenStarted: readSetting(rows.whenStarted, raw.whenStarted),
      // Commands that ask a listener do not use it, and its digest costs them the load of node:crypto.
      get stateDir() {
        return stateDir ?? defaultStateDir(scriptDir, user);
      },
      control: unlessNone(control),
      readers: resolveReaders(raw, user),
      notifier: {
        mode,
        onRequest: given === undefined && mode === 'off',
        port: readSetting(rows.port, raw.port),
        addresses: raw.listen && [...new Set(raw.listen.map(readAddress))],
      },
      metrics: raw.metrics && resolveMetrics(raw.metrics, raw.metricsNames),
      hooks: resolveHooks(raw, user, fromFile),
      fleet: resolveFleet(raw),
    },
    log: {
      format: readSetting(rows.logFormat, raw.logFormat),
      verbosity: readSetting(rows.verbosity, raw.verbosity),
    },
  };
}

/** Has the service of a Podman kept up, for a socket with the name that Podman's units give it. */
function hold(engine: EngineSettings): EngineSettings {
  const { endpoint } = engine;
  return endpoint.kind === 'unix' && isPodmanSocket(endpoint.path) ? { ...engine, hold: true } : engine;
}

function unlessNone<Value>(value: Value): Exclude<Value, 'none'> | undefined {
  return value === 'none' ? undefined : (value as Exclude<Value, 'none'>);
}

/** The group of Docker's own socket, for root's listener at its usual place; on macOS the folder has the journal too. */
function resolveReaders(raw: RawSettings, { isRoot, platform }: UserEnvironment): ReaderSettings {
  const ownFolder = isRoot && platform !== 'darwin' && raw.control === undefined;
  const group = readSetting(rows.readers, raw.readers) ?? (ownFolder ? usualReaders : undefined);
  return {
    group: unlessNone(group),
    isAsked: raw.readers !== undefined,
    ownFolder,
    output: readSetting(rows.readersOutput, raw.readersOutput) === 'shown',
  };
}

function resolveMetrics(input: Input, names: readonly Input[] | undefined): MetricsSettings | undefined {
  const where = rows.metrics.type.read(input);
  if (where === 'none') return undefined;
  const own = isLoopback(where.address) ? [] : [hostname()];
  return { ...where, names: [...new Set([...own, ...(names ?? []).map(readHostName)])] };
}

function resolveFleet(raw: RawSettings): FleetSettings | undefined {
  const { fleetServers, fleetSeedFile, fleetCredsFile, fleetHeartbeat } = raw;
  const [first] = fleetServers ?? [];
  if (first === undefined) {
    const other = raw.fleetName ?? fleetSeedFile ?? fleetCredsFile ?? raw.fleetCa ?? raw.fleetPublish?.[0];
    if (other === undefined) return undefined;
    throw wrong(
      other,
      'has no effect: no fleet.servers are given',
      'Add servers = ["tls://HOST:4222"] to [fleet]',
    );
  }
  if (fleetSeedFile !== undefined && fleetCredsFile !== undefined)
    throw wrong(fleetCredsFile, 'stands beside fleet.seed_file', 'Leave one of the two out');
  const heartbeat = readSetting(rows.fleetHeartbeat, fleetHeartbeat);
  if (fleetHeartbeat !== undefined && (heartbeat < 1000 || heartbeat > 3_600_000))
    throw wrong(fleetHeartbeat, 'is too short or too long for a sign of life', 'Give 1s to 1h');
  const parts = raw.fleetPublish?.map(rows.fleetPublish.type.read) ?? ['transitions', 'outcomes'];
  return {
    servers: (fleetServers ?? []).map(rows.fleetServers.type.read),
    name: readSetting(rows.fleetName, raw.fleetName) ?? ownName(),
    seedFile: readSetting(rows.fleetSeedFile, fleetSeedFile),
    credsFile: readSetting(rows.fleetCredsFile, fleetCredsFile),
    ca: readSetting(rows.fleetCa, raw.fleetCa),
    publish: [...new Set(parts)],
    heartbeat,
    labels: Object.fromEntries([...(raw.fleetLabels ?? [])].map(([name, { value }]) => [name, value])),
  };
}

/** The name of this machine, in the letters that a host of a fleet may have. */
function ownName(): string {
  const [first = ''] = hostname().split('.');
  return first.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 64) || 'host';
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function withOrigin({ value, from }: Input): { value: string; from: string } {
  return { value, from: describeOrigin(from) };
}

function resolveHooks(
  raw: RawSettings,
  user: UserEnvironment,
  fromFile: Readonly<Record<string, string>>,
): HookSettings {
  return {
    ...defaultHookSettings,
    grace: readSetting(rows.grace, raw.grace),
    timeout: {
      start: unlessNone(readSetting(rows.onStartTimeout, raw.onStartTimeout)),
      stop: unlessNone(readSetting(rows.onStopTimeout, raw.onStopTimeout)),
    },
    events: {
      timeout: unlessNone(readSetting(rows.onEventTimeout, raw.onEventTimeout)),
      parallel: readSetting(rows.eventsParallel, raw.eventsParallel),
      waiting: readSetting(rows.eventsWaiting, raw.eventsWaiting),
    },
    environment: { ...fromFile, ...(raw.environment && readEnvironment(raw.environment)) },
    hooks: new Map(
      [...(raw.hooks ?? [])].map(([name, hook]) => [name, resolveHook(name, hook, user)] as const),
    ),
  };
}
