import { type EventName, eventWord, namesOf } from '../config/engine-events.ts';

const container = (action: string): EventName => ({ type: 'container', action });

/**
 * The events to ask an engine for, so that those that have a folder can be reported as they should be:
 *
 * - A container's start and its end go together: without one the other cannot be made good.
 * - Before an end the engine reports `kill` where the end was asked for.
 * - Networks and volumes name a container by its id: its name is known from the container's own events.
 *
 * @param folders the events that have a folder
 */
export function subscriptionFor(folders: readonly EventName[]): readonly EventName[] {
  const words = new Set(folders.map(eventWord));
  const has = (event: EventName) => words.has(eventWord(event));
  const wants = (event: EventName) => namesOf(event).some(has);
  const [start, die] = [container('start'), container('die')];
  const named = naming.some(wants);
  const besides = [
    ...(wants(start) || wants(die) || named ? [start, die] : []),
    ...(wants(die) ? [container('kill')] : []),
    ...(named ? ['create', 'rename', 'destroy'].map(container) : []),
  ];
  return [...folders, ...besides.filter((event) => !has(event))];
}

/** The events of other things that name a container. */
const naming: readonly EventName[] = [
  { type: 'network', action: 'connect' },
  { type: 'network', action: 'disconnect' },
  { type: 'volume', action: 'mount' },
  { type: 'volume', action: 'unmount' },
];
