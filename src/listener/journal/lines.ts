import { errorCode } from '../../system/user-error.ts';
import type { EventLabel } from '../../watch/lifecycle/engine-event.ts';
import { type JournalRecord, journalVersion } from './record.ts';
import { journalFiles, readSegment } from './segment.ts';

/** The content of a file of the journal. */
interface Lines {
  readonly records: readonly JournalRecord[];
  /** The number of lines that are not records: torn by a crash, or by a disk that was full. */
  readonly torn: number;
  /** A last line that is a record without its end; the next write completes it. */
  readonly unfinished: JournalRecord | undefined;
}

const lineEnd = 0x0a;
/** A file's name has 12 digits: a record with a higher number is forged, and would hide those after it. */
const highestSequence = 10 ** 12 - 1;

/**
 * Takes a file of the journal apart. A record is only what ends in a newline, so that one that is half
 * written is never taken for whole; and a writer behind a torn line ends that line first, so that it
 * never swallows the next.
 */
export function decodeLines(bytes: Buffer): Lines {
  const records: JournalRecord[] = [];
  let torn = 0;
  let from = 0;
  for (let end = bytes.indexOf(lineEnd); end !== -1; end = bytes.indexOf(lineEnd, from)) {
    const record = decode(bytes.toString('utf8', from, end));
    if (record === undefined) torn += 1;
    else records.push(record);
    from = end + 1;
  }
  return { records, torn, unfinished: decode(bytes.toString('utf8', from)) };
}

/** A record as its line. */
export function encode(record: JournalRecord): Buffer {
  // JSON escapes newlines, so a record is one line whatever is in it.
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

function decode(line: string): JournalRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is JournalRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, sequence, time, kind } = value as Partial<Record<keyof JournalRecord, unknown>>;
  return (
    typeof version === 'number' &&
    version >= journalVersion &&
    Number.isSafeInteger(sequence) &&
    Number(sequence) >= 0 &&
    Number(sequence) <= highestSequence &&
    typeof time === 'string' &&
    typeof kind === 'string' &&
    hasItsParts(kind, value as Parts)
  );
}

interface Parts {
  readonly transition?: { readonly engine?: unknown } | null;
  readonly outcome?: { readonly kind?: unknown } | null;
  readonly cause?: { readonly kind?: unknown } | null;
  readonly hook?: unknown;
  readonly folder?: unknown;
  readonly since?: unknown;
  readonly told?: { readonly [field in keyof EventLabel]?: unknown } | null;
  readonly run?: unknown;
}

/** Returns whether a record has the fields that readers rely on: a file may have been edited. */
function hasItsParts(
  kind: string,
  { transition, outcome, cause, hook, folder, run, since, told }: Parts,
): boolean {
  const areTexts = (...values: unknown[]) => values.every((value) => typeof value === 'string');
  switch (kind) {
    case 'transition':
    case 'hooks-left-out':
    case 'turn-continued':
    case 'turn-dropped':
      return areTexts(transition?.engine);
    case 'hook-started':
      return areTexts(transition?.engine, hook, run) && (told === undefined || isLabel(told));
    case 'hook-passed':
      return areTexts(transition?.engine, hook);
    case 'hook-ended':
      return areTexts(outcome?.kind, run);
    case 'hook-refused':
      return areTexts(cause?.kind, hook);
    case 'folder-refused':
      return areTexts(cause?.kind, folder);
    case 'events-gap':
      return isNano(since);
    case 'event-given-up':
      return isLabel(told);
    default:
      return true;
  }
}

/** Returns whether the label of an event can be shown, its time included. */
function isLabel(told: Parts['told']): boolean {
  const { type, action, id, name, timeNano } = told ?? {};
  return [type, action, id, name].every((text) => typeof text === 'string') && isNano(timeNano);
}

/** Nanoseconds since 1970, of no year that cannot be written. */
function isNano(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,21}$/.test(value);
}

/** Options of a reader. */
interface ReadOptions {
  /** Called for each file with lines that are not records. */
  readonly torn?: (file: string, lines: number) => void;
}

/**
 * All records of a journal, oldest first and each once, while it may be written and rotated. What is just
 * being written is left out. Holds one file in memory at a time.
 * @throws system errors when the folder or a file cannot be read
 */
export async function* readJournal(
  folder: string,
  { torn }: ReadOptions = {},
): AsyncGenerator<JournalRecord> {
  let last = 0;
  for (const file of await journalFiles(folder)) {
    let read: Awaited<ReturnType<typeof readSegment>>;
    try {
      read = await readSegment(file);
    } catch (error) {
      // Rotated away since it was listed.
      if (errorCode(error) === 'ENOENT') continue;
      throw error;
    }
    const lines = decodeLines(read.bytes);
    const unread = lines.torn + (read.cut ? 1 : 0);
    if (unread > 0) torn?.(file, unread);
    for (const record of lines.records) {
      // Repeated at the head of a file, for readers that have not read the files before it.
      if ('again' in record && record.sequence <= last) continue;
      last = Math.max(last, record.sequence);
      yield record;
    }
  }
}
