import type { EngineSettings, Heartbeat } from '../config/settings.ts';
import type { Ending, Observation, Run } from '../lifecycle/observation.ts';
import type { FolderWatches } from '../system/folder-watches.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import { type AwaitService, awaitService } from '../system/service-ready.ts';
import { createBackoff } from './backoff.ts';
import { type Connection, type ConnectionEnd, isUnsound } from './connection.ts';
import { createDeadline } from './deadline.ts';
import { endingOf, howItEnded, isServing } from './endings.ts';
import { explain } from './explain.ts';
import { createFirstLook } from './first-look.ts';
import { createHints, type Hints } from './hints.ts';
import { type Hold, holdConnection } from './hold.ts';
import { defaultPatience, type Patience } from './patience.ts';
import { pauseAfter } from './pause-after.ts';
import { type ProbeFailure, startProbe } from './probe.ts';
import { createRemarks } from './remarks.ts';
import type { EngineReport } from './report.ts';
import { type Permission, runOf, signsOf } from './signs.ts';
import { type Doubt, type State, settleDoubt, type Up } from './state.ts';
import { watchPlacesOf } from './watch-places.ts';

export interface SensorOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  readonly observe: (observation: Observation) => void;
  readonly report: (report: EngineReport) => void;
  /**
   * The connection that was held is gone, whatever that will turn out to mean: an engine that stops waits for whoever
   * holds another. Should it go on, it is observed to answer.
   */
  readonly lost?: (() => void) | undefined;
  /** Whether systemd holds the socket, or may: then a connection starts an engine that is down. */
  readonly held?: ((bySystemd: boolean) => void) | undefined;
  /** How long it waits for what; for tests that have less time. */
  readonly patience?: Patience;
  /** How it learns that an engine which systemd started is ready; for tests without systemd. */
  readonly awaitReady?: AwaitService;
  /** Ends everything the sensor opened. */
  readonly signal: AbortSignal;
}

/**
 * Watches one engine: says when it answers, and when it is going, as real engines were measured to do; polls
 * nothing while nothing happens, and opens no connection that could start an engine that is down.
 */
