import { coalesce } from '../../system/awake-timer.ts';
import { Backoff } from '../../system/backoff.ts';
import type { ProcessIdentity } from '../../system/processes.ts';
import type { FolderWatches } from '../host/folder-watch.ts';
import { type AwaitService, awaitService, type ServiceReady } from '../host/service-ready.ts';
import type { EngineKind, EngineRunId, Observation, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings, Heartbeat } from '../settings.ts';
import { type Connection, type ConnectionEnd, isUnsound } from './connection.ts';
import { Deadline } from './deadline.ts';
import { Keepalive } from './keepalive.ts';
import { LocalEngine, type Permission } from './local-engine.ts';
import { Probe, type ProbeFailure } from './probe.ts';
import { FirstLook, pauseAfter, type Recheck, settle } from './recheck.ts';
import { type EngineReport, EngineReporter, explain } from './report.ts';
import { runOf } from './run-identity.ts';
import { defaultTimeouts, type SensorTimeouts } from './timeouts.ts';

// The whole state machine of a sensor is in this file: its states, their drawing and all transitions.

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
  /** Tests set shorter ones. */
  readonly timeouts?: SensorTimeouts;
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
 *
 *   rechecking ──Podman goes on, twice──▶ released ──its listener is gone──▶ down
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
  /** Podman ends this service once no client is connected: nothing is held. Its end is that of its listener. */
  | { readonly name: 'released'; readonly listener: string | undefined; readonly target: string }
  /** Reported as unreachable while its process is there. A late answer on the held connection says that it is back. */
  | {
      readonly name: 'frozen';
      readonly keepalive: Keepalive;
      readonly process: ProcessIdentity;
      readonly activated: boolean;
    }
  /** Reported as ended. Nothing is opened while that process lives: a connection could keep it or start it again. */
  | { readonly name: 'stopping'; readonly process: ProcessIdentity; readonly activated: boolean };

interface Up {
  readonly name: 'up';
  readonly keepalive: Keepalive;
  readonly process: ProcessIdentity | undefined;
  /** Systemd listens on the socket: a connection that the engine does not accept would start it again. */
  readonly activated: boolean;
  /** Set when a process of this machine listens on the socket. */
  readonly listed: boolean;
  /** The file that the socket's path led to. */
  readonly target: string;
  readonly since: number;
}

/**
 * Watches one engine: observes when it answers and when it stops, as real engines were measured to do. Polls nothing
 * while nothing happens, and opens no connection that could start an engine that is down.
 */
export class EngineSensor {
  readonly #options: SensorOptions;
  readonly #engine: string;
  readonly #timeouts: SensorTimeouts;
  readonly #isLocal: boolean;
  readonly #local: LocalEngine;
  readonly #backoff: Backoff;
  readonly #unseen: Backoff;
  readonly #unsound: Backoff;
  readonly #reporter: EngineReporter;
  readonly #firstLook: FirstLook;
  readonly #watchPlaces: () => boolean;
  /** The one timer; each state sets its own. */
  readonly #next = new Deadline();
  /** Hints that come fast are merged. */
  readonly #hinted: (look: () => void) => void;
  /** The last run that was identified without its process, and how often in a row it closed a connection soon. */
  #run: EngineRunId | undefined;
  #closedSoon = 0;
  #isStopHinted = false;
  #engineKind: EngineKind = 'docker';
  #state: SensorState = { name: 'down' };

  constructor(options: SensorOptions) {
    const { engine, timeouts = defaultTimeouts } = options;
    this.#options = options;
    this.#engine = engine.name;
    this.#timeouts = timeouts;
    this.#isLocal = engine.endpoint.kind === 'unix';
    this.#local = new LocalEngine(engine);
    this.#backoff = new Backoff(this.#isLocal ? timeouts.local : timeouts.remote);
    this.#unseen = new Backoff(timeouts.unseen);
    this.#unsound = new Backoff(timeouts.unsound);
    this.#reporter = new EngineReporter({ engine: engine.name, url: engine.endpoint.url }, options.report);
    this.#firstLook = new FirstLook(options, timeouts.recheck);
    this.#watchPlaces = this.#local.watchPlaces(options.folders, () => this.#changed());
    this.#hinted = coalesce(timeouts.hintInterval, options.signal);
  }

