import type { Observation, Run } from './observation.ts';
import type { LifecycleEvent, Reason, Source, Transition } from './transition.ts';

/** What is known of one engine. `sequence` is that of the last transition, 0 before the first. */
export type EngineState =
  /** Nobody has looked yet in this life of the listener; `before` is what was told in the last one. */
  | { readonly phase: 'unknown'; readonly sequence: number; readonly before?: Told }
  | { readonly phase: 'down'; readonly sequence: number; readonly leaving?: Leaving }
  | { readonly phase: 'up'; readonly sequence: number; readonly toldBy: Source; readonly run?: Run };

/**
 * The run whose stop was told before the engine knew of it, and which has not been seen to end. That it goes on
 * answering is no start.
 */
export interface Leaving {
  /** Not known yet when it is missing: then the first run that is seen is the one. */
  readonly run?: Run;
  /**
   * `seen`: it was seen to answer, and so answers still. `announced`: it was not seen yet, but its service, which knows that
   * it runs, announced the stop. `no`: it does not answer any more.
   */
  readonly answers: 'seen' | 'announced' | 'no';
  /** When its stop was told, in ms since the epoch. */
  readonly since: number;
}

/**
 * How long a run may be leaving, in ms: what systemd gives a stop, several times over. One that answers then was not
 * stopped after all, and nobody has said so.
 */
export const longestLeave = 300_000;

/** The last transition of an engine that was told, as it is kept from one life of the listener to the next. */
export interface Told {
  readonly event: LifecycleEvent;
  readonly sequence: number;
  readonly run?: Run;
  /** After a stop: `run` is leaving, and this is since when; see `Leaving`. */
  readonly leaving?: number;
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
  if (phase === 'down') {
    if (sequence === 0) return undefined;
    const { leaving } = state;
    const left = leaving === undefined ? {} : { ...runField(leaving.run), leaving: leaving.since };
    return { event: 'stop', sequence, ...left };
  }
  return { event: 'start', sequence, ...runField(state.run) };
}

