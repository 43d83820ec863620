import { join } from 'node:path';
import type { Account } from '../system/find-account.ts';
import { identify } from '../system/processes.ts';
import { walkToFolder } from '../system/trust.ts';
import type { ListenerEvent } from './events.ts';
import { type EngineMemory, forgetful, openEngineMemory } from './journal/engine-memory.ts';
import { type Journal, openJournal } from './journal/journal.ts';
import { forgetfulTurns, openTurnFile, type TurnFile } from './journal/turn-file.ts';

/** The data kept across restarts of the listener. */
export interface StateFolder {
  readonly memory: EngineMemory;
  /** Opens the turn file of an engine. */
  readonly openTurns: (engine: string) => TurnFile;
  /** Undefined where nothing can be kept safely. */
  readonly journal: Journal | undefined;
}

/**
 * Opens the state folder, or makes it. If another user could write there, they could forge
 * starts and stops: then nothing is kept, and a report says so.
 */
export async function openStateFolder(
  folder: string,
  account: Account,
  report: (event: ListenerEvent) => void,
): Promise<StateFolder> {
  const walked = walkToFolder(folder, account.uid);
  // Missing, it is made: what leads there is trusted.
  if (!walked.trusted && walked.refusal.cause.kind !== 'missing') {
    report({ kind: 'state-refused', folder, refusal: walked.refusal });
    return { memory: forgetful, openTurns: () => forgetfulTurns, journal: undefined };
  }
  const journal = await openJournal({ folder: join(folder, 'journal'), account, report });
  const owner = identify(process.pid) ?? { pid: process.pid, startTime: '' };
  const openTurns = (engine: string) => {
    const path = turnsPath(folder, engine);
    return openTurnFile({ path, engine, owner, report });
  };
  return { memory: openEngineMemory(folder, report), openTurns, journal };
}

/** Returns the path of an engine's turn file. */
function turnsPath(folder: string, engine: string): string {
  return join(folder, `turns-${encodeURIComponent(engine)}.jsonl`);
}

/** Returns the path of an engine's ledger file. An engine's name may be its endpoint. */
export function ledgerPath(folder: string, engine: string): string {
  return join(folder, `events-${encodeURIComponent(engine)}.jsonl`);
}
