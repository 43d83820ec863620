import type { HookQueue, TurnResult } from '../hooks/queue.ts';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import type { FolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineKind, EngineRunId } from '../watch/lifecycle/observation.ts';
import {
  type EngineState,
  type LastTransition,
  lastTransitionAfter,
  lastTransitionIn,
  longestPendingStop,
} from '../watch/lifecycle/reduce.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { OpenTurn } from '../watch/lifecycle/turn.ts';
import type { EngineSettings, Heartbeat } from '../watch/settings.ts';
import { type EngineChange, EngineWatch } from '../watch/watch-engine.ts';
import type { NotifierMode, WhenStarted } from './config/settings.ts';
import type { EventPipeline } from './event-pipeline.ts';
import type { ListenerEvent } from './events.ts';
import { holdTurns, laterTransition, type Settled } from './held-turns.ts';
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
  /** Keeps for the hooks whether the engine can be reached. */
  readonly reach: ReachOfEngine;
  readonly record: (event: ListenerEvent) => void;
  /** Records an event that strangers can cause as often as they like. */
  readonly hinted: (event: ListenerEvent) => void;
  /** Called when the engine has answered: the interfaces that it makes may exist by now. */
  readonly answered: () => void;
  readonly signal: AbortSignal;
}

/**
 * One engine's way from its sensor to the hooks: sensor → lifecycle → hooks. All of it happens in the call that saw the
 * change, so that no turn of the event loop comes between a transition and its first hook.
 */
export class Pipeline {
  readonly engine: EngineSettings;
  readonly hooks: HookQueue;
  readonly events: EventPipeline;
  readonly #options: PipelineOptions;
  readonly #watch: EngineWatch;
  readonly #held;
  #last: Transition | undefined;
  #lastStart: Transition | undefined;
  #stopHooks: Promise<TurnResult> = Promise.resolve('complete');
  #stopTimer: AwakeTimer | undefined;

