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
