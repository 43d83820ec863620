import { areComparable, type EngineRunId, type Observation } from './observation.ts';
import type { LifecycleEvent, Reason, Source, Transition } from './transition.ts';

/**
 * The lifecycle of one engine: its states and all its transitions. `sequence` is that of the last transition, 0 before
 * the first.
 *
 * ```
 *  unknown ──answers──────────▶ up ◀───────── answers ────────┐
 *     │                         │ │                           │
 *     │ absent, ends            │ └─ends, trusted stop──▶ down │ ◀─┐ the run ended:
 *     ├────────────────────────────────────────────────▶ down ┘   │ another run answers
 *     │                         │ companion's stop                │
 *     └─companion's stop────────┴──▶ down with a pending stop ────┘
 *                                     │ companion's start, or five minutes: the run stays
 *                                     └──▶ up
 * ```
 */
export type EngineState =
  /** No sensor has looked yet in this life of the listener; `before` is the last transition of the earlier one. */
  | { readonly phase: 'unknown'; readonly sequence: number; readonly before?: LastTransition }
  | { readonly phase: 'down'; readonly sequence: number; readonly pendingStop?: PendingStop }
  /** `source` reported the start. */
  | { readonly phase: 'up'; readonly sequence: number; readonly source: Source; readonly run?: EngineRunId };

/** A stop that was reported before the engine knew of it. Its run gives no start, however often it answers. */
export interface PendingStop {
  /** The run that stops; missing until it is known: then the first run that is seen is the one. */
  readonly run?: EngineRunId;
  /**
   * `seen`: the run was seen to answer, and still does. `announced`: it was not seen yet, but its service announced the
   * stop. `no`: it does not answer any more.
   */
  readonly answers: 'seen' | 'announced' | 'no';
  /** When the stop was reported, in ms since the epoch. */
  readonly since: number;
}

/** After this many ms an engine that still answers was not stopped: several times as long as systemd gives a stop. */
export const longestPendingStop = 300_000;

/** The last transition of an engine, as it is kept on disk from one life of the listener to the next. */
export interface LastTransition {
  readonly event: LifecycleEvent;
  readonly sequence: number;
  readonly run?: EngineRunId;
  /** After a stop: it is pending for `run`, since this time; see `PendingStop`. */
  readonly leaving?: number;
}

/** Returns the state before the first look. */
export function initialState(before?: LastTransition): EngineState {
  return before === undefined
    ? { phase: 'unknown', sequence: 0 }
    : { phase: 'unknown', sequence: before.sequence, before };
}

/** Returns the last transition that led to a state, to be kept for the next life; undefined before the first. */
export function lastTransitionIn(state: EngineState): LastTransition | undefined {
  const { phase, sequence } = state;
  if (phase === 'unknown') return state.before;
  if (phase === 'up') return { event: 'start', sequence, ...runField(state.run) };
  if (sequence === 0) return undefined;
  const { pendingStop: stop } = state;
  const pending = stop === undefined ? {} : { ...runField(stop.run), leaving: stop.since };
  return { event: 'stop', sequence, ...pending };
}

/** Returns the form to keep of a transition that led, itself or with another behind it, to a state. */
export function lastTransitionAfter(
  { event, sequence, run }: Transition,
  state: EngineState,
): LastTransition {
  const last = lastTransitionIn(state);
  if (last?.sequence === sequence && last.event === event) return last;
  return event === 'stop' ? { event, sequence } : { event, sequence, ...runField(run) };
}

/** The next state, and the transitions: none, one, or a stop and a start for a restart that no sensor saw. */
export interface Step {
  readonly state: EngineState;
  readonly transitions: readonly Transition[];
}

/**
 * Returns the step that an observation makes from a state.
 *
 * Promises, for every sequence of observations whatever their source or order: in one life of the listener
 * transitions alternate, and the first is a start, but for the stop of an engine that ended between two lives;
 * sequence numbers rise by one, but a start that is reported again keeps its own; an untrusted message changes nothing;
 * an engine that is seen to answer gives a start at once unless it was reported already, and its end a stop; a changed
 * run gives both. After the companion's stop the run gives no start, however often it answers, in the next life neither,
 * unless the companion says that it stays, or the stop is pending for too long; a new run does, and so does an answer
 * after the end.
 */
