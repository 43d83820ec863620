import { readFile } from 'node:fs/promises';
import { errorCode } from '../system/failure.ts';
import { journalFiles } from './files.ts';
import { decodeLines } from './lines.ts';
import type { JournalRecord } from './record.ts';

/** What a reader may want to know beside the records. */
export interface ReadOptions {
  /** Told for each file that holds lines that are no records. */
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
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch (error) {
      // Rotated away since it was listed.
      if (errorCode(error) === 'ENOENT') continue;
      throw error;
    }
    const lines = decodeLines(bytes);
    if (lines.torn > 0) torn?.(file, lines.torn);
    for (const record of lines.records) {
      // Told again at the head of a file, for those who have not read the files before it.
      if ('again' in record && record.sequence <= last) continue;
      last = Math.max(last, record.sequence);
      yield record;
    }
  }
}
