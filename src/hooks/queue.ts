import type { Transition } from '../watch/lifecycle/transition.ts';
import type { EarlierHook, OpenTurn } from '../watch/lifecycle/turn.ts';
import type { HookAtWork } from './attempts.ts';
import { type BatchEnd, type HookBatch, runHooks, runTurn } from './batch.ts';
import { type KeptHooks, type KeptState, keepRunning } from './keep-running.ts';
import type { HookHost, HookReport } from './report.ts';
import { reportOnce } from './report-once.ts';
import type { StartedHook } from './start.ts';
import { noTurnLog, type TurnLog } from './turn-log.ts';

/** The transitions of one engine whose hooks are to be run, in order, one at a time. */
export interface HookQueue {
  /**
   * Runs the hooks of a transition when those before it are done; at once when there are none.
   * @param earlier hooks that were begun for it already, by an earlier listener
   * @returns how that went, or how it went with those that stand for them, once it is over; never rejects
   */
  push(transition: Transition, earlier?: readonly EarlierHook[]): Promise<TurnEnd>;
  /**
   * Goes on with the hooks of a transition that an earlier listener did not bring to their end.
   * @returns the same
   */
  restore(turn: OpenTurn): Promise<TurnEnd>;
  /** The engine is up, and its hooks are not to be run for that: starts alone what is kept running while it is. */
  resume(transition: Transition): void;
  /**
   * The same for hooks that somebody asks for: nothing has happened to the engine, so they overtake nothing, and
   * what is kept running stays as it is.
   */
  request(transition: Transition, wish: HookWish): Promise<TurnEnd>;
  /** Resolves when no hook runs and none waits; what is kept running counts only once `signal` has ended it. */
  idle(): Promise<void>;
  /** What runs and what waits now. */
  snapshot(): HookSnapshot;
}

/** How the hooks of a transition came to their end, if they ever began. */
export type TurnEnd = BatchEnd | 'left-out';

/** What is asked for by hand. */
interface HookWish {
  /** The name of the one hook that is to be run; all of them when it is missing. */
  readonly only: string | undefined;
  /** Told beside the log what becomes of it. */
  readonly report: (report: HookReport) => void;
  /** Aborted when the client has gone: a request that has not begun is withdrawn then. */
  readonly gone?: AbortSignal;
}

export interface HookSnapshot {
  readonly current: { readonly transition: Transition; readonly hook: RunningHook | undefined } | undefined;
  readonly waiting: readonly Transition[];
  readonly kept: readonly (
    | { readonly phase: 'running'; readonly hook: RunningHook }
    | Exclude<KeptState, { phase: 'running' }>
  )[];
}

/** A hook that runs, or whose next attempt is waited for. */
export type RunningHook = HookAtWork;

/** All the hooks of what has happened to the engine; of a start only what is kept running; or what is asked for. */
type Work = 'all' | 'kept' | HookWish;

interface Turn {
  readonly transition: Transition;
  /** What earlier listeners have done of it. */
  readonly past: Omit<OpenTurn, 'transition'>;
  readonly work: Work;
  readonly over: (how: TurnEnd) => void;
  /** How it came to its end. */
  readonly ended: Promise<TurnEnd>;
}

/** How much may wait when more is asked for. What happens to the engine waits in any case, and is two at most. */
const mostWaiting = 32;

/**
 * Hooks alternate as transitions do, and the last of them is what holds.
 *
 * A stop overtakes the starts before it: those that have not begun are left out, and the hooks of one that
 * runs are ended, so that on_stop is not kept waiting by an on_start that has lost its point. What was kept
 * running is ended before on_stop begins. A start waits for the on_stop before it. When a start is left out,
 * so is the stop behind it: nothing was done since the on_stop before, which runs, waits or is done.
 *
 * With nothing before it, the first hook of a transition has been started when `push` returns; a stop may
 * first have to end something.
 *
 * @param signal ends everything: what runs is ended with its grace, what waits is left to the next listener
 * @param log keeps how far the hooks of each transition are
 */
