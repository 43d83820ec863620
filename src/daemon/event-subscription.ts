import { type EventName, eventWord } from '../config/engine-events.ts';

const container = (action: string): EventName => ({ type: 'container', action });

/**
 * The events to ask an engine for, so that those that have a folder can be reported as they should be:
 *
 * - A container's start and its end go together: without one the other cannot be made good.
 * - Before an end the engine reports `kill` where the end was asked for.
 *
 * @param folders the events that have a folder
 */
export function subscriptionFor(folders: readonly EventName[]): readonly EventName[] {
  const words = new Set(folders.map(eventWord));
  const has = (...events: readonly EventName[]) => events.some((event) => words.has(eventWord(event)));
  const both = [container('start'), container('die')];
  const besides = [...(has(...both) ? both : []), ...(has(container('die')) ? [container('kill')] : [])];
  return [...folders, ...besides.filter((event) => !has(event))];
}
