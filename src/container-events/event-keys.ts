import { namedContainer } from '../hooks/engine-events.ts';
import { isAfter } from '../system/nanoseconds.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import type { Run } from '../watch/lifecycle/observation.ts';

/** What makes an event unlike any other: its time to the nanosecond, and what happened to what. */
export function keyOf(event: EngineEvent): string {
  const { timeNano, type, action, id } = event;
  return `${timeNano} ${type} ${action} ${id} ${namedContainer(event) ?? ''}`;
}

/** What it is that was made good: the start or the end of a container. */
export function madeGoodKey({ action, id }: EngineEvent): string {
  return `${action} ${id}`;
}

export function timeOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

/** By time, not by order: events may be published in another order than that of their times. */
export function oldest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>(
    (found, time) => (found === undefined || isAfter(found, time) ? time : found),
    undefined,
  );
}

export function newest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>(
    (found, time) => (found === undefined || isAfter(time, found) ? time : found),
    undefined,
  );
}

/** Whether two runs say whether they are one; see `Run`. */
export function areComparable(one: Run | undefined, other: Run | undefined): boolean {
  return one !== undefined && other !== undefined && one.includes('@') === other.includes('@');
}
