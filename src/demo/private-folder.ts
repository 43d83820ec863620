import { mkdtempSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { walkToFolder } from '../system/trust.ts';
import { exitCode, UserError } from '../system/user-error.ts';

/**
 * Makes a folder that only root and this user can change, all the way from `/`, as the listener wants it for
 * hooks; so never one in /tmp, which everybody may write.
 * @throws UserError when there is no such place
 */
export function makePrivateFolder(prefix: string, user: number, environment: NodeJS.ProcessEnv): string {
  const candidates = [
    ...(user === 0 ? ['/run', '/var/root'] : [environment.XDG_RUNTIME_DIR ?? '']),
    homedir(),
    process.cwd(),
  ];
  for (const candidate of candidates) {
    if (candidate === '' || !isTrusted(candidate, user)) continue;
    try {
      return realpathSync(mkdtempSync(join(candidate, prefix)));
    } catch {
      // Trusted, but not writable for us.
    }
  }
  const tried = candidates.filter((candidate) => candidate !== '').join(', ');
  throw new UserError(
    exitCode.notPermitted,
    `Found no folder for hooks that you alone can write; tried ${tried}`,
    'Make your home folder yours alone: chmod go-w "$HOME"',
  );
}

function isTrusted(folder: string, user: number): boolean {
  return walkToFolder(folder, user).trusted;
}
