import { NotThere } from '../listener/control/client.ts';
import type { StreamedEvent } from '../listener/event-stream.ts';
import { changed, changeOf, entryOf, type HistoryEntry, type RunEntry } from '../listener/journal/entry.ts';
import {
  fits,
  type HistoryFilter,
  readHistory,
  readHistoryEntry,
  withoutOutput,
} from '../listener/journal/history.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { enginesIn, entriesIn, entryIn } from './answers.ts';
import { askForJournal, inJournal } from './find-journal.ts';
import { describeEntry, historyHead, historyRow } from './history-words.ts';
import { findListener, running } from './listener.ts';
import type { EngineRequest, ListenerRequest } from './listener-request.ts';
import { calledAs } from './plugin/call.ts';
import { print, remark } from './print.ts';
import { during } from './progress.ts';
import { widthOf } from './screen.ts';
import { styleFor } from './style.ts';
import { engineCalled, notWatched } from './which-engine.ts';

export interface HistoryRequest extends EngineRequest {
  /** In ms since the epoch. */
  readonly since: number | undefined;
  /** `start`, `stop`, or an engine's event as `container_die`. */
  readonly event: string | undefined;
  readonly hook: string | undefined;
  readonly failed: boolean;
  readonly n: number | undefined;
  readonly follow: boolean;
}

/** The number of entries that are shown by default. */
const usualEntries = 50;

/**
 * Shows what happened, newest last: from the running listener, else from its journal.
 * @returns the exit code
 */
export async function showHistory(request: HistoryRequest): Promise<number> {
  const named = await withEngineName(request);
  const ending = new AbortController();
  const listening = { method: 'GET', path: '/v1/events', signal: ending.signal } as const;
  try {
    // Heard from before the past is read, so that nothing falls between the two.
    const events = request.follow ? await running(findListener(request).client.lines(listening)) : undefined;
    return await tell(named, events as AsyncIterable<StreamedEvent> | undefined);
  } finally {
    ending.abort();
  }
}

async function tell(
  request: HistoryRequest,
  events: AsyncIterable<StreamedEvent> | undefined,
): Promise<number> {
  const { json, noColor } = request;
  const entries = await during('Reading the history', theEntries(request));
  if (json && events === undefined) {
    print(`${JSON.stringify({ version: 1, entries })}\n`);
    return exitCode.done;
  }
  const style = styleFor(process.stdout, noColor);
  const width = widthOf(process.stdout);
  const show = (entry: HistoryEntry) =>
    print(`${json ? JSON.stringify({ version: 1, entry }) : historyRow(entry, style, width)}\n`);
  if (!json && entries.length === 0) remark('Nothing that fits has happened\n');
  if (!json && (entries.length > 0 || events !== undefined)) print(`${style.strong(historyHead)}\n`);
  for (const entry of entries) show(entry);
  if (events === undefined) return exitCode.done;
  await followHistory(events, entries, request, show);
  throw new UserError(exitCode.unavailable, 'The listener has ended');
}

/** Returns the request with an engine's name in the place of its URL. An engine that is not watched any more has a history only. */
async function withEngineName(request: HistoryRequest): Promise<HistoryRequest> {
  const { engine, follow } = request;
  const status = engine === undefined ? undefined : await askForJournal(request, '/v1/status');
  if (engine === undefined || status === undefined) return request;
  const engines = enginesIn(status);
  const found = engineCalled(engine, engines);
  if (found === undefined && follow) throw notWatched(engine, engines);
  return found === undefined ? request : { ...request, engine: found.name };
}

/**
 * Shows one entry with all that is known of it.
 * @returns the exit code
 */
export async function showEntry(command: ListenerRequest & { readonly number: number }): Promise<number> {
  const { number, json } = command;
  const answer = await orNothing(askForJournal(command, `/v1/history/${number}`));
  const entry =
    answer === undefined
      ? await inJournal(command, (folder) => readHistoryEntry(folder, number))
      : answer === 'not-there'
        ? undefined
        : entryIn(answer);
  if (entry === undefined) {
    throw new UserError(
      exitCode.failed,
      `There is no number ${number} in the journal`,
      `${calledAs()} history has the numbers; the oldest are forgotten`,
    );
  }
  print(json ? `${JSON.stringify({ version: 1, entry })}\n` : describeEntry(entry, new Date()));
  return exitCode.done;
}

/** The listener's answer to an unknown number names its API, and the user needs a command. */
async function orNothing(asking: Promise<object | undefined>): Promise<object | undefined | 'not-there'> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof NotThere) return 'not-there';
    throw error;
  }
}

async function theEntries(request: HistoryRequest): Promise<readonly HistoryEntry[]> {
  const { since, event, hook, engine, failed, n = usualEntries } = request;
  const query = new URLSearchParams({ n: String(n), failed: String(failed) });
  if (since !== undefined) query.set('since', String(since));
  if (event !== undefined) query.set('event', event);
  if (hook !== undefined) query.set('hook', hook);
  if (engine !== undefined) query.set('engine', engine);
  const answer = await askForJournal(request, `/v1/history?${query}`);
  if (answer !== undefined) return entriesIn(answer);
  return (
    (await inJournal(request, (folder) => readHistory(folder, { since, event, hook, engine, failed, n }))) ??
    []
  );
}

type Run = HistoryEntry & RunEntry;

/**
 * Goes on with the history as things happen; a run is shown when it is over. Resolves when the listener ends.
 * @param shown what was shown already, of which the first events may tell again
 */
async function followHistory(
  events: AsyncIterable<StreamedEvent>,
  shown: readonly HistoryEntry[],
  filter: Omit<HistoryFilter, 'n'>,
  show: (entry: HistoryEntry) => void,
): Promise<void> {
  const numbers = new Set(shown.map(({ number }) => number));
  const over = new Set<string>();
  const begun = new Map<string, Run>();
  for (const entry of shown) {
    if (entry.kind !== 'run') continue;
    if (entry.end === undefined) begun.set(entry.run, entry);
    else over.add(entry.run);
  }

  /** The entry that an event adds to those shown; undefined for a run that is not over. */
  function added(event: StreamedEvent): HistoryEntry | undefined {
    const change = changeOf(event);
    if (change !== undefined) {
      const started = begun.get(change.run);
      begun.delete(change.run);
      const isShown = started === undefined || over.has(change.run) || change.kind === 'hook-interrupted';
      return isShown ? undefined : withoutOutput(changed(started, change));
    }
    const { number = 0, time } = event;
    const entry = entryOf(event, number, time);
    if (entry?.kind !== 'run') return numbers.has(number) ? undefined : entry;
    begun.set(entry.run, entry);
    return undefined;
  }

  for await (const event of events) {
    const entry = added(event);
    if (entry !== undefined && fits(entry, filter)) show(entry);
  }
}
