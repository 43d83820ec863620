import { decodeLines } from './lines.ts';
import type { HookStarted, JournalOpened, JournalRecord } from './record.ts';
import { journalFiles, readSegment } from './segment.ts';

/** The state in which an earlier listener left the journal. */
export interface Past {
  /** The newest file, to be written on; undefined when there is none. */
  readonly file: string | undefined;
  /** The highest sequence number there is; 0 for a new journal. */
  readonly sequence: number;
  /** The latest time that a record has, in ms since the epoch; undefined for a new journal. */
  readonly latest: number | undefined;
  /** The runs without an end, and the writer that did not close the journal. */
  readonly open: OpenRuns;
  /** Files with lines that are no records. */
  readonly torn: readonly { readonly file: string; readonly lines: number }[];
}

/**
 * Reads how an earlier listener left the journal. Each file repeats at its head what is still open, so the newest two
 * files are enough: the newest may have been begun and not written.
 * @throws system errors
 */
export async function readPast(folder: string): Promise<Past> {
  const files = (await journalFiles(folder)).slice(-2);
  const torn: { file: string; lines: number }[] = [];
  const records: JournalRecord[] = [];
  for (const file of files) {
    const { bytes, cut } = await readSegment(file);
    const lines = decodeLines(bytes);
    const unread = lines.torn + (cut ? 1 : 0);
    if (unread > 0) torn.push({ file, lines: unread });
    records.push(...lines.records);
    if (lines.unfinished !== undefined) records.push(lines.unfinished);
  }
  const open = new OpenRuns();
  for (const record of records) open.note(record);
  const sequence = records.reduce((highest, record) => Math.max(highest, record.sequence), 0);
  const times = records.map(({ time }) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  const latest = times.length === 0 ? undefined : times.reduce((one, other) => Math.max(one, other));
  return { file: files.at(-1), sequence, latest, open, torn };
}

type Recorded<Entry> = Extract<JournalRecord, Entry>;

/** Follows the journal's records: which runs, and which writer, have begun and not ended. */
export class OpenRuns {
  readonly #runs = new Map<string, Recorded<HookStarted>>();
  #writer: Recorded<JournalOpened> | undefined;

  note(record: JournalRecord): void {
    switch (record.kind) {
      case 'hook-started':
        this.#runs.set(record.run, record);
        break;
      case 'hook-ended':
      case 'hook-interrupted':
        this.#runs.delete(record.run);
        break;
      case 'journal-opened':
        this.#writer = record;
        break;
      case 'journal-closed':
        this.#writer = undefined;
        break;
    }
  }

  runs(): readonly Recorded<HookStarted>[] {
    return [...this.#runs.values()];
  }

  /** The listener that wrote last, unless it closed the journal. */
  writer(): Recorded<JournalOpened> | undefined {
    return this.#writer;
  }

  /** All of them, by age. */
  records(): readonly Recorded<HookStarted | JournalOpened>[] {
    const writer = this.#writer === undefined ? [] : [this.#writer];
    return [...writer, ...this.#runs.values()].sort((one, other) => one.sequence - other.sequence);
  }
}
