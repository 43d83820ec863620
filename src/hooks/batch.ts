import type { Transition } from '../lifecycle/transition.ts';
import { type HookChain, runChain } from './chain.ts';
import { type Candidate, folderOf } from './find.ts';
import type { HookHost } from './host.ts';
import { usableFolder } from './usable-folder.ts';

/** The hooks of one transition, being run one after the other. */
export interface HookBatch extends Omit<HookChain, 'done'> {
  readonly transition: Transition;
  /** Resolves when none runs any more: whether all were run that were to be. Never rejects. */
  readonly done: Promise<BatchEnd>;
}

/** Whether all were run that were to be. */
export type BatchEnd = 'complete' | 'cut-short';

/**
 * Runs the hooks of one transition, one after the other. The list is taken now; each hook is checked just
 * before it starts. The first hook has been started when this returns.
 * @param only the name of the one hook that is to be run
 */
export function runHooks(host: HookHost, transition: Transition, only?: string): HookBatch {
  const candidates = findHooks(host, transition, only);
  const chain = runChain(host, candidates, { event: transition.event, transition });

  async function finish(): Promise<BatchEnd> {
    const { how, ...figures } = await chain.done;
    if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
    return how === 'complete' ? 'complete' : 'cut-short';
  }

  return { ...chain, transition, done: finish() };
}

function findHooks(host: HookHost, transition: Transition, only: string | undefined): readonly Candidate[] {
  const { event } = transition;
  const found = usableFolder(host, folderOf[event]);
  if (found === undefined) return [];
  const { folder } = found;
  if (found.kind === 'missing') {
    host.report({ kind: 'folder-missing', folder, event });
    return [];
  }
  const candidates = found.candidates.filter(({ name }) => only === undefined || name === only);
  host.report({ kind: 'hooks-found', transition, count: candidates.length, folder });
  if (only === undefined) for (const hook of found.unspeakable) host.report({ kind: 'name-refused', hook });
  return candidates;
}
