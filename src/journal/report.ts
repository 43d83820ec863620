import type { Refusal } from '../system/trust.ts';

/** What goes wrong with the journal; told once, until it goes well again. Hooks run all the same. */
export type JournalReport =
  /** Nothing is kept in a folder that somebody else could change. */
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
