import { defaultHookSettings } from '../../hooks/settings.ts';
import { defaultHeartbeat } from '../../watch/settings.ts';
import type { Setting } from './setting.ts';
import {
  defaultPort,
  logFormats,
  notifierModes,
  podmanWords,
  publishedParts,
  readersOutputWords,
  verbosities,
  whenStartedWords,
} from './settings.ts';
import {
  address,
  choice,
  controlPath,
  count,
  duration,
  fleetName,
  fleetServer,
  groupName,
  hostName,
  limit,
  path,
  pathOrNone,
  place,
  port,
  text,
} from './value-types.ts';

type Settings = { readonly [name: string]: Setting };

const { grace, timeout, events } = defaultHookSettings;

const argumentRows = {
  scriptDir: {
    key: 'script_dir',
    form: 'text',
    argument: 'first argument',
    type: path,
    about: ['the folder with on_start/, on_stop/ and while_running/ in it'],
    effective: ({ settings }) => settings.scriptDir,
  },
  port: {
    key: 'port',
    form: 'number',
    argument: 'second argument',
    type: port,
    default: defaultPort,
    about: ['where a notifier may connect'],
    effective: ({ settings }) => settings.notifier.port,
  },
} as const satisfies Settings;

/** Settings of which engine is watched, and how. `config check` shows the engines that the first three lead to. */
export const engineRows = {
  hosts: {
    key: 'hosts',
    form: 'list',
    flags: { host: { type: 'string', short: 'H', multiple: true, value: 'ENDPOINT' } },
    type: text,
    about: [
      'which engine: unix:///path/to/docker.sock, tcp://HOST:PORT, ssh://USER@HOST;',
      'repeatable, one engine each',
    ],
    guide: 'engines.md',
  },
  contexts: {
    key: 'contexts',
    form: 'list',
    flags: { context: { type: 'string', short: 'c', multiple: true, value: 'NAME', suggests: 'context' } },
    type: text,
    defaultWords: [
      'as docker itself: DOCKER_HOST, DOCKER_CONTEXT, docker context use,',
      'unix:///var/run/docker.sock; if it is not there, rootless Docker, Docker Desktop, …',
    ],
    about: ['the same by Docker context; repeatable'],
  },
  pidfile: {
    key: 'pidfile',
    form: 'text',
    flags: { pidfile: { type: 'string', value: 'PATH', suggests: 'file' } },
    type: pathOrNone,
    defaultWords: ['/var/run/docker.pid for the default socket, docker.pid beside a', 'rootless one'],
    about: ['where that engine writes its pid, or none where that cannot be seen from here'],
  },
  heartbeat: {
    key: 'heartbeat',
    form: 'number',
    flags: { heartbeat: { type: 'string', value: 'TIME' } },
    type: duration,
    default: defaultHeartbeat.every,
    about: ['how often to make sure that Docker still answers; 0 for never'],
    effective: ({ settings }) => settings.heartbeat.every,
  },
  podman: {
    key: 'podman',
    form: 'text',
    flags: { podman: { type: 'string', value: 'WORD', suggests: podmanWords } },
    type: choice(podmanWords),
    default: 'leave',
    about: [
      'a Podman whose socket systemd holds: leave it alone, or hold it, which',
      'starts its service and keeps it up',
    ],
    guide: 'engines.md',
    effective: ({ settings }) => settings.podman,
  },
} as const satisfies Settings;

