import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import { findListener, ifRunning, RootsListener } from './listener.ts';
import type { ListenerRequest } from './listener-request.ts';
import { loadForClient } from './load.ts';
import { remark } from './print.ts';

/**
 * Reads in the journal of a listener that does not run.
 * @returns undefined when there is no journal
 * @throws UserError with exit code 77 when this user may not read it
 */
export async function inJournal<Found>(
  command: ListenerRequest,
  read: (folder: string) => Promise<Found>,
): Promise<Found | undefined> {
  try {
    const folder = findJournal(command);
    return folder === undefined ? undefined : await read(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (errorCode(error) === undefined) throw error;
    if (errorCode(error) !== 'EACCES') {
      const found = error instanceof Error ? error.message : '';
      throw new UserError(
        exitCode.failed,
        `Cannot read the journal: ${found}`,
        'Give its folder with --state-dir PATH',
      );
    }
    throw new UserError(
      exitCode.notPermitted,
      `May not read the journal: ${error instanceof Error ? error.message : ''}`,
      'Run this as the user whose listener it is, mostly with sudo',
    );
  }
}

/**
 * Asks the listener whose journal is meant.
 * @returns undefined when none runs, or when another journal than the listener's is meant
 */
export async function askForJournal(command: ListenerRequest, path: string): Promise<object | undefined> {
  if (command.inputs.stateDir !== undefined) return undefined;
  try {
    return await ifRunning(findListener(command).client.get(path));
  } catch (error) {
    // A listener that this user has run before left a journal of the user's own.
    const own =
      error instanceof RootsListener ? await inJournal(command, async (folder) => folder) : undefined;
    if (own === undefined) throw error;
    sayWhose(own);
    return undefined;
  }
}

let hasSaid = false;

/** Says once that the answer is not about root's listener, which runs. */
function sayWhose(journal: string): void {
  if (hasSaid) return;
  hasSaid = true;
  remark(`From ${journal}, the journal of your own listener. Another one runs as root: ask it with sudo\n`);
}

/**
 * The journal that the settings lead to; where it is not said which, the one that was written last of those
 * where listeners of this user keep theirs: each has a folder of its own, and a service that of its unit.
 */
function findJournal(command: ListenerRequest): string | undefined {
  const { settings, inputs } = loadForClient(command);
  const named = join(settings.stateDir, 'journal');
  if (inputs.stateDir !== undefined) return named;
  if (inputs.scriptDir?.from.kind !== 'default' && lastWritten(named) > 0) return named;
  const around = dirname(settings.stateDir);
  const folders = [around, ...readdirSync(around).map((name) => join(around, name))];
  return folders
    .map((folder) => join(folder, 'journal'))
    .map((folder) => ({ folder, at: lastWritten(folder) }))
    .filter(({ at }) => at > 0)
    .sort((one, other) => other.at - one.at)[0]?.folder;
}

/** In ms since the epoch; 0 where there is no journal. */
function lastWritten(folder: string): number {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    return Math.max(0, ...files.map((name) => statSync(join(folder, name)).mtimeMs));
  } catch (error) {
    if (errorCode(error) === 'EACCES') throw error;
    return 0;
  }
}
