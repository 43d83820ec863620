import { fstatSync } from 'node:fs';
import type { Level } from './words.ts';

/**
 * Returns whether what is written to a descriptor goes to systemd's journal: systemd.exec(5) has JOURNAL_STREAM name the
 * device and the inode of the journal's stream. A child with redirected output inherits the variable and another stream.
 */
export function isJournalStream(descriptor: number, environment: NodeJS.ProcessEnv = process.env): boolean {
  if (environment.JOURNAL_STREAM === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return environment.JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** The beginning of a line for the journal (sd-daemon(3)): the journal takes it off, and `journalctl -p err` selects by it. */
export const journalPriorities: { readonly [level in Level]: string } = {
  error: '<3>',
  warning: '<4>',
  info: '<6>',
  detail: '<7>',
};

/** Writes lines about an error to standard error, each with its priority where that is systemd's journal. */
export function writeError(lines: readonly string[]): void {
  const priority = isJournalStream(process.stderr.fd) ? journalPriorities.error : '';
  process.stderr.write(lines.map((line) => `${priority}${line}\n`).join(''));
}
