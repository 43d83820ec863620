/** As much of an event as says whose order it keeps. */
interface EventOfSomething {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Types whose events name a container in `container`. In events of containers and images that is a label of anybody's. */
const naming: ReadonlySet<string> = new Set(['network', 'volume']);

/** Returns the id of the container that an event of something else names; undefined where it names none. */
export function namedContainer({
  type,
  attributes: { container },
}: Omit<EventOfSomething, 'id'>): string | undefined {
  return naming.has(type) && container !== '' ? container : undefined;
}

/** What keeps the order of its events: those of a network or a volume that name a container belong to that. */
export function subjectOf(event: EventOfSomething): string {
  return namedContainer(event) ?? event.id;
}

/** As much of an event as says which container it is about. */
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