export function createHookQueue(given: HookHost, signal: AbortSignal, log: TurnLog = noTurnLog): HookQueue {
  const host = { ...given, report: reportOnce(given.report) };
  let waiting: Turn[] = [];
  /** What happened to the engine last of all of which the hooks have begun. */
  let begun: Turn | undefined;
  let batch: HookBatch | undefined;
  let kept: KeptHooks | undefined;
  let working = false;
  let worked: Promise<void> = Promise.resolve();

  /** @returns the stop whose hooks stand for those of the one that comes, if any do */
  function overtakeStarts(): Turn | undefined {
    const overtaken = waiting.filter(({ transition }) => transition.event === 'start');
    for (const { transition, past, work, over } of overtaken) {
      if (past.reached !== undefined)
        host.report({ kind: 'turn-dropped', transition, rest: {}, why: 'engine-stopped' });
      else if (work !== 'kept') host.report({ kind: 'hooks-overtaken', transition });
      if (work === 'all') log.close(transition.sequence);
      over('left-out');
    }
    waiting = waiting.filter((turn) => !overtaken.includes(turn));
    if (batch?.transition.event === 'start') batch.end('engine-stops');
    const before = waiting.findLast(isOwn) ?? begun;
    const hasNotBegun = ({ work, past }: Turn) => work === 'all' && past.reached === undefined;
    return overtaken.some(hasNotBegun) && before?.transition.event === 'stop' ? before : undefined;
  }

  async function workOff(): Promise<void> {
    working = true;
    for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift()) {
      const { transition, work, past } = turn;
      // Also while what was kept running is being ended: its hooks are on their way.
      if (isOwn(turn)) begun = turn;
      if (kept !== undefined && isOwn(turn)) {
        kept.end('engine-stops');
        await kept.done;
        kept = undefined;
      }
      let how: TurnEnd = 'complete';
      if (work !== 'kept') {
        batch = work === 'all' ? runTurn(host, { ...past, transition }, log) : runWish(transition, work);
        how = await batch.done;
        batch = undefined;
      }
      // A stop that came meanwhile has cut it short.
      if (isOwn(turn) && transition.event === 'start' && how === 'complete' && !signal.aborted) {
        kept = keepRunning(host, transition);
      }
      turn.over(how);
    }
    working = false;
  }

  function runWish(transition: Transition, { only, report }: HookWish): HookBatch {
    const told = (said: HookReport) => {
      host.report(said);
      report(said);
    };
    return runHooks({ ...host, report: told }, transition, only);
  }

  async function push(transition: Transition, earlier: readonly EarlierHook[] = []): Promise<TurnEnd> {
    if (signal.aborted) return 'left-out';
    if (transition.event === 'stop') {
      const standsFor = overtakeStarts();
      if (standsFor !== undefined) {
        host.report({ kind: 'hooks-not-repeated', transition });
        log.close(transition.sequence);
        return standsFor.ended;
      }
    }
    return take(transition, 'all', earlier.length === 0 ? {} : { earlier });
  }

  async function restore({ transition, ...past }: OpenTurn): Promise<TurnEnd> {
    return signal.aborted ? 'left-out' : take(transition, 'all', past);
  }

  function resume(transition: Transition): void {
    if (!signal.aborted) void take(transition, 'kept');
  }

  async function request(transition: Transition, wish: HookWish): Promise<TurnEnd> {
    if (signal.aborted) return 'left-out';
    if (waiting.length < mostWaiting) {
      wish.gone?.addEventListener('abort', () => withdraw(wish), { once: true });
      return take(transition, wish);
    }
    host.report({ kind: 'hooks-dropped', transition });
    return 'left-out';
  }

  /** Takes a request out of the queue; one that has begun goes on. */
  function withdraw(wish: HookWish): void {
    const turn = waiting.find(({ work }) => work === wish);
    if (turn === undefined) return;
    waiting = waiting.filter((other) => other !== turn);
    host.report({ kind: 'hooks-withdrawn', transition: turn.transition });
    turn.over('left-out');
  }

  function take(transition: Transition, work: Work, past: Turn['past'] = {}): Promise<TurnEnd> {
    let over: (how: TurnEnd) => void = () => {};
    const ended = new Promise<TurnEnd>((resolve) => {
      over = resolve;
    });
    waiting.push({ transition, past, work, over, ended });
    if (!working) worked = workOff();
    return ended;
  }

  function whenAborted(): void {
    for (const { over } of waiting.splice(0)) over('left-out');
    batch?.end('listener-ends');
    kept?.end('listener-ends');
  }

  function whenAtOnce(): void {
    batch?.kill('listener-ends');
    kept?.kill('listener-ends');
  }

  signal.addEventListener('abort', whenAborted, { once: true });
  host.atOnce.addEventListener('abort', whenAtOnce, { once: true });

  return {
    push,
    restore,
    resume,
    request,
    async idle() {
      await worked;
      if (signal.aborted) await kept?.done;
    },
    snapshot() {
      const hook = batch?.current();
      return {
        current: batch === undefined ? undefined : { transition: batch.transition, hook },
        waiting: waiting.map(({ transition }) => transition),
        kept: (kept?.states() ?? []).map((state) =>
          state.phase === 'running' ? { phase: 'running', hook: running(state.hook) } : state,
        ),
      };
    },
  };
}

/** Whether it happened to the engine, and was not asked for. */
function isOwn({ work }: Turn): boolean {
  return typeof work === 'string';
}

function running({ name, id, startedAt, run }: StartedHook): RunningHook {
  return { name, id, pid: run.pid, startedAt };
}
