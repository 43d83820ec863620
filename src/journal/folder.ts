import { mkdirSync } from 'node:fs';
import { walkToFolder } from '../system/trust.ts';
import { Unusable } from './unusable.ts';

/**
 * Makes sure that a folder is there and that nobody else can change it; makes it when it alone is missing,
 * for our user's eyes only.
 * @throws Unusable when it is not to be trusted, or system errors when it cannot be made
 */
export function prepareFolder(folder: string, user: number): void {
  let walked = walkToFolder(folder, user);
  if (!walked.trusted && walked.refusal.cause.kind === 'missing' && walked.refusal.path === folder) {
    mkdirSync(folder, { mode: 0o700 });
    walked = walkToFolder(folder, user);
  }
  if (!walked.trusted) throw new Unusable({ kind: 'journal-refused', folder, refusal: walked.refusal });
}