export function startSensor(options: SensorOptions): Hints {
  const { heartbeat, signal, patience = defaultPatience, awaitReady = awaitService } = options;
  const { name: engine, endpoint, pidfile } = options.engine;
  const isLocal = endpoint.kind === 'unix';
  const signs = signsOf(options.engine);
  const backoff = createBackoff(isLocal ? patience.local : patience.afar);
  const unseen = createBackoff(patience.unseen);
  const unsound = createBackoff(patience.unsound);
  const remarks = createRemarks({ engine, url: endpoint.url }, options.report);
  const firstLook = createFirstLook(options, patience.doubt);
  const next = createDeadline();
  const watchPlaces = watchPlacesOf(signs, options.folders, changed);
  let state: State = { name: 'down' };

  function enter(entered: State): void {
    next.clear();
    state = entered;
  }

  /** Everything that may have changed ends up here, as often as it likes: it decides by what is there now. */
  function look(): void {
    if (signal.aborted) return;
    switch (state.name) {
      case 'down':
        return askIfAllowed(undefined);
      case 'awaiting':
        if (!signs.isAtWork(state.process)) leave();
        return;
      case 'asking':
        if (state.process !== undefined && !signs.isAtWork(state.process)) hearLastWords();
        return;
      case 'doubting':
        return askAgain(state.doubt);
      case 'up':
        return checkSigns(state, 0);
      case 'frozen':
        if (!signs.isAtWork(state.process)) leave();
        return;
      case 'going':
        if (signs.isAtWork(state.process) && (state.activated || !isServing(signs))) return;
        return leave();
      default:
        return state satisfies never;
    }
  }

  /** Nothing to tell any more: looks for the next engine. */
  function leave(): void {
    letGo();
    enter({ name: 'down' });
    look();
  }

  function letGo(): void {
    if (state.name === 'awaiting') state.ready.cancel();
    if (state.name === 'asking') state.probe.cancel();
    if (state.name === 'up' || state.name === 'frozen') state.hold.release();
  }

  /** Sends a probe, unless that could start the engine. */
  function askIfAllowed(doubt: Doubt | undefined): void {
    if (!signs.hasSocket()) return firstLook.absent();
    const process = signs.process();
    if (process === undefined) remarkPidfile();
    const permission = signs.mayConnect(process);
    if (permission === 'now') return ask(process, doubt);
    if (permission !== 'when-ready') return leaveAlone(process, permission);
    // One that was up is ready.
    if (process === undefined || doubt !== undefined) return ask(process, doubt);
    const awaited = () => askAwaited(process);
    const ready = awaitReady(process.pid, { ready: awaited, unknown: awaited });
    enter({ name: 'awaiting', process, ready });
    next.set(patience.silence, stillAwaited);
  }

  function remarkPidfile(): void {
    const problem = signs.pidfileProblem();
    if (pidfile === undefined || problem === undefined) return;
    remarks.sayOnce({ kind: 'engine-pidfile-unusable', path: pidfile, problem });
  }

  /** A connection may be the very thing that starts an engine. */
  function leaveAlone(
    process: ProcessIdentity | undefined,
    holder: Exclude<Permission, 'now' | 'when-ready'>,
  ): void {
    options.held?.(holder !== 'nobody');
    if (firstLook.pending && isLocal)
      remarks.say({ kind: 'engine-left-alone', path: endpoint.path, pidfile, holder });
    firstLook.absent();
    if (state.name !== 'down') return;
    // One that is not there yet will be told by the watched folders; this is for one that stops, or listens elsewhere,
    // and for a system that did not say who holds the socket: it may be busy.
    const isToBeSeen = process !== undefined || (holder === 'unknown' && unseen.attempts < patience.refusals);
    if (isToBeSeen) next.set(unseen.next(), look);
  }

  /** It is ready; or nobody says when it is: better a question that may wait too long than none. */
  function askAwaited(process: ProcessIdentity): void {
    // By now it may have been told to stop: a listener that was held up hears late.
    if (signs.isAtWork(process) && signs.holdsSocket(process)) ask(process, undefined);
    else leave();
  }

  function stillAwaited(): void {
    if (state.name !== 'awaiting') return;
    if (!signs.isAtWork(state.process)) return leave();
    waitsAtFirst(state.process, 0);
    next.set(patience.startingCheck, stillAwaited);
  }

  function ask(process: ProcessIdentity | undefined, doubt: Doubt | undefined): void {
    // Which run it is comes first only where it can differ from one that was told, and no process says it.
    const identify = process === undefined && (firstLook.pending || doubt !== undefined);
    const probe = startProbe(endpoint, identify, patience.identity, { found, failed: notFound });
    enter({ name: 'asking', probe, process, doubt, since: performance.now() });
    next.set(patience.silence, stillSilent);
  }

  function stillSilent(): void {
    if (state.name !== 'asking') return;
    const { process, doubt, since } = state;
    if (process !== undefined && !signs.isAtWork(process)) return hearLastWords();
    const waited = performance.now() - (doubt?.since ?? since);
    waitsAtFirst(process, waited);
    const limit = doubt === undefined ? patience.blindPatience : patience.doubt.silent;
    // With a process there, the answer that comes one day is the engine's start: never given up.
    if (waited >= limit && (process === undefined || doubt !== undefined))
      return notFound({ kind: 'closed' });
    next.set(patience.startingCheck, stillSilent);
  }

  function waitsAtFirst(process: ProcessIdentity | undefined, waited: number): void {
    if (!firstLook.pending) return;
    remarks.sayOnce({ kind: 'engine-silent' });
    firstLook.waits(process, waited);
  }

  /** The process that was asked is over. An answer that it gave before is on its way, and makes it one that was up. */
  function hearLastWords(): void {
    next.set(patience.lastWords, () => notFound({ kind: 'closed' }));
  }

  function found(connection: Connection, identity: Run | undefined): void {
    if (state.name !== 'asking') return;
    const { process = signs.process(), doubt } = state;
    const run = process === undefined ? identity : runOf(process);
    const askLater = run === undefined && !firstLook.pending && doubt === undefined;
    const hold = holdConnection(connection, heartbeat, askLater, {
      lost: connectionLost,
      silent: fallsSilent,
      answeredLate,
      identified: (now) => options.observe({ kind: 'engine-identified', engine, at: Date.now(), run: now }),
    });
    firstLook.found();
    remarks.forget();
    nowUp(hold, process, run);
  }

  function nowUp(hold: Hold, process: ProcessIdentity | undefined, run: Run | undefined): void {
    // Until it is known who holds the socket, the careful answer counts.
    const [target, since] = [signs.target(), performance.now()];
    enter({ name: 'up', hold, process, activated: true, listed: false, target, since });
    options.observe({
      kind: 'engine-answers',
      engine,
      at: Date.now(),
      ...(run === undefined ? {} : { run }),
    });
    if (state.name !== 'up' || signal.aborted) return;
    // Only now, when hooks are on their way: this reads much of /proc.
    const holder = signs.holder();
    const activated = holder === 'systemd' || holder === 'unknown';
    options.held?.(activated);
    state = { ...state, activated, listed: signs.isListening() === true };
  }

  /** No engine answered: the connection was not made, was ended, or means nothing. */
  function notFound(failure: ProbeFailure): void {
    if (state.name !== 'asking') return;
    const { process, doubt } = state;
    letGo();
    if (doubt !== undefined) {
      const how =
        endingOf(signs, doubt.process) ??
        settleDoubt(doubt, failure, isLocal, patience.doubt, performance.now());
      if (how !== undefined) return ends(how, doubt.process);
      enter({ name: 'doubting', doubt });
      return laterInDoubt(doubt);
    }
    enter({ name: 'down' });
    const isNew = backoff.attempts < patience.forbidden;
    const remark = explain(failure, endpoint, isNew);
    if (remark !== undefined) remarks.sayOnce(remark);
    firstLook.failed(failure, process !== undefined && !signs.isAtWork(process));
    const pause = pauseAfter(failure, process !== undefined, backoff, { isLocal, patience });
    if (pause !== undefined) next.set(pause, look);
  }

  /** The connection ended: with the engine, or was it only cut by something between? */
  function connectionLost(end: ConnectionEnd): void {
    options.lost?.();
    if (state.name === 'frozen') {
      const { process, activated } = state;
      // Told to stop, it thaws first: no new connection then to a socket that systemd goes on holding.
      if (!activated || !signs.isAtWork(process)) return leave();
      return enter({ name: 'going', process, activated });
    }
    if (state.name !== 'up') return;
    const { process, activated, since } = state;
    if (process !== undefined) {
      if (!signs.isAtWork(process)) return ends(howItEnded(signs, process), process);
      if (activated || !isServing(signs)) return ends('shutdown', process);
    }
    const doubt: Doubt = { process, since: performance.now() };
    if (doubt.since - since >= patience.sound) unsound.reset();
    if (isUnsound(end)) return distrust(end, doubt);
    enter({ name: 'doubting', doubt });
    if (doubt.since - since < patience.settled) return laterInDoubt(doubt);
    backoff.reset();
    askAgain(doubt);
  }

  /** It answers, but floods us or talks nonsense: asked again ever later, so that it costs the others nothing. */
  function distrust(end: ConnectionEnd, doubt: Doubt): void {
    const remark = explain(end, endpoint, false);
    if (remark !== undefined) remarks.say(remark);
    askAgain({ ...doubt, notBefore: doubt.since + unsound.next() });
  }

  function askAgain(doubt: Doubt): void {
    const how = endingOf(signs, doubt.process);
    if (how !== undefined) return ends(how, doubt.process);
    enter({ name: 'doubting', doubt });
    const wait = (doubt.notBefore ?? 0) - performance.now();
    if (wait > 0) return next.set(wait, () => askAgain({ process: doubt.process, since: performance.now() }));
    askIfAllowed(doubt);
    if (state.name !== 'doubting') return;
    // It may not be asked any more: its socket is gone, or by now a connection would start it.
    if (doubt.process !== undefined || performance.now() - doubt.since >= patience.doubt.refused) {
      return ends('shutdown', doubt.process);
    }
    laterInDoubt(doubt);
  }

  function laterInDoubt(doubt: Doubt): void {
    next.set(Math.min(backoff.next(), patience.longestInDoubt), () => askAgain(doubt));
  }

  /** While up: is the process still there, and does it still listen, at the place that the path leads to? */
  function checkSigns({ process, listed, hold, target }: Up, recheck: number): void {
    if (process !== undefined && !signs.isAtWork(process)) return ends(howItEnded(signs, process), process);
    // Another engine may be there.
    if (signs.target() !== target) return doubts(process);
    if (!listed || !isLocal || signs.hasSocket()) return;
    if (signs.isListening() === false) {
      if (process !== undefined) return ends('shutdown', process);
      // Without its process in sight this may be a proxy that is only restarted.
      return doubts(process);
    }
    const pause = patience.rechecks[recheck];
    if (pause === undefined) return remarks.sayOnce({ kind: 'engine-socket-removed', path: endpoint.path });
    next.set(pause, () => {
      if (state.name === 'up' && state.hold === hold) checkSigns(state, recheck + 1);
    });
  }

  /** Lets go of an engine that is up, and asks whether it is. */
  function doubts(process: ProcessIdentity | undefined): void {
    letGo();
    options.lost?.();
    backoff.reset();
    askAgain({ process, since: performance.now() });
  }

  /** The engine is there, but does not answer. */
  function fallsSilent(): void {
    if (state.name !== 'up') return;
    const { process, hold, activated } = state;
    if (process === undefined) return ends('unreachable', undefined);
    if (!signs.isAtWork(process)) return ends(howItEnded(signs, process), process);
    enter({ name: 'frozen', hold, process, activated });
    options.observe({ kind: 'engine-ends', engine, at: Date.now(), how: 'unreachable' });
  }

  function answeredLate(): void {
    if (state.name !== 'frozen') return;
    nowUp(state.hold, state.process, runOf(state.process));
  }

  function ends(how: Ending, process: ProcessIdentity | undefined): void {
    // First of all let go: an engine that shuts down must not find us in its way.
    letGo();
    const activated = state.name === 'up' && state.activated;
    const alive = process !== undefined && signs.isAtWork(process);
    enter(alive ? { name: 'going', process, activated } : { name: 'down' });
    backoff.reset();
    options.observe({ kind: 'engine-ends', engine, at: Date.now(), how });
    look();
  }

  function changed(): void {
    backoff.reset();
    unseen.reset();
    // The hooks wait for what is seen now; what came in a place just watched may have come before it was.
    look();
    if (watchPlaces()) look();
  }

  signal.addEventListener('abort', () => {
    next.clear();
    letGo();
  });
  watchPlaces();
  remarks.say({ kind: 'engine-watched', pidfile, chosenBy: options.engine.chosenBy });
  remarkPidfile();
  look();

  return createHints(patience.hintInterval, look, () => state.name === 'up' && state.hold.ask(), signal);
}