/** Settings of the listener. */
export const listenerRows = {
  whenStarted: {
    key: 'when_started',
    form: 'text',
    flags: { 'when-started': { type: 'string', value: 'W', suggests: whenStartedWords } },
    type: choice(whenStartedWords),
    default: 'always',
    about: [
      'what to run when this starts and Docker is up: always on_start, only if this run of',
      'Docker is new to it, or never',
    ],
    effective: ({ settings }) => settings.whenStarted,
  },
  stateDir: {
    key: 'state_dir',
    form: 'text',
    flags: { 'state-dir': { type: 'string', value: 'PATH', suggests: 'folder' } },
    type: path,
    defaultWords: ['below /var/lib/docker-lifecycle-listener, or in your home folder'],
    about: ['where the listener keeps its memory and its journal'],
    guide: 'journal.md',
    effective: ({ settings }) => settings.stateDir,
  },
  control: {
    key: 'control',
    form: 'text',
    flags: { control: { type: 'string', value: 'PATH', suggests: 'file' } },
    type: controlPath,
    defaultWords: ['/run/docker-lifecycle-listener/control.sock, or below XDG_RUNTIME_DIR'],
    about: ['the socket on which status, trigger and the like reach the listener; none for none'],
    guide: 'control-socket.md',
    effective: ({ settings }) => settings.control ?? 'none',
  },
  readers: {
    key: 'readers',
    form: 'text',
    type: groupName,
    defaultWords: ['docker, where there is that group'],
    about: ['the group that may ask status, history, hooks, events and wait without sudo; none for none'],
    guide: 'control-socket.md',
    effective: ({ settings }) => settings.readers.group ?? 'none',
  },
  readersOutput: {
    key: 'readers_output',
    form: 'text',
    type: choice(readersOutputWords),
    default: 'hidden',
    about: ['whether that group sees what hooks print: hidden or shown'],
    effective: ({ settings }) => (settings.readers.output ? 'shown' : 'hidden'),
  },
  listen: {
    key: 'listen',
    form: 'list',
    flags: { listen: { type: 'string', multiple: true, value: 'ADDRESS' } },
    type: address,
    defaultWords: ['loopback and docker0'],
    about: ['where notifiers may connect; repeatable'],
    effective: ({ settings }) => settings.notifier.addresses,
  },
  notifier: {
    key: 'notifier',
    form: 'text',
    flags: {
      'no-notifier': { type: 'boolean', word: 'off', about: ['do not listen for notifiers'] },
      'trust-notifier': {
        type: 'boolean',
        word: 'trusted',
        about: ['act on a notifier’s message alone, where the engine itself cannot be seen'],
      },
    },
    type: choice(notifierModes),
    defaultWords: ['hint where a port or an address is given, or notifier install was run; else', 'off'],
    about: ['what a notifier’s message does: hint, trusted or off'],
    guide: 'notifier.md',
    effective: ({ settings }) => (settings.notifier.onRequest ? undefined : settings.notifier.mode),
  },
  metrics: {
    key: 'metrics',
    form: 'number',
    flags: { metrics: { type: 'string', value: 'WHERE', suggests: ['127.0.0.1:9480'] } },
    type: place,
    defaultWords: ['on the control socket alone'],
    about: ['where metrics for Prometheus are, as 127.0.0.1:9480; a port alone is on loopback'],
    guide: 'metrics.md',
    effective: ({ settings }) => settings.metrics ?? 'none',
  },
  metricsNames: {
    key: 'metrics_names',
    form: 'list',
    type: hostName,
    about: ['names by which metrics may be asked for there, beside addresses'],
  },
} as const satisfies Settings;

/** Settings of the log of `run`. */
export const logRows = {
  logFormat: {
    key: 'log_format',
    form: 'text',
    flags: { 'log-format': { type: 'string', value: 'FMT', suggests: logFormats } },
    type: choice(logFormats),
    default: 'text',
    about: ['text or json'],
    effective: ({ log }) => log.format,
  },
  verbosity: {
    key: 'verbosity',
    form: 'text',
    flags: {
      verbose: { type: 'boolean', short: 'v', word: 'verbose', about: ['say more'] },
      quiet: { type: 'boolean', short: 'q', word: 'quiet', about: ['warnings and errors only'] },
    },
    type: choice(verbosities),
    default: 'normal',
    about: ['how much the log says: quiet, normal or verbose'],
    effective: ({ log }) => log.verbosity,
  },
} as const satisfies Settings;

