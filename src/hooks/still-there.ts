import { join } from 'node:path';
import { admit } from './admit.ts';
import { type HookFolder, lookInto } from './find.ts';
import type { HookHost } from './report.ts';

/**
 * Reports whether a hook, or a folder of hooks, can still be run or refused: false once it was removed, renamed,
 * masked or made not executable. What cannot be looked at counts as there.
 * @param name as in a record: `on_start/10-hello`, or the absolute path of a folder
 */
export function isStillThere(host: Pick<HookHost, 'scriptDir' | 'account'>, name: string): boolean {
  const { scriptDir, account } = host;
  const isFolder = name.startsWith('/');
  const slash = name.indexOf('/');
  // From a record of ours, so one of the names that are known.
  const folder = (isFolder ? name.slice(scriptDir.length + 1) : name.slice(0, slash)) as HookFolder;
  if (isFolder && join(scriptDir, folder) !== name) return true;
  const found = lookInto(scriptDir, folder, account.uid);
  if (found.kind === 'missing') return false;
  if (found.kind !== 'found' || isFolder) return true;
  const hook = found.candidates.find((candidate) => candidate.name === name);
  if (hook === undefined) return false;
  const { kind } = admit(hook, account.uid);
  return kind === 'admitted' || kind === 'refused';
}
