import type { Duplex } from 'node:stream';
import type { Endpoint } from '../config/endpoint.ts';
import { type EventName, isAnyAction, isAnyEvent } from '../config/engine-events.ts';
import { dial, hostHeader } from '../engine/dial.ts';
import { getRequest } from '../engine/http.ts';
import { codeOf } from '../system/failure.ts';
import { readFairly } from '../system/fair-reading.ts';
import { sinceOf } from '../system/nanoseconds.ts';
import { createStreamReader } from './stream-reader.ts';

/** Who is told what comes. None is called any more after `close`. */
export interface EventStreamHandlers {
  /** The engine gives the stream. It need not be subscribed by now: what it remembers closes the gap. */
  readonly begun: () => void;
  /** One event, as JSON. */
  readonly line: (json: string) => void;
  readonly ended: (how: StreamEnd) => void;
}

/** Why a stream is over. */
export type StreamEnd =
  /** The engine would not give it. */
  | { readonly kind: 'refused'; readonly status: number }
  /** The connection is no more. */
  | { readonly kind: 'cut'; readonly error: string }
  /** It sent what no engine sends: it is not asked again at once. */
  | { readonly kind: 'unsound'; readonly error: string };

/** A stream of events, being read. */
export interface EventStream {
  /** Lets go of the engine at once: engines from 23.0 on wait 5 s for it when they stop. */
  close(): void;
}

/**
 * Opens an engine's stream of events, on a connection of its own, and reads it as fast as it comes: a reader that
 * falls more than 1,024 events behind is left out by the engine, without a word. What takes the processor for more
 * than a while is read at the pace that leaves other engines theirs.
 * @param since from when on, in nanoseconds of the engine's clock; from now on when it is missing
 */
export function openEventStream(
  endpoint: Endpoint,
  names: readonly EventName[],
  since: string | undefined,
  handlers: EventStreamHandlers,
): EventStream {
  let over = false;
  let stream: Duplex | undefined;
  const reader = createStreamReader({
    begun: (status) => (status === 200 ? handlers.begun() : end({ kind: 'refused', status })),
    line: (text) => {
      if (!over) handlers.line(text);
    },
  });

  function end(how: StreamEnd): void {
    if (over) return;
    over = true;
    stream?.destroy();
    handlers.ended(how);
  }

  function heard(bytes: Buffer): void {
    if (over) return;
    try {
      if (!reader.push(bytes)) end({ kind: 'cut', error: 'the engine ended it' });
    } catch (error) {
      end({ kind: 'unsound', error: error instanceof Error ? error.message : String(error) });
    }
  }

  try {
    const line = dial(endpoint);
    stream = line.stream;
    readFairly(stream, heard);
    stream.on('error', (error) => end({ kind: 'cut', error: codeOf(error) }));
    stream.on('end', () => end({ kind: 'cut', error: 'it was closed' }));
    stream.on('close', () => end({ kind: 'cut', error: 'it was closed' }));
    stream.write(getRequest(eventsPath(names, since), hostHeader(endpoint)));
  } catch (error) {
    // Not before the caller has its stream.
    setImmediate(() => end({ kind: 'cut', error: codeOf(error) }));
  }
  return {
    close() {
      over = true;
      stream?.destroy();
    },
  };
}

/** The engine leaves out what is not asked for: where containers have health checks that is most of it. */
export function eventsPath(names: readonly EventName[], since: string | undefined): string {
  // Each member narrows further, so one that is to narrow nothing is left out.
  const filters = {
    ...(names.some(isAnyEvent) ? {} : { type: [...new Set(names.map(({ type }) => type))] }),
    ...(names.some(isAnyAction) ? {} : { event: [...new Set(names.map(({ action }) => action))] }),
  };
  const query = new URLSearchParams({ filters: JSON.stringify(filters) });
  if (since !== undefined) query.set('since', sinceOf(since));
  return `/events?${query}`;
}
