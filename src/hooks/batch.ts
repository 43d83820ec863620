import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { shortagePause } from '../system/descriptor-reserve.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { OpenTurn } from '../watch/lifecycle/turn.ts';
import { type ChainCut, type HookChain, runChain } from './chain.ts';
import { type Candidate, folderOf } from './find.ts';
import type { HookHost, TurnRest } from './report.ts';
import type { EndReason } from './run.ts';
import { type UsableFolder, usableFolder } from './start.ts';
import type { TurnLog } from './turn-log.ts';
import { planTurn, type TurnPlan } from './turn-plan.ts';

/** The hooks of one transition, being run one after the other. */
export interface HookBatch extends Omit<HookChain, 'done'> {
  readonly transition: Transition;
  /** Resolves when none runs any more: whether all were run that were to be. Never rejects. */
  readonly done: Promise<BatchEnd>;
}

/** Whether all were run that were to be. */
export type BatchEnd = 'complete' | 'cut-short';

/** The hooks of a batch, once their folder could be looked into. */
interface Running {
  readonly chain: HookChain;
  readonly done: Promise<BatchEnd>;
}

/**
 * Runs the hooks of one transition, or the rest of them, one after the other. The list is taken now where none was taken
 * before; each hook is checked just before it starts. The first hook has been started when this returns, unless the
 * system is short of what it takes: that is tried again until the batch is ended.
 * @param log keeps how far it is
 */
export function runTurn(host: HookHost, turn: OpenTurn, log: TurnLog): HookBatch {
  const { transition } = turn;
  const { sequence } = transition;

  function drop(rest: TurnRest): void {
    host.report({ kind: 'turn-dropped', transition, rest, why: 'engine-stopped' });
    log.close(sequence);
  }

  function settle(cut: ChainCut | undefined): void {
    if (cut === undefined || !isUnfinished(cut)) log.close(sequence);
    else if (cut.why === 'listener-ends')
      host.report({ kind: 'turn-cut', transition, rest: restOf(cut.hook, cut.left) });
    else drop(restOf(cut.hook, cut.left));
  }

  const run = (found: UsableFolder | undefined): Running => {
    const { steps, hooks, isStopped } = beginTurn(host, turn, found);
    const candidates = steps.map(({ candidate }) => candidate);
    const chain = runChain(
      host,
      candidates,
      { event: transition.event, transition },
      {
        passed: (index) => {
          const how = steps[index]?.how;
          return how?.kind === 'passed' ? { why: how.why, cuts: how.cuts } : undefined;
        },
        isRepeat: (index) => steps[index]?.how.kind === 'repeat',
        starting: (index) => log.begin(sequence, steps[index]?.place ?? 0, hooks),
        started: (process) => log.runs(sequence, process),
        ended: (_, success) => log.ended(sequence, !success),
      },
    );
    const done = chain.done.then(({ how, cut, ...figures }): BatchEnd => {
      if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
      settle(cut);
      return how === 'complete' && !isStopped ? 'complete' : 'cut-short';
    });
    return { chain, done };
  };
  return runWhenListed(host, transition, run, (why) => {
    if (why !== 'listener-ends') drop({});
  });
}

function beginTurn(host: HookHost, turn: OpenTurn, found: UsableFolder | undefined): TurnPlan {
  const { transition } = turn;
  const name = folderOf[transition.event];
  const present = found?.kind === 'found' ? found.candidates : [];
  const plan = planTurn(turn, present, { name, path: found?.folder ?? '' }, host.settings);
  const steps = found === undefined || plan.isStopped ? [] : plan.steps;
  if (turn.reached === undefined) {
    if (found !== undefined) reportFound(host, transition, found, steps.length);
  } else {
    const left = steps.map(({ candidate }) => candidate).filter(({ name: hook }) => hook !== plan.cut);
    host.report({ kind: 'turn-continued', transition, rest: restOf(plan.cut, left) });
  }
  return { ...plan, steps };
}

/**
 * Runs the hooks of an event that were asked for: nothing is kept of how far they are.
 * @param only the name of the one hook that is to be run
 */
export function runHooks(host: HookHost, transition: Transition, only?: string): HookBatch {
  const run = (found: UsableFolder | undefined): Running => {
    const all = found?.kind === 'found' ? found.candidates : [];
    const candidates = all.filter(({ name }) => only === undefined || name === only);
    if (found !== undefined) reportFound(host, transition, found, candidates.length, only === undefined);
    const chain = runChain(host, candidates, { event: transition.event, transition });
    const done = chain.done.then(({ how, cut: _, ...figures }): BatchEnd => {
      if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
      return how === 'complete' ? 'complete' : 'cut-short';
    });
    return { chain, done };
  };
  return runWhenListed(host, transition, run, () => {});
}

/** @param leftOut called when it is ended before the folder could be looked into */
function runWhenListed(
  host: HookHost,
  transition: Transition,
  run: (found: UsableFolder | undefined) => Running,
  leftOut: (why: EndReason) => void,
): HookBatch {
  let running: Running | undefined;
  let retry: AwakeTimer | undefined;
  let isLeftOut = false;
  let finish: (how: BatchEnd | Promise<BatchEnd>) => void = () => {};
  const done = new Promise<BatchEnd>((resolve) => {
    finish = resolve;
  });

  function begin(attempt: number): void {
    let isShort = false;
    const found = usableFolder(host, folderOf[transition.event], (code) => {
      isShort = true;
      if (attempt === 0) host.report({ kind: 'hooks-delayed', transition, code });
    });
    if (isShort) {
      retry = afterAwake(shortagePause(attempt), () => begin(attempt + 1));
      return;
    }
    running = run(found);
    finish(running.done);
  }

  function over(why: EndReason, act: (chain: HookChain) => void): void {
    retry?.cancel();
    if (running !== undefined) return act(running.chain);
    if (!isLeftOut) leftOut(why);
    isLeftOut = true;
    finish('cut-short');
  }

  begin(0);
  return {
    transition,
    done,
    current: () => running?.chain.current(),
    end: (why) => over(why, (chain) => chain.end(why)),
    kill: (why) => over(why, (chain) => chain.kill(why)),
  };
}

function reportFound(
  host: HookHost,
  transition: Transition,
  found: UsableFolder,
  count: number,
  isWhole = true,
): void {
  const { folder } = found;
  if (found.kind === 'missing') {
    host.report({ kind: 'folder-missing', folder, event: transition.event });
    return;
  }
  host.report({ kind: 'hooks-found', transition, count, folder });
  if (isWhole) for (const hook of found.unspeakable) host.report({ kind: 'name-refused', hook });
}

function isUnfinished({ hook, left, why }: ChainCut): boolean {
  // The one that Docker's stop has ended is reported with its end.
  return left.length > 0 || (why === 'listener-ends' && hook !== undefined);
}

/** So many names are reported. */
const mostNames = 20;

function restOf(cut: string | undefined, left: readonly Candidate[]): TurnRest {
  return {
    ...(cut === undefined ? {} : { cut }),
    left: left.slice(0, mostNames).map(({ name }) => name),
    count: left.length,
  };
}
