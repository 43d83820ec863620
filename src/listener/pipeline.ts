import type { HookQueue } from '../hooks/queue.ts';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import type { FolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineRunId, Observation } from '../watch/lifecycle/observation.ts';
import {
  type EngineState,
  type LastTransition,
  lastTransitionIn,
  longestPendingStop,
} from '../watch/lifecycle/reduce.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { EngineSettings, Heartbeat } from '../watch/settings.ts';
import { watchEngine } from '../watch/watch-engine.ts';
import type { NotifierMode, WhenStarted } from './config/settings.ts';
import type { EventPipeline } from './event-pipeline.ts';
import type { ListenerEvent } from './events.ts';
import { type HeldTurns, holdTurns, laterTransition, type Settled } from './held-turns.ts';
import type { EngineMemory } from './journal/engine-memory.ts';
import type { TurnFile } from './journal/turn-file.ts';
import type { ReachOfEngine } from './reach.ts';
import { isWanted } from './wanted.ts';

export interface PipelineOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly whenStarted: WhenStarted;
  readonly hooks: HookQueue;
  readonly events: EventPipeline;
  readonly memory: EngineMemory;
  readonly turns: TurnFile;
  readonly folders: FolderWatches;
  /** Keeps how the engine can be reached, for the hooks. */
  readonly reach: ReachOfEngine;
  readonly record: (event: ListenerEvent) => void;
  /** The same for what strangers can cause as often as they like. */
  readonly hinted: (event: ListenerEvent) => void;
  /** The engine has answered: what came with it may be there by now. */
  readonly answered: () => void;
  readonly signal: AbortSignal;
}

/** One engine's way from what is seen of it to the hooks. */
export interface Pipeline {
  readonly engine: EngineSettings;
  readonly hooks: HookQueue;
  readonly events: EventPipeline;
  /** A message from outside, as the administrator chose to take it. */
  message(said: 'start' | 'stop', mode: NotifierMode): void;
  /**
   * The word of the service manager that starts and stops the engine; acted on at once.
   * @returns what it made to be told
   */
  companion(said: 'start' | 'stop'): readonly Transition[];
  state(): EngineState;
  /** The last transition that was told in this life of the listener. */
  last(): Transition | undefined;
  /** What an earlier listener left of its hooks, until it is known what became of the engine. */
  held(): ReturnType<HeldTurns['list']>;
  /** Resolves when the hooks of the last stop are done; at once when there was none. */
  stopHooks(): Promise<unknown>;
}

