import type { Duplex } from 'node:stream';
import {
  type EventName,
  eventWord,
  isAnyAction,
  isAnyEvent,
  namedContainer,
  namesOf,
} from '../hooks/engine-events.ts';
import { readFairly } from '../system/fair-reading.ts';
import { type Table, tableIn } from '../system/json.ts';
import { sinceOf } from '../system/nanoseconds.ts';
import { codeOf } from '../system/user-error.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import { dial, hostHeader } from '../watch/engine/dial.ts';
import { getRequest } from '../watch/engine/http.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import type { EngineKind } from '../watch/lifecycle/observation.ts';
import { fromPodman, namesFor } from './engine-names.ts';
import { limits } from './limits.ts';
import { StreamReader } from './stream-reader.ts';

interface EventStreamHandlers {
  /** The engine gives the stream. It may subscribe later: the replay of what it remembers closes that gap. */
  readonly begun: () => void;
  /** Called with one event as JSON. */
  readonly line: (json: string) => void;
  readonly ended: (how: StreamEnd) => void;
}

/** The end of a stream. */
export type StreamEnd =
  | { readonly kind: 'refused'; readonly status: number }
  /** The connection ended, or was not made. */
  | { readonly kind: 'cut'; readonly error: string }
  /** The engine sent what no engine sends. */
  | { readonly kind: 'unsound'; readonly error: string };

/**
 * An engine's event stream, on a connection of its own. It is read as fast as it comes, because an engine drops events for a
 * reader that falls more than 1,024 behind, without a word; an engine that floods leaves the others their time.
 */
export class EventStream {
  readonly #handlers: EventStreamHandlers;
  readonly #reader: StreamReader;
  #stream: Duplex | undefined;
  #isOver = false;

  /**
   * @param since the time of the first event in nanoseconds on the engine's clock; undefined for now
   * @param handlers not called after `close`
   */
  constructor(
    { endpoint, kind }: { readonly endpoint: Endpoint; readonly kind: EngineKind },
    names: readonly EventName[],
    since: string | undefined,
    handlers: EventStreamHandlers,
  ) {
    this.#handlers = handlers;
    this.#reader = new StreamReader({
      begun: (status) => (status === 200 ? handlers.begun() : this.#end({ kind: 'refused', status })),
      line: (text) => {
        if (!this.#isOver) handlers.line(text);
      },
    });
    try {
      this.#stream = dial(endpoint).stream;
      readFairly(this.#stream, (bytes) => this.#received(bytes));
      this.#stream.on('error', (error) => this.#end({ kind: 'cut', error: codeOf(error) }));
      this.#stream.on('end', () => this.#end({ kind: 'cut', error: 'it was closed' }));
      this.#stream.on('close', () => this.#end({ kind: 'cut', error: 'it was closed' }));
      this.#stream.write(getRequest(eventsPath(namesFor(kind, names), since), hostHeader(endpoint)));
    } catch (error) {
      // Later, because the caller does not have its stream yet.
      setImmediate(() => this.#end({ kind: 'cut', error: codeOf(error) }));
    }
  }

  /** Closes the connection at once: engines from 23.0 on wait 5 s for it when they stop. */
  close(): void {
    this.#isOver = true;
    this.#stream?.destroy();
  }

  #end(how: StreamEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.ended(how);
  }

  #received(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      if (!this.#reader.push(bytes)) this.#end({ kind: 'cut', error: 'the engine ended it' });
    } catch (error) {
      this.#end({ kind: 'unsound', error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** The engine sends the named events alone: where containers have health checks, most events are others. */
function eventsPath(names: readonly EventName[], since: string | undefined): string {
  // Each member narrows the stream. One that must not narrow it is left out.
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
 * @returns undefined for a line that is no event, or has names longer than any engine's
 */
export function parseEvent(json: string, kind: EngineKind = 'docker'): EngineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const table = tableIn(value);
  const { Type: type, Action: fullAction, Actor: actor } = table ?? {};
  const timeNano = timeNanoIn(json);
  if (typeof type !== 'string' || typeof fullAction !== 'string' || timeNano === undefined) return undefined;
  const { ID: id, Attributes: given } = tableIn(actor) ?? {};
  const attributes = texts(tableIn(given) ?? {});
  const { name = '', image = '' } = attributes;
  const colon = fullAction.indexOf(':');
  const action = colon === -1 ? fullAction : fullAction.slice(0, colon);
  const exitCode = attributes.exitCode === undefined ? Number.NaN : Number(attributes.exitCode);
  const event: EngineEvent = {
    type,
    action,
    ...(colon === -1 ? {} : { detail: fullAction.slice(colon + 1).trim() }),
    id: typeof id === 'string' ? id : '',
    name,
    image: type === 'container' ? image : '',
    ...(Number.isInteger(exitCode) ? { exitCode } : {}),
    timeNano,
    attributes,
    json,
  };
  const translated = kind === 'podman' ? fromPodman(event, table) : event;
  return isWithinLimits(translated) ? translated : undefined;
}

function isWithinLimits(event: EngineEvent): boolean {
  const { type, action, id, name, image } = event;
  if ([type, action, id, name, image].some(isTooLong)) return false;
  return isContainerId(type === 'container' ? id : namedContainer(event));
}

/**
 * Reads the time from the text, because a JavaScript number holds 53 bits and the engine's has 61. Nothing but the field
 * matches: in a string its quotes would be escaped, and an attribute of that name would have a string as its value.
 */
function timeNanoIn(json: string): string | undefined {
  const at = json.lastIndexOf('"timeNano":');
  const digits = /^\d{1,19}(?=[,}\s])/.exec(json.slice(at + 11, at + 32).trimStart())?.[0];
  // BigInt makes a copy: a slice would keep the whole line in memory.
  return at === -1 || digits === undefined ? undefined : String(BigInt(digits));
}

/** Limits the ids of containers, which are remembered in many places. */
function isContainerId(value: string | undefined): boolean {
  return value === undefined || value.length <= limits.containerId;
}

function isTooLong(value: string): boolean {
  return value.length > limits.name;
}

/** Keeps the strings, in an object without a prototype: a label may be called `constructor`. */
function texts(values: Table): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) if (typeof value === 'string') found[key] = value;
  return found;
}

const containerEvent = (action: string): EventName => ({ type: 'container', action });

/**
 * Returns the events to subscribe to: those that have a folder, and what the ledger needs for them.
 *
 * - A container's start and end go together: without the one, a missed other cannot be found.
 * - `kill` comes before an end that was asked for.
 * - Events of networks and volumes have the id of a container: its own events have its name.
 *
 * @param folders the events that have a folder
 */
export function subscriptionFor(folders: readonly EventName[]): readonly EventName[] {
  const words = new Set(folders.map(eventWord));
  const has = (event: EventName) => words.has(eventWord(event));
  const wants = (event: EventName) => namesOf(event).some(has);
  const [start, die] = [containerEvent('start'), containerEvent('die')];
  const named = naming.some(wants);
  const besides = [
    ...(wants(start) || wants(die) || named ? [start, die] : []),
    ...(wants(die) ? [containerEvent('kill')] : []),
    ...(named ? ['create', 'rename', 'destroy'].map(containerEvent) : []),
  ];
  return [...folders, ...besides.filter((event) => !has(event))];
}

/** The events of networks and volumes that have the id of a container. */
const naming: readonly EventName[] = [
  { type: 'network', action: 'connect' },
  { type: 'network', action: 'disconnect' },
  { type: 'volume', action: 'mount' },
  { type: 'volume', action: 'unmount' },
];
