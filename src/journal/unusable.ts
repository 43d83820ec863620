import { codeOf } from '../system/failure.ts';
import type { JournalReport } from './report.ts';

/** Why the journal cannot be written now, as it is to be told. */
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
