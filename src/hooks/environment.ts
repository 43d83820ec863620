import type { Transition } from '../lifecycle/transition.ts';

/** Who runs the hooks, as the system knows that user. */
export interface Account {
  readonly uid: number;
  readonly username: string;
  readonly home: string;
  readonly shell: string;
}

/** What a hook is told about the transition beside its own path. */
export interface HookContext {
  readonly transition: Transition;
  /** For `DOCKER_HOST`, so that `docker` in the hook speaks to the same engine. */
  readonly url: string;
  /** The hook's own path. */
  readonly path: string;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const homebrewPath = '/opt/homebrew/bin:/opt/homebrew/sbin';

/** What a user other than root keeps from the listener's own environment; nothing that can change a program's code. */
const kept = ['PATH', 'TZ', 'LC_ALL', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DOCKER_CONFIG'];

/**
 * The environment of a hook, built from nothing: what the listener was started with (NODE_OPTIONS, LD_PRELOAD,
 * BASH_ENV, …) never reaches a hook. As root not even PATH is taken over.
 */
export function hookEnvironment(
  context: HookContext,
  account: Account,
  inherited: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): Record<string, string> {
  const { transition, url, path } = context;
  const own = account.uid === 0 ? [] : kept.flatMap((name) => entry(name, inherited[name]));
  return {
    PATH: platform === 'darwin' ? `${homebrewPath}:${systemPath}` : systemPath,
    ...Object.fromEntries(own),
    HOME: account.home,
    USER: account.username,
    LOGNAME: account.username,
    SHELL: account.shell,
    LANG: inherited.LANG ?? 'C.UTF-8',
    DOCKER_HOST: url,
    DOCKER_LIFECYCLE_EVENT: transition.event,
    DOCKER_LIFECYCLE_REASON: transition.reason,
    DOCKER_LIFECYCLE_SOURCE: transition.source,
    DOCKER_LIFECYCLE_ENGINE: transition.engine,
    DOCKER_LIFECYCLE_SEQUENCE: String(transition.sequence),
    DOCKER_LIFECYCLE_TIME: new Date(transition.at).toISOString(),
    DOCKER_LIFECYCLE_HOOK: path,
  };
}

function entry(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}
