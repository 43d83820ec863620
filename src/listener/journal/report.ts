import { makeFolder } from '../../system/make-folder.ts';
import { type Refusal, walkToFolder } from '../../system/trust.ts';
import { codeOf } from '../../system/user-error.ts';

/** A failure of the journal; reported once, until the journal works again. Hooks run all the same. */
export type JournalReport =
  /** No journal is kept in a folder that another user could change. */
  | { readonly kind: 'journal-refused'; readonly folder: string; readonly refusal: Refusal }
  /** Another listener writes there: nothing of ours is kept. */
  | { readonly kind: 'journal-in-use'; readonly folder: string; readonly pid: number }
  | { readonly kind: 'journal-failing'; readonly folder: string; readonly code: string }
  /** The file that was written has been removed or replaced: another one is begun. */
  | { readonly kind: 'journal-removed'; readonly file: string }
  /** It is written again; so many records could not be kept meanwhile. */
  | { readonly kind: 'journal-recovered'; readonly folder: string; readonly lost: number }
  /** A file holds lines that are no records: a crash, or a full disk. */
  | { readonly kind: 'journal-torn'; readonly file: string; readonly lines: number };

/**
 * Makes sure that a folder exists and that no other user can change it; makes what is missing of it, for our
 * user's eyes only.
 * @throws Unusable when it is not to be trusted, or system errors when it cannot be made
 */
export function prepareFolder(folder: string, user: number): void {
  let walked = walkToFolder(folder, user);
  // Only our user can change the way to the missing folder, so it is made in the right place.
  if (!walked.trusted && walked.refusal.cause.kind === 'missing') {
    makeFolder(folder);
    walked = walkToFolder(folder, user);
  }
  if (!walked.trusted) throw new Unusable({ kind: 'journal-refused', folder, refusal: walked.refusal });
}

/** The report of why the journal cannot be written now. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
  readonly report: JournalReport;

  constructor(report: JournalReport) {
    super(report.kind);
    this.report = report;
  }
}

/** Any error as a report. */
export function asReport(folder: string, error: unknown): JournalReport {
  return error instanceof Unusable ? error.report : { kind: 'journal-failing', folder, code: codeOf(error) };
}
