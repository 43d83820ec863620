import { makeFolder } from '../system/make-folder.ts';
import { walkToFolder } from '../system/trust.ts';
import { Unusable } from './unusable.ts';

/**
 * Makes sure that a folder is there and that nobody else can change it; makes what is missing of it, for our
 * user's eyes only.
 * @throws Unusable when it is not to be trusted, or system errors when it cannot be made
 */
export function prepareFolder(folder: string, user: number): void {
  let walked = walkToFolder(folder, user);
  // What is missing was come to by a way that only we can change, and so it is made where it is meant to be.
  if (!walked.trusted && walked.refusal.cause.kind === 'missing') {
    makeFolder(folder);
    walked = walkToFolder(folder, user);
  }
  if (!walked.trusted) throw new Unusable({ kind: 'journal-refused', folder, refusal: walked.refusal });
}
