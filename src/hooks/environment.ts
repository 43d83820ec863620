import type { Account } from '../system/find-account.ts';
import { isoOfNano } from '../system/nanoseconds.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import type { Delivery, EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import { containerOf, type EventWord } from './engine-events.ts';
import type { EngineReach } from './report.ts';
import type { DockerHost } from './settings.ts';
import { downSocketName } from './settings.ts';

export type { Account } from '../system/find-account.ts';

/** Contents of a hook's environment. */
interface HookContext {
  readonly transition: Transition;
  /** The hook's `$1`. */
  readonly event: HookOccasion;
  /** The engine, so that `docker` in the hook speaks to the same one. */
  readonly endpoint: Endpoint;
  /** The hook's own path. */
  readonly path: string;
  /** Names this run. */
  readonly run: string;
  /** The event of the engine that it is run for, if it is. */
  readonly occurrence?: Occurrence | undefined;
  readonly reach: EngineReach;
  /** `always`: DOCKER_HOST is the engine's address even while a connection would start it; else one that refuses. */
  readonly dockerHost: DockerHost;
  /** The number of the attempt, where a failure is retried; the first is 1. */
  readonly attempt?: number | undefined;
  /** An earlier run of it for the same transition was cut off, and may have done its work. */
  readonly repeat?: boolean | undefined;
}

/** The first argument of a hook; `container_start` and the like for an engine's events. */
export type HookOccasion = 'start' | 'stop' | 'running' | EventWord;

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const homebrewPath = '/opt/homebrew/bin:/opt/homebrew/sbin';

/** Variables that a hook of another user than root inherits from the listener; none can change a program's code. */
const kept = ['PATH', 'TZ', 'LC_ALL', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_CONFIG'];

/**
 * Builds the environment of a hook from nothing: the listener's own variables (NODE_OPTIONS, LD_PRELOAD,
 * BASH_ENV, …) never reaches a hook. As root not even PATH is taken over, and of LANG only what looks like one.
 *
 * @param account the one that the hook runs as
 * @param inherited the listener's own environment; undefined when the hook runs as another user
 * @param extra variables of the settings
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
    DOCKER_LIFECYCLE_REASON: occurrence?.delivery.reason ?? transition.reason,
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

/** Reports whether `docker` in the hook would start an engine that is down. */
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

/** Returns the Docker CLI's own variables, which make `docker` use an endpoint. */
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

/** Accepts the name of a locale, not a path to one. */
function locale(inherited: string | undefined): string {
  return inherited !== undefined && /^[\w.@-]{1,64}$/.test(inherited) ? inherited : 'C.UTF-8';
}

/** An event, or a burst of them, that a hook is run for. */
export interface Occurrence {
  /** The event; of a burst the last one. */
  readonly delivery: Delivery;
  /** The number of older events of the same kind that were merged into it. */
  readonly merged: number;
  /** The events of a burst, oldest first, and the number of older ones that are left out. */
  readonly burst?: { readonly events: readonly Delivery[]; readonly leftOut: number } | undefined;
  /** The labels that its settings name. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * The longest value in an environment, in characters; the JSON has all of it. Linux starts no program
 * with a variable of 128 KiB (execve(2)), and a label may have more.
 */
const longestValue = 4096;

/** Returns the variables of an event; the hook reads the whole event on its standard input. */
function eventEnvironment({ delivery, merged, burst, labels = [] }: Occurrence): Record<string, string> {
  const { type, action, detail, id, name, image, timeNano, exitCode, requested, attributes } = delivery.event;
  const container = containerOf(delivery.event);
  const variables = {
    DOCKER_EVENT_TYPE: type,
    DOCKER_EVENT_ACTION: action,
    DOCKER_EVENT_ID: id,
    DOCKER_EVENT_NAME: name,
    DOCKER_EVENT_IMAGE: image,
    ...(container === undefined ? {} : { DOCKER_EVENT_CONTAINER_ID: container.id }),
    ...(container?.name === undefined ? {} : { DOCKER_EVENT_CONTAINER_NAME: container.name }),
    DOCKER_EVENT_TIME: isoOfNano(timeNano),
    ...(detail === undefined ? {} : { DOCKER_EVENT_DETAIL: detail }),
    ...(exitCode === undefined ? {} : { DOCKER_EVENT_EXIT_CODE: String(exitCode) }),
    ...(requested === undefined ? {} : { DOCKER_EVENT_REQUESTED: requested }),
    ...(delivery.repeat ? { DOCKER_EVENT_POSSIBLE_REPEAT: '1' } : {}),
    ...(merged > 0 ? { DOCKER_EVENT_MERGED: String(merged) } : {}),
    ...(burst && { DOCKER_EVENT_COUNT: String(burst.events.length + burst.leftOut) }),
    ...(burst && burst.leftOut > 0 ? { DOCKER_EVENT_LEFT_OUT: String(burst.leftOut) } : {}),
    ...Object.fromEntries(
      labels.flatMap((label) => {
        const value = Object.hasOwn(attributes, label) ? attributes[label] : undefined;
        return value === undefined ? [] : [[labelVariable(label), value] as const];
      }),
    ),
  };
  // No variable can hold a zero byte; a label can.
  return Object.fromEntries(
    Object.entries(variables).map(([variable, value]) => [
      variable,
      value.slice(0, longestValue).replaceAll('\0', ''),
    ]),
  );
}

/** `com.example.role` is found in `DOCKER_EVENT_LABEL_COM_EXAMPLE_ROLE`. */
function labelVariable(label: string): string {
  return `DOCKER_EVENT_LABEL_${label.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/** All events of an occurrence, as lines of JSON. */
export function eventLines({ delivery, burst }: Occurrence): Buffer {
  return Buffer.from((burst?.events ?? [delivery]).map(({ event }) => `${event.json}\n`).join(''));
}

/** An occurrence in short: its event, and for a burst how many there are. */
export function labelOfOccurrence({ delivery, burst }: Occurrence): EventLabel {
  const count = burst === undefined ? 1 : burst.events.length + burst.leftOut;
  return { ...labelOf(delivery), ...(count > 1 ? { count } : {}) };
}

/** An event in short. */
function labelOf({ event, reason, repeat }: Delivery): EventLabel {
  const { type, action, id, name, timeNano, requested } = event;
  return {
    ...{ type, action, id, name, timeNano, reason },
    ...(repeat ? { repeat } : {}),
    ...(requested === undefined ? {} : { requested }),
  };
}
