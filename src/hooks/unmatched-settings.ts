import { nearest } from '../system/nearest.ts';
import { type HookFolder, lookInto } from './find.ts';
import type { HookHost } from './report.ts';

/** Settings that belong to no hook: whoever misspelt a name has that hook run without them, as root for one. */
export interface UnmatchedSettings {
  readonly hook: string;
  /** One that there is and that may be meant. */
  readonly near: string | undefined;
}

/** Which of the settings for single hooks are for none that is there now; nothing of a folder that may not be used. */
export function unmatchedSettings({
  scriptDir,
  account,
  settings,
}: Pick<HookHost, 'scriptDir' | 'account' | 'settings'>): UnmatchedSettings[] {
  return [...settings.hooks.keys()].flatMap((hook) => {
    // The settings' reader takes none but the known folders.
    const found = lookInto(scriptDir, hook.slice(0, hook.indexOf('/')) as HookFolder, account.uid);
    if (found.kind !== 'found' && found.kind !== 'missing') return [];
    const names = found.kind === 'found' ? found.candidates.map(({ name }) => name) : [];
    return names.includes(hook) ? [] : [{ hook, near: nearest(hook, names) }];
  });
}
