import type { EngineSettings, Heartbeat } from '../watch/settings.ts';
import { isPodmanSocket } from './endpoint/endpoint.ts';
import { HeldPodmanSensor, isHeld } from './engine/held-podman.ts';
import type { EngineReport } from './engine/report.ts';
import { EngineSensor } from './engine/sensor.ts';
import type { FolderWatches } from './host/folder-watch.ts';
import type { EngineKind, Observation } from './lifecycle/observation.ts';
import { type EngineState, initialState, type LastTransition, reduce } from './lifecycle/reduce.ts';
import type { Transition } from './lifecycle/transition.ts';

/** One observation with its result. */
export interface EngineChange {
  readonly observation: Observation;
  /** The state before the observation; the very same object as `after` when nothing changed. */
  readonly before: EngineState;
  readonly after: EngineState;
  readonly transitions: readonly Transition[];
}

export interface WatchOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  /** The engine's last transition in an earlier life of the listener. */
  readonly last?: LastTransition | undefined;
  /** Called with each observation and its result, in the very call that saw it. */
  readonly onChange: (change: EngineChange) => void;
  /** Called whenever it was looked up whether systemd holds the engine's socket. */
  readonly held?: (bySystemd: boolean) => void;
  /** Called when the connection to the engine is gone, before its cause is known; see the sensor's. */
  readonly lost?: () => void;
  /** Called with the reasons for which it may not be known whether the engine is up. */
  readonly report: (report: EngineReport) => void;
  /** Ends the watch: nothing is called any more, and nothing stays open. */
  readonly signal: AbortSignal;
}

/**
 * Watches one engine: joins its sensor with the lifecycle. The listener, the library and `wait` all use it, so that they
 * agree on whether an engine is up.
 */
export class EngineWatch {
  readonly #options: WatchOptions;
  #kind: EngineKind;
  #state: EngineState;
  #sensor: EngineSensor | HeldPodmanSensor | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { endpoint } = options.engine;
    this.#kind = endpoint.kind === 'unix' && isPodmanSocket(endpoint.path) ? 'podman' : 'docker';
    this.#state = initialState(options.last);
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The software that answered last; by the socket's name until one has. */
  get kind(): EngineKind {
    return this.#kind;
  }

  /** Starts the sensor. Its first observations are made before this returns. */
  start(): this {
    const observe = (observation: Observation) => void this.observe(observation);
    const options = { ...this.#options, observe };
    const isPodmanHeld = isHeld(options.engine);
    this.#sensor = (isPodmanHeld ? new HeldPodmanSensor(options) : new EngineSensor(options)).start();
    return this;
  }

  /** Takes an observation, also one that did not come from the sensor. */
  observe(observation: Observation): EngineChange {
    const before = this.#state;
    if (this.#options.signal.aborted) return { observation, before, after: before, transitions: [] };
    if (observation.kind === 'engine-answers') this.#kind = observation.engineKind ?? this.#kind;
    const { state: after, transitions: found } = reduce(before, observation);
    const software = this.#kind === 'podman' ? this.#kind : undefined;
    const transitions = software === undefined ? found : found.map((one) => ({ ...one, software }));
    this.#state = after;
    const change = { observation, before, after, transitions };
    this.#options.onChange(change);
    return change;
  }

  /** Has the sensor look whether the engine has started. Never opens a connection that could start it. */
  lookForStart(): void {
    this.#sensor?.lookForStart();
  }

  /** Has the sensor look whether the engine stops, and ask on the connection that is open. */
  lookForStop(): void {
    this.#sensor?.lookForStop();
  }
}
