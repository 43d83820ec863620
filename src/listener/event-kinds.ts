import type { Words } from '../system/words.ts';
import { sensorWords } from '../watch/words.ts';
import type { EventKinds, KeptKind, ListenerEvent } from './events.ts';
import type { StreamedEntry } from './journal/record.ts';
import { eventsWords } from './words/events.ts';
import { fleetWords } from './words/fleet.ts';
import { hookWords } from './words/hooks.ts';
import { controlWords, daemonWords, journalWords, metricsWords, notifierWords } from './words/listener.ts';

/** Each kind of event: its level and text, and its record where the journal keeps it. */
const kinds: EventKinds<ListenerEvent> = {
  ...daemonWords,
  ...sensorWords,
  ...eventsWords,
  ...controlWords,
  ...notifierWords,
  ...metricsWords,
  ...fleetWords,
  ...hookWords,
  ...journalWords,
};

/** Returns the level and the text of an event for the log: the thing, what was found, and the fix. */
export function describe(event: ListenerEvent): Words {
  const kind = kindOf(event);
  return typeof kind === 'function' ? kind(event) : kind.words(event);
}

/** Returns the journal's record of an event, or a function that makes it; undefined where the journal does not keep it. */
export function recordOf(event: ListenerEvent): StreamedEntry | (() => StreamedEntry) | undefined {
  const kind = kindOf(event);
  return typeof kind === 'function' ? undefined : kind.record(event);
}

function kindOf(event: ListenerEvent) {
  // The table has one entry a kind, for just that kind.
  return kinds[event.kind] as KeptKind<ListenerEvent> | ((event: ListenerEvent) => Words);
}
