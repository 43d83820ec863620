import { Backoff } from '../../system/backoff.ts';
import { isActive, type ServiceReady, type WatchUnit, watchUnit } from '../host/service-ready.ts';
import { listenerAt, socketHolder } from '../host/unix-sockets.ts';
import type { EngineKind, EngineRunId, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';
import type { Connection } from './connection.ts';
import { Deadline } from './deadline.ts';
import { LocalEngine } from './local-engine.ts';
import { Probe } from './probe.ts';
import { EngineReporter } from './report.ts';
import type { SensorOptions } from './sensor.ts';
import { defaultTimeouts, type SensorTimeouts } from './timeouts.ts';

/**
 * The stream of events that keeps Podman's service up. No event has this name, so that it stays silent; Podman 5.8.6 takes
 * any name.
 */
const holdPath = `/events?filters=${encodeURIComponent('{"event":["docker-lifecycle-listener"]}')}`;

/** The unit that Podman's packages have behind `podman.socket`. */
const podmanUnit = 'podman.service';

/**
 * Returns whether an engine's service is to be kept up: it is wanted, and the socket is systemd's, or not there yet. A
 * `podman system service` that made the socket itself needs no hold.
 */
export function isHeld({ hold, endpoint }: EngineSettings): boolean {
  if (hold !== true || endpoint.kind !== 'unix') return false;
  return ['systemd', 'unknown', 'nobody'].includes(socketHolder(endpoint.path));
}

/**
 * The states of the watch of a held Podman.
 *
 * ```
 *             socket is new, service active
 *    ┌─▶ down ────────────────────────▶ probing ──answered──▶ up ──cut──▶ lost
 *    │    ▲                                │                  │ stops      │ still active: probing
 *    │    └── no answer (lost, if it was up)┘                  ▼            │
 *    └──────────────────────────────────────────────── the service stops ◀─┘
 * ```
 */
type State =
  /** Nothing is open: a connection would start a service that was stopped. */
  | { readonly name: 'down' }
  /** One `_ping` is pending. It starts the service where that is not active. `wasUp` after a cut: an end is a stop. */
  | { readonly name: 'probing'; readonly probe: Probe; readonly wasUp: boolean }
  /** The stream of events is held open. */
  | { readonly name: 'up'; readonly connection: Connection }
  /** The connection was cut. The unit's state shows whether the service has ended. */
  | { readonly name: 'lost' };

/**
 * Watches a Podman behind a socket of systemd's, and keeps its service up by a request that stays open. Its socket is
 * opened when it is new to the listener, which starts the service; after a stop only once systemd reports that the service
 * is active again. systemd reports a stop at once, where Podman itself waits up to 5 s for the open request (5.8.6).
 */
export class HeldPodmanSensor {
  readonly #options: SensorOptions;
  readonly #socket: string;
  readonly #timeouts: SensorTimeouts;
  readonly #reporter: EngineReporter;
  readonly #backoff: Backoff;
  readonly #askAgain: Backoff;
  readonly #watchUnit: WatchUnit;
  readonly #watchPlaces: () => boolean;
  readonly #next = new Deadline();
  readonly #unitNext = new Deadline();
  /** The kernel's name of the socket that was opened last. */
  #opened: string | undefined;
  #unitState: string | undefined;
  #watching: ServiceReady | undefined;
  #isFirstLook = true;
  #state: State = { name: 'down' };

  /** @param watch tests without systemd set their own */
  constructor(options: SensorOptions, watch: WatchUnit = watchUnit) {
    const { engine, timeouts = defaultTimeouts } = options;
    const { endpoint } = engine;
    if (endpoint.kind !== 'unix') throw new RangeError(`${endpoint.url} is no Unix socket`);
    this.#options = options;
    this.#socket = endpoint.path;
    this.#timeouts = timeouts;
    this.#reporter = new EngineReporter({ engine: engine.name, url: endpoint.url }, options.report);
    this.#backoff = new Backoff(timeouts.remote);
    this.#askAgain = new Backoff(timeouts.remote);
    this.#watchUnit = watch;
    this.#watchPlaces = new LocalEngine(engine).watchPlaces(options.folders, () => this.#changed());
  }

  start(): this {
    const { engine, signal } = this.#options;
    signal.addEventListener('abort', () => {
      this.#release();
      this.#unitNext.clear();
      this.#watching?.cancel();
    });
    this.#watchPlaces();
    this.#reporter.report({ kind: 'engine-watched', pidfile: undefined, chosenBy: engine.chosenBy });
    this.#watch();
    return this;
  }

  /** systemd reports each start. A look could begin one. */
  lookForStart(): void {}

  lookForStop(): void {}

  #watch(): void {
    const user = /^\/run\/user\/(\d+)\//.exec(this.#socket)?.[1];
    this.#watching = this.#watchUnit(podmanUnit, user, {
      state: (state) => this.#unitChanged(state),
      unknown: () => this.#unitUnknown(),
    });
  }

  /** Without systemd's word a stop would be undone by the next connection: none is made. */
  #unitUnknown(): void {
    this.#unitState = undefined;
    this.#reporter.reportFirst({ kind: 'engine-not-held', unit: podmanUnit });
    if (this.#isCut()) this.#stop('unreachable');
    this.#absent();
    this.#unitNext.set(this.#askAgain.next(), () => this.#watch());
  }

  #unitChanged(unitState: string): void {
    if (this.#options.signal.aborted) return;
    const [before, state] = [this.#unitState, this.#state];
    const isFirst = before === undefined;
    this.#unitState = unitState;
    this.#askAgain.reset();
    if (isActive(unitState)) {
      const isAgain = state.name === 'lost' && before !== undefined && !isActive(before);
      if (state.name === 'down' || isAgain) this.#probe();
      return;
    }
    if (unitState === 'activating') return;
    switch (state.name) {
      case 'down':
        return isFirst ? this.#openNew() : undefined;
      case 'probing':
        // A connection that the service has not accepted would start it again.
        if (unitState === 'deactivating') return this.#enter({ name: state.wasUp ? 'lost' : 'down' });
        return state.wasUp ? this.#stop(unitState === 'failed' ? 'crash' : 'shutdown') : undefined;
      case 'up':
        return this.#stop(unitState === 'failed' ? 'crash' : 'shutdown');
      case 'lost':
        // A killed service is `deactivating` for a moment, too.
        if (unitState === 'deactivating') return;
        return this.#stop(unitState === 'failed' ? 'crash' : 'shutdown');
      default:
        return state satisfies never;
    }
  }

  /** The socket's folder has changed. */
  #changed(): void {
    this.#watchPlaces();
    if (this.#state.name === 'down' && this.#unitState !== undefined) this.#openNew();
  }

  /** Opens the socket if it is there and was not opened before. Then the service starts, if it is not active. */
  #openNew(): void {
    const listener = listenerAt(this.#socket);
    if (listener === undefined || listener === this.#opened || this.#unitState === 'deactivating')
      return this.#absent();
    this.#probe();
  }

  #probe(): void {
    this.#opened = listenerAt(this.#socket);
    const { endpoint } = this.#options.engine;
    const wasUp = this.#isCut();
    const probe = new Probe(endpoint, true, this.#timeouts.identity, {
      found: (connection, kind, run) => this.#answered(connection, kind, run),
      failed: () => this.#unanswered(),
    });
    this.#enter({ name: 'probing', probe, wasUp });
  }

  /** It was up, and systemd has not reported yet whether its service has ended. */
  #isCut(): boolean {
    return this.#state.name === 'lost' || (this.#state.name === 'probing' && this.#state.wasUp);
  }

  #unanswered(): void {
    this.#enter({ name: this.#isCut() ? 'lost' : 'down' });
    this.#absent();
    if (this.#unitState === undefined || !isActive(this.#unitState)) return;
    this.#next.set(this.#backoff.next(), () => this.#probeIfActive());
  }

  #probeIfActive(): void {
    if (this.#unitState !== undefined && isActive(this.#unitState)) this.#probe();
    else if (!this.#isCut()) this.#enterDown();
  }

  #answered(connection: Connection, engineKind: EngineKind, run: EngineRunId | undefined): void {
    this.#isFirstLook = false;
    // It answers the request when its stream ends. The service may have failed to read its events then.
    connection.handOver({ answered: () => this.#lost(connection), ended: () => this.#lost(connection) });
    connection.get(holdPath);
    // The probe's connection goes on.
    this.#next.clear();
    this.#state = { name: 'up', connection };
    const which = { engineKind, ...(run === undefined ? {} : { run }) };
    this.#observe({ kind: 'engine-answers', ...which });
    this.#options.held?.(true);
    this.#reporter.reportFirst({ kind: 'engine-held', unit: podmanUnit });
  }

  /** systemd reports within moments that the service has ended. If it goes on, it is asked again. */
  #lost(connection: Connection): void {
    connection.close();
    this.#options.lost?.();
    this.#enter({ name: 'lost' });
    if (this.#unitState === undefined || !isActive(this.#unitState)) return this.#stop('shutdown');
    this.#next.set(this.#timeouts.recheck.refused + this.#backoff.next(), () => this.#probeIfActive());
  }

  #stop(how: StopCause): void {
    // Closed first of all: Podman waits for an open request.
    this.#enterDown();
    this.#backoff.reset();
    this.#observe({ kind: 'engine-ends', how });
  }

  #absent(): void {
    if (!this.#isFirstLook) return;
    this.#isFirstLook = false;
    this.#options.held?.(true);
    this.#observe({ kind: 'engine-absent' });
  }

  #observe(
    what:
      | { kind: 'engine-answers'; engineKind: EngineKind; run?: EngineRunId }
      | { kind: 'engine-ends'; how: StopCause }
      | { kind: 'engine-absent' },
  ): void {
    this.#options.observe({ engine: this.#options.engine.name, at: Date.now(), ...what });
  }

  #enterDown(): void {
    this.#enter({ name: 'down' });
  }

  #enter(state: State): void {
    this.#release();
    this.#state = state;
  }

  /** Closes what the present state holds. */
  #release(): void {
    this.#next.clear();
    const state = this.#state;
    if (state.name === 'probing') state.probe.cancel();
    if (state.name === 'up') state.connection.close();
  }
}
