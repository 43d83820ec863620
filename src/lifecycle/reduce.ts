import type { Observation, Run } from './observation.ts';
import type { LifecycleEvent, Reason, Source, Transition } from './transition.ts';

/** What is known of one engine. `sequence` is that of the last transition told, 0 before the first. */
export type EngineState =
  | { readonly phase: 'unknown'; readonly sequence: number }
  | { readonly phase: 'down'; readonly sequence: number }
  | { readonly phase: 'up'; readonly sequence: number; readonly toldBy: Source; readonly run?: Run };

/** What is known before anyone has looked. */
export const nothingKnown: EngineState = { phase: 'unknown', sequence: 0 };

/** The next state, and what is to be told: none, one, or a stop and a start for a restart nobody saw. */
export interface Step {
  readonly state: EngineState;
  readonly transitions: readonly Transition[];
}

/**
 * What an observation means for one engine.
 *
 * Promises, for every sequence of observations whatever their source or order: transitions alternate and
 * the first is `start`; sequence numbers rise by one; an untrusted message changes nothing; an engine that
 * is seen to answer gives a start at once unless it was told already, and its end a stop.
 */
export function reduce(state: EngineState, observation: Observation): Step {
  switch (observation.kind) {
    case 'engine-answers':
      return answers(state, observation);
    case 'engine-absent':
      return state.phase === 'unknown' ? { state: down(state), transitions: [] } : unchanged(state);
    case 'engine-ends':
      return state.phase === 'up' ? stop(state, observation, observation.how, 'engine') : ended(state);
    case 'message':
      return observation.trusted ? believe(state, observation) : unchanged(state);
    default:
      return observation satisfies never;
  }
}

function answers(state: EngineState, seen: Extract<Observation, { kind: 'engine-answers' }>): Step {
  if (state.phase !== 'up') {
    const reason = state.phase === 'unknown' ? 'listener-started' : 'engine-started';
    return start(state, seen, reason, 'engine', seen.run);
  }
  const restarted = state.run !== undefined && seen.run !== undefined && state.run !== seen.run;
  if (!restarted) {
    // Told by a message first: from now on the engine vouches for it.
    return { state: up(state.sequence, 'engine', seen.run ?? state.run), transitions: [] };
  }
  const stopped = stop(state, seen, 'unseen', 'engine');
  const started = start(stopped.state, seen, 'engine-started', 'engine', seen.run);
  return { state: started.state, transitions: [...stopped.transitions, ...started.transitions] };
}

function believe(state: EngineState, said: Extract<Observation, { kind: 'message' }>): Step {
  if (said.message === 'start') {
    return state.phase === 'up'
      ? unchanged(state)
      : start(state, said, 'engine-started', 'notifier', undefined);
  }
  return state.phase === 'up' ? stop(state, said, 'shutdown', 'notifier') : ended(state);
}

function start(state: EngineState, seen: Observation, reason: Reason, source: Source, run?: Run): Step {
  const transition = told(state, 'start', seen, reason, source, run);
  return { state: up(transition.sequence, source, run), transitions: [transition] };
}

function stop(
  state: Extract<EngineState, { phase: 'up' }>,
  seen: Observation,
  reason: Reason,
  source: Source,
): Step {
  const transition = told(state, 'stop', seen, reason, source, state.run);
  return { state: { phase: 'down', sequence: transition.sequence }, transitions: [transition] };
}

function told(
  state: EngineState,
  event: LifecycleEvent,
  seen: Observation,
  reason: Reason,
  source: Source,
  run?: Run,
): Transition {
  const { engine, at } = seen;
  const sequence = state.sequence + 1;
  return { event, reason, source, engine, at, sequence, ...(run === undefined ? {} : { run }) };
}

function up(sequence: number, toldBy: Source, run?: Run): EngineState {
  return { phase: 'up', sequence, toldBy, ...(run === undefined ? {} : { run }) };
}

function down(state: EngineState): EngineState {
  return { phase: 'down', sequence: state.sequence };
}

/** An end of something never told as started: nothing to tell, but now it is known to be down. */
function ended(state: EngineState): Step {
  return { state: down(state), transitions: [] };
}

function unchanged(state: EngineState): Step {
  return { state, transitions: [] };
}
