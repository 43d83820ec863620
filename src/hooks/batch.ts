import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { shortagePause } from '../system/descriptor-reserve.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { OpenTurn } from '../watch/lifecycle/turn.ts';
import type { RunningHook } from './attempts.ts';
import { type ChainCut, HookChain } from './chain.ts';
import { type Candidate, folderOf } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason } from './run.ts';
import { type UsableFolder, usableFolder } from './start.ts';
import { planTurn, restOf, type TurnLog, type TurnPlan, type TurnRest } from './turn.ts';

/** The result of a batch: `complete` when all hooks were run that were due. */
export type BatchResult = 'complete' | 'cut-short';

/** The hooks of a batch, once their folder is listed. */
interface BatchRun {
  readonly chain: HookChain;
  readonly done: Promise<BatchResult>;
}

/** The decisions of a batch. */
interface BatchWork {
  /** Starts the hooks of a folder, or none where it may not be used. */
  readonly run: (found: UsableFolder | undefined) => BatchRun;
  /** Called when the batch is ended before its folder could be listed. */
  readonly leftOut: (why: EndReason) => void;
}

/**
 * The states of a batch.
 *
 * ```
 *              ┌────────┐ system short of resources
 *              ▼        │
 *           listing ────┘
 *   listed │     └── end(), kill() ──▶ leftOut
 *          ▼
 *       running ── chain over ──▶ (done is resolved)
 * ```
 */
type BatchState =
  | { readonly phase: 'listing'; readonly retry: AwakeTimer | undefined }
  | { readonly phase: 'running'; readonly chain: HookChain }
  | { readonly phase: 'leftOut' };

/** The hooks of one transition, which run one after the other. */
export class HookBatch {
  readonly transition: Transition;
  /** Resolves when none runs any more. Never rejects. */
  readonly done: Promise<BatchResult>;
  readonly #host: HookHost;
  readonly #work: BatchWork;
  #finish: (result: BatchResult | Promise<BatchResult>) => void = () => {};
  #state: BatchState = { phase: 'listing', retry: undefined };

  private constructor(host: HookHost, transition: Transition, work: BatchWork) {
    this.transition = transition;
    this.#host = host;
    this.#work = work;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#list(0);
  }

  /**
   * Runs the hooks of a turn, or the rest of them. The folder is listed now where it was not before; each hook is checked
   * just before it starts. The first hook has been started on return, unless the system is short of resources: then the
   * start is retried until the batch is ended.
   * @param log persists the progress
   */
  static runTurn(host: HookHost, turn: OpenTurn, log: TurnLog): HookBatch {
    return new HookBatch(host, turn.transition, turnWork(host, turn, log));
  }

  /**
   * Runs the hooks of an event on request; their progress is not persisted.
   * @param only the name of the one hook to run
   */
  static runRequested(host: HookHost, transition: Transition, only?: string): HookBatch {
    return new HookBatch(host, transition, requestWork(host, transition, only));
  }

  /** Returns the hook that runs. */
  current(): RunningHook | undefined {
    return this.#state.phase === 'running' ? this.#state.chain.current() : undefined;
  }

  /** Ends the hook that runs and leaves the rest out. */
  end(why: EndReason): void {
    if (this.#state.phase === 'running') this.#state.chain.end(why);
    else this.#leaveOut(why);
  }

  /** Kills the hook that runs and leaves the rest out. */
  kill(why: EndReason): void {
    if (this.#state.phase === 'running') this.#state.chain.kill(why);
    else this.#leaveOut(why);
  }

  #list(attempt: number): void {
    let isShort = false;
    const { transition } = this;
    const found = usableFolder(this.#host, folderOf[transition.event], (code) => {
      isShort = true;
      if (attempt === 0) this.#host.report({ kind: 'hooks-delayed', transition, code });
    });
    if (isShort) {
      const retry = afterAwake(shortagePause(attempt), () => this.#list(attempt + 1));
      this.#state = { phase: 'listing', retry };
      return;
    }
    const { chain, done } = this.#work.run(found);
    this.#state = { phase: 'running', chain };
    this.#finish(done);
  }

  #leaveOut(why: EndReason): void {
    if (this.#state.phase !== 'listing') return;
    this.#state.retry?.cancel();
    this.#state = { phase: 'leftOut' };
    this.#work.leftOut(why);
    this.#finish('cut-short');
  }
}

function turnWork(host: HookHost, turn: OpenTurn, log: TurnLog): BatchWork {
  const { transition } = turn;
  const { event, sequence } = transition;

  function drop(rest: TurnRest): void {
    host.report({ kind: 'turn-dropped', transition, rest, why: 'engine-stopped' });
    log.close(sequence);
  }

  function settle(cut: ChainCut | undefined): void {
    if (cut === undefined || !isUnfinished(cut)) return log.close(sequence);
    const rest = restOf(cut.hook, cut.left.map(nameOfCandidate));
    if (cut.why === 'listener-ends') host.report({ kind: 'turn-cut', transition, rest });
    else drop(rest);
  }

  return {
    run(found) {
      const { steps, hooks, isStopped } = beginTurn(host, turn, found);
      const candidates = steps.map(({ candidate }) => candidate);
      const chain = HookChain.start(
        host,
        candidates,
        { event, transition },
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
      const done = chain.done.then(({ how, cut, ...figures }): BatchResult => {
        if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
        settle(cut);
        return how === 'complete' && !isStopped ? 'complete' : 'cut-short';
      });
      return { chain, done };
    },
    leftOut(why) {
      if (why !== 'listener-ends') drop({});
    },
  };
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
    const left = steps.map(({ candidate }) => candidate.name).filter((hook) => hook !== plan.cut);
    host.report({ kind: 'turn-continued', transition, rest: restOf(plan.cut, left) });
  }
  return { ...plan, steps };
}

function requestWork(host: HookHost, transition: Transition, only: string | undefined): BatchWork {
  const { event } = transition;
  return {
    run(found) {
      const all = found?.kind === 'found' ? found.candidates : [];
      const candidates = all.filter(({ name }) => only === undefined || name === only);
      if (found !== undefined) reportFound(host, transition, found, candidates.length, only === undefined);
      const chain = HookChain.start(host, candidates, { event, transition });
      const done = chain.done.then(({ how, cut: _, ...figures }): BatchResult => {
        if (candidates.length > 0) host.report({ kind: 'hooks-done', transition, ...figures });
        return how === 'complete' ? 'complete' : 'cut-short';
      });
      return { chain, done };
    },
    leftOut() {},
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
  if (isWhole) for (const hook of found.unsupportedNames) host.report({ kind: 'name-refused', hook });
}

/** A hook that was ended because Docker stops has its own report; one cut with the listener is run again. */
function isUnfinished({ hook, left, why }: ChainCut): boolean {
  return left.length > 0 || (why === 'listener-ends' && hook !== undefined);
}

function nameOfCandidate({ name }: Candidate): string {
  return name;
}
