import { basename, join } from 'node:path';
import { printable } from '../system/printable.ts';
import type { OpenTurn, TurnProcess } from '../watch/lifecycle/turn.ts';
import type { Candidate, HookFolder } from './find.ts';
import type { HookSettings } from './settings.ts';

/** Persists the progress of turns. Each call has written when it returns, and never throws. */
export interface TurnLog {
  /** The hook at `place` of `hooks` (file names) is about to be started. */
  begin(sequence: number, place: number, hooks: readonly string[]): void;
  /** The process of the hook that began last. */
  runs(sequence: number, process: TurnProcess): void;
  /** The hook that began last came to its end. */
  ended(sequence: number, failed: boolean): void;
  /** The turn of a transition is finished. */
  close(sequence: number): void;
}

/** Persists nothing. */
export const noTurnLog: TurnLog = { begin: () => {}, runs: () => {}, ended: () => {}, close: () => {} };

/** A hook that is cut as often as this is given up: it may be the cause of the listener's end. */
const mostCuts = 3;

/** The hooks of a turn that are still to be run. */
export interface TurnPlan {
  /** The file names of all its hooks, by place. */
  readonly hooks: readonly string[];
  readonly steps: readonly TurnStep[];
  /** The hook that was cut, if one was. */
  readonly cut: string | undefined;
  /** A hook failed whose settings stop the chain. */
  readonly isStopped: boolean;
}

/** One hook of a turn. */
export interface TurnStep {
  readonly candidate: Candidate;
  readonly place: number;
  readonly how:
    | { readonly kind: 'first' }
    /** An earlier run of it may have done its work. */
    | { readonly kind: 'repeat' }
    | { readonly kind: 'passed'; readonly why: WhyPassed; readonly cuts: number };
}

/** Why a hook that was cut is not run again: it was cut too often, or its settings say so. */
export type WhyPassed = 'given-up' | 'repeat-off';

/**
 * Plans the rest of a turn. Its hooks are those that were listed when the first of them began: a hook that was added since
 * waits for the next transition, and a removed one is found missing when it is due.
 * @param present what is in the folder now
 */
export function planTurn(
  turn: OpenTurn,
  present: readonly Candidate[],
  folder: { readonly name: HookFolder; readonly path: string },
  settings: HookSettings,
): TurnPlan {
  const hooks = turn.hooks ?? present.map(({ path }) => basename(path));
  const found = new Map(present.map((candidate) => [basename(candidate.path), candidate]));
  const candidate = (hook: string): Candidate =>
    found.get(hook) ?? { path: join(folder.path, hook), name: nameOf(folder.name, hook) };
  const { reached } = turn;
  const first = reached === undefined ? 0 : reached.place + (reached.state.kind === 'ended' ? 1 : 0);
  const cut = reached?.state.kind === 'running' ? hooks[reached.place] : undefined;
  const earlier = new Map(turn.earlier?.map(({ hook, cuts }) => [hook, cuts]));
  const steps = hooks.slice(first).map((hook, index): TurnStep => {
    const isCut = hook === cut;
    const cuts = (earlier.get(hook) ?? 0) + (isCut ? (reached?.times ?? 0) : 0);
    const place = first + index;
    const one = candidate(hook);
    const why = cuts === 0 ? undefined : whyPassed(cuts, settings.hooks.get(one.name)?.repeat);
    if (why !== undefined) return { candidate: one, place, how: { kind: 'passed', why, cuts } };
    return { candidate: one, place, how: { kind: isCut || earlier.has(hook) ? 'repeat' : 'first' } };
  });
  const last = reached === undefined ? undefined : hooks[reached.place];
  const hasFailed = reached?.state.kind === 'ended' && reached.state.failed;
  return {
    hooks,
    steps,
    cut: cut === undefined ? undefined : candidate(cut).name,
    isStopped:
      hasFailed === true &&
      last !== undefined &&
      settings.hooks.get(candidate(last).name)?.stopChainOnFailure === true,
  };
}

function whyPassed(cuts: number, repeat: boolean | undefined): WhyPassed | undefined {
  if (cuts >= mostCuts) return 'given-up';
  return repeat === false ? 'repeat-off' : undefined;
}

/** Returns the name of a hook, as reported: `on_start/10-hello`. */
export function nameOf(folder: HookFolder, file: string): string {
  return `${folder}/${printable(Buffer.from(file))}`;
}

/** The rest of a turn, as reported. */
export interface TurnRest {
  /** The hook that was cut off, if one was. */
  readonly cut?: string;
  /** Those that have not begun, the first of them; missing where the folder was not listed yet. */
  readonly left?: readonly string[];
  /** Count of those that have not begun. */
  readonly count?: number;
}

/** Most names in one report. */
const mostNames = 20;

/**
 * Returns the rest of a turn, as reported.
 * @param cut name of the hook that was cut
 * @param left names of the hooks that have not begun
 */
export function restOf(cut: string | undefined, left: readonly string[]): TurnRest {
  return { ...(cut === undefined ? {} : { cut }), left: left.slice(0, mostNames), count: left.length };
}
