import type { ProcessIdentity } from '../../system/processes.ts';
import type { FolderWatches } from '../host/folder-watch.ts';
import { type AwaitService, awaitService, type ServiceReady } from '../host/service-ready.ts';
import type { EngineRunId, Observation, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings, Heartbeat } from '../settings.ts';
import { createBackoff, pauseAfter } from './backoff.ts';
import { type Connection, type ConnectionEnd, isUnsound } from './connection.ts';
import { createDeadline } from './deadline.ts';
import { createHints, type Hints } from './hints.ts';
import { type Hold, holdConnection } from './hold.ts';
import { defaultPatience, type Patience } from './patience.ts';
import { type Probe, type ProbeFailure, startProbe } from './probe.ts';
import { createFirstLook, type FirstLook, type Recheck, settle } from './recheck.ts';
import { createRemarks, type EngineReport, explain } from './report.ts';
import { endingOf, howItEnded, isServing, type Permission, runOf, signsOf, watchPlacesOf } from './signs.ts';

export interface SensorOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  readonly observe: (observation: Observation) => void;
  readonly report: (report: EngineReport) => void;
  /**
   * Called when the held connection is gone, before the sensor knows the cause: an engine that stops waits for every
   * client that holds another connection. If the engine goes on, the sensor observes that it answers.
   */
  readonly lost?: (() => void) | undefined;
  /** Called with whether systemd holds the socket, or may: then a connection starts an engine that is down. */
  readonly held?: ((bySystemd: boolean) => void) | undefined;
  /** Timeouts of the sensor; tests set shorter ones. */
  readonly patience?: Patience;
  /** Reports that an engine which systemd started is ready; tests without systemd set their own. */
  readonly awaitReady?: AwaitService;
  /** Closes everything that the sensor opened. */
  readonly signal: AbortSignal;
}

/**
 * The states of a sensor. It begins as `down`; `stopping` without a process is `down`.
 *
 * ```
 *                       ┌──────────────── no engine ───────────────┐
 *                       ▼                                          │
 *   ┌─▶ down ──socket of systemd──▶ waitingForService ──ready──▶ probing ◀─┐
 *   │    └──────────────────any other socket─────────────────────▶ │       │ again
 *   │                                                     answered │       │
 *   │ process over                       ┌──────── up ◀────────────┘       │
 *   │                              no pong│  ▲ │ └──cut──▶ rechecking ─────┘
 *   │                                     ▼  │ │ stops        │ settled
 *   │                  late answer ──▶ frozen┘ │              │
 *   │                                     │ cut▼              ▼
 *   └───────────────────────────────────  stopping ◀──────────┘
 * ```
 */
export type SensorState =
  /** Nothing is open. */
  | { readonly name: 'down' }
  /** The engine starts on a socket that systemd holds. Nothing is opened before systemd says that it is ready. */
  | { readonly name: 'waitingForService'; readonly process: ProcessIdentity; readonly ready: ServiceReady }
  /** One `_ping` is pending. The engine answers it at the instant when it serves its API. */
  | {
      readonly name: 'probing';
      readonly probe: Probe;
      readonly process: ProcessIdentity | undefined;
      readonly recheck: Recheck | undefined;
      /** Milliseconds on the monotonic clock, here and below: the wall clock can be set meanwhile. */
      readonly since: number;
    }
  /** The connection to an engine that was up is cut. A pause precedes the next probe. */
  | { readonly name: 'rechecking'; readonly recheck: Recheck }
  /** One idle connection is held; its end is the first sign of a stop. */
  | Up
  /** Reported as unreachable while its process is there. A late answer on the held connection says that it is back. */
  | {
      readonly name: 'frozen';
      readonly hold: Hold;
      readonly process: ProcessIdentity;
      readonly activated: boolean;
    }
  /** Reported as ended. Nothing is opened while that process lives: a connection could keep it or start it again. */
  | { readonly name: 'stopping'; readonly process: ProcessIdentity; readonly activated: boolean };

interface Up {
  readonly name: 'up';
  readonly hold: Hold;
  readonly process: ProcessIdentity | undefined;
  /** Systemd listens on the socket: a connection that the engine does not accept would start it again. */
  readonly activated: boolean;
  /** Whether the socket is among those of this machine that a process listens on. */
  readonly listed: boolean;
  /** The file that the socket's path led to. */
  readonly target: string;
  readonly since: number;
}