export function reduce(state: EngineState, observation: Observation): Step {
  switch (observation.kind) {
    case 'engine-answers':
      return state.phase === 'unknown' ? firstAnswer(state, observation) : answers(state, observation);
    case 'engine-identified':
      return state.phase === 'up' || isStopPending(state) ? answers(state, observation) : become(state);
    case 'engine-absent':
      if (state.phase === 'unknown') return firstAbsence(state, observation, observation.run);
      return isStopPending(state) ? answersNoMore(state, observation.run) : become(state);
    case 'engine-ends':
      if (state.phase === 'unknown') return firstAbsence(state, observation);
      if (state.phase === 'up') return stop(state, observation, observation.how, 'engine');
      // A frozen engine has not ended: the very same run may answer again.
      return isStopPending(state)
        ? answersNoMore(state, observation.how === 'unreachable' ? state.pendingStop.run : undefined)
        : become(state);
    case 'engine-stays':
      return cancelStop(state, observation, 'engine');
    case 'message':
      return observation.trusted ? trustMessage(state, observation) : become(state);
    case 'companion':
      return observation.message === 'stop'
        ? announceStop(state, observation)
        : cancelStop(state, observation, 'companion');
    default:
      return observation satisfies never;
  }
}

type Seen<Kind extends Observation['kind']> = Extract<Observation, { kind: Kind }>;
type Unknown = Extract<EngineState, { phase: 'unknown' }>;

/** The first look found the engine up: the run of the last transition, or another. */
function firstAnswer(state: Unknown, seen: Seen<'engine-answers'>): Step {
  const { before } = state;
  const pending = pendingStopIn(before, seen.at);
  if (pending !== undefined && pending.run === seen.run) {
    return become(stopPending(state.sequence, pending));
  }
  const begin = (from: EngineState, again: boolean) =>
    start(from, seen, 'listener-started', 'engine', seen.run, again);
  if (before?.event !== 'start') return begin(state, false);
  if (!areComparable(before.run, seen.run)) return begin(state, false);
  if (before.run === seen.run) return begin(state, true);
  return follow(missedStop(state, before, seen), (stopped) => begin(stopped, false));
}

/**
 * The first look found no engine that answers: one that was up in the listener's last life has ended since. But while
 * its very process exists (`run`), it is only slow, and the state stays unknown.
 */
function firstAbsence(state: Unknown, seen: Observation, run?: EngineRunId): Step {
  const pending = pendingStopIn(state.before, seen.at);
  if (pending !== undefined) return answersNoMore(stopPending(state.sequence, pending), run);
  if (run !== undefined && run === state.before?.run) return become(state);
  return state.before?.event === 'start'
    ? missedStop(state, state.before, seen)
    : become({ phase: 'down', sequence: state.sequence });
}

/**
 * Returns the stop that was pending when the listener's last life ended, unless that is too long ago. Without a run there
 * is none: the run that is seen now may be the next one.
 */
function pendingStopIn(before: LastTransition | undefined, at: number): PendingStop | undefined {
  if (before?.leaving === undefined || before.run === undefined) return undefined;
  if (at - before.leaving >= longestPendingStop) return undefined;
  return { run: before.run, answers: 'seen', since: before.leaving };
}

function missedStop(state: Unknown, { run }: LastTransition, seen: Observation): Step {
  return stop({ ...state, ...runField(run) }, seen, 'listener-started', 'engine');
}

function answers(
  state: Exclude<EngineState, Unknown>,
  seen: Seen<'engine-answers'> | Seen<'engine-identified'>,
): Step {
  if (isStopPending(state) && !isAnother(state.pendingStop.run, seen.run)) {
    const { run = seen.run, since } = state.pendingStop;
    return become(stopPending(state.sequence, { ...runField(run), answers: 'seen', since }));
  }
  if (state.phase === 'down') return start(state, seen, 'engine-started', 'engine', seen.run);
  if (!isAnother(state.run, seen.run)) {
    if (state.source === 'engine' && (seen.run === undefined || seen.run === state.run)) return become(state);
    // Reported by a message first, or not identified yet: from now on the engine is the source.
    return become(up(state.sequence, 'engine', seen.run ?? state.run));
  }
  return follow(stop(state, seen, 'unseen', 'engine'), (stopped) =>
    start(stopped, seen, 'engine-started', 'engine', seen.run),
  );
}

