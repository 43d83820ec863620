/**
 * The events of an engine that hooks can be run for: by type, what can happen to it. The names are the engine's own,
 * without the part that some of them carry behind a colon: `health_status: unhealthy` is `health_status` here.
 *
 * Source: moby at 26.1.5 and 28.5.2, the calls of `LogContainerEvent`, `LogImageEvent`, `LogVolumeEvent`,
 * `LogNetworkEvent`, `LogPluginEvent`, `LogDaemonEventWithAttributes` and `EventsService.Log` in `daemon/`, `container/`,
 * `image/tarexport/`, `plugin/`, `volume/service/` and `api/server/backend/build/`, and cluster events in
 * `daemon/events.go`; at 20.10.24 the same in `daemon/`, `container/`, `image/` and `api/`. The source of 29.7 was not read:
 * of 43 kinds of event that were provoked there 41 were seen, and none that is missing here. By version: 28.5.2 reports
 * `image create`, 26.1.5 and 20.10.24 do not. `container copy` is left out: Windows reports it, and on Linux 20.10.24 only for
 * `POST /containers/ID/copy`, which API 1.24 removed. `plugin install` is in Docker's manual, and in none of these sources.
 */
export const engineEvents = {
  container: [
    ...[
      'archive-path',
      'attach',
      'checkpoint',
      'commit',
      'create',
      'destroy',
      'detach',
      'die',
      'exec_create',
    ],
    ...['exec_detach', 'exec_die', 'exec_start', 'export', 'extract-to-dir', 'health_status', 'kill', 'oom'],
    ...['pause', 'prune', 'rename', 'resize', 'restart', 'start', 'stop', 'top', 'unpause', 'update'],
  ],
  image: ['create', 'delete', 'import', 'load', 'prune', 'pull', 'push', 'save', 'tag', 'untag'],
  volume: ['create', 'destroy', 'mount', 'prune', 'unmount'],
  network: ['connect', 'create', 'destroy', 'disconnect', 'prune', 'remove', 'update'],
  plugin: ['create', 'disable', 'enable', 'pull', 'remove'],
  builder: ['prune'],
  daemon: ['reload'],
  service: ['create', 'remove', 'update'],
  node: ['create', 'remove', 'update'],
  secret: ['create', 'remove', 'update'],
  config: ['create', 'remove', 'update'],
} as const satisfies { readonly [type: string]: readonly string[] };

/**
 * Podman's own events, which Docker does not have. Recorded on Podman 5.8.6; `container-events/engine-names.ts` has Podman's
 * names of Docker's events.
 */
export const podmanOwnEvents = {
  container: ['cleanup', 'init'],
  image: ['build', 'pull-error'],
  pod: ['create', 'kill', 'pause', 'remove', 'start', 'stop', 'unpause'],
} as const satisfies { readonly [type: string]: readonly string[] };

/** Returns the actions of a type that a folder can be for, with any action last; none for an unknown type. */
export function actionsOf(type: string): readonly string[] {
  const known = [engineEvents, podmanOwnEvents].flatMap(
    (table: { readonly [type: string]: readonly string[] }) =>
      Object.hasOwn(table, type) ? (table[type] ?? []) : [],
  );
  return known.length === 0 ? [] : [...known, any];
}

/** The name of an event, in the engine's words. */
export interface EventName {
  /** `container` */
  readonly type: string;
  /** `start`, `archive-path` */
  readonly action: string;
}

/** The folder of an event's hooks: `on_container_start`, `on_container_any`, `on_any`. */
export type EventFolder = `on_${string}_${string}` | 'on_any';

/** An event in one word: `container_start`, `container_archive_path`; `container_any` and `any` stand for several. */
export type EventWord = `${string}_${string}` | 'any';

/** Stands for each action of a type, and as a type for each type. No engine has it as a name of its own. */
const any = 'any';
const anyEvent: EventName = { type: any, action: any };

/** Every folder that an event's hooks can be in. Only these names are ever joined to a path. */
export const eventFolders: ReadonlyMap<EventFolder, EventName> = new Map(
  [
    ...[...new Set([...Object.keys(engineEvents), ...Object.keys(podmanOwnEvents)])].flatMap((type) =>
      actionsOf(type).map((action) => ({ type, action })),
    ),
    anyEvent,
  ].map((event): [EventFolder, EventName] => [eventFolder(event), event]),
);

/** The folder of an event's hooks. A dash of the engine's is an underscore: `on_container_archive_path`. */
export function eventFolder(event: EventName): EventFolder {
  return `on_${eventWord(event)}`;
}

/** An event in one word, a hook's `$1`. */
export function eventWord({ type, action }: EventName): EventWord {
  return type === any ? any : `${type}_${action.replaceAll('-', '_')}`;
}

/** The names that include an event, in the order in which their hooks run: itself, any of its type, any at all. */
export function namesOf({ type, action }: EventName): readonly EventName[] {
  return [{ type, action }, { type, action: any }, anyEvent];
}

/** Reports whether a name stands for each action of its type, or for each event. */
export function isAnyAction({ action }: EventName): boolean {
  return action === any;
}

/** Reports whether a name stands for each event. */
export function isAnyEvent({ type }: EventName): boolean {
  return type === any;
}

/** Reports whether an event is an end, and so makes sense even when the engine is down. */
export function isEnd({ action }: EventName): boolean {
  return ends.has(action);
}

const ends = new Set(['die', 'destroy', 'oom', 'disconnect', 'remove', 'delete', 'unmount', 'prune']);

/** The part of an event that determines its order. */
interface EventOfSomething {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Types whose events name a container in `container`. In events of containers and images that is a label of any image. */
const naming: ReadonlySet<string> = new Set(['network', 'volume']);

/** Returns the id of the container that an event of something else names; undefined where it names none. */
export function namedContainer({
  type,
  attributes: { container },
}: Omit<EventOfSomething, 'id'>): string | undefined {
  return naming.has(type) && container !== '' ? container : undefined;
}

/** Returns the subject whose events stay in order: an event of a network or a volume belongs to the container it names. */
export function subjectOf(event: EventOfSomething): string {
  return namedContainer(event) ?? event.id;
}

/** The part of an event that determines its container. */
interface EventOfContainer extends EventOfSomething {
  readonly name: string;
  readonly containerName?: string;
}

/** The container that an event is about, or that it names; undefined where there is none. */
export function containerOf(
  event: EventOfContainer,
): { readonly id: string; readonly name: string | undefined } | undefined {
  const { type, id, name, containerName } = event;
  if (type === 'container') return { id, name };
  const container = namedContainer(event);
  return container === undefined ? undefined : { id: container, name: containerName };
}
