import { isShortage } from '../system/descriptor-reserve.ts';
import type { HookFolder } from './find.ts';
import { type FolderState, lookInto } from './folder.ts';
import type { HookHost } from './host.ts';

/** A folder whose hooks may be looked at, or that is not there. */
export type UsableFolder = Extract<FolderState, { readonly kind: 'found' | 'missing' }>;

/**
 * Looks into one of the folders of hooks; undefined for one that may not be used, which is reported.
 * @param short called instead of the report, where the same look may succeed later
 */
export function usableFolder(
  { scriptDir, account, report }: Pick<HookHost, 'scriptDir' | 'account' | 'report'>,
  name: HookFolder,
  short?: (code: string) => void,
): UsableFolder | undefined {
  const state = lookInto(scriptDir, name, account.uid);
  const { folder } = state;
  switch (state.kind) {
    case 'found':
    case 'missing':
      return state;
    case 'unreadable':
      if (short !== undefined && isShortage(state.code)) short(state.code);
      else report({ kind: 'folder-unreadable', folder, code: state.code });
      return undefined;
    case 'refused':
      report({ kind: 'folder-refused', folder, refusal: state.refusal });
      return undefined;
    default:
      return state satisfies never;
  }
}
