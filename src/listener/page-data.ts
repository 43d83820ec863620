import type { HistoryEntry } from './journal/history.ts';

/** The JSON in a page: a complete report, or the beginning of a live page. */
export type PageData = LivePage | Report;

/** It asks the listener that serves it, below its own address. */
export interface LivePage {
  readonly kind: 'live';
  /** The machine's name. */
  readonly machine: string;
}

/** It makes no request. */
export interface Report {
  readonly kind: 'report';
  readonly machine: string;
  /** When it was made, RFC 3339 in UTC. */
  readonly made: string;
  /** Oldest first; runs have their output, as far as there was room. */
  readonly entries: readonly HistoryEntry[];
  /** The engines of the listener that ran when it was made, each with its address; empty when none ran. */
  readonly engines: readonly { readonly name: string; readonly url: string }[];
}
