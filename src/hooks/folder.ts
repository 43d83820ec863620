import { join } from 'node:path';
import { type Refusal, walkToFolder } from '../system/trust.ts';
import { type Candidate, type HookFolder, listHooks } from './find.ts';

/** What a folder has to offer: hooks that are yet to be admitted one by one, or why there are none. */
export type FolderState =
  | {
      readonly kind: 'found';
      readonly folder: string;
      readonly candidates: readonly Candidate[];
      /** Names that are not UTF-8, shown safely. */
      readonly unspeakable: readonly string[];
    }
  | { readonly kind: 'missing'; readonly folder: string }
  | { readonly kind: 'unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'refused'; readonly folder: string; readonly refusal: Refusal };

/** Looks into one of the folders of hooks. */
export function lookInto(scriptDir: string, name: HookFolder, user: number): FolderState {
  const folder = join(scriptDir, name);
  // Walked before it is read: what others can change may not even decide what is said of it.
  const walked = walkToFolder(folder, user);
  if (!walked.trusted) {
    const { path, cause } = walked.refusal;
    return cause.kind === 'missing' && path === folder
      ? { kind: 'missing', folder }
      : { kind: 'refused', folder, refusal: walked.refusal };
  }
  const listing = listHooks(scriptDir, name);
  return listing.kind === 'listed'
    ? { kind: 'found', folder, candidates: listing.candidates, unspeakable: listing.unspeakable }
    : { ...listing, folder };
}
