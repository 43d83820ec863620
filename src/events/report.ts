import type { EventLabel } from '../lifecycle/engine-event.ts';

/** What is to be said of an engine's events beside the events themselves. */
export type EventsReport =
  /** The stream is read from now on. */
  | { readonly kind: 'events-read'; readonly names: readonly string[] }
  /** The stream was cut, and is opened again. */
  | { readonly kind: 'events-cut'; readonly error: string }
  /** The engine would not give it. */
  | { readonly kind: 'events-refused'; readonly status: number }
  /**
   * The engine did not remember all that happened since it was heard last: containers were compared, and so many
   * starts and ends made good.
   */
  | { readonly kind: 'events-gap'; readonly since: string; readonly made: number }
  /** Containers could not be compared. */
  | { readonly kind: 'events-not-compared'; readonly error: string }
  /** So many containers are described as none can be, and left out of the comparison; the first of them. */
  | {
      readonly kind: 'containers-unreadable';
      readonly count: number;
      readonly id: string;
      readonly why: string;
    }
  /** So many lines of what an earlier listener kept are damaged, and left out. */
  | { readonly kind: 'events-damaged'; readonly path: string; readonly lines: number }
  /** So many listeners have begun with this event and were killed, or ended by an error: it is not tried again. */
  | { readonly kind: 'event-given-up'; readonly told: EventLabel; readonly begins: number }
  /** A line of the stream that is no event. */
  | { readonly kind: 'events-unreadable'; readonly line: string }
  /** What was heard cannot be kept for the next life of the listener, or not be read from the last. */
  | { readonly kind: 'events-not-kept'; readonly path: string; readonly error: string };
