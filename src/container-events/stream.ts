import type { Duplex } from 'node:stream';
import { type EventName, isAnyAction, isAnyEvent, namedContainer } from '../hooks/engine-events.ts';
import { readFairly } from '../system/fair-reading.ts';
import { type Table, tableIn } from '../system/json.ts';
import { sinceOf } from '../system/nanoseconds.ts';
import { codeOf } from '../system/user-error.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import { dial, hostHeader } from '../watch/engine/dial.ts';
import { getRequest } from '../watch/engine/http.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import { limits } from './limits.ts';
import { createStreamReader } from './stream-reader.ts';

/** Who is told what comes. None is called any more after `close`. */
interface EventStreamHandlers {
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
function eventsPath(names: readonly EventName[], since: string | undefined): string {
  // Each member narrows further, so one that is to narrow nothing is left out.
  const filters = {
    ...(names.some(isAnyEvent) ? {} : { type: [...new Set(names.map(({ type }) => type))] }),
    ...(names.some(isAnyAction) ? {} : { event: [...new Set(names.map(({ action }) => action))] }),
  };
  const query = new URLSearchParams({ filters: JSON.stringify(filters) });
  if (since !== undefined) query.set('since', sinceOf(since));
  return `/events?${query}`;
}

/**
 * Reads one line of the engine's stream.
 * @returns undefined for what is no event, and for one whose names are longer than any engine's
 */
export function parseEvent(json: string): EngineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { Type: type, Action: said, Actor: actor } = tableIn(value) ?? {};
  const timeNano = timeNanoIn(json);
  if (typeof type !== 'string' || typeof said !== 'string' || timeNano === undefined) return undefined;
  const { ID: id, Attributes: given } = tableIn(actor) ?? {};
  const attributes = texts(tableIn(given) ?? {});
  const { name = '', image = '' } = attributes;
  const colon = said.indexOf(':');
  const action = colon === -1 ? said : said.slice(0, colon);
  if ([type, action, id, name, image].some(isTooLong)) return undefined;
  if (!isContainerId(type === 'container' ? id : namedContainer({ type, attributes }))) return undefined;
  const exitCode = attributes.exitCode === undefined ? Number.NaN : Number(attributes.exitCode);
  return {
    type,
    action,
    ...(colon === -1 ? {} : { detail: said.slice(colon + 1).trim() }),
    id: typeof id === 'string' ? id : '',
    name,
    image: type === 'container' ? image : '',
    ...(Number.isInteger(exitCode) ? { exitCode } : {}),
    timeNano,
    attributes,
    json,
  };
}

/**
 * From the text, because a JavaScript number holds 53 bits and the engine's has 61. In a string the quotes would be
 * escaped, and an attribute of that name would have a text behind it: nothing but the field itself fits.
 */
function timeNanoIn(json: string): string | undefined {
  const at = json.lastIndexOf('"timeNano":');
  const digits = /^\d{1,19}(?=[,}\s])/.exec(json.slice(at + 11, at + 32).trimStart())?.[0];
  // A copy: a part of a text keeps the whole of it in memory, and this is kept for long.
  return at === -1 || digits === undefined ? undefined : String(BigInt(digits));
}

/** Whether a value that is a text can be the id of a container: it is remembered many times over. */
function isContainerId(value: unknown): boolean {
  return typeof value !== 'string' || value.length <= limits.containerId;
}

function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > limits.name;
}

/** Takes away what is no text, and what every object has: labels are anybody's, one may be called `constructor`. */
function texts(values: Table): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) if (typeof value === 'string') found[key] = value;
  return found;
}
