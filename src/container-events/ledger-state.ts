import type { EventName } from '../hooks/engine-events.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import type { Run } from '../watch/lifecycle/observation.ts';
import type { StopRequestsState } from './stop-requests.ts';

/** What is known of an engine's events, as it is kept from one life of the listener to the next. */
export interface LedgerState {
  /** Which run of the engine it is about; undefined where that cannot be known. */
  readonly run?: Run;
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
  readonly run: Run | undefined;
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