/** Returns what is to be kept of a transition that led, itself or with another behind it, to a state. */
export function toldBy({ event, sequence, run }: Transition, state: EngineState): Told {
  const told = toldIn(state);
  if (told?.sequence === sequence && told.event === event) return told;
  return event === 'stop' ? { event, sequence } : { event, sequence, ...runField(run) };
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
 * sequence numbers rise by one, but a start that is reported again keeps its own; an untrusted message changes nothing; an engine that is seen to answer gives a
 * start at once unless it was told already, and its end a stop; a changed run gives both. After the companion's
 * stop the run that is leaving gives no start, however often it answers, in the next life neither, unless the
 * companion says that it stays, or it stays all too long; a new run does, and so does an answer after the end.
 */
export function reduce(state: EngineState, observation: Observation): Step {
  switch (observation.kind) {
    case 'engine-answers':
      return state.phase === 'unknown' ? firstSeen(state, observation) : answers(state, observation);
    case 'engine-identified':
      return state.phase === 'up' || isLeaving(state) ? answers(state, observation) : unchanged(state);
    case 'engine-absent':
      if (state.phase === 'unknown') return firstMissed(state, observation, observation.run);
      return isLeaving(state) ? gone(state, observation.run) : unchanged(state);
    case 'engine-ends':
      if (state.phase === 'unknown') return firstMissed(state, observation);
      if (state.phase === 'up') return stop(state, observation, observation.how, 'engine');
      // Frozen is not gone: the very same run may answer again.
      return isLeaving(state)
        ? gone(state, observation.how === 'unreachable' ? state.leaving.run : undefined)
        : unchanged(state);
    case 'engine-stays':
      return isToStay(state, observation, 'engine');
    case 'message':
      return observation.trusted ? believe(state, observation) : unchanged(state);
    case 'companion':
      return observation.message === 'stop'
        ? isToStop(state, observation)
        : isToStay(state, observation, 'companion');
    default:
      return observation satisfies never;
  }
}

type Seen<Kind extends Observation['kind']> = Extract<Observation, { kind: Kind }>;
type Unknown = Extract<EngineState, { phase: 'unknown' }>;

/** The first look found it up. Is it the run that was told in the listener's last life? */
function firstSeen(state: Unknown, seen: Seen<'engine-answers'>): Step {
  const { before } = state;
  const left = leftIn(before, seen.at);
  if (left !== undefined && left.run === seen.run) {
    return { state: departing(state.sequence, left), transitions: [] };
  }
  const begin = (from: EngineState, again: boolean) =>
    start(from, seen, 'listener-started', 'engine', seen.run, again);
  if (before?.event !== 'start') return begin(state, false);
  if (!areComparable(before.run, seen.run)) return begin(state, false);
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
  const left = leftIn(state.before, seen.at);
  if (left !== undefined) return gone(departing(state.sequence, left), run);
  if (run !== undefined && run === state.before?.run) return unchanged(state);
  return state.before?.event === 'start'
    ? missed(state, state.before, seen)
    : { state: { phase: 'down', sequence: state.sequence }, transitions: [] };
}

/**
 * The run that was leaving when the listener's last life ended, unless that is too long ago. One that is not known is
 * none: whatever is seen now may be the next.
 */
function leftIn(before: Told | undefined, at: number): Leaving | undefined {
  if (before?.leaving === undefined || before.run === undefined) return undefined;
  if (at - before.leaving >= longestLeave) return undefined;
  return { run: before.run, answers: 'seen', since: before.leaving };
}

function missed(state: Unknown, { run }: Told, seen: Observation): Step {
  return stop({ ...state, ...runField(run) }, seen, 'listener-started', 'engine');
}

function answers(
  state: Exclude<EngineState, Unknown>,
  seen: Seen<'engine-answers'> | Seen<'engine-identified'>,
): Step {
  if (isLeaving(state) && !isAnother(state.leaving.run, seen.run)) {
    const { run = seen.run, since } = state.leaving;
    return {
      state: departing(state.sequence, { ...runField(run), answers: 'seen', since }),
      transitions: [],
    };
  }
  if (state.phase === 'down') return start(state, seen, 'engine-started', 'engine', seen.run);
  if (!isAnother(state.run, seen.run)) {
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

/** It is told now; the engine itself will hear of it later, and answers until then. */
function isToStop(state: EngineState, said: Seen<'companion'>): Step {
  switch (state.phase) {
    case 'unknown': {
      const { before, sequence } = state;
      const any: Leaving = { answers: 'announced', since: said.at };
      if (before?.event !== 'start') return { state: departing(sequence, any), transitions: [] };
      const stopped = stop({ ...state, ...runField(before.run) }, said, 'shutdown', 'companion');
      // It may be another run by now: whichever is seen is the one that leaves.
      return { ...stopped, state: departing(stopped.state.sequence, any) };
    }
    case 'down':
      return unchanged(state);
    case 'up': {
      const stopped = stop(state, said, 'shutdown', 'companion');
      const left: Leaving = { ...runField(state.run), answers: 'seen', since: said.at };
      return { ...stopped, state: departing(stopped.state.sequence, left) };
    }
    default:
      return state satisfies never;
  }
}

/** Whether the engine is up is its own to say; but if it was leaving, and answers, it stays. */
function isToStay(state: EngineState, seen: Observation, source: Source): Step {
  if (state.phase === 'unknown' && state.before?.leaving !== undefined) {
    const { event, sequence } = state.before;
    return { state: { ...state, before: { event, sequence } }, transitions: [] };
  }
  if (!isLeaving(state)) return unchanged(state);
  if (state.leaving.answers === 'seen')
    return start(state, seen, 'engine-started', source, state.leaving.run);
  return { state: { phase: 'down', sequence: state.sequence }, transitions: [] };
}

type Departing = Extract<EngineState, { phase: 'down' }> & { readonly leaving: Leaving };

function isLeaving(state: EngineState): state is Departing {
  return state.phase === 'down' && state.leaving !== undefined;
}

/** What was leaving does not answer any more; `run` when its process is there all the same. */
function gone({ sequence, leaving: { run: left, since } }: Departing, run: Run | undefined): Step {
  const isThere = run !== undefined && !isAnother(left, run);
  const state: EngineState = isThere
    ? departing(sequence, { run, answers: 'no', since })
    : { phase: 'down', sequence };
  return { state, transitions: [] };
}

/** Whether two runs of different lives say whether they are one: between them a pid file may have come into sight. */
function areComparable(one: Run | undefined, other: Run | undefined): boolean {
  return one !== undefined && other !== undefined && one.includes('@') === other.includes('@');
}

/** Whether two runs are known to differ. */
function isAnother(one: Run | undefined, other: Run | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function departing(sequence: number, leaving: Leaving): Departing {
  return { phase: 'down', sequence, leaving };
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
  // The same transition, reported again: no number is used up by a restart of the listener.
  const sequence = again ? state.sequence : state.sequence + 1;
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
