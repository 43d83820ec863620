import type { EventLabel, ToldEvent } from '../lifecycle/engine-event.ts';
import { isoOfNano } from '../system/nanoseconds.ts';

/** What happened in an engine, as a hook is told it. */
export interface Occurrence {
  readonly told: ToldEvent;
  /** So many older ones of the same kind were not told because of it. */
  readonly merged: number;
  /** The labels that its settings name. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * As much of one thing as is put into an environment, in characters; all of it is in the JSON. Linux starts no program
 * with a variable of 128 KiB (execve(2)), and a label may have more.
 */
const longestValue = 4096;

/** The variables that tell a hook what happened; all of it, it gets on its standard input. */
export function eventEnvironment({ told, merged, labels = [] }: Occurrence): Record<string, string> {
  const { type, action, detail, id, name, image, timeNano, exitCode, requested, attributes } = told.event;
  const variables = {
    DOCKER_EVENT_TYPE: type,
    DOCKER_EVENT_ACTION: action,
    DOCKER_EVENT_ID: id,
    DOCKER_EVENT_NAME: name,
    DOCKER_EVENT_IMAGE: image,
    DOCKER_EVENT_TIME: isoOfNano(timeNano),
    ...(detail === undefined ? {} : { DOCKER_EVENT_DETAIL: detail }),
    ...(exitCode === undefined ? {} : { DOCKER_EVENT_EXIT_CODE: String(exitCode) }),
    ...(requested === undefined ? {} : { DOCKER_EVENT_REQUESTED: requested }),
    ...(told.repeat ? { DOCKER_EVENT_POSSIBLE_REPEAT: '1' } : {}),
    ...(merged > 0 ? { DOCKER_EVENT_MERGED: String(merged) } : {}),
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

/** An event in short. */
export function labelOf({ event, reason, repeat }: ToldEvent): EventLabel {
  const { type, action, id, name, timeNano, requested } = event;
  return {
    ...{ type, action, id, name, timeNano, reason },
    ...(repeat ? { repeat } : {}),
    ...(requested === undefined ? {} : { requested }),
  };
}