/**
 * Watches one engine: observes when it answers and when it stops, as real engines were measured to do. Polls nothing
 * while nothing happens, and opens no connection that could start an engine that is down.
 */
export function startSensor(options: SensorOptions): Hints {
  return new EngineSensor(options).start();
}

class EngineSensor {
  readonly #options: SensorOptions;
  readonly #engine: string;
  readonly #patience: Patience;
  readonly #isLocal: boolean;
  readonly #signs;
  readonly #backoff;
  readonly #unseen;
  readonly #unsound;
  readonly #remarks;
  readonly #firstLook: FirstLook;
  readonly #watchPlaces: () => boolean;
  /** The one thing that is due later; each state sets its own. */
  readonly #next = createDeadline();
  #state: SensorState = { name: 'down' };

  constructor(options: SensorOptions) {
    const { engine, patience = defaultPatience } = options;
    this.#options = options;
    this.#engine = engine.name;
    this.#patience = patience;
    this.#isLocal = engine.endpoint.kind === 'unix';
    this.#signs = signsOf(engine);
    this.#backoff = createBackoff(this.#isLocal ? patience.local : patience.afar);
    this.#unseen = createBackoff(patience.unseen);
    this.#unsound = createBackoff(patience.unsound);
    this.#remarks = createRemarks({ engine: engine.name, url: engine.endpoint.url }, options.report);
    this.#firstLook = createFirstLook(options, patience.doubt);
    this.#watchPlaces = watchPlacesOf(this.#signs, options.folders, () => this.#changed());
  }