/** Settings of all hooks, which a settings file alone has. */
const hookRows = {
  grace: {
    key: 'grace',
    form: 'number',
    type: duration,
    default: grace,
    about: ['from SIGTERM to SIGKILL, for a hook that is ended'],
    effective: ({ settings }) => settings.hooks.grace,
  },
  onStartTimeout: {
    key: 'timeout.on_start',
    form: 'number',
    type: limit,
    default: timeout.start ?? 'none',
    about: ['how long one hook in on_start/ may run'],
    effective: ({ settings }) => settings.hooks.timeout.start ?? 'none',
  },
  onStopTimeout: {
    key: 'timeout.on_stop',
    form: 'number',
    type: limit,
    default: timeout.stop ?? 'none',
    about: ['the same in on_stop/'],
    effective: ({ settings }) => settings.hooks.timeout.stop ?? 'none',
  },
  onEventTimeout: {
    key: 'timeout.events',
    form: 'number',
    type: limit,
    default: events.timeout ?? 'none',
    about: ['the same for the hook of an event'],
    guide: 'container-events.md',
    effective: ({ settings }) => settings.hooks.events.timeout ?? 'none',
  },
  eventsParallel: {
    key: 'events.parallel',
    form: 'number',
    type: count(256),
    default: events.parallel,
    about: ['the events of how many containers are acted on at the same time'],
    effective: ({ settings }) => settings.hooks.events.parallel,
  },
  eventsWaiting: {
    key: 'events.waiting',
    form: 'number',
    type: count(100_000),
    default: events.waiting,
    about: ['how many events may wait for their hooks, and no more than 6 MiB of them'],
    effective: ({ settings }) => settings.hooks.events.waiting,
  },
  environmentFile: {
    key: 'environment_file',
    form: 'text',
    type: path,
    about: ['a file of variables for all hooks'],
  },
  environment: {
    key: 'environment',
    form: 'texts',
    type: text,
    about: ['a table of variables for all hooks'],
  },
} as const satisfies Settings;

/** Settings that a reload applies: they count for the next hook, and for the next line of the log. */
export const liveRows = { ...logRows, ...hookRows } as const;
/** Settings of the fleet that this host publishes to; a settings file alone has them. */
const fleetRows = {
  fleetServers: {
    key: 'fleet.servers',
    form: 'list',
    type: fleetServer,
    about: [
      'the NATS servers of a fleet, as ["tls://nats.example.net:4222"]; without them there is no fleet',
    ],
    guide: 'fleet.md',
    effective: ({ settings }) => settings.fleet?.servers,
  },
  fleetName: {
    key: 'fleet.name',
    form: 'text',
    type: fleetName,
    defaultWords: ['the host name up to its first dot'],
    about: ['the name of this host in its fleet'],
    effective: ({ settings }) => settings.fleet?.name,
  },
  fleetSeedFile: {
    key: 'fleet.seed_file',
    form: 'text',
    type: path,
    about: ['the nkey of this host: what fleet key wrote'],
  },
  fleetCredsFile: {
    key: 'fleet.creds_file',
    form: 'text',
    type: path,
    about: ['a creds file, in the place of an nkey'],
  },
  fleetCa: {
    key: 'fleet.ca',
    form: 'text',
    type: path,
    defaultWords: ['the authorities that Node knows'],
    about: ['the certificate of the authority that signed the servers’'],
  },
  fleetPublish: {
    key: 'fleet.publish',
    form: 'list',
    type: choice(publishedParts),
    defaultWords: ['["transitions", "outcomes"]'],
    about: ['what is published: transitions, outcomes, and output, which may hold secrets'],
    effective: ({ settings }) => settings.fleet?.publish,
  },
  fleetHeartbeat: {
    key: 'fleet.heartbeat',
    form: 'number',
    type: duration,
    default: 30_000,
    about: ['how often this host gives a sign of life to its fleet'],
    effective: ({ settings }) => settings.fleet?.heartbeat,
  },
  fleetLabels: {
    key: 'fleet.labels',
    form: 'texts',
    type: text,
    about: ['a table of texts that are shown with this host'],
  },
} as const satisfies Settings;

/** Every setting, in the order of docs/configuration.md. A row here adds a setting. */
export const settingRows = {
  ...argumentRows,
  ...engineRows,
  ...listenerRows,
  ...logRows,
  ...hookRows,
  ...fleetRows,
} as const;
