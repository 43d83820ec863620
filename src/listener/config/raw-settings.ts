import { eventFolders } from '../../hooks/engine-events.ts';
import type { Given } from './given.ts';
import type { Table } from './toml.ts';

/** Settings as they were given, from the command line or from a file; not looked at yet. */
export interface RawSettings {
  readonly scriptDir?: Given | undefined;
  readonly port?: Given | undefined;
  readonly hosts?: readonly Given[] | undefined;
  readonly contexts?: readonly Given[] | undefined;
  readonly pidfile?: Given | undefined;
  readonly whenStarted?: Given | undefined;
  readonly heartbeat?: Given | undefined;
  readonly stateDir?: Given | undefined;
  readonly control?: Given | undefined;
  readonly listen?: readonly Given[] | undefined;
  readonly notifier?: Given | undefined;
  readonly metrics?: Given | undefined;
  readonly metricsNames?: readonly Given[] | undefined;
  readonly logFormat?: Given | undefined;
  readonly verbosity?: Given | undefined;
  readonly grace?: Given | undefined;
  readonly onStartTimeout?: Given | undefined;
  readonly onStopTimeout?: Given | undefined;
  readonly onEventTimeout?: Given | undefined;
  readonly eventsParallel?: Given | undefined;
  readonly eventsWaiting?: Given | undefined;
  readonly environment?: ReadonlyMap<string, Given> | undefined;
  readonly environmentFile?: Given | undefined;
  /** By a hook's name with its folder: `on_start/10-hello`. */
  readonly hooks?: ReadonlyMap<string, RawHookSettings>;
}

export interface RawHookSettings {
  readonly timeout?: Given | undefined;
  readonly user?: Given | undefined;
  readonly environment?: ReadonlyMap<string, Given> | undefined;
  readonly dockerHost?: Given | undefined;
  readonly stopOnFailure?: Given<boolean> | undefined;
  readonly retry?: Given | undefined;
  readonly retryWait?: Given | undefined;
  readonly debounce?: Given | undefined;
  readonly atMost?: Given | undefined;
  readonly repeat?: Given<boolean> | undefined;
  readonly when?: RawEventFilter | undefined;
  readonly labels?: readonly Given[] | undefined;
}

export interface RawEventFilter {
  readonly action?: readonly Given[] | undefined;
  readonly container?: readonly Given[] | undefined;
  readonly name?: readonly Given[] | undefined;
  readonly label?: readonly Given[] | undefined;
  readonly image?: readonly Given[] | undefined;
  readonly exitCode?: readonly Given[] | undefined;
  readonly detail?: readonly Given[] | undefined;
  readonly requested?: Given<boolean> | undefined;
}

const turnFolders = ['on_start', 'on_stop'] as const;

/**
 * What a settings file says.
 * @throws UserError with exit code 78 for unknown keys and values of the wrong kind
 */
export function rawSettingsIn(file: Table): RawSettings {
  const timeout = file.table('timeout');
  const events = file.table('events');
  const raw: RawSettings = {
    scriptDir: file.text('script_dir'),
    port: file.textOrNumber('port'),
    hosts: file.list('hosts'),
    contexts: file.list('contexts'),
    pidfile: file.text('pidfile'),
    whenStarted: file.text('when_started'),
    heartbeat: file.textOrNumber('heartbeat'),
    stateDir: file.text('state_dir'),
    control: file.text('control'),
    listen: file.list('listen'),
    notifier: file.text('notifier'),
    metrics: file.textOrNumber('metrics'),
    metricsNames: file.list('metrics_names'),
    logFormat: file.text('log_format'),
    verbosity: file.text('verbosity'),
    grace: file.textOrNumber('grace'),
    onStartTimeout: timeout?.textOrNumber('on_start'),
    onStopTimeout: timeout?.textOrNumber('on_stop'),
    onEventTimeout: timeout?.textOrNumber('events'),
    eventsParallel: events?.textOrNumber('parallel'),
    eventsWaiting: events?.textOrNumber('waiting'),
    environment: file.texts('environment'),
    environmentFile: file.text('environment_file'),
    hooks: new Map(
      [
        ...turnFolders.map((folder) => [folder, readTurnHook] as const),
        ['while_running', readHook] as const,
        ...[...eventFolders.keys()].map((folder) => [folder, readEventHook] as const),
      ].flatMap(([folder, read]) => hooksIn(folder, file.table(folder), read)),
    ),
  };
  timeout?.end();
  events?.end();
  file.end();
  return raw;
}

function hooksIn(
  folder: string,
  table: Table | undefined,
  read: (hook: Table) => RawHookSettings,
): [string, RawHookSettings][] {
  return [...(table?.tables() ?? [])].map(([name, hook]) => {
    const raw = read(hook);
    hook.end();
    return [`${folder}/${name}`, raw];
  });
}

function readHook(hook: Table): RawHookSettings {
  return {
    timeout: hook.textOrNumber('timeout'),
    user: hook.text('user'),
    environment: hook.texts('environment'),
    dockerHost: hook.text('docker_host'),
    stopOnFailure: hook.boolean('stop_on_failure'),
    retry: hook.textOrNumber('retry'),
    retryWait: hook.textOrNumber('retry_wait'),
    debounce: hook.textOrNumber('debounce'),
    atMost: hook.textOrNumber('at_most'),
  };
}

/** A hook of a transition: those are gone on with when the listener was cut off. */
function readTurnHook(hook: Table): RawHookSettings {
  return { ...readHook(hook), repeat: hook.boolean('repeat') };
}

function readEventHook(hook: Table): RawHookSettings {
  const when = hook.table('when');
  const filter = when && {
    action: when.oneOrMore('action'),
    container: when.oneOrMore('container'),
    name: when.oneOrMore('name'),
    label: when.oneOrMore('label'),
    image: when.oneOrMore('image'),
    exitCode: when.oneOrMore('exit_code'),
    detail: when.oneOrMore('detail'),
    requested: when.boolean('requested'),
  };
  when?.end();
  return { ...readHook(hook), when: filter, labels: hook.list('labels') };
}

/** The command line's word counts before the file's; which engines to watch is one word of each. */
export function overlay(file: RawSettings, line: RawSettings): RawSettings {
  const said = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
  const engines = line.hosts || line.contexts ? { hosts: undefined, contexts: undefined } : {};
  return { ...file, ...engines, ...said };
}
