import { type EventName, namedContainer } from '../hooks/engine-events.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import type { EngineRunId } from '../watch/lifecycle/observation.ts';

/** Which containers were asked to end, as it is kept from one life of the listener to the next. */
export interface StopRequestsState {
  /** A request from before this moment may have been missed; in nanoseconds on the engine's clock. */
  readonly blind?: string;
  /** By container: when it was sent a signal, and whether that signal is certain to be meant to end it. */
  readonly asked: readonly (readonly [id: string, request: StopRequest])[];
}

export interface StopRequest {
  readonly at: string;
  readonly ends: boolean;
}

/** What is known of an engine's events, as it is kept from one life of the listener to the next. */
export interface LedgerState {
  /** Which run of the engine it is about; undefined where that cannot be known. */
  readonly run?: EngineRunId;
  /** Which events are listened to, and since when: nothing from before is to be told. */
  readonly names: readonly (readonly [string, string])[];
  /** What was heard last, oldest first, each by what makes it unlike any other. */
  readonly heard: readonly string[];
  /** The newest start of a container that a comparison has shown: what came before is settled. */
  readonly compared?: string;
  /** The last connection ended before it was known that nothing was missed. */
  readonly unsettled?: true;
  /** Which containers were asked to end. */
  readonly requests?: StopRequestsState;
  /** The containers that run, by id. */
  readonly running: readonly (readonly [string, Running])[];
}

/** A container that runs. */
export interface Running {
  /** When it started: the time of that event, or the engine's own account of it. */
  readonly since: string;
  /** As in an event of it: to be told again at its end, when it is gone. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event that is to be acted on. */
export interface Telling {
  readonly event: EngineEvent;
  readonly reason: EventReason;
}

/** What an event turned out to be. */
export type Heard =
  | { readonly kind: 'news'; readonly tellings: readonly Telling[] }
  /** Heard before, or from before anybody listened. */
  | { readonly kind: 'known' }
  /** Made good already: it is not told, but to be remembered as heard. */
  | { readonly kind: 'late' };

/** How a run of the engine comes to be listened to. */
export interface Opening {
  readonly run: EngineRunId | undefined;
  /** It was seen to start; or it was found, running already. */
  readonly found: 'starting' | 'running' | 'again';
  /** What to listen to; a container's start goes with its end, so that it can be followed. */
  readonly names: readonly EventName[];
}

/** From where on the engine is to tell its events; undefined for now. */
export interface Since {
  readonly since: string | undefined;
  /** Whether some of them count from now on: then `beginAt` must be told what the engine's clock says. */
  readonly needsClock: boolean;
}

/** What the listener finds running when it starts: told always, when it was never told, or never. */
export type WhenFound = 'always' | 'new' | 'never';

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

/** Whether two runs say whether they are one; see `Run`. */
export function areComparable(one: EngineRunId | undefined, other: EngineRunId | undefined): boolean {
  return one !== undefined && other !== undefined && one.includes('@') === other.includes('@');
}