  start(): Hints {
    const { engine, signal } = this.#options;
    signal.addEventListener('abort', () => {
      this.#next.clear();
      this.#release();
    });
    this.#watchPlaces();
    this.#remarks.say({ kind: 'engine-watched', pidfile: engine.pidfile, chosenBy: engine.chosenBy });
    this.#remarkPidfile();
    this.#look();
    const ask = () => {
      if (this.#state.name === 'up') this.#state.hold.ask();
    };
    return createHints(this.#patience.hintInterval, () => this.#look(), ask, signal);
  }

  #enter(state: SensorState): void {
    this.#next.clear();
    this.#state = state;
  }

  /** Every change ends up here, as often as it likes: the decision rests on what is there now. */
  #look(): void {
    if (this.#options.signal.aborted) return;
    const state = this.#state;
    switch (state.name) {
      case 'down':
        return this.#probeIfAllowed(undefined);
      case 'waitingForService':
      case 'frozen':
        if (!this.#signs.isAtWork(state.process)) this.#goDown();
        return;
      case 'probing':
        if (state.process !== undefined && !this.#signs.isAtWork(state.process)) this.#awaitLastAnswer();
        return;
      case 'rechecking':
        return this.#probeAgain(state.recheck);
      case 'up':
        return this.#checkSigns(state, 0);
      case 'stopping':
        if (this.#signs.isAtWork(state.process) && (state.activated || !isServing(this.#signs))) return;
        return this.#goDown();
      default:
        return state satisfies never;
    }
  }

  /** Nothing is left to report of this engine: looks for the next one. */
  #goDown(): void {
    this.#release();
    this.#enter({ name: 'down' });
    this.#look();
  }

  /** Closes what the present state has open. */
  #release(): void {
    const state = this.#state;
    if (state.name === 'waitingForService') state.ready.cancel();
    if (state.name === 'probing') state.probe.cancel();
    if (state.name === 'up' || state.name === 'frozen') state.hold.release();
  }

  /** Sends a probe, unless that could start the engine. */
  #probeIfAllowed(recheck: Recheck | undefined): void {
    if (!this.#signs.hasSocket()) return this.#firstLook.absent();
    const process = this.#signs.process();
    if (process === undefined) this.#remarkPidfile();
    const permission = this.#signs.mayConnect(process);
    if (permission === 'now') return this.#probe(process, recheck);
    if (permission !== 'when-ready') return this.#leaveAlone(process, permission);
    // An engine that was up is ready.
    if (process === undefined || recheck !== undefined) return this.#probe(process, recheck);
    const { awaitReady = awaitService } = this.#options;
    const awaited = () => this.#serviceReady(process);
    const ready = awaitReady(process.pid, { ready: awaited, unknown: awaited });
    this.#enter({ name: 'waitingForService', process, ready });
    this.#next.set(this.#patience.silence, () => this.#serviceNotReady());
  }

  #remarkPidfile(): void {
    const { pidfile } = this.#options.engine;
    const problem = this.#signs.pidfileProblem();
    if (pidfile === undefined || problem === undefined) return;
    this.#remarks.sayOnce({ kind: 'engine-pidfile-unusable', path: pidfile, problem });
  }

  /** Opens nothing: a connection may be the very thing that starts an engine. */
  #leaveAlone(process: ProcessIdentity | undefined, holder: Exclude<Permission, 'now' | 'when-ready'>): void {
    const { endpoint, pidfile } = this.#options.engine;
    this.#options.held?.(holder !== 'nobody');
    if (this.#firstLook.pending && endpoint.kind === 'unix')
      this.#remarks.say({ kind: 'engine-left-alone', path: endpoint.path, pidfile, holder });
    this.#firstLook.absent();
    if (this.#state.name !== 'down') return;
    // The watched folders tell of an engine that is not there yet. This is for one that stops or listens elsewhere,
    // and for a system too busy to say which process holds the socket.
    const isHidden =
      process !== undefined || (holder === 'unknown' && this.#unseen.attempts < this.#patience.refusals);
    if (isHidden) this.#next.set(this.#unseen.next(), () => this.#look());
  }

  /** The service is ready, or systemd does not say when it is: a probe that may wait too long is better than none. */
  #serviceReady(process: ProcessIdentity): void {
    // It may have been told to stop by now: a listener that was held up hears of the readiness late.
    if (this.#signs.isAtWork(process) && this.#signs.holdsSocket(process)) this.#probe(process, undefined);
    else this.#goDown();
  }

  #serviceNotReady(): void {
    if (this.#state.name !== 'waitingForService') return;
    if (!this.#signs.isAtWork(this.#state.process)) return this.#goDown();
    this.#stillSilent(this.#state.process, 0);
    this.#next.set(this.#patience.startingCheck, () => this.#serviceNotReady());
  }

  #probe(process: ProcessIdentity | undefined, recheck: Recheck | undefined): void {
    // The engine run is asked for first only where it can differ from the reported one and no process shows it.
    const identify = process === undefined && (this.#firstLook.pending || recheck !== undefined);
    const probe = startProbe(this.#options.engine.endpoint, identify, this.#patience.identity, {
      found: (connection, run) => this.#probeAnswered(connection, run),
      failed: (failure) => this.#probeFailed(failure),
    });
    this.#enter({ name: 'probing', probe, process, recheck, since: performance.now() });
    this.#next.set(this.#patience.silence, () => this.#probeUnanswered());
  }

  #probeUnanswered(): void {
    if (this.#state.name !== 'probing') return;
    const { process, recheck, since } = this.#state;
    if (process !== undefined && !this.#signs.isAtWork(process)) return this.#awaitLastAnswer();
    const waited = performance.now() - (recheck?.since ?? since);
    this.#stillSilent(process, waited);
    const limit = recheck === undefined ? this.#patience.blindPatience : this.#patience.doubt.silent;
    // With a process there, the answer that comes one day is the engine's start: the probe never gives up.
    if (waited >= limit && (process === undefined || recheck !== undefined))
      return this.#probeFailed({ kind: 'closed' });
    this.#next.set(this.#patience.startingCheck, () => this.#probeUnanswered());
  }

  #stillSilent(process: ProcessIdentity | undefined, waited: number): void {
    if (!this.#firstLook.pending) return;
    this.#remarks.sayOnce({ kind: 'engine-silent' });
    this.#firstLook.waits(process, waited);
  }

  /** The probed process is over. An answer that it gave before may be on its way: then the engine was up. */
  #awaitLastAnswer(): void {
    this.#next.set(this.#patience.lastWords, () => this.#probeFailed({ kind: 'closed' }));
  }

  #probeAnswered(connection: Connection, identity: EngineRunId | undefined): void {
    if (this.#state.name !== 'probing') return;
    const { process = this.#signs.process(), recheck } = this.#state;
    const run = process === undefined ? identity : runOf(process);
    const identifyLater = run === undefined && !this.#firstLook.pending && recheck === undefined;
    const hold = holdConnection(connection, this.#options.heartbeat, identifyLater, {
      lost: (end) => this.#connectionLost(end),
      silent: () => this.#pongMissing(),
      answeredLate: () => this.#answeredLate(),
      identified: (now) =>
        this.#options.observe({
          kind: 'engine-identified',
          engine: this.#engine,
          at: Date.now(),
          run: now,
        }),
    });
    this.#firstLook.found();
    this.#remarks.forget();
    this.#goUp(hold, process, run);
  }

  #goUp(hold: Hold, process: ProcessIdentity | undefined, run: EngineRunId | undefined): void {
    const [target, since] = [this.#signs.target(), performance.now()];
    // Until it is known which process holds the socket, the careful answer counts.
    const entered: Up = { name: 'up', hold, process, activated: true, listed: false, target, since };
    this.#enter(entered);
    const which = run === undefined ? {} : { run };
    this.#options.observe({ kind: 'engine-answers', engine: this.#engine, at: Date.now(), ...which });
    if (this.#state !== entered || this.#options.signal.aborted) return;
    // Only now, with hooks on their way: this reads much of /proc.
    const holder = this.#signs.holder();
    const activated = holder === 'systemd' || holder === 'unknown';
    this.#options.held?.(activated);
    this.#state = { ...entered, activated, listed: this.#signs.isListening() === true };
  }

  /** No engine answered: the connection was not made, was ended, or means nothing. */
  #probeFailed(failure: ProbeFailure): void {
    if (this.#state.name !== 'probing') return;
    const { process, recheck } = this.#state;
    this.#release();
    if (recheck !== undefined) {
      const how =
        endingOf(this.#signs, recheck.process) ??
        settle(recheck, failure, this.#isLocal, this.#patience.doubt, performance.now());
      if (how !== undefined) return this.#stop(how, recheck.process);
      this.#enter({ name: 'rechecking', recheck });
      return this.#recheckLater(recheck);
    }
    this.#enter({ name: 'down' });
    const isNew = this.#backoff.attempts < this.#patience.forbidden;
    const remark = explain(failure, this.#options.engine.endpoint, isNew);
    if (remark !== undefined) this.#remarks.sayOnce(remark);
    this.#firstLook.failed(failure, process !== undefined && !this.#signs.isAtWork(process));
    const options = { isLocal: this.#isLocal, patience: this.#patience };
    const pause = pauseAfter(failure, process !== undefined, this.#backoff, options);
    if (pause !== undefined) this.#next.set(pause, () => this.#look());
  }

  /** The held connection ended: with the engine, or because something between the two cut it. */
  #connectionLost(end: ConnectionEnd): void {
    this.#options.lost?.();
    const state = this.#state;
    if (state.name === 'frozen') {
      const { process, activated } = state;
      // An engine that was told to stop thaws first: no new connection then to a socket that systemd goes on holding.
      if (!activated || !this.#signs.isAtWork(process)) return this.#goDown();
      return this.#enter({ name: 'stopping', process, activated });
    }
    if (state.name !== 'up') return;
    const { process, activated, since } = state;
    if (process !== undefined) {
      if (!this.#signs.isAtWork(process)) return this.#stop(howItEnded(this.#signs, process), process);
      if (activated || !isServing(this.#signs)) return this.#stop('shutdown', process);
    }
    const recheck: Recheck = { process, since: performance.now() };
    if (recheck.since - since >= this.#patience.sound) this.#unsound.reset();
    if (isUnsound(end)) return this.#distrust(end, recheck);
    this.#enter({ name: 'rechecking', recheck });
    if (recheck.since - since < this.#patience.settled) return this.#recheckLater(recheck);
    this.#backoff.reset();
    this.#probeAgain(recheck);
  }

  /** The engine floods the listener or sends nonsense: each probe comes later, so that other engines lose nothing. */
  #distrust(end: ConnectionEnd, recheck: Recheck): void {
    const remark = explain(end, this.#options.engine.endpoint, false);
    if (remark !== undefined) this.#remarks.say(remark);
    this.#probeAgain({ ...recheck, notBefore: recheck.since + this.#unsound.next() });
  }

  #probeAgain(recheck: Recheck): void {
    const { process, notBefore = 0 } = recheck;
    const how = endingOf(this.#signs, process);
    if (how !== undefined) return this.#stop(how, process);
    this.#enter({ name: 'rechecking', recheck });
    const wait = notBefore - performance.now();
    if (wait > 0) return this.#next.set(wait, () => this.#probeAgain({ process, since: performance.now() }));
    this.#probeIfAllowed(recheck);
    if (this.#state.name !== 'rechecking') return;
    // No probe was allowed: its socket is gone, or a connection would start it by now.
    const isOverdue = performance.now() - recheck.since >= this.#patience.doubt.refused;
    if (process !== undefined || isOverdue) return this.#stop('shutdown', process);
    this.#recheckLater(recheck);
  }

  #recheckLater(recheck: Recheck): void {
    const pause = Math.min(this.#backoff.next(), this.#patience.longestInDoubt);
    this.#next.set(pause, () => this.#probeAgain(recheck));
  }

  /** While up: is the process still there, and does it listen at the place that the path leads to? */
  #checkSigns({ process, listed, hold, target }: Up, attempt: number): void {
    const { endpoint } = this.#options.engine;
    if (process !== undefined && !this.#signs.isAtWork(process))
      return this.#stop(howItEnded(this.#signs, process), process);
    // Another engine may be there.
    if (this.#signs.target() !== target) return this.#recheckNow(process);
    if (!listed || endpoint.kind !== 'unix' || this.#signs.hasSocket()) return;
    if (this.#signs.isListening() === false) {
      if (process !== undefined) return this.#stop('shutdown', process);
      // Without its process in sight this may be a proxy that is only restarted.
      return this.#recheckNow(process);
    }
    const pause = this.#patience.rechecks[attempt];
    if (pause === undefined)
      return this.#remarks.sayOnce({ kind: 'engine-socket-removed', path: endpoint.path });
    this.#next.set(pause, () => {
      const state = this.#state;
      if (state.name === 'up' && state.hold === hold) this.#checkSigns(state, attempt + 1);
    });
  }

  /** Lets go of an engine that is up, and asks whether it is. */
  #recheckNow(process: ProcessIdentity | undefined): void {
    this.#release();
    this.#options.lost?.();
    this.#backoff.reset();
    this.#probeAgain({ process, since: performance.now() });
  }

  /** The engine is there, but does not answer. */
  #pongMissing(): void {
    if (this.#state.name !== 'up') return;
    const { process, hold, activated } = this.#state;
    if (process === undefined) return this.#stop('unreachable', undefined);
    if (!this.#signs.isAtWork(process)) return this.#stop(howItEnded(this.#signs, process), process);
    this.#enter({ name: 'frozen', hold, process, activated });
    this.#options.observe({ kind: 'engine-ends', engine: this.#engine, at: Date.now(), how: 'unreachable' });
  }

  #answeredLate(): void {
    if (this.#state.name === 'frozen')
      this.#goUp(this.#state.hold, this.#state.process, runOf(this.#state.process));
  }

  #stop(how: StopCause, process: ProcessIdentity | undefined): void {
    // Let go first of all: an engine that shuts down must not wait for this connection.
    this.#release();
    const activated = this.#state.name === 'up' && this.#state.activated;
    const isAlive = process !== undefined && this.#signs.isAtWork(process);
    this.#enter(isAlive ? { name: 'stopping', process, activated } : { name: 'down' });
    this.#backoff.reset();
    this.#options.observe({ kind: 'engine-ends', engine: this.#engine, at: Date.now(), how });
    this.#look();
  }

  #changed(): void {
    this.#backoff.reset();
    this.#unseen.reset();
    // The hooks wait for what is seen now. An entry of a newly watched folder may have come before the watch.
    this.#look();
    if (this.#watchPlaces()) this.#look();
  }
}
