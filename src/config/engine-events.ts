/**
 * The events of an engine that hooks can be run for: by type, what can happen to it. These are the names that the
 * engine itself gives them (docs.docker.com/reference/cli/docker/system/events), without what some of them carry
 * behind a colon: `health_status: unhealthy` is `health_status` here.
 */
export const engineEvents = {
  container: [
    ...['attach', 'commit', 'copy', 'create', 'destroy', 'detach', 'die', 'exec_create', 'exec_detach'],
    ...['exec_die', 'exec_start', 'export', 'health_status', 'kill', 'oom', 'pause', 'prune', 'rename'],
    ...['resize', 'restart', 'start', 'stop', 'top', 'unpause', 'update'],
  ],
  image: ['create', 'delete', 'import', 'load', 'prune', 'pull', 'push', 'save', 'tag', 'untag'],
  volume: ['create', 'destroy', 'mount', 'prune', 'unmount'],
  network: ['connect', 'create', 'destroy', 'disconnect', 'prune', 'remove', 'update'],
  plugin: ['create', 'disable', 'enable', 'install', 'pull', 'remove'],
  builder: ['prune'],
  daemon: ['reload'],
  service: ['create', 'remove', 'update'],
  node: ['create', 'remove', 'update'],
  secret: ['create', 'remove', 'update'],
  config: ['create', 'remove', 'update'],
} as const satisfies { readonly [type: string]: readonly string[] };

/** What happens, by the engine's names for it. */
export interface EventName {
  /** `container` */
  readonly type: string;
  /** `start` */
  readonly action: string;
}

/** The folder of an event's hooks: `on_container_start`. */
export type EventFolder = `on_${string}_${string}`;

/** Every folder that an event's hooks can be in. Only these names are ever joined to a path. */
export const eventFolders: ReadonlyMap<EventFolder, EventName> = new Map(
  Object.entries(engineEvents).flatMap(([type, actions]) =>
    actions.map((action): [EventFolder, EventName] => [eventFolder({ type, action }), { type, action }]),
  ),
);

export function eventFolder({ type, action }: EventName): EventFolder {
  return `on_${type}_${action}`;
}

/** An event in one word, as hooks are told it as `$1`: `container_start`. */
export function eventWord({ type, action }: EventName): `${string}_${string}` {
  return `${type}_${action}`;
}

/** Whether an event says that something has come to its end, and so makes sense even when the engine has gone. */
export function isEnd({ action }: EventName): boolean {
  return ends.has(action);
}

const ends = new Set(['die', 'destroy', 'oom', 'disconnect', 'remove', 'delete', 'unmount', 'prune']);
