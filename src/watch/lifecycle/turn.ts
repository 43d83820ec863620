import { areComparable, type EngineRunId } from './observation.ts';
import type { EngineState } from './reduce.ts';
import type { Transition } from './transition.ts';

/** The hooks of one transition that are not known to have ended, as kept on disk. */
export interface OpenTurn {
  readonly transition: Transition;
  /** The file names of its hooks, in order, as they were listed when the first of them began. */
  readonly hooks?: readonly string[];
  /** The hook that began last; missing while none has. */
  readonly reached?: Reached;
  /** Hooks that began in the turns which this one replaces: run again they are repeats. */
  readonly earlier?: readonly EarlierHook[];
}

/** The hook of a turn that began last. */
export interface Reached {
  /** The hook's index in the list. */
  readonly place: number;
  /** The number of times that the hook began in this turn: above 1 it was cut before. */
  readonly times: number;
  /** `running` also when the hook was cut. `process` is missing where it was not recorded. */
  readonly state:
    | { readonly kind: 'running'; readonly process?: TurnProcess }
    | { readonly kind: 'ended'; readonly failed: boolean };
}

export interface TurnProcess {
  readonly pid: number;
  /** The start time in /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
}

export interface EarlierHook {
  readonly hook: string;
  /** The number of times that it was cut since it last ended. */
  readonly cuts: number;
}

/** The reason for which the rest of a turn is not run. */
export type WhyDropped =
  /** The engine has stopped, or is about to: the rest of on_start has no use any more. */
  | 'engine-stopped'
  /** Another run of the engine is up. */
  | 'another-run'
  /** The on_stop before stands for this one: on_start has not run in between. */
  | 'not-repeated'
  /** The disk was full: the turn file does not show how far the turn came. */
  | 'not-kept';

/** The engine that the first look of a listener found, compared with the last transition of an earlier one. */
export type Found =
  /** The run whose start was reported last. */
  | 'same-run'
  /** A run that may or may not be that one: their ids cannot be compared, or there is none. */
  | 'unclear-run'
  | 'another-run'
  /** No run is up, or the stop of the one that is up is pending. */
  | 'down';

/** The decision about an open turn. */
export type Verdict =
  | { readonly kind: 'continues'; readonly turn: OpenTurn }
  /** The start that is reported now runs all hooks again: those that the turn began are repeats. */
  | { readonly kind: 'replaced'; readonly turn: OpenTurn }
  | { readonly kind: 'dropped'; readonly turn: OpenTurn; readonly why: WhyDropped };

/**
 * Returns what the first look found, from the state that it led to and its transitions; undefined while the state is
 * still unknown.
 */
export function foundIn(state: EngineState, transitions: readonly Transition[]): Found | undefined {
  if (state.phase === 'unknown') return undefined;
  if (state.phase === 'down') return 'down';
  const start = transitions.findLast(({ event }) => event === 'start');
  if (start?.again) return 'same-run';
  const isOther = start?.reason !== 'listener-started' || transitions.some(({ event }) => event === 'stop');
  return isOther ? 'another-run' : 'unclear-run';
}

/**
 * Decides for each open turn, oldest first, whether the rest of its hooks is run.
 *
 * on_start continues in the very run that it belongs to. on_stop continues while no run is up; one of which no hook
 * has begun is run whole in any case, as a missed stop is.
 * @param startsAgain whether a start that is reported now runs its hooks
 */
export function settleTurns(
  open: readonly OpenTurn[],
  found: Found,
  run: string | undefined,
  startsAgain: boolean,
): readonly Verdict[] {
  let stop: OpenTurn | undefined;
  return open.map((turn, index): Verdict => {
    const later = open.slice(index + 1);
    if (turn.transition.event === 'stop') {
      if (stop !== undefined) return { kind: 'dropped', turn, why: 'not-repeated' };
      if (found !== 'down' && turn.reached !== undefined)
        return { kind: 'dropped', turn, why: 'another-run' };
      stop = turn;
      return { kind: 'continues', turn };
    }
    if (later.some(({ transition }) => transition.event === 'stop'))
      return { kind: 'dropped', turn, why: 'engine-stopped' };
    return settleStart(turn, later.length > 0, found, run, startsAgain);
  });
}

function settleStart(
  turn: OpenTurn,
  isReplaced: boolean,
  found: Found,
  run: string | undefined,
  startsAgain: boolean,
): Verdict {
  switch (found) {
    case 'down':
      return { kind: 'dropped', turn, why: 'engine-stopped' };
    case 'another-run':
      return { kind: 'dropped', turn, why: 'another-run' };
    case 'unclear-run':
      return isReplaced || startsAgain
        ? { kind: 'replaced', turn }
        : { kind: 'dropped', turn, why: 'another-run' };
    case 'same-run':
      if (isReplaced || startsAgain) return { kind: 'replaced', turn };
      return isAnother(turn.transition.run, run)
        ? { kind: 'dropped', turn, why: 'another-run' }
        : { kind: 'continues', turn };
    default:
      return found satisfies never;
  }
}

function isAnother(one: EngineRunId | undefined, other: EngineRunId | undefined): boolean {
  return one !== other && areComparable(one, other);
}

/** Returns each hook that began in turns that are replaced, and how often it was cut. */
export function earlierHooks(replaced: readonly OpenTurn[]): readonly EarlierHook[] {
  const cuts = new Map<string, number>();
  for (const { hooks = [], reached, earlier = [] } of replaced) {
    for (const { hook, cuts: before } of earlier) cuts.set(hook, before);
    if (reached === undefined) continue;
    const last = hooks[reached.place];
    const before = last === undefined ? 0 : (cuts.get(last) ?? 0);
    for (const hook of hooks.slice(0, reached.place + 1)) cuts.set(hook, 0);
    if (last !== undefined && reached.state.kind === 'running') cuts.set(last, before + reached.times);
  }
  return [...cuts].map(([hook, times]) => ({ hook, cuts: times }));
}
