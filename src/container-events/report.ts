import type { EventLabel } from '../watch/lifecycle/engine-event.ts';

/** Reports about reading an engine's events. */
export type EventsReport =
  | { readonly kind: 'events-read'; readonly names: readonly string[] }
  /** The stream was cut, and is reopened. */
  | { readonly kind: 'events-cut'; readonly error: string }
  | { readonly kind: 'events-refused'; readonly status: number }
  /** The engine has forgotten events since a time. A comparison of containers recovered `made` starts and ends. */
  | { readonly kind: 'events-gap'; readonly since: string; readonly made: number }
  | { readonly kind: 'events-not-compared'; readonly error: string }
  /** Containers that cannot be read are left out of a comparison. The first of them is named. */
  | {
      readonly kind: 'containers-unreadable';
      readonly count: number;
      readonly id: string;
      readonly why: string;
    }
  /** Damaged lines of the ledger file were left out. */
  | { readonly kind: 'events-damaged'; readonly path: string; readonly lines: number }
  /** An event is not tried again: this many listeners began its hooks and were killed. */
  | { readonly kind: 'event-given-up'; readonly told: EventLabel; readonly begins: number }
  /** A line of the stream is no event. */
  | { readonly kind: 'events-unreadable'; readonly line: string }
  /** The ledger file cannot be read or written. */
  | { readonly kind: 'events-not-kept'; readonly path: string; readonly error: string };
