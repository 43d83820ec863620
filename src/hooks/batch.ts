import type { Transition } from '../lifecycle/transition.ts';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { shortagePause } from '../system/descriptor-reserve.ts';
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
 * before it starts. The first hook has been started when this returns, unless the system is short of what it takes: that
 * is tried again until the batch is ended.
 * @param only the name of the one hook that is to be run
 */
export function runHooks(host: HookHost, transition: Transition, only?: string): HookBatch {
  let chain: HookChain | undefined;
  let retry: AwakeTimer | undefined;
  let finish: (how: BatchEnd) => void = () => {};
  const done = new Promise<BatchEnd>((resolve) => {
    finish = resolve;
  });

  function begin(attempt: number): void {
    let isShort = false;
    const candidates = findHooks(host, transition, only, (code) => {
      isShort = true;
      if (attempt === 0) host.report({ kind: 'hooks-delayed', transition, code });
    });
    if (isShort) {
      retry = afterAwake(shortagePause(attempt), () => begin(attempt + 1));
      return;
    }
    chain = runChain(host, candidates, { event: transition.event, transition });
    void chain.done.then(({ how, ...figures }) => {
      if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
      finish(how === 'complete' ? 'complete' : 'cut-short');
    });
  }

  function leaveOut(): void {
    retry?.cancel();
    if (chain === undefined) finish('cut-short');
  }

  begin(0);
  return {
    transition,
    done,
    current: () => chain?.current(),
    end(why) {
      leaveOut();
      chain?.end(why);
    },
    kill(why) {
      leaveOut();
      chain?.kill(why);
    },
  };
}

function findHooks(
  host: HookHost,
  transition: Transition,
  only: string | undefined,
  short: (code: string) => void,
): readonly Candidate[] {
  const { event } = transition;
  const found = usableFolder(host, folderOf[event], short);
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
