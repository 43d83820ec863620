import type { StreamedEvent } from '../../listener/event-stream.ts';
import type { HistoryEntry } from '../../listener/journal/history.ts';
import type { Status } from '../../listener/status.ts';
import { Backoff } from '../../system/backoff.ts';

/** The receiver of a live page's data. */
export interface Live {
  /** The connection is there: the history and the status. */
  begun(entries: readonly HistoryEntry[], status: Status): void;
  happened(event: StreamedEvent): void;
  /** The current status. */
  status(status: Status): void;
  lost(): void;
}

/** The number of entries that are requested: the most that the listener gives. */
const most = 1000;
/** The pauses before a lost connection is made again, in ms. */
const pauses = { first: 500, longest: 10_000 };
/** The pause after an event before the status is requested, in ms: events that follow each other need one request. */
const pause = 150;

/** Follows the listener while the page is open. Reconnects when a connection is lost. */
export async function follow(live: Live): Promise<never> {
  const backoff = new Backoff(pauses);
  for (;;) {
    try {
      // Subscribes before it reads the history, so that no event is missed in between.
      const events = await stream('v1/events');
      const [history, status] = await Promise.all([ask(`v1/history?n=${most}`), ask('v1/status')]);
      live.begun((history as { entries: HistoryEntry[] }).entries, status as Status);
      backoff.reset();
      for await (const event of events) {
        live.happened(event as StreamedEvent);
        askSoon(live);
      }
    } catch {
      // Reconnects, whatever the cause.
    }
    live.lost();
    await new Promise((resolve) => setTimeout(resolve, backoff.next()));
  }
}

/** Fetches an entry with its output. */
export async function fetchEntry(number: number): Promise<HistoryEntry | undefined> {
  try {
    return ((await ask(`v1/history/${number}`)) as { entry: HistoryEntry }).entry;
  } catch {
    return undefined;
  }
}

let asking: ReturnType<typeof setTimeout> | undefined;

function askSoon(live: Live): void {
  clearTimeout(asking);
  asking = setTimeout(() => refresh(live), pause);
}

/** Asks for the status. */
export function refresh(live: Live): void {
  ask('v1/status').then(
    (status) => live.status(status as Status),
    () => {},
  );
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path, { cache: 'no-store' });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function ask(path: string): Promise<unknown> {
  return (await get(path)).json();
}

/** Reads JSON objects, one a line, as they arrive. */
async function stream(path: string): Promise<AsyncIterable<unknown>> {
  const { body } = await get(path);
  if (body === null) throw new Error(`${path} has no body`);
  return lines(body.getReader());
}

async function* lines(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const pieces = `${rest}${decoder.decode(value, { stream: true })}`.split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) yield JSON.parse(line);
  }
}
