import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventWord } from '../../hooks/engine-events.ts';
import { errorCode } from '../../system/user-error.ts';
import { changed, changeOf, engineOf, entryOf, type HistoryEntry, hasFailed } from './entry.ts';
import { decodeLines } from './lines.ts';
import type { JournalRecord } from './record.ts';
import { journalFiles, readSegment } from './segment.ts';

export type { HistoryEntry, RunEnd, RunEntry } from './entry.ts';

/** Which entries are wanted; all that is given must hold. */
export interface HistoryFilter {
  /** None before it, in ms since the epoch. */
  readonly since?: number | undefined;
  /** `start`, `stop`, or an engine's event as `container_die`. */
  readonly event?: string | undefined;
  /** A hook's name, with its folder or without. */
  readonly hook?: string | undefined;
  /** The engine's name. */
  readonly engine?: string | undefined;
  /** Only what went wrong. */
  readonly failed?: boolean | undefined;
  /** At most so many, the newest. */
  readonly n: number;
  /** With what runs printed. */
  readonly outputs?: boolean | undefined;
}

/** Bytes that are decoded in one turn of the event loop, so that the sensors wait no longer than that. */
const piece = 262_144;

/**
 * The newest entries of a journal that fit, oldest first, while it may be written.
 * @throws system errors when the folder or a file cannot be read
 */
export async function readHistory(folder: string, filter: HistoryFilter): Promise<HistoryEntry[]> {
  const known = new Set<number>();
  const found: HistoryEntry[] = [];
  // From the newest on: each file repeats what was open when it was begun, so that no other is needed.
  for (const file of (await journalFiles(folder)).reverse()) {
    const { entries, from } = await entriesOf(file);
    for (const entry of entries) {
      // An older file knows less of a run.
      if (!known.has(entry.number) && fits(entry, filter)) found.push(entry);
      known.add(entry.number);
    }
    if (found.filter(({ number }) => number >= from).length >= filter.n) break;
    const oldest = entries[0]?.time;
    if (filter.since !== undefined && oldest !== undefined && Date.parse(oldest) < filter.since) break;
  }
  found.sort((one, other) => one.number - other.number);
  const newest = filter.n === 0 ? [] : found.slice(-filter.n);
  return filter.outputs ? newest : newest.map(withoutOutput);
}

/** The entry as lists show it: without what its hook printed. */
export function withoutOutput(entry: HistoryEntry): HistoryEntry {
  if (entry.kind !== 'run' || entry.end === undefined) return entry;
  const { outcome, durationMs, outputBytes } = entry.end;
  return { ...entry, end: { outcome, durationMs, outputBytes } };
}

/** The entry with this number; undefined when there is none, or none any more. */
export async function readHistoryEntry(folder: string, number: number): Promise<HistoryEntry | undefined> {
  for (const file of (await journalFiles(folder)).reverse()) {
    const entry = (await entriesOf(file)).entries.find((candidate) => candidate.number === number);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Returns the entries of one file, by number; `from` is its first record that no earlier file has. */
async function entriesOf(file: string): Promise<{ entries: HistoryEntry[]; from: number }> {
  const entries = new Map<string, HistoryEntry>();
  let from = Number.POSITIVE_INFINITY;
  for await (const record of recordsOf(file)) {
    if (!('again' in record)) from = Math.min(from, record.sequence);
    note(entries, record);
  }
  return { entries: [...entries.values()], from };
}

function note(entries: Map<string, HistoryEntry>, record: JournalRecord): void {
  const change = changeOf(record);
  if (change !== undefined) {
    const started = entries.get(change.run);
    if (started?.kind === 'run') entries.set(change.run, changed(started, change));
    return;
  }
  const entry = entryOf(record, record.sequence, record.time);
  if (entry !== undefined) entries.set(entry.kind === 'run' ? entry.run : String(entry.number), entry);
}

async function* recordsOf(file: string): AsyncGenerator<JournalRecord> {
  let bytes: Buffer;
  try {
    ({ bytes } = await readSegment(file));
  } catch (error) {
    // Rotated away since it was listed.
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', Math.min(at + piece, bytes.length));
    const next = end === -1 ? bytes.length : end + 1;
    yield* decodeLines(bytes.subarray(at, next)).records;
    at = next;
    await nextTurn();
  }
}

/** Returns whether an entry passes the filter. */
export function fits(entry: HistoryEntry, filter: Omit<HistoryFilter, 'n' | 'outputs'>): boolean {
  const { since, event, hook, engine, failed } = filter;
  if (since !== undefined && Date.parse(entry.time) < since) return false;
  if (event !== undefined && !isOfEvent(eventOf(entry), event)) return false;
  if (hook !== undefined && !isCalled(entry, hook)) return false;
  if (engine !== undefined && engineOf(entry) !== engine) return false;
  return failed !== true || hasFailed(entry);
}

/** `container_any` is each event of a container, `any` each event that is not Docker's own start or stop. */
function isOfEvent(found: string | undefined, wanted: string): boolean {
  if (found === undefined || found === wanted) return found === wanted;
  if (wanted === 'any') return found.includes('_');
  return wanted.endsWith('_any') && found.startsWith(wanted.slice(0, -'any'.length));
}

function eventOf(entry: HistoryEntry): string | undefined {
  switch (entry.kind) {
    case 'transition':
    case 'left-out':
      return entry.transition.event;
    case 'run':
      return entry.told === undefined
        ? entry.transition.event
        : eventWord({ type: entry.told.type, action: entry.told.action });
    case 'trouble':
      return entry.trouble.kind === 'event-given-up' ? eventWord(entry.trouble.told) : undefined;
    case 'listener-failed':
      return undefined;
    case 'turn':
      return entry.turn.transition.event;
    case 'warning':
    case 'refusal': {
      const folder = /(?:^|\/)on_([a-z_]+)(?:\/|$)/.exec(entry.name)?.[1];
      return folder ?? 'start';
    }
    default:
      return entry satisfies never;
  }
}

function isCalled(entry: HistoryEntry, hook: string): boolean {
  return namesIn(entry).some((name) => name === hook || name.endsWith(`/${hook}`));
}

/** The hooks that an entry names, or the folder of hooks. */
function namesIn(entry: HistoryEntry): readonly string[] {
  switch (entry.kind) {
    case 'run':
      return [entry.hook];
    case 'refusal':
    case 'warning':
      return [entry.name];
    case 'turn': {
      const { turn } = entry;
      if (turn.kind === 'hook-passed') return [turn.hook];
      return [...(turn.rest.cut === undefined ? [] : [turn.rest.cut]), ...(turn.rest.left ?? [])];
    }
    case 'transition':
    case 'left-out':
    case 'trouble':
    case 'listener-failed':
      return [];
    default:
      return entry satisfies never;
  }
}
