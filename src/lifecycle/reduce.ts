import type { Observation, Run } from './observation.ts';
import type { LifecycleEvent, Reason, Source, Transition } from './transition.ts';

/** What is known of one engine. `sequence` is that of the last transition told, 0 before the first. */
export type EngineState =
  /** Nobody has looked yet in this life of the listener; `before` is what was told in the last one. */
  | { readonly phase: 'unknown'; readonly sequence: number; readonly before?: Told }
  | { readonly phase: 'down'; readonly sequence: number }
  | { readonly phase: 'up'; readonly sequence: number; readonly toldBy: Source; readonly run?: Run };

/** The last transition of an engine that was told, as it is kept from one life of the listener to the next. */
export interface Told {
  readonly event: LifecycleEvent;
  readonly sequence: number;
  readonly run?: Run;
}

/** What is known before anyone has looked. */
export function atFirst(before?: Told): EngineState {
  return before === undefined
    ? { phase: 'unknown', sequence: 0 }
    : { phase: 'unknown', sequence: before.sequence, before };
}

/** What is to be kept of a state for the next life; undefined when nothing was ever told. */
export function toldIn(state: EngineState): Told | undefined {
  const { phase, sequence } = state;
  if (phase === 'unknown') return state.before;
  if (phase === 'down') return sequence === 0 ? undefined : { event: 'stop', sequence };
  return { event: 'start', sequence, ...runField(state.run) };
}

/** The next state, and what is to be told: none, one, or a stop and a start for a restart nobody saw. */
export interface Step {
  readonly state: EngineState;
  readonly transitions: readonly Transition[];
}

/**
 * What an observation means for one engine.
 *
 * Promises, for every sequence of observations whatever their source or order: in one life of the listener
 * transitions alternate, and the first is a start, but for the stop of an engine that ended between two lives;
 * sequence numbers rise by one; an untrusted message changes nothing; an engine that is seen to answer gives a
 * start at once unless it was told already, and its end a stop; a changed run gives both.
 */
export function reduce(state: EngineState, observation: Observation): Step {
  switch (observation.kind) {
    case 'engine-answers':
      return state.phase === 'unknown' ? firstSeen(state, observation) : answers(state, observation);
    case 'engine-identified':
      return state.phase === 'up' ? answers(state, observation) : unchanged(state);
    case 'engine-absent':
      return state.phase === 'unknown' ? firstMissed(state, observation, observation.run) : unchanged(state);
    case 'engine-ends':
      if (state.phase === 'unknown') return firstMissed(state, observation);
      return state.phase === 'up' ? stop(state, observation, observation.how, 'engine') : unchanged(state);
    case 'message':
      return observation.trusted ? believe(state, observation) : unchanged(state);
    default:
      return observation satisfies never;
  }
}

type Seen<Kind extends Observation['kind']> = Extract<Observation, { kind: Kind }>;
type Unknown = Extract<EngineState, { phase: 'unknown' }>;

/** The first look found it up. Is it the run that was told in the listener's last life? */
function firstSeen(state: Unknown, seen: Seen<'engine-answers'>): Step {
  const { before } = state;
  const begin = (from: EngineState, again: boolean) =>
    start(from, seen, 'listener-started', 'engine', seen.run, again);
  if (before?.event !== 'start') return begin(state, false);
  if (before.run === undefined || seen.run === undefined) return begin(state, false);
  if (before.run === seen.run) return begin(state, true);
  const stopped = missed(state, before, seen);
  const started = begin(stopped.state, false);
  return { state: started.state, transitions: [...stopped.transitions, ...started.transitions] };
}

/**
 * The first look found none that answers: what was up in the listener's last life has ended since. Unless its
 * very process is there (`run`), and only slow: then it stays to be seen.
 */
function firstMissed(state: Unknown, seen: Observation, run?: Run): Step {
  if (run !== undefined && run === state.before?.run) return unchanged(state);
  return state.before?.event === 'start'
    ? missed(state, state.before, seen)
    : { state: { phase: 'down', sequence: state.sequence }, transitions: [] };
}

function missed(state: Unknown, { run }: Told, seen: Observation): Step {
  return stop({ ...state, ...runField(run) }, seen, 'listener-started', 'engine');
}

function answers(
  state: Exclude<EngineState, Unknown>,
  seen: Seen<'engine-answers'> | Seen<'engine-identified'>,
): Step {
  if (state.phase === 'down') return start(state, seen, 'engine-started', 'engine', seen.run);
  const restarted = state.run !== undefined && seen.run !== undefined && state.run !== seen.run;
  if (!restarted) {
    if (state.toldBy === 'engine' && (seen.run === undefined || seen.run === state.run))
      return unchanged(state);
    // Told by a message first, or not identified yet: from now on the engine vouches for it.
    return { state: up(state.sequence, 'engine', seen.run ?? state.run), transitions: [] };
  }
  const stopped = stop(state, seen, 'unseen', 'engine');
  const started = start(stopped.state, seen, 'engine-started', 'engine', seen.run);
  return { state: started.state, transitions: [...stopped.transitions, ...started.transitions] };
}

function believe(state: EngineState, said: Seen<'message'>): Step {
  switch (state.phase) {
    case 'unknown':
      if (said.message === 'start') return start(state, said, 'engine-started', 'notifier', undefined);
      return state.before?.event === 'start'
        ? stop({ ...state, ...runField(state.before.run) }, said, 'shutdown', 'notifier')
        : { state: { phase: 'down', sequence: state.sequence }, transitions: [] };
    case 'down':
      return said.message === 'stop'
        ? unchanged(state)
        : start(state, said, 'engine-started', 'notifier', undefined);
    case 'up':
      return said.message === 'start' ? unchanged(state) : stop(state, said, 'shutdown', 'notifier');
    default:
      return state satisfies never;
  }
}

function start(
  state: EngineState,
  seen: Observation,
  reason: Reason,
  source: Source,
  run: Run | undefined,
  again = false,
): Step {
  const { engine, at } = seen;
  const sequence = state.sequence + 1;
  const repeated = again ? { again } : {};
  const transition = {
    event: 'start',
    reason,
    source,
    engine,
    at,
    sequence,
    ...runField(run),
    ...repeated,
  } as const;
  return { state: up(sequence, source, run), transitions: [transition] };
}

function stop(
  state: { readonly sequence: number; readonly run?: Run },
  seen: Observation,
  reason: Reason,
  source: Source,
): Step {
  const { engine, at } = seen;
  const sequence = state.sequence + 1;
  const transition = { event: 'stop', reason, source, engine, at, sequence, ...runField(state.run) } as const;
  return { state: { phase: 'down', sequence }, transitions: [transition] };
}

function up(sequence: number, toldBy: Source, run?: Run): EngineState {
  return { phase: 'up', sequence, toldBy, ...runField(run) };
}

function runField(run: Run | undefined): { readonly run?: Run } {
  return run === undefined ? {} : { run };
}

function unchanged(state: EngineState): Step {
  return { state, transitions: [] };
}
