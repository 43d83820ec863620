import { downSocketName } from '../config/control-path.ts';
import type { Endpoint } from '../config/endpoint.ts';
import type { EventWord } from '../config/engine-events.ts';
import type { DockerHost } from '../config/hook-settings.ts';
import type { Transition } from '../lifecycle/transition.ts';
import type { Account } from '../system/account.ts';
import { eventEnvironment, type Occurrence } from './event-environment.ts';
import type { EngineReach } from './host.ts';

export type { Account } from '../system/account.ts';

/** What a hook is told about the transition beside its own path. */
export interface HookContext {
  readonly transition: Transition;
  /** What it is run for, as it is told: a transition's event, or `running` for as long as Docker is. */
  readonly event: HookOccasion;
  /** The engine, so that `docker` in the hook speaks to the same one. */
  readonly endpoint: Endpoint;
  /** The hook's own path. */
  readonly path: string;
  /** Names this run. */
  readonly run: string;
  /** What happened in the engine, where that is what it is run for. */
  readonly occurrence?: Occurrence | undefined;
  readonly reach: EngineReach;
  /** Whether DOCKER_HOST is the engine's while a connection would start it too; else one that refuses. */
  readonly dockerHost: DockerHost;
  /** The number of the attempt, where a failure is retried; the first is 1. */
  readonly attempt?: number | undefined;
  /** An earlier run of it for the same transition was cut off, and may have done its work. */
  readonly repeat?: boolean | undefined;
}

/** As hooks are told it; an engine's events are `container_start` and their like. */
export type HookOccasion = 'start' | 'stop' | 'running' | EventWord;

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const homebrewPath = '/opt/homebrew/bin:/opt/homebrew/sbin';

/** What a user other than root keeps from the listener's own environment; nothing that can change a program's code. */
const kept = ['PATH', 'TZ', 'LC_ALL', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_CONFIG'];

/**
 * The environment of a hook, built from nothing: what the listener was started with (NODE_OPTIONS, LD_PRELOAD,
 * BASH_ENV, …) never reaches a hook. As root not even PATH is taken over, and of LANG only what looks like one.
 *
 * @param account whom the hook is run as
 * @param inherited the listener's own environment; undefined when the hook is run as somebody else
 * @param extra what the settings add for this hook
 */
export function hookEnvironment(
  context: HookContext,
  account: Account,
  inherited: NodeJS.ProcessEnv | undefined,
  platform: NodeJS.Platform,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const { transition, event, endpoint, path, run, occurrence, attempt, repeat } = context;
  return {
    PATH: searchPathOf(account, inherited, platform),
    ...(account.uid === 0 || inherited === undefined ? {} : entries(inherited)),
    HOME: account.home,
    USER: account.username,
    LOGNAME: account.username,
    SHELL: account.shell,
    LANG: locale(inherited?.LANG),
    ...dockerVariables(endpoint),
    ...(mayNotConnect(context) ? { DOCKER_HOST: downHost(process.getuid?.() ?? 0) } : {}),
    ...extra,
    DOCKER_LIFECYCLE_EVENT: event,
    DOCKER_LIFECYCLE_REASON: occurrence?.told.reason ?? transition.reason,
    DOCKER_LIFECYCLE_SOURCE: transition.source,
    DOCKER_LIFECYCLE_ENGINE: transition.engine,
    DOCKER_LIFECYCLE_SEQUENCE: String(transition.sequence),
    DOCKER_LIFECYCLE_TIME: new Date(transition.at).toISOString(),
    DOCKER_LIFECYCLE_ENGINE_ANSWERS: context.reach.answers ? 'yes' : 'no',
    DOCKER_LIFECYCLE_HOOK: path,
    ...(attempt === undefined ? {} : { DOCKER_LIFECYCLE_ATTEMPT: String(attempt) }),
    DOCKER_LIFECYCLE_RUN: run,
    ...(repeat ? { DOCKER_LIFECYCLE_POSSIBLE_REPEAT: '1' } : {}),
    ...(occurrence === undefined ? {} : eventEnvironment(occurrence)),
  };
}

/**
 * Returns the PATH of a hook whose settings have none.
 * @param account the one that the hook runs as
 * @param inherited the listener's own environment; undefined when the hook runs as another user
 */
export function searchPathOf(
  account: Pick<Account, 'uid'>,
  inherited: NodeJS.ProcessEnv | undefined,
  platform: NodeJS.Platform,
): string {
  const own = account.uid === 0 ? undefined : inherited?.PATH;
  return own ?? (platform === 'darwin' ? `${homebrewPath}:${systemPath}` : systemPath);
}

/** A `docker` in a hook of a Docker that was stopped would start it again. */
function mayNotConnect({ reach, dockerHost }: HookContext): boolean {
  return !reach.answers && reach.startsOnConnect && dockerHost === 'when-up';
}

/**
 * An address that refuses. Only the listener's user can make anything in that folder, and the listener makes no socket of
 * that name.
 * @param uid the listener's own user
 */
export function downHost(uid: number): string {
  const folder = uid === 0 ? '/run' : `/run/user/${uid}`;
  return `unix://${folder}/docker-lifecycle-listener/${downSocketName}`;
}

/** What makes `docker` speak to an endpoint: the Docker CLI's own variables. */
function dockerVariables(endpoint: Endpoint): Record<string, string> {
  const tls = endpoint.kind === 'tcp' ? endpoint.tls : undefined;
  return {
    DOCKER_HOST: endpoint.url,
    ...(tls && { DOCKER_CERT_PATH: tls.folder, [tls.verify ? 'DOCKER_TLS_VERIFY' : 'DOCKER_TLS']: '1' }),
  };
}

function entries(inherited: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    kept.flatMap((name): [string, string][] => {
      const value = inherited[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A locale's name and no path to one. */
function locale(inherited: string | undefined): string {
  return inherited !== undefined && /^[\w.@-]{1,64}$/.test(inherited) ? inherited : 'C.UTF-8';
}