/** Begins to watch one engine: sensor → lifecycle → hooks. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const { engine, hooks, events, memory, turns, record, whenStarted } = options;
  const remembered = memory.recall(engine.name);
  const held = holdTurns({ engine: engine.name, turns, remembered, whenStarted, hooks, record });
  /** Since the first look. */
  let settled: Settled | undefined;
  let last: Transition | undefined;
  let lastStart: Transition | undefined;
  let stopHooks: Promise<unknown> = Promise.resolve();
  /** What the observation that is at hand has made to be told. */
  let told: Transition[] = [];

  function tell(transition: Transition, kept: LastTransition): void {
    last = transition;
    told.push(transition);
    const isStart = transition.event === 'start';
    if (isStart) lastStart = transition;
    const wanted = isWanted(transition, whenStarted);
    const earlier = (isStart && settled?.earlier) || [];
    // Before the hooks: one that has begun is known to have begun, whatever ends the listener.
    if (wanted) turns.take(kept, transition, earlier);
    else turns.tell(kept);
    record({ kind: 'transition', transition });
    if (wanted) act(transition, earlier);
    else {
      record({ kind: 'hooks-not-wanted', transition, whenStarted });
      // It ended with the listener's last life, and is to run for as long as Docker does.
      if (isStart && settled?.startGoesOn !== true) hooks.resume(transition);
    }
  }

  function act(transition: Transition, earlier: Settled['earlier']): void {
    if (transition.event === 'start') {
      settled?.replaced(transition);
      void hooks.push(transition, earlier);
    } else if (settled?.stop !== undefined) {
      // on_start has not run since the on_stop that goes on.
      record({ engine: engine.name, kind: 'hooks-not-repeated', transition });
      turns.close(transition.sequence);
    } else stopHooks = hooks.push(transition);
  }

  /** Should it neither end nor be said to stay: then it stays. */
  let staying: AwakeTimer | undefined;
  function expectEnd(state: EngineState): void {
    staying?.cancel();
    if (state.phase !== 'down' || state.pendingStop === undefined) return;
    const left = state.pendingStop.since + longestPendingStop - Date.now();
    staying = afterAwake(Math.min(Math.max(left, 0), longestPendingStop), () => {
      watch.observe({ kind: 'engine-stays', engine: engine.name, at: Date.now() });
    });
  }

  /** Once the hooks of the start itself are under way, events are read. */
  function passOn(observation: Observation, left: EngineState): void {
    switch (observation.kind) {
      case 'engine-absent':
        if (observation.run === undefined) events.absent();
        return;
      case 'engine-ends':
        events.absent();
        return;
      case 'engine-identified':
        if (told.length === 0) return events.identified(observation.run);
        break;
      case 'engine-answers':
        break;
      default:
        return;
    }
    // Restarted, and nobody saw it.
    if (told.some(({ event, reason }) => event === 'stop' && reason === 'unseen')) events.down('shutdown');
    const started = told.find(({ event }) => event === 'start');
    const found =
      started === undefined ? 'again' : started.reason === 'listener-started' ? 'running' : 'starting';
    if (lastStart !== undefined) events.up(observation.run ?? runIn(left), found, lastStart);
  }

  const { heartbeat, folders, signal } = options;
  signal.addEventListener('abort', () => staying?.cancel(), { once: true });
  const watch = watchEngine({
    engine,
    heartbeat,
    folders,
    before: laterTransition(remembered, turns.told()),
    decided(found, step) {
      settled = held.decided(found, step);
      if (settled?.stop !== undefined) stopHooks = settled.stop;
    },
    tell,
    changed: (state) => options.reach.changed(state),
    held: (bySystemd) => options.reach.held(bySystemd),
    // First of all: an engine that stops waits for whoever reads its events.
    lost: () => events.letGo(),
    arrived(observation) {
      told = [];
      if (observation.kind === 'engine-ends') events.down(observation.how);
    },
    observed(observation, found, left) {
      const toBeKept = lastTransitionIn(left);
      // Behind the hooks: they do not wait for the disk.
      if (toBeKept !== undefined && left !== found) memory.keep(engine.name, toBeKept);
      if (left !== found) expectEnd(left);
      if (found.phase === 'unknown' && left.phase === 'down') {
        const kind = left.pendingStop === undefined ? 'engine-is-down' : 'engine-is-stopping';
        record({ kind, engine: engine.name, url: engine.endpoint.url });
      }
      if (observation.kind === 'engine-answers') options.answered();
      passOn(observation, left);
    },
    report: record,
    signal,
  });

  return {
    engine,
    hooks,
    events,
    state: watch.state,
    last: () => last,
    held: held.list,
    stopHooks: () => stopHooks,
    companion(said) {
      // If the engine has gone since it was to stop, that is to be known first: what comes now is another run.
      if (said === 'start') watch.lookForStart();
      const made = watch.observe({ kind: 'companion', engine: engine.name, at: Date.now(), message: said });
      record({ kind: 'companion-said', engine: engine.name, said, told: made.length > 0 });
      return made;
    },
    message(said, mode) {
      if (mode === 'trusted') {
        watch.observe({ kind: 'message', engine: engine.name, at: Date.now(), message: said, trusted: true });
      } else {
        const engineIsUp = watch.state().phase === 'up';
        options.hinted({ kind: 'hint-taken', engine: engine.name, said, engineIsUp });
      }
      if (said === 'start') watch.lookForStart();
      else watch.lookForStop();
    },
  };
}

function runIn(state: EngineState): EngineRunId | undefined {
  return state.phase === 'up' ? state.run : undefined;
}
