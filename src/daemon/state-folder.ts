import { join } from 'node:path';
import { type EngineMemory, forgetful, openEngineMemory } from '../journal/engine-memory.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import type { Account } from '../system/account.ts';
import { walkToFolder } from '../system/trust.ts';
import type { Record } from './record.ts';

/** What is kept across the listener's own restarts. */
export interface StateFolder {
  readonly memory: EngineMemory;
  /** Undefined where nothing can be kept safely. */
  readonly journal: Journal | undefined;
}

/**
 * Opens what is kept in the state folder; makes it where it is missing. Whoever could write there could make up
 * starts and stops: then nothing is kept, and that is said.
 */
export async function openStateFolder(
  folder: string,
  account: Account,
  report: (record: Record) => void,
): Promise<StateFolder> {
  const walked = walkToFolder(folder, account.uid);
  // Missing, it is made: what leads there is trusted.
  if (!walked.trusted && walked.refusal.cause.kind !== 'missing') {
    report({ kind: 'state-refused', folder, refusal: walked.refusal });
    return { memory: forgetful, journal: undefined };
  }
  const journal = await openJournal({ folder: join(folder, 'journal'), account, report });
  return { memory: openEngineMemory(folder, report), journal };
}

/** Where what was heard of an engine's events is kept: an engine may be called as its endpoint is. */
export function ledgerPath(folder: string, engine: string): string {
  return join(folder, `events-${encodeURIComponent(engine)}.jsonl`);
}
