import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A file of the journal is named for the first sequence number that may be in it, and never renamed: so files
 * sort by age, and a crash while one follows another leaves nothing half done.
 */
export function fileFor(folder: string, sequence: number): string {
  return join(folder, `journal-${String(sequence).padStart(12, '0')}.jsonl`);
}

/**
 * The journal's files in a folder, oldest first.
 * @throws system errors
 */
export async function journalFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^journal-\d{12}\.jsonl$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