  /** Takes the first look before it returns. */
  start(): this {
    const { engine, signal } = this.#options;
    signal.addEventListener('abort', () => {
      this.#next.clear();
      this.#release();
    });
    this.#watchPlaces();
    this.#reporter.report({ kind: 'engine-watched', pidfile: engine.pidfile, chosenBy: engine.chosenBy });
    this.#reportPidfile();
    this.#look();
    return this;
  }

  /** Takes the hint that the engine has started: looks at once. Never opens a connection that could start it. */
  lookForStart(): void {
    this.#hinted(() => this.#lookAndAsk());
  }

  /** Takes the hint that the engine stops: looks, and asks on the connection that is held already. */
  lookForStop(): void {
    this.#isStopHinted = true;
    this.#hinted(() => this.#lookAndAsk());
  }

  #lookAndAsk(): void {
    if (this.#isStopHinted && this.#state.name === 'up') this.#state.keepalive.ask();
    this.#isStopHinted = false;
    this.#look();
  }

  #enter(state: SensorState): void {
    this.#next.clear();
    this.#state = state;
  }

  /** Called for every change. The decision rests on the state of the machine now, not on the kind of change. */
  #look(): void {
    if (this.#options.signal.aborted) return;
    const state = this.#state;
    switch (state.name) {
      case 'down':
        return this.#probeIfAllowed(undefined);
      case 'waitingForService':
      case 'frozen':
        if (!this.#local.isAtWork(state.process)) this.#goDown();
        return;
      case 'probing':
        if (state.process !== undefined && !this.#local.isAtWork(state.process)) this.#awaitLastAnswer();
        return;
      case 'rechecking':
        return this.#probeAgain(state.recheck);
      case 'up':
        return this.#checkSigns(state, 0);
      case 'released':
        return this.#checkListener(state.listener, state.target);
      case 'stopping':
        if (this.#local.isAtWork(state.process) && (state.activated || !this.#local.isServing())) return;
        return this.#goDown();
      default:
        return state satisfies never;
    }
  }

  /** This run is over: looks for the next one. */
  #goDown(): void {
    this.#release();
    this.#enter({ name: 'down' });
    this.#look();
  }

  /** Closes the connection of the present state. */
  #release(): void {
    const state = this.#state;
    if (state.name === 'waitingForService') state.ready.cancel();
    if (state.name === 'probing') state.probe.cancel();
    if (state.name === 'up' || state.name === 'frozen') state.keepalive.close();
  }

  /** Sends a probe, unless that could start the engine. */
  #probeIfAllowed(recheck: Recheck | undefined): void {
    if (!this.#local.hasSocket()) return this.#firstLook.absent();
    const process = this.#local.process();
    if (process === undefined) this.#reportPidfile();
    const permission = this.#local.mayConnect(process);
    if (permission === 'now') return this.#probe(process, recheck);
    if (permission !== 'when-ready') return this.#leaveAlone(process, permission);
    // An engine that was up is ready.
    if (process === undefined || recheck !== undefined) return this.#probe(process, recheck);
    const { awaitReady = awaitService } = this.#options;
    const awaited = () => this.#serviceReady(process);
    const ready = awaitReady(process.pid, { ready: awaited, unknown: awaited });
    this.#enter({ name: 'waitingForService', process, ready });
    this.#next.set(this.#timeouts.silence, () => this.#serviceNotReady());
  }

  #reportPidfile(): void {
    const { pidfile } = this.#options.engine;
    const problem = this.#local.pidfileProblem();
    if (pidfile === undefined || problem === undefined) return;
    this.#reporter.reportOnce({ kind: 'engine-pidfile-unusable', path: pidfile, problem });
  }

  /** Opens nothing: a connection may be the very thing that starts an engine. */
  #leaveAlone(process: ProcessIdentity | undefined, holder: Exclude<Permission, 'now' | 'when-ready'>): void {
    const { endpoint, pidfile } = this.#options.engine;
    this.#options.held?.(holder !== 'nobody');
    if (this.#firstLook.isPending && endpoint.kind === 'unix')
      this.#reporter.report({ kind: 'engine-left-alone', path: endpoint.path, pidfile, holder });
    this.#firstLook.absent();
    if (this.#state.name !== 'down') return;
    // The watched folders show an engine that starts. This is for one that stops or listens elsewhere, and for a system
    // too busy to show which process holds the socket.
    const isHidden =
      process !== undefined || (holder === 'unknown' && this.#unseen.attempts < this.#timeouts.refusals);
    if (isHidden) this.#next.set(this.#unseen.next(), () => this.#look());
  }

  /** The service is ready, or systemd does not report it: a probe that may wait too long is better than none. */
  #serviceReady(process: ProcessIdentity): void {
    // It may be stopping by now: a listener that was held up receives the readiness late.
    if (this.#local.isAtWork(process) && this.#local.holdsSocket(process)) this.#probe(process, undefined);
    else this.#goDown();
  }

  #serviceNotReady(): void {
    if (this.#state.name !== 'waitingForService') return;
    if (!this.#local.isAtWork(this.#state.process)) return this.#goDown();
    this.#stillSilent(this.#state.process, 0);
    this.#next.set(this.#timeouts.startingCheck, () => this.#serviceNotReady());
  }

  #probe(process: ProcessIdentity | undefined, recheck: Recheck | undefined): void {
    // The engine run is asked for first only where it can differ from the reported one and no process shows it.
    const identify = process === undefined && (this.#firstLook.isPending || recheck !== undefined);
    const probe = new Probe(this.#options.engine.endpoint, identify, this.#timeouts.identity, {
      found: (connection, kind, run) => this.#probeAnswered(connection, kind, run),
      failed: (failure) => this.#probeFailed(failure),
    });
    this.#enter({ name: 'probing', probe, process, recheck, since: performance.now() });
    this.#next.set(this.#timeouts.silence, () => this.#probeUnanswered());
  }

  #probeUnanswered(): void {
    if (this.#state.name !== 'probing') return;
    const { process, recheck, since } = this.#state;
    if (process !== undefined && !this.#local.isAtWork(process)) return this.#awaitLastAnswer();
    const waited = performance.now() - (recheck?.since ?? since);
    this.#stillSilent(process, waited);
    const limit = recheck === undefined ? this.#timeouts.blind : this.#timeouts.recheck.silent;
    // With a process, the answer is the engine's start, however late: the probe never gives up.
    if (waited >= limit && (process === undefined || recheck !== undefined))
      return this.#probeFailed({ kind: 'closed' });
    this.#next.set(this.#timeouts.startingCheck, () => this.#probeUnanswered());
  }

  #stillSilent(process: ProcessIdentity | undefined, waited: number): void {
    if (!this.#firstLook.isPending) return;
    this.#reporter.reportOnce({ kind: 'engine-silent' });
    this.#firstLook.waits(process, waited);
  }

  /** The probed process is over. An answer that it gave before may be on its way: then the engine was up. */
  #awaitLastAnswer(): void {
    this.#next.set(this.#timeouts.lastAnswer, () => this.#probeFailed({ kind: 'closed' }));
  }

  #probeAnswered(connection: Connection, kind: EngineKind, identity: EngineRunId | undefined): void {
    if (this.#state.name !== 'probing') return;
    this.#engineKind = kind;
    const { process = this.#local.process(), recheck } = this.#state;
    const run = process === undefined ? identity : runOf(process);
    if (process === undefined && recheck !== undefined && this.#endsWhenIdle(run))
      return this.#letGo(connection);
    this.#run = run ?? this.#run;
    const identifyLater = run === undefined && !this.#firstLook.isPending && recheck === undefined;
    const keepalive = new Keepalive(connection, this.#options.heartbeat, identifyLater, {
      lost: (end) => this.#connectionLost(end),
      silent: () => this.#pongMissing(),
      answeredLate: () => this.#answeredLate(),
      identified: (now) => {
        this.#run = now;
        this.#options.observe({
          kind: 'engine-identified',
          engine: this.#engine,
          at: Date.now(),
          run: now,
        });
      },
    });
    this.#firstLook.found();
    this.#reporter.forget();
    this.#goUp(keepalive, process, run);
  }

  #goUp(keepalive: Keepalive, process: ProcessIdentity | undefined, run: EngineRunId | undefined): void {
    const [target, since] = [this.#local.target(), performance.now()];
    // The safe assumption until the holder of the socket is known.
    const entered: Up = { name: 'up', keepalive, process, activated: true, listed: false, target, since };
    this.#enter(entered);
    const which = { engineKind: this.#engineKind, ...(run === undefined ? {} : { run }) };
    this.#options.observe({ kind: 'engine-answers', engine: this.#engine, at: Date.now(), ...which });
    if (this.#state !== entered || this.#options.signal.aborted) return;
    // After the hooks have started, because this reads much of /proc.
    const holder = this.#local.holder();
    const activated = holder === 'systemd' || holder === 'unknown';
    this.#options.held?.(activated);
    this.#state = { ...entered, activated, listed: this.#local.isListening() === true };
    if (this.#engineKind === 'podman') this.#reporter.reportFirst({ kind: 'engine-is-podman' });
  }

  /**
   * Returns whether this is a service of Podman that ends when it is idle. With `--time 5`, its default, it closed an idle
   * connection after 10.0 s and was gone 5.0 s later (5.8.6); a connection that is made anew keeps it up for ever. One
   * cut may be of something between the two. Where the system does not show its listener (a virtual machine, another
   * network namespace), the connection alone shows its end, and is made anew.
   */
  #endsWhenIdle(run: EngineRunId | undefined): boolean {
    if (run === undefined || run !== this.#run) this.#closedSoon = 0;
    if (this.#engineKind !== 'podman' || this.#closedSoon < 2) return false;
    return this.#local.listener() !== undefined;
  }

  #letGo(connection: Connection): void {
    connection.close();
    this.#closedSoon = 0;
    this.#reporter.reportFirst({ kind: 'engine-let-go' });
    this.#unseen.reset();
    const [listener, target] = [this.#local.listener(), this.#local.target()];
    this.#enter({ name: 'released', listener, target });
    this.#checkListener(listener, target);
  }

  /** A killed service leaves its socket's file behind: no folder shows its end. */
  #checkListener(listener: string | undefined, target: string): void {
    const isThere = this.#local.hasSocket() && this.#local.target() === target;
    if (isThere && this.#local.listener() === listener)
      return this.#next.set(this.#unseen.next(), () => this.#look());
    const wasKilled = isThere && this.#local.isListening() === false;
    this.#stop(wasKilled ? 'crash' : 'shutdown', undefined);
  }

  /** No engine answered: the connection was not made, was ended, or means nothing. */
  #probeFailed(failure: ProbeFailure): void {
    if (this.#state.name !== 'probing') return;
    const { process, recheck } = this.#state;
    this.#release();
    if (recheck !== undefined) {
      const how =
        this.#local.causeIfEnded(recheck.process) ??
        settle(recheck, failure, this.#isLocal, this.#timeouts.recheck, performance.now());
      if (how !== undefined) return this.#stop(how, recheck.process);
      this.#enter({ name: 'rechecking', recheck });
      return this.#recheckLater(recheck);
    }
    this.#enter({ name: 'down' });
    const isNew = this.#backoff.attempts < this.#timeouts.forbidden;
    const remark = explain(failure, this.#options.engine.endpoint, isNew);
    if (remark !== undefined) this.#reporter.reportOnce(remark);
    this.#firstLook.failed(failure, process !== undefined && !this.#local.isAtWork(process));
    const hasProcess = process !== undefined;
    const pause = pauseAfter(failure, hasProcess, this.#backoff, this.#isLocal, this.#timeouts);
    if (pause !== undefined) this.#next.set(pause, () => this.#look());
  }

  /** The held connection ended: with the engine, or because something between the two cut it. */
  #connectionLost(end: ConnectionEnd): void {
    this.#options.lost?.();
    const state = this.#state;
    if (state.name === 'frozen') {
      const { process, activated } = state;
      // An engine thaws before it stops: no new connection then to a socket that systemd goes on holding.
      if (!activated || !this.#local.isAtWork(process)) return this.#goDown();
      return this.#enter({ name: 'stopping', process, activated });
    }
    if (state.name !== 'up') return;
    const { process, activated, since } = state;
    if (process !== undefined) {
      if (!this.#local.isAtWork(process)) return this.#stop(this.#local.causeOfEnd(process), process);
      if (activated || !this.#local.isServing()) return this.#stop('shutdown', process);
    }
    const recheck: Recheck = { process, since: performance.now() };
    const wasSound = recheck.since - since >= this.#timeouts.sound;
    if (wasSound) this.#unsound.reset();
    this.#closedSoon = wasSound || end.kind !== 'closed' ? 0 : this.#closedSoon + 1;
    if (isUnsound(end)) return this.#distrust(end, recheck);
    this.#enter({ name: 'rechecking', recheck });
    if (recheck.since - since < this.#timeouts.settled) return this.#recheckLater(recheck);
    this.#backoff.reset();
    this.#probeAgain(recheck);
  }

  /** The engine floods the listener or sends nonsense: each probe comes later, so that other engines lose nothing. */
  #distrust(end: ConnectionEnd, recheck: Recheck): void {
    const remark = explain(end, this.#options.engine.endpoint, false);
    if (remark !== undefined) this.#reporter.report(remark);
    this.#probeAgain({ ...recheck, notBefore: recheck.since + this.#unsound.next() });
  }

  #probeAgain(recheck: Recheck): void {
    const { process, notBefore = 0 } = recheck;
    const how = this.#local.causeIfEnded(process);
    if (how !== undefined) return this.#stop(how, process);
    this.#enter({ name: 'rechecking', recheck });
    const wait = notBefore - performance.now();
    if (wait > 0) return this.#next.set(wait, () => this.#probeAgain({ process, since: performance.now() }));
    this.#probeIfAllowed(recheck);
    if (this.#state.name !== 'rechecking') return;
    // No probe was allowed: its socket is gone, or a connection would start it by now.
    const isOverdue = performance.now() - recheck.since >= this.#timeouts.recheck.refused;
    if (process !== undefined || isOverdue) return this.#stop('shutdown', process);
    this.#recheckLater(recheck);
  }

  #recheckLater(recheck: Recheck): void {
    const pause = Math.min(this.#backoff.next(), this.#timeouts.longestInRecheck);
    this.#next.set(pause, () => this.#probeAgain(recheck));
  }

  /** While up: checks that the process exists and listens at the place that the path leads to. */
  #checkSigns({ process, listed, keepalive, target }: Up, attempt: number): void {
    const { endpoint } = this.#options.engine;
    if (process !== undefined && !this.#local.isAtWork(process))
      return this.#stop(this.#local.causeOfEnd(process), process);
    // Another engine may be at that place.
    if (this.#local.target() !== target) return this.#recheckNow(process);
    if (!listed || endpoint.kind !== 'unix' || this.#local.hasSocket()) return;
    if (this.#local.isListening() === false) {
      if (process !== undefined) return this.#stop('shutdown', process);
      // Without a known process this may be a proxy that is only restarted.
      return this.#recheckNow(process);
    }
    const pause = this.#timeouts.socketChecks[attempt];
    if (pause === undefined)
      return this.#reporter.reportOnce({ kind: 'engine-socket-removed', path: endpoint.path });
    this.#next.set(pause, () => {
      const state = this.#state;
      if (state.name === 'up' && state.keepalive === keepalive) this.#checkSigns(state, attempt + 1);
    });
  }

  /** Closes the connection to an engine that is up, and probes whether it still is. */
  #recheckNow(process: ProcessIdentity | undefined): void {
    this.#release();
    this.#options.lost?.();
    this.#backoff.reset();
    this.#probeAgain({ process, since: performance.now() });
  }

  /** The engine does not answer in time. */
  #pongMissing(): void {
    if (this.#state.name !== 'up') return;
    const { process, keepalive, activated } = this.#state;
    if (process === undefined) return this.#stop('unreachable', undefined);
    if (!this.#local.isAtWork(process)) return this.#stop(this.#local.causeOfEnd(process), process);
    this.#enter({ name: 'frozen', keepalive, process, activated });
    this.#options.observe({ kind: 'engine-ends', engine: this.#engine, at: Date.now(), how: 'unreachable' });
  }

  #answeredLate(): void {
    if (this.#state.name === 'frozen')
      this.#goUp(this.#state.keepalive, this.#state.process, runOf(this.#state.process));
  }

  #stop(how: StopCause, process: ProcessIdentity | undefined): void {
    // Closed first of all: an engine that shuts down must not wait for this connection.
    this.#release();
    const activated = this.#state.name === 'up' && this.#state.activated;
    const isAlive = process !== undefined && this.#local.isAtWork(process);
    this.#enter(isAlive ? { name: 'stopping', process, activated } : { name: 'down' });
    this.#backoff.reset();
    this.#options.observe({ kind: 'engine-ends', engine: this.#engine, at: Date.now(), how });
    this.#look();
  }

  #changed(): void {
    this.#backoff.reset();
    this.#unseen.reset();
    // Look first, because hooks wait for it. An entry of a newly watched folder may have come before the watch.
    this.#look();
    if (this.#watchPlaces()) this.#look();
  }
}
