/** As much of an event as says whose order it keeps. */
interface EventOfSomething {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What keeps the order of its events: those of a network or a volume that name a container belong to that. */
export function subjectOf({ type, id, attributes }: EventOfSomething): string {
  const { container } = attributes;
  return type !== 'container' && container !== undefined && container !== '' ? container : id;
}

/** As much of an event as says which container it is about. */
interface EventOfContainer extends EventOfSomething {
  readonly name: string;
  readonly containerName?: string;
}

/** The container that an event is about, or that it names; undefined where there is none. */
export function containerOf({
  type,
  id,
  name,
  attributes,
  containerName,
}: EventOfContainer): { readonly id: string; readonly name: string | undefined } | undefined {
  if (type === 'container') return { id, name };
  const { container } = attributes;
  return container === undefined || container === '' ? undefined : { id: container, name: containerName };
}
