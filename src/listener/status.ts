import type { FleetStatus } from '../fleet/report.ts';
import type { RunningHook } from '../hooks/attempts.ts';
import { eventWord } from '../hooks/engine-events.ts';
import type { TurnRest } from '../hooks/turn.ts';
import { version } from '../version.ts';
import type { EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { EngineState } from '../watch/lifecycle/reduce.ts';
import type { LifecycleEvent, Reason, Source, Transition } from '../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../watch/lifecycle/turn.ts';
import type { NotifierMode, Settings } from './config/settings.ts';
import { CutTurns } from './cut-turns.ts';
import type { EventPipelineSnapshot } from './event-pipeline.ts';
import type { Failure } from './failures.ts';
import { restOfTurn } from './held-turns.ts';
import type { Timestamp } from './journal/record.ts';
import type { Pipeline } from './pipeline.ts';

/** The answer to `GET /v1/status`, but for its version. */
export interface Status {
  readonly listener: {
    readonly version: string;
    readonly pid: number;
    readonly since: Timestamp;
    readonly scriptDir: string;
    readonly stateDir: string;
    /** Memory in use, in bytes. */
    readonly memory: number;
    readonly notifier: { readonly mode: NotifierMode; readonly port: number };
  };
  readonly engines: readonly EngineStatus[];
  /** The last failure of each hook that has not succeeded since, by age. */
  readonly failures: readonly Failure[];
  /** The fleet that this host publishes to; missing where none is set. */
  readonly fleet?: FleetStatus;
}

export interface EngineStatus {
  readonly name: string;
  readonly url: string;
  /** Set for Podman, whose containers run without the service that is watched. */
  readonly software?: 'podman';
  /** `stopping`: its stop is pending, and it still answers. `unknown`: not seen yet. */
  readonly state: 'up' | 'down' | 'stopping' | 'unknown';
  /** The last transition in this life of the listener; null when there was none. */
  readonly last: StatedTransition | null;
  /** The process that is up or stopping; null where it cannot be seen. */
  readonly pid: number | null;
  readonly hooks: {
    /** The transition whose hooks run, and the one of them that runs. */
    readonly current: (StatedTransition & { readonly hook: StatedHook | null }) | null;
    readonly waiting: readonly StatedTransition[];
    /** Turns that the end of a listener cut off, until a later one is done; missing when there is none. */
    readonly cut?: readonly CutTurnStatus[];
    /** The hooks of `while_running`. */
    readonly kept: readonly {
      readonly name: string;
      /** `waiting`: to be started again at `at`; `out`: it may not run. */
      readonly phase: 'running' | 'waiting' | 'out';
      readonly pid: number | null;
      readonly at: Timestamp | null;
    }[];
  };
  /** The engine's events and their hooks; null while there is no folder for any. */
  readonly events: EventsStatus | null;
}

export interface CutTurnStatus extends StatedTransition {
  /** `held`: it is not known yet what became of the engine. */
  readonly phase: 'held' | 'continued' | 'dropped';
  /** Why the rest is not run; null where it is. */
  readonly why: WhyDropped | null;
  /** The hook that ran when the listener ended; null when none did. */
  readonly hook: string | null;
  /** The hooks that had not begun, the first 20 of them; null where they were not listed yet. */
  readonly left: readonly string[] | null;
}

export interface EventsStatus {
  /** `off` while the engine is down; `waiting`: the stream was cut, and is opened again soon. */
  readonly phase: 'off' | 'opening' | 'reading' | 'waiting';
  /** The events that have folders, as `container_start`. */
  readonly names: readonly string[];
  readonly running: readonly { readonly told: EventLabel; readonly hook: StatedHook | null }[];
  /** Hooks that are run once for many events, and collect them now. */
  readonly collecting?: readonly {
    readonly hook: string;
    readonly events: number;
    readonly since: Timestamp;
  }[];
  readonly waiting: number;
  /** Since the listener was started: acted on, merged with later ones, given up. */
  readonly told: number;
  readonly merged: number;
  readonly givenUp: number;
}

export interface StatedTransition {
  readonly event: LifecycleEvent;
  readonly reason: Reason;
  readonly source: Source;
  readonly sequence: number;
  readonly time: Timestamp;
}

export interface StatedHook {
  readonly name: string;
  readonly pid: number | null;
  readonly since: Timestamp;
  /** The attempt that runs, or the one that starts at `at`; missing for a hook that is not retried. */
  readonly attempt?: { readonly number: number; readonly most: number; readonly at: Timestamp | null };
}

/** Puts together how things are now. */
export function statusOf(
  settings: Settings,
  since: Date,
  pipelines: readonly Pipeline[],
  failures: readonly Failure[],
  cutTurns: CutTurns = new CutTurns(),
  notifier: Status['listener']['notifier'] = settings.notifier,
  fleet?: FleetStatus,
): Status {
  const { scriptDir, stateDir } = settings;
  return {
    listener: {
      version,
      pid: process.pid,
      since: since.toISOString(),
      scriptDir,
      stateDir,
      memory: process.memoryUsage.rss(),
      notifier: { mode: notifier.mode, port: notifier.port },
    },
    engines: pipelines.map((pipeline) => engineStatus(pipeline, cutTurns)),
    failures,
    ...(fleet === undefined ? {} : { fleet }),
  };
}

function engineStatus(pipeline: Pipeline, cutTurns: CutTurns): EngineStatus {
  const { engine, hooks } = pipeline;
  const state = pipeline.state();
  const last = pipeline.last();
  const { current, waiting, kept } = hooks.snapshot();
  const cut = [
    ...pipeline.held().map((turn) => cutStatus('held', turn.transition, restOfTurn(turn))),
    ...cutTurns
      .of(engine.name)
      .map(({ transition, rest, dropped }) =>
        cutStatus(dropped === undefined ? 'continued' : 'dropped', transition, rest, dropped),
      ),
  ];
  return {
    name: engine.name,
    url: engine.endpoint.url,
    ...(pipeline.kind() === 'podman' ? { software: 'podman' } : {}),
    state: phaseOf(state),
    last: last === undefined ? null : stated(last),
    pid: pidIn(state),
    hooks: {
      current: current === undefined ? null : { ...stated(current.transition), hook: hookIn(current.hook) },
      waiting: waiting.map(stated),
      ...(cut.length === 0 ? {} : { cut }),
      kept: kept.map((one) => {
        if (one.phase === 'running') {
          const { name, pid = null, startedAt } = one.hook;
          return { name, phase: one.phase, pid, at: iso(startedAt) };
        }
        return { name: one.name, phase: one.phase, pid: null, at: one.phase === 'out' ? null : iso(one.at) };
      }),
    },
    events: eventsIn(pipeline.events.snapshot()),
  };
}

function eventsIn(snapshot: EventPipelineSnapshot | undefined): EventsStatus | null {
  if (snapshot === undefined) return null;
  const { phase, names, running, collecting, waiting, handled, merged, givenUp } = snapshot;
  return {
    phase,
    names: names.map(eventWord),
    running: running.map(({ event, hook }) => ({ told: event, hook: hookIn(hook) })),
    collecting: collecting.map(({ hook, events, since }) => ({ hook, events, since: iso(since) })),
    waiting,
    told: handled,
    merged,
    givenUp,
  };
}

function cutStatus(
  phase: CutTurnStatus['phase'],
  transition: Transition,
  rest: TurnRest,
  why: WhyDropped | null = null,
): CutTurnStatus {
  return { ...stated(transition), phase, why, hook: rest.cut ?? null, left: rest.left ?? null };
}

/** Returns the state of an engine in the word of `status`. */
export function phaseOf(state: EngineState): EngineStatus['state'] {
  return state.phase === 'down' && state.pendingStop !== undefined ? 'stopping' : state.phase;
}

/** A run that is known by its process begins with its pid. */
function pidIn(state: EngineState): number | null {
  const run = state.phase === 'up' ? state.run : state.phase === 'down' ? state.pendingStop?.run : undefined;
  const pid = /^(\d+)@/.exec(run ?? '')?.[1];
  return pid === undefined ? null : Number(pid);
}

function stated({ event, reason, source, sequence, at }: Transition): StatedTransition {
  return { event, reason, source, sequence, time: iso(at) };
}

function hookIn(hook: RunningHook | undefined): StatedHook | null {
  if (hook === undefined) return null;
  const { name, pid = null, startedAt, attempt } = hook;
  const { number, most, startsAt } = attempt ?? {};
  return {
    ...{ name, pid, since: iso(startedAt) },
    ...(number !== undefined &&
      most !== undefined && {
        attempt: { number, most, at: startsAt === undefined ? null : iso(startsAt) },
      }),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