function trustMessage(state: EngineState, seen: Seen<'message'>): Step {
  switch (state.phase) {
    case 'unknown':
      if (seen.message === 'start') return start(state, seen, 'engine-started', 'notifier', undefined);
      return state.before?.event === 'start'
        ? stop({ ...state, ...runField(state.before.run) }, seen, 'shutdown', 'notifier')
        : become({ phase: 'down', sequence: state.sequence });
    case 'down':
      return seen.message === 'stop'
        ? become(state)
        : start(state, seen, 'engine-started', 'notifier', undefined);
    case 'up':
      return seen.message === 'start' ? become(state) : stop(state, seen, 'shutdown', 'notifier');
    default:
      return state satisfies never;
  }
}

/** Reports the stop at once. The engine is stopped later, and answers until then. */
function announceStop(state: EngineState, seen: Seen<'companion'>): Step {
  switch (state.phase) {
    case 'unknown': {
      const { before, sequence } = state;
      const any: PendingStop = { answers: 'announced', since: seen.at };
      if (before?.event !== 'start') return become(stopPending(sequence, any));
      const stopped = stop({ ...state, ...runField(before.run) }, seen, 'shutdown', 'companion');
      // It may be another run by now: the first that is seen is the one that stops.
      return { ...stopped, state: stopPending(stopped.state.sequence, any) };
    }
    case 'down':
      return become(state);
    case 'up': {
      const stopped = stop(state, seen, 'shutdown', 'companion');
      const pending: PendingStop = { ...runField(state.run), answers: 'seen', since: seen.at };
      return { ...stopped, state: stopPending(stopped.state.sequence, pending) };
    }
    default:
      return state satisfies never;
  }
}

/** Cancels a pending stop: the run is up if it answers. Without a pending stop only the engine itself counts. */
function cancelStop(state: EngineState, seen: Observation, source: Source): Step {
  if (state.phase === 'unknown' && state.before?.leaving !== undefined) {
    const { event, sequence } = state.before;
    return become({ ...state, before: { event, sequence } });
  }
  if (!isStopPending(state)) return become(state);
  if (state.pendingStop.answers === 'seen')
    return start(state, seen, 'engine-started', source, state.pendingStop.run);
  return become({ phase: 'down', sequence: state.sequence });
}

type StopPending = Extract<EngineState, { phase: 'down' }> & { readonly pendingStop: PendingStop };

function isStopPending(state: EngineState): state is StopPending {
  return state.phase === 'down' && state.pendingStop !== undefined;
}

/** The run whose stop is pending does not answer any more; `run` is set when its process exists all the same. */
function answersNoMore(
  { sequence, pendingStop: { run: stopping, since } }: StopPending,
  run: EngineRunId | undefined,
): Step {
  const exists = run !== undefined && !isAnother(stopping, run);
  return become(exists ? stopPending(sequence, { run, answers: 'no', since }) : { phase: 'down', sequence });
}

/** Returns whether two runs are known to differ. */
function isAnother(one: EngineRunId | undefined, other: EngineRunId | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function stopPending(sequence: number, pendingStop: PendingStop): StopPending {
  return { phase: 'down', sequence, pendingStop };
}

function start(
  { sequence }: EngineState,
  { engine, at }: Observation,
  reason: Reason,
  source: Source,
  run: EngineRunId | undefined,
  again = false,
): Step {
  // A restart of the listener uses up no number.
  const number = again ? sequence : sequence + 1;
  const about = { engine, at, sequence: number, ...runField(run), ...(again ? { again } : {}) };
  return { state: up(number, source, run), transitions: [{ event: 'start', reason, source, ...about }] };
}

function stop(
  state: { readonly sequence: number; readonly run?: EngineRunId },
  { engine, at }: Observation,
  reason: Reason,
  source: Source,
): Step {
  const sequence = state.sequence + 1;
  const about = { engine, at, sequence, ...runField(state.run) };
  return { state: { phase: 'down', sequence }, transitions: [{ event: 'stop', reason, source, ...about }] };
}

function up(sequence: number, source: Source, run?: EngineRunId): EngineState {
  return { phase: 'up', sequence, source, ...runField(run) };
}

function runField(run: EngineRunId | undefined): { readonly run?: EngineRunId } {
  return run === undefined ? {} : { run };
}

function become(state: EngineState): Step {
  return { state, transitions: [] };
}

/** Makes a second step from the state of the first. */
function follow(first: Step, then: (state: EngineState) => Step): Step {
  const second = then(first.state);
  return { state: second.state, transitions: [...first.transitions, ...second.transitions] };
}
