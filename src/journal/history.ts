import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventWord } from '../config/engine-events.ts';
import type { EventLabel } from '../lifecycle/engine-event.ts';
import type { Transition } from '../lifecycle/transition.ts';
import { errorCode } from '../system/failure.ts';
import { journalFiles } from './files.ts';
import { decodeLines } from './lines.ts';
import type {
  EventTrouble,
  HookWarning,
  JournalRecord,
  RecordedCause,
  RecordedOutcome,
  WhyLeftOut,
} from './record.ts';

/** What happened, put together from the journal's records: a hook's run is one entry. */
export type HistoryEntry = { readonly number: number; readonly time: string } & (
  | { readonly kind: 'transition'; readonly transition: Transition }
  /** None of its hooks were run. */
  | { readonly kind: 'left-out'; readonly transition: Transition; readonly why: WhyLeftOut }
  | RunEntry
  | { readonly kind: 'trouble'; readonly trouble: EventTrouble }
  /** The listener ended by an error of its own. */
  | { readonly kind: 'listener-failed'; readonly error: string; readonly at: string }
  | {
      readonly kind: 'warning';
      readonly engine: string;
      readonly name: string;
      readonly warning: HookWarning;
    }
  | {
      readonly kind: 'refusal';
      readonly engine: string;
      /** A hook, or a folder of hooks. */
      readonly name: string;
      /** The component at fault. */
      readonly path: string;
      readonly cause: RecordedCause;
    }
);

/** `number` is that of its start, by which `history show` finds it. */
export interface RunEntry {
  readonly kind: 'run';
  readonly hook: string;
  readonly run: string;
  readonly transition: Transition;
  /** What happened in the engine, where that is what it was run for. */
  readonly told?: EventLabel;
  /** Of a hook that may be retried; the first is 1. */
  readonly attempt?: number;
  /** Missing while it runs, or when its listener was killed. */
  readonly end?: RunEnd;
  /** Its listener was killed. */
  readonly interrupted?: true;
}

export interface RunEnd {
  readonly outcome: RecordedOutcome;
  readonly durationMs: number;
  /** The last of what it printed; only where that is asked for. */
  readonly output?: string;
  readonly outputBytes: number;
}

/** Which entries are wanted; all that is given must hold. */
export interface HistoryFilter {
  /** None before it, in ms since the epoch. */
  readonly since?: number | undefined;
  /** `start`, `stop`, or an engine's event as `container_die`. */
  readonly event?: string | undefined;
  /** A hook's name, with its folder or without. */
  readonly hook?: string | undefined;
  /** What is about the engine of this name. */
  readonly engine?: string | undefined;
  /** Only what went wrong. */
  readonly failed?: boolean | undefined;
  /** At most so many, the newest. */
  readonly n: number;
  /** With what runs printed. */
  readonly outputs?: boolean | undefined;
}

/** Read at once, in bytes: whoever watches engines in this process waits no longer than that takes. */
const piece = 262_144;

/**
 * The newest entries of a journal that fit, oldest first, while it may be written.
 * @throws system errors when the folder or a file cannot be read
 */
export async function readHistory(folder: string, filter: HistoryFilter): Promise<HistoryEntry[]> {
  const known = new Set<number>();
  const found: HistoryEntry[] = [];
  // From the newest on: each file tells again what was open when it was begun, and so stands for itself.
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

function withoutOutput(entry: HistoryEntry): HistoryEntry {
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

/** Whether a run went wrong: not one that was ended because it had lost its point. */
export function isFailure(outcome: RecordedOutcome): boolean {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code !== 0;
    case 'ended':
      return outcome.why === 'timeout' || outcome.how !== 'terminated';
    default:
      return true;
  }
}

/** What one file tells, by number; `from` is its first record that no file before it has. */
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
  const { kind, sequence: number, time } = record;
  switch (kind) {
    case 'transition':
      entries.set(`${number}`, { kind, number, time, transition: record.transition });
      return;
    case 'hooks-left-out': {
      const { transition, why } = record;
      entries.set(`${number}`, { kind: 'left-out', number, time, transition, why });
      return;
    }
    case 'hook-started': {
      const { hook, run, transition, told, attempt } = record;
      entries.set(run, {
        kind: 'run',
        number,
        time,
        hook,
        run,
        transition,
        ...(told === undefined ? {} : { told }),
        ...(attempt === undefined ? {} : { attempt }),
      });
      return;
    }
    case 'hook-ended': {
      const { outcome, durationMs, output, outputBytes } = record;
      const started = entries.get(record.run);
      if (started?.kind !== 'run') return;
      entries.set(record.run, { ...started, end: { outcome, durationMs, output, outputBytes } });
      return;
    }
    case 'hook-interrupted': {
      const started = entries.get(record.run);
      if (started?.kind === 'run') entries.set(record.run, { ...started, interrupted: true });
      return;
    }
    case 'hook-refused':
    case 'folder-refused': {
      const { engine, path, cause } = record;
      const name = kind === 'hook-refused' ? record.hook : record.folder;
      entries.set(`${number}`, { kind: 'refusal', number, time, engine, name, path, cause });
      return;
    }
    case 'hook-warned': {
      const { engine, hook: name, warning } = record;
      entries.set(`${number}`, { kind: 'warning', number, time, engine, name, warning });
      return;
    }
    case 'listener-failed':
      entries.set(`${number}`, { kind, number, time, error: record.error, at: record.at });
      return;
    case 'events-gap':
    case 'event-given-up':
    case 'events-overflow-over':
      entries.set(`${number}`, { kind: 'trouble', number, time, trouble: troubleIn(record) });
      return;
    default:
      return;
  }
}

function troubleIn(record: EventTrouble): EventTrouble {
  const { engine } = record;
  switch (record.kind) {
    case 'events-gap':
      return { kind: record.kind, engine, since: record.since, made: record.made };
    case 'event-given-up':
      return { kind: record.kind, engine, told: record.told, begins: record.begins };
    case 'events-overflow-over':
      return { kind: record.kind, engine, merged: record.merged, givenUp: record.givenUp };
    default:
      return record satisfies never;
  }
}

async function* recordsOf(file: string): AsyncGenerator<JournalRecord> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
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

/** Whether an entry is one that is wanted, but for how many. */
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

/** Undefined for what is about no engine. */
function engineOf(entry: HistoryEntry): string | undefined {
  if (entry.kind === 'listener-failed') return undefined;
  if (entry.kind === 'trouble') return entry.trouble.engine;
  return entry.kind === 'refusal' || entry.kind === 'warning' ? entry.engine : entry.transition.engine;
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
  if (entry.kind === 'transition' || entry.kind === 'left-out' || entry.kind === 'trouble') return false;
  if (entry.kind === 'listener-failed') return false;
  const name = entry.kind === 'run' ? entry.hook : entry.name;
  return name === hook || name.endsWith(`/${hook}`);
}

function hasFailed(entry: HistoryEntry): boolean {
  switch (entry.kind) {
    case 'transition':
    case 'left-out':
      return false;
    case 'refusal':
    case 'warning':
    case 'listener-failed':
      return true;
    case 'trouble':
      return entry.trouble.kind !== 'events-gap';
    case 'run':
      return entry.interrupted === true || (entry.end !== undefined && isFailure(entry.end.outcome));
    default:
      return entry satisfies never;
  }
}