  constructor(options: PipelineOptions) {
    const { engine, hooks, events, memory, turns, record, whenStarted, reach, signal } = options;
    this.#options = options;
    this.engine = engine;
    this.hooks = hooks;
    this.events = events;
    const remembered = memory.recall(engine.name);
    this.#held = holdTurns({ engine: engine.name, turns, remembered, whenStarted, hooks, record });
    this.#watch = new EngineWatch({
      engine,
      heartbeat: options.heartbeat,
      folders: options.folders,
      last: laterTransition(remembered, turns.last()),
      onChange: (change) => this.#changed(change),
      held: (bySystemd) => reach.held(bySystemd),
      // First of all: an engine that stops waits for each client that reads its events.
      lost: () => events.letGo(),
      report: record,
      signal,
    });
    signal.addEventListener('abort', () => this.#stopTimer?.cancel(), { once: true });
  }

  /** Begins to watch the engine. */
  start(): this {
    this.#watch.start();
    return this;
  }

  state(): EngineState {
    return this.#watch.state;
  }

  /** The last transition in this life of the listener. */
  last(): Transition | undefined {
    return this.#last;
  }

  /** The software that answered last; by the socket's name until one has. */
  kind(): EngineKind {
    return this.#watch.kind;
  }

  /** The turns of an earlier listener, until the first look shows what became of the engine. */
  held(): readonly OpenTurn[] {
    return this.#held.list();
  }

  /** Resolves when the hooks of the last stop have ended; at once when there was none. */
  stopHooks(): Promise<TurnResult> {
    return this.#stopHooks;
  }

  /**
   * Acts at once on a message of the service manager that starts and stops the engine.
   * @returns the transitions that it made
   */
  companion(message: 'start' | 'stop'): readonly Transition[] {
    const engine = this.engine.name;
    // If the engine has ended since its stop, that must be seen first: the start is of another run.
    if (message === 'start') this.#watch.lookForStart();
    const { transitions } = this.#watch.observe({ kind: 'companion', engine, at: Date.now(), message });
    this.#options.record({ kind: 'companion-said', engine, said: message, told: transitions.length > 0 });
    return transitions;
  }

  /** Takes a notifier's message, as a transition or as a hint. */
  message(message: 'start' | 'stop', mode: NotifierMode): void {
    const engine = this.engine.name;
    if (mode === 'trusted') {
      this.#watch.observe({ kind: 'message', engine, at: Date.now(), message, trusted: true });
    } else {
      const engineIsUp = this.state().phase === 'up';
      this.#options.hinted({ kind: 'hint-taken', engine, said: message, engineIsUp });
    }
    if (message === 'start') this.#watch.lookForStart();
    else this.#watch.lookForStop();
  }

  #changed(change: EngineChange): void {
    const { observation, before, after, transitions } = change;
    // The stream of events is closed before hooks start: an engine that stops waits for it.
    if (observation.kind === 'engine-ends') this.events.down(observation.how);
    this.#options.reach.changed(after);
    const settled = before.phase === 'unknown' ? this.#held.settle(after, transitions) : undefined;
    if (settled?.stop !== undefined) this.#stopHooks = settled.stop;
    for (const transition of transitions)
      this.#report(transition, lastTransitionAfter(transition, after), settled);
    if (after !== before) this.#keep(before, after);
    if (observation.kind === 'engine-answers') this.#options.answered();
    this.#readEvents(change);
  }

  /** @param settled the turns of an earlier listener, when this is the first look */
  #report(transition: Transition, last: LastTransition, settled: Settled | undefined): void {
    const { turns, record, whenStarted } = this.#options;
    this.#last = transition;
    const isStart = transition.event === 'start';
    if (isStart) this.#lastStart = transition;
    const wanted = isWanted(transition, whenStarted);
    const earlier = (isStart && settled?.earlier) || [];
    // Before the hooks start: a hook that began is known to have begun, whatever ends the listener.
    if (wanted) turns.take(last, transition, earlier);
    else turns.skip(last);
    record({ kind: 'transition', transition });
    if (wanted) return this.#runHooks(transition, settled);
    record({ kind: 'hooks-not-wanted', transition, whenStarted });
    // while_running/ ended with the listener's last life, and is to run for as long as Docker does.
    if (isStart && settled?.startGoesOn !== true) this.hooks.resume(transition);
  }

  #runHooks(transition: Transition, settled: Settled | undefined): void {
    if (transition.event === 'start') {
      settled?.replaced(transition);
      void this.hooks.push(transition, settled?.earlier ?? []);
    } else if (settled?.stop !== undefined) {
      // on_start has not run since the on_stop that continues.
      this.#options.record({ engine: this.engine.name, kind: 'hooks-not-repeated', transition });
      this.#options.turns.close(transition.sequence);
    } else this.#stopHooks = this.hooks.push(transition);
  }

  /** Keeps a new state. The hooks have started by now, so that disk latency does not delay them. */
  #keep(before: EngineState, after: EngineState): void {
    const { memory, record } = this.#options;
    const { name, endpoint } = this.engine;
    const last = lastTransitionIn(after);
    if (last !== undefined) memory.keep(name, last);
    this.#expectEnd(after);
    if (before.phase === 'unknown' && after.phase === 'down') {
      const kind = after.pendingStop === undefined ? 'engine-is-down' : 'engine-is-stopping';
      record({ kind, engine: name, url: endpoint.url });
    }
  }

  /** Cancels a pending stop that is too old. */
  #expectEnd(state: EngineState): void {
    this.#stopTimer?.cancel();
    if (state.phase !== 'down' || state.pendingStop === undefined) return;
    const left = state.pendingStop.since + longestPendingStop - Date.now();
    this.#stopTimer = afterAwake(Math.min(Math.max(left, 0), longestPendingStop), () => {
      this.#watch.observe({ kind: 'engine-stays', engine: this.engine.name, at: Date.now() });
    });
  }

  /** Reads the engine's events while it is up. The hooks of the start itself have begun by now. */
  #readEvents({ observation, after, transitions }: EngineChange): void {
    const { events } = this;
    switch (observation.kind) {
      case 'engine-absent':
        if (observation.run === undefined) events.absent();
        return;
      case 'engine-ends':
        events.absent();
        return;
      case 'engine-identified':
        if (transitions.length === 0) return events.identified(observation.run);
        break;
      case 'engine-answers':
        break;
      case 'engine-stays':
      case 'message':
      case 'companion':
        return;
      default:
        return observation satisfies never;
    }
    // The engine was restarted faster than the sensor could see.
    if (transitions.some(({ event, reason }) => event === 'stop' && reason === 'unseen'))
      events.down('shutdown');
    const started = transitions.find(({ event }) => event === 'start');
    const found =
      started === undefined ? 'again' : started.reason === 'listener-started' ? 'running' : 'starting';
    const kind = observation.kind === 'engine-answers' ? observation.engineKind : undefined;
    if (this.#lastStart !== undefined)
      events.up(observation.run ?? runIn(after), found, this.#lastStart, kind);
  }
}

function runIn(state: EngineState): EngineRunId | undefined {
  return state.phase === 'up' ? state.run : undefined;
}
