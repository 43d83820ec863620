import { containerOf } from '../config/event-subject.ts';
import type { EventLabel, ToldEvent } from '../lifecycle/engine-event.ts';
import { isoOfNano } from '../system/nanoseconds.ts';

/** What happened in an engine, as a hook is told it. */
export interface Occurrence {
  readonly told: ToldEvent;
  /** So many older ones of the same kind were not told because of it. */
  readonly merged: number;
  /** Where its hook is run once for many: all of them, oldest first, and how many older ones are left out. */
  readonly burst?: { readonly events: readonly ToldEvent[]; readonly leftOut: number } | undefined;
  /** The labels that its settings name. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * As much of one thing as is put into an environment, in characters; all of it is in the JSON. Linux starts no program
 * with a variable of 128 KiB (execve(2)), and a label may have more.
 */
const longestValue = 4096;

/** The variables that tell a hook what happened; all of it, it gets on its standard input. */
export function eventEnvironment({ told, merged, burst, labels = [] }: Occurrence): Record<string, string> {
  const { type, action, detail, id, name, image, timeNano, exitCode, requested, attributes } = told.event;
  const container = containerOf(told.event);
  const variables = {
    DOCKER_EVENT_TYPE: type,
    DOCKER_EVENT_ACTION: action,
    DOCKER_EVENT_ID: id,
    DOCKER_EVENT_NAME: name,
    DOCKER_EVENT_IMAGE: image,
    ...(container === undefined ? {} : { DOCKER_EVENT_CONTAINER_ID: container.id }),
    ...(container?.name === undefined ? {} : { DOCKER_EVENT_CONTAINER_NAME: container.name }),
    DOCKER_EVENT_TIME: isoOfNano(timeNano),
    ...(detail === undefined ? {} : { DOCKER_EVENT_DETAIL: detail }),
    ...(exitCode === undefined ? {} : { DOCKER_EVENT_EXIT_CODE: String(exitCode) }),
    ...(requested === undefined ? {} : { DOCKER_EVENT_REQUESTED: requested }),
    ...(told.repeat ? { DOCKER_EVENT_POSSIBLE_REPEAT: '1' } : {}),
    ...(merged > 0 ? { DOCKER_EVENT_MERGED: String(merged) } : {}),
    ...(burst && { DOCKER_EVENT_COUNT: String(burst.events.length + burst.leftOut) }),
    ...(burst && burst.leftOut > 0 ? { DOCKER_EVENT_LEFT_OUT: String(burst.leftOut) } : {}),
    ...Object.fromEntries(
      labels.flatMap((label) => {
        const value = Object.hasOwn(attributes, label) ? attributes[label] : undefined;
        return value === undefined ? [] : [[labelVariable(label), value] as const];
      }),
    ),
  };
  // No variable can hold a zero byte; a label can.
  return Object.fromEntries(
    Object.entries(variables).map(([variable, value]) => [
      variable,
      value.slice(0, longestValue).replaceAll('\0', ''),
    ]),
  );
}

/** `com.example.role` is found in `DOCKER_EVENT_LABEL_COM_EXAMPLE_ROLE`. */
export function labelVariable(label: string): string {
  return `DOCKER_EVENT_LABEL_${label.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/** All events of an occurrence, as lines of JSON. */
export function eventLines({ told, burst }: Occurrence): Buffer {
  return Buffer.from((burst?.events ?? [told]).map(({ event }) => `${event.json}\n`).join(''));
}

/** An occurrence in short: its event, and for a burst how many there are. */
export function labelOfOccurrence({ told, burst }: Occurrence): EventLabel {
  const count = burst === undefined ? 1 : burst.events.length + burst.leftOut;
  return { ...labelOf(told), ...(count > 1 ? { count } : {}) };
}

/** An event in short. */
export function labelOf({ event, reason, repeat }: ToldEvent): EventLabel {
  const { type, action, id, name, timeNano, requested } = event;
  return {
    ...{ type, action, id, name, timeNano, reason },
    ...(repeat ? { repeat } : {}),
    ...(requested === undefined ? {} : { requested }),
  };
}
