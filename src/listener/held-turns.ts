import { folderOf } from '../hooks/find.ts';
import { findHookProcess, type Leftover } from '../hooks/leftovers.ts';
import type { HookQueue, TurnResult } from '../hooks/queue.ts';
import { nameOf, restOf, type TurnRest } from '../hooks/turn.ts';
import type { EngineState, LastTransition } from '../watch/lifecycle/reduce.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import {
  type EarlierHook,
  earlierHooks,
  foundIn,
  type OpenTurn,
  settleTurns,
  type WhyDropped,
} from '../watch/lifecycle/turn.ts';
import type { WhenStarted } from './config/settings.ts';
import type { ListenerEvent } from './events.ts';
import type { TurnFile } from './journal/turn-file.ts';
import { isWanted } from './wanted.ts';

export interface HeldTurnsOptions {
  readonly engine: string;
  readonly turns: TurnFile;
  /** The last transition in the engine memory; the turn file may have missed it on a full disk. */
  readonly remembered: LastTransition | undefined;
  readonly whenStarted: WhenStarted;
  readonly hooks: HookQueue;
  readonly record: (event: ListenerEvent) => void;
}

/** Turns that an earlier listener left open, held until the first observation shows the engine's state. */
export interface HeldTurns {
  /** Settles them once the engine's state is known; called before hooks are run for its transitions. */
  settle(state: EngineState, transitions: readonly Transition[]): Settled | undefined;
  /** Returns the turns that are still held, oldest first. */
  list(): readonly OpenTurn[];
}

/** The decision on the turns that were held. */
export interface Settled {
  /** The result of the on_stop that goes on; undefined when none does. */
  readonly stop: Promise<TurnResult> | undefined;
  /** An on_start goes on: `while_running` follows it. */
  readonly startGoesOn: boolean;
  /** Hooks that were begun in the turns that the next start replaces. */
  readonly earlier: readonly EarlierHook[];
  /** Closes the turns that the next start replaces: called once that start is persisted. */
  readonly replaced: (start: Transition) => void;
}

export function holdTurns(options: HeldTurnsOptions): HeldTurns {
  const { engine, turns, remembered, whenStarted, hooks, record } = options;
  let held = turns.pending;
  const kept = turns.last();
  const isStale = remembered !== undefined && remembered.sequence > (kept?.sequence ?? 0);

  function drop(turn: OpenTurn, why: WhyDropped): void {
    const { transition } = turn;
    turns.drop(transition.sequence, why);
    record({ engine, kind: 'turn-dropped', transition, why, rest: restOfTurn(turn) });
  }

  function settle(state: EngineState, transitions: readonly Transition[]): Settled | undefined {
    const found = foundIn(state, transitions);
    if (found === undefined) return undefined;
    const open = held.flatMap(({ turn, dropped }) => (dropped === undefined && !isStale ? [turn] : []));
    for (const { turn, dropped } of held) {
      if (dropped !== undefined || isStale) drop(turn, dropped ?? 'not-kept');
    }
    held = [];
    const start = transitions.find(({ event }) => event === 'start');
    const run = state.phase === 'up' ? state.run : undefined;
    const verdicts = settleTurns(open, found, run, start !== undefined && isWanted(start, whenStarted));
    for (const verdict of verdicts) if (verdict.kind === 'dropped') drop(verdict.turn, verdict.why);
    const replaced = verdicts.flatMap(({ kind, turn }) => (kind === 'replaced' ? [turn] : []));
    const ends = verdicts.flatMap(({ kind, turn }) =>
      kind === 'continues' ? [{ event: turn.transition.event, end: hooks.restore(turn) }] : [],
    );
    return {
      stop: ends.find(({ event }) => event === 'stop')?.end,
      startGoesOn: ends.some(({ event }) => event === 'start'),
      earlier: earlierHooks(replaced),
      replaced: ({ sequence }) => {
        for (const { transition } of replaced) {
          // A turn of the same number was replaced when the start was persisted.
          if (transition.sequence !== sequence) turns.close(transition.sequence);
        }
      },
    };
  }

  return {
    settle,
    list: () => held.flatMap(({ turn, dropped }) => (dropped === undefined ? [turn] : [])),
  };
}

/** Returns the rest of a turn, from its persisted progress. */
export function restOfTurn({ transition, hooks, reached }: OpenTurn): TurnRest {
  if (hooks === undefined || reached === undefined) return {};
  const names = hooks.slice(reached.place).map((hook) => nameOf(folderOf[transition.event], hook));
  return restOf(reached.state.kind === 'running' ? names[0] : undefined, names.slice(1));
}

/** Returns the later of two files' last transitions. */
export function laterTransition(
  remembered: LastTransition | undefined,
  kept: LastTransition | undefined,
): LastTransition | undefined {
  if (remembered === undefined || kept === undefined) return remembered ?? kept;
  return kept.sequence > remembered.sequence ? kept : remembered;
}

/** Returns the hook that was cut, with its process, where that is known for certain or found by its variables. */
export function cutHookIn({ transition, hooks, reached }: OpenTurn): readonly Leftover[] {
  const { state } = reached ?? {};
  if (reached === undefined || state?.kind !== 'running') return [];
  const file = hooks?.[reached.place] ?? '';
  const folder = folderOf[transition.event];
  const process = state.process ?? findHookProcess(`${folder}/${file}`, transition);
  // Without a start time (no /proc) the pid may be another process by now.
  if (process === undefined || process.startTime === '') return [];
  return [{ hook: nameOf(folder, file), process }];
}
