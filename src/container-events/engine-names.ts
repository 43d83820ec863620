import { type EventName, engineEvents, eventWord, isAnyAction, isAnyEvent } from '../hooks/engine-events.ts';
import type { Table } from '../system/json.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import type { EngineKind } from '../watch/lifecycle/observation.ts';

/**
 * The events of Podman: by type, Podman's name of an action with the name that its hooks have, which is Docker's where
 * Docker has such an event.
 *
 * Source: recorded on Podman 5.8.6 (`GET /events` of `podman system service`, actions by its command line and by its API,
 * events_logger `file`); `checkpoint` is from the manual of 5.8, podman-events(1).
 */
const podmanNames: { readonly [type: string]: { readonly [action: string]: string } } = {
  container: {
    ...same('attach', 'checkpoint', 'cleanup', 'commit', 'create', 'die', 'export', 'health_status', 'init'),
    ...same('kill', 'pause', 'rename', 'restart', 'start', 'stop', 'unpause', 'update'),
    exec: 'exec_start',
    exec_died: 'exec_die',
    remove: 'destroy',
  },
  image: {
    ...same('build', 'delete', 'pull', 'pull-error', 'push', 'save', 'tag', 'untag'),
    loadfromarchive: 'load',
  },
  volume: { ...same('create', 'prune'), remove: 'destroy' },
  network: { ...same('connect', 'create', 'disconnect'), remove: 'destroy' },
  pod: same('create', 'kill', 'pause', 'remove', 'start', 'stop', 'unpause'),
};

/**
 * Docker's events that Podman reports under another name, or not always; the folders to use instead. Podman 5.8.6 reports
 * `stop`, before the `die`, for `podman stop` and `podman rm --force`, and not for the same requests to its API.
 */
const insteadOnPodman: { readonly [word: string]: EventName } = {
  container_exec_create: { type: 'container', action: 'exec_start' },
  container_stop: { type: 'container', action: 'die' },
  image_create: { type: 'image', action: 'pull' },
  image_import: { type: 'image', action: 'tag' },
  network_remove: { type: 'network', action: 'destroy' },
};

function same(...actions: readonly string[]): { readonly [action: string]: string } {
  return Object.fromEntries(actions.map((action) => [action, action]));
}

/** An engine's relation to an event: it reports it always, in some cases, or never. */
export interface Reported {
  readonly when: 'always' | 'sometimes' | 'never';
  /** The event to use instead, if there is one. */
  readonly instead?: EventName;
}

/** Returns whether an engine reports an event. */
export function reportedBy(kind: EngineKind, event: EventName): Reported {
  const instead = kind === 'podman' ? insteadOnPodman[eventWord(event)] : undefined;
  const hint = instead === undefined ? {} : { instead };
  if (!hasEvent(kind, event)) return { when: 'never', ...hint };
  return { when: instead === undefined ? 'always' : 'sometimes', ...hint };
}

function hasEvent(kind: EngineKind, event: EventName): boolean {
  if (isAnyEvent(event)) return true;
  const known: { readonly [type: string]: readonly string[] } =
    kind === 'docker' ? engineEvents : podmanEvents;
  const actions = Object.hasOwn(known, event.type) ? known[event.type] : undefined;
  return actions !== undefined && (isAnyAction(event) || actions.includes(event.action));
}

const podmanEvents = Object.fromEntries(
  Object.entries(podmanNames).map(([type, actions]) => [type, Object.values(actions)]),
);

/** Returns the names of these events in the engine's own words, which the filter of its stream takes. */
export function namesFor(kind: EngineKind, names: readonly EventName[]): readonly EventName[] {
  if (kind === 'docker') return names;
  return names.map(({ type, action }) => {
    const own = Object.entries(podmanNames[type] ?? {}).find(([, name]) => name === action);
    return { type, action: own?.[0] ?? action };
  });
}

/**
 * Translates an event of Podman's: its name; the exit code; the word of a health status, which stands beside the action;
 * the id of a volume, which is its name. An event of a network names the container as its subject and the network in an
 * attribute: it is turned round. Podman gives no id of the network then, so its name, which its API takes too, stands for it.
 * @param value the whole event
 */
export function fromPodman(event: EngineEvent, value: Table | undefined): EngineEvent {
  const { type, id, name, attributes } = event;
  // Its type and its action are of the engine: `constructor` is a member of every object.
  const names = Object.hasOwn(podmanNames, type) ? podmanNames[type] : undefined;
  const own = names && Object.hasOwn(names, event.action) ? names[event.action] : undefined;
  const action = own ?? event.action;
  const translated = { ...event, action };
  switch (type) {
    case 'container': {
      const status = value?.HealthStatus;
      const isHealth = action === 'health_status' && typeof status === 'string';
      const code = attributes.containerExitCode ?? '';
      const hasCode = (action === 'die' || action === 'exec_die') && /^\d{1,3}$/.test(code);
      return {
        ...translated,
        ...(isHealth ? { detail: status.slice(0, 64) } : {}),
        ...(hasCode ? { exitCode: Number(code) } : {}),
      };
    }
    case 'volume':
      return { ...translated, id: id === '' ? name : id };
    case 'network': {
      const { network = '', ...others } = attributes;
      if (action !== 'connect' && action !== 'disconnect') return { ...translated, name: name || network };
      const turned = { ...others, name: network, container: id };
      return { ...translated, id: network, name: network, containerName: name, attributes: turned };
    }
    default:
      return translated;
  }
}
