import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';

/** A container as the engine describes it. */
export interface SeenContainer {
  readonly id: string;
  readonly isRunning: boolean;
  /** When it last started and ended, in nanoseconds since the epoch; undefined for never. */
  readonly started: string | undefined;
  readonly finished: string | undefined;
  /** Of one that has ended. */
  readonly exitCode: number | undefined;
  /** As in an event of it: its labels, `name` and `image`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The start of a container as the engine would have told it. */
export function startedEvent(
  id: string,
  { exitCode: _code, execDuration: _duration, ...attributes }: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  return made('start', id, attributes, timeNano);
}

/**
 * The end of a container as the engine would have told it. Of one that is gone nobody knows how it ended: then it
 * has no exit code.
 * @param finished when; the best that is known where the engine does not say
 */
export function diedEvent(
  id: string,
  { since, attributes }: { readonly since: string; readonly attributes: Readonly<Record<string, string>> },
  finished: string | undefined,
  seen?: SeenContainer,
): EngineEvent {
  const { exitCode } = seen ?? {};
  const given = exitCode === undefined ? attributes : { ...attributes, exitCode: String(exitCode) };
  return { ...made('die', id, given, finished ?? since), ...(exitCode === undefined ? {} : { exitCode }) };
}

function made(
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  const { name = '', image = '' } = attributes;
  const told = {
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano.slice(0, -9)),
  };
  // The engine's own last field, whose digits a JavaScript number cannot hold.
  const json = `${JSON.stringify(told).slice(0, -1)},"timeNano":${timeNano}}`;
  return { type: 'container', action, id, name, image, timeNano, attributes, json };
}
