import type { EngineSettings, Heartbeat } from '../watch/settings.ts';
import type { Hints } from './engine/hints.ts';
import type { EngineReport } from './engine/report.ts';
import { startSensor } from './engine/sensor.ts';
import type { FolderWatches } from './host/folder-watch.ts';
import type { Observation } from './lifecycle/observation.ts';
import {
  type EngineState,
  initialState,
  type LastTransition,
  lastTransitionAfter,
  reduce,
  type Step,
} from './lifecycle/reduce.ts';
import type { Transition } from './lifecycle/transition.ts';

export interface WatchOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  /** What was told of it in an earlier life. */
  readonly before?: LastTransition | undefined;
  /** Called once an observation's meaning is known, before its transitions are passed on. */
  readonly decided?: (found: EngineState, step: Step) => void;
  /** Takes each transition, in the very call that saw what made it, with what is to be kept of it. */
  readonly tell: (transition: Transition, told: LastTransition) => void;
  /** Called with each observation at once, before what it means is known. */
  readonly arrived?: (observation: Observation) => void;
  /** Called with each new state, before what it means is told. */
  readonly changed?: (state: EngineState) => void;
  /** Whether systemd holds the engine's socket; called whenever that was looked at. */
  readonly held?: (bySystemd: boolean) => void;
  /** The connection to the engine is gone, and nobody knows yet what that means; see the sensor's. */
  readonly lost?: () => void;
  /** Called after each observation, when what it means has been told: what it was, and the state it found. */
  readonly observed?: (observation: Observation, found: EngineState, left: EngineState) => void;
  /** Told why it may not be known whether the engine is up. */
  readonly report: (report: EngineReport) => void;
  /** Ends the watch: nothing is told any more, and nothing stays open. */
  readonly signal: AbortSignal;
}

/** An engine that is watched. */
export interface EngineWatch extends Hints {
  state(): EngineState;
  /**
   * Takes what was learnt of the engine elsewhere than from its sensor.
   * @returns what that made to be told
   */
  observe(observation: Observation): readonly Transition[];
}

/**
 * Watches one engine: what its sensor sees, and what that means. The listener, the library and `wait` all know by
 * this alone whether an engine is up.
 */
export function watchEngine(options: WatchOptions): EngineWatch {
  const { engine, heartbeat, folders, report, signal } = options;
  let state: EngineState = initialState(options.before);

  function observe(observation: Observation): readonly Transition[] {
    if (signal.aborted) return [];
    options.arrived?.(observation);
    const found = state;
    const step = reduce(found, observation);
    state = step.state;
    options.changed?.(state);
    options.decided?.(found, step);
    for (const transition of step.transitions)
      options.tell(transition, lastTransitionAfter(transition, step.state));
    options.observed?.(observation, found, step.state);
    return step.transitions;
  }

  const { lost, held } = options;
  const sensor = startSensor({ engine, heartbeat, folders, observe, report, lost, held, signal });
  return { ...sensor, state: () => state, observe };
}
