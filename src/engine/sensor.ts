import type { EngineSettings, Heartbeat } from '../config/settings.ts';
import type { Ending, Observation, Run } from '../lifecycle/observation.ts';
import { coalesce } from '../system/coalesce.ts';
import type { FolderWatches } from '../system/folder-watches.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import { createBackoff } from './backoff.ts';
import type { Connection } from './connection.ts';
import { createDeadline } from './deadline.ts';
import { explain } from './explain.ts';
import { createFirstLook } from './first-look.ts';
import { type Hold, holdConnection } from './hold.ts';
import { defaultPatience, type Patience } from './patience.ts';
import { type ProbeFailure, startProbe } from './probe.ts';
import { createRemarks } from './remarks.ts';
import type { EngineReport } from './report.ts';
import { runOf, signsOf } from './signs.ts';
import { type Doubt, isNobody, type State, settleDoubt, type Up } from './state.ts';
import { watchPlacesOf } from './watch-places.ts';

export interface SensorOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  readonly observe: (observation: Observation) => void;
  readonly report: (report: EngineReport) => void;
  /** How long it waits for what; for tests that have less time. */
  readonly patience?: Patience;
  /** Ends everything the sensor opened. */
  readonly signal: AbortSignal;
}

/** A running sensor. */
export interface Sensor {
  /** Somebody says that the engine started: look at once. Cheap, and never opens what may not be opened. */
  lookForStart(): void;
  /** Somebody says that the engine stops: look, and ask on the connection that is held already. */
  lookForStop(): void;
}

/**
 * Watches one engine: says when it answers, and when it is going, as real engines were measured to do; polls
 * nothing while nothing happens, and opens no connection that could start an engine that is down.
 */
export function startSensor(options: SensorOptions): Sensor {
  const { heartbeat, signal, patience = defaultPatience } = options;
  const { name: engine, endpoint, pidfile } = options.engine;
  const isLocal = endpoint.kind === 'unix';
  const signs = signsOf(options.engine);
  const backoff = createBackoff(isLocal ? patience.local : patience.afar);
  const remarks = createRemarks({ engine, url: endpoint.url }, options.report);
  const firstLook = createFirstLook(engine, options.observe);
  const beganAt = performance.now();
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
        if (signs.isAtWork(state.process) && (state.activated || !isServing())) return;
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
    if (state.name === 'asking') state.probe.cancel();
    if (state.name === 'up' || state.name === 'frozen') state.hold.release();
  }

  /** Sends a probe, unless that could start the engine. */
  function askIfAllowed(doubt: Doubt | undefined): void {
    const process = signs.process();
    if (!signs.hasSocket()) return firstLook.absent();
    if (!mayAsk(process)) {
      firstLook.absent();
      // It stops, and one that is not there yet will be told by the watched folders; this is for neither.
      if (process !== undefined && state.name === 'down') next.set(patience.startingCheck, look);
      return;
    }
    // Which run it is comes first only where it can differ from one that was told, and no process says it.
    const identify = process === undefined && (firstLook.pending || doubt !== undefined);
    const probe = startProbe(endpoint, identify, patience.identity, { found, failed: notFound });
    enter({ name: 'asking', probe, process, doubt, since: performance.now() });
    next.set(patience.silence, stillSilent);
  }

  /** A connection may be the very thing that starts an engine. */
  function mayAsk(process: ProcessIdentity | undefined): boolean {
    const holder = signs.mayConnect(process);
    if (holder === true || holder === 'other') return true;
    if (firstLook.pending && isLocal)
      remarks.say({ kind: 'engine-left-alone', path: endpoint.path, pidfile, holder });
    return false;
  }

  function stillSilent(): void {
    if (state.name !== 'asking') return;
    const { process, doubt, since } = state;
    if (process !== undefined && !signs.isAtWork(process)) return hearLastWords();
    const waited = performance.now() - (doubt?.since ?? since);
    if (firstLook.pending) {
      remarks.sayOnce({ kind: 'engine-silent' });
      if (process !== undefined) firstLook.silent(process);
      else if (waited >= (isLocal ? patience.doubt.silent : patience.doubt.network)) firstLook.absent();
    }
    const limit = doubt === undefined ? patience.blindPatience : patience.doubt.silent;
    // With a process there, the answer that comes one day is the engine's start: never given up.
    if (waited >= limit && (process === undefined || doubt !== undefined))
      return notFound({ kind: 'closed' });
    next.set(patience.startingCheck, stillSilent);
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
    enter({ name: 'up', hold, process, activated: true, listed: false, since: performance.now() });
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
    state = { ...state, activated, listed: signs.isListening() === true };
  }

  /** No engine answered: the connection was not made, was ended, or means nothing. */
  function notFound(failure: ProbeFailure): void {
    if (state.name !== 'asking') return;
    const { process, doubt } = state;
    letGo();
    if (doubt !== undefined) {
      const how =
        endedMeanwhile(doubt) ?? settleDoubt(doubt, failure, isLocal, patience.doubt, performance.now());
      if (how !== undefined) return ends(how, doubt.process);
      enter({ name: 'doubting', doubt });
      return laterInDoubt(doubt);
    }
    enter({ name: 'down' });
    const isForbidden = failure.kind === 'not-made' && failure.code === 'EACCES';
    const isNew = backoff.attempts < patience.forbidden;
    const remark = explain(failure, endpoint, isNew);
    if (remark !== undefined) remarks.sayOnce(remark);
    if (firstLook.pending && isCertain(process, failure)) firstLook.absent();
    // The watched folders tell when somebody listens there again.
    if (isLocal && isNobody(failure) && backoff.attempts >= patience.refusals) return;
    // What answers badly may be a proxy before an engine that starts, as Docker Desktop's is.
    const isProxied = failure.kind === 'answered-badly' && backoff.attempts < patience.badAnswers;
    const isComingSoon = isProxied || (process !== undefined && (isNew || !isForbidden));
    next.set(Math.min(backoff.next(), isComingSoon ? patience.longestWhileComing : Infinity), look);
  }

  /** Whether a first look that failed shows that what was up in the listener's last life has ended. */
  function isCertain(process: ProcessIdentity | undefined, failure: ProbeFailure): boolean {
    if (process !== undefined && !signs.isAtWork(process)) return true;
    const inDoubt: Doubt = { process: undefined, since: beganAt };
    const settled = settleDoubt(inDoubt, failure, isLocal, patience.doubt, performance.now());
    return isNobody(failure) || settled !== undefined;
  }

  /** The connection ended: with the engine, or was it only cut by something between? */
  function connectionLost(): void {
    if (state.name === 'frozen') {
      const { process, activated } = state;
      // Told to stop, it thaws first: no new connection then to a socket that systemd goes on holding.
      if (!activated || !signs.isAtWork(process)) return leave();
      return enter({ name: 'going', process, activated });
    }
    if (state.name !== 'up') return;
    const { process, activated, since } = state;
    if (process !== undefined) {
      if (!signs.isAtWork(process)) return ends(howItEnded(process), process);
      if (activated || !isServing()) return ends('shutdown', process);
    }
    const doubt: Doubt = { process, since: performance.now() };
    enter({ name: 'doubting', doubt });
    if (doubt.since - since < patience.settled) return laterInDoubt(doubt);
    backoff.reset();
    askAgain(doubt);
  }

  function askAgain(doubt: Doubt): void {
    const how = endedMeanwhile(doubt);
    if (how !== undefined) return ends(how, doubt.process);
    enter({ name: 'doubting', doubt });
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

  function endedMeanwhile({ process }: Doubt): Ending | undefined {
    return process === undefined || signs.isAtWork(process) ? undefined : howItEnded(process);
  }

  /** While up: is the process still there, and does it still listen? */
  function checkSigns({ process, listed, hold }: Up, recheck: number): void {
    if (process !== undefined && !signs.isAtWork(process)) return ends(howItEnded(process), process);
    if (!listed || !isLocal || signs.hasSocket()) return;
    if (signs.isListening() === false) {
      if (process !== undefined) return ends('shutdown', process);
      // Without its process in sight this may be a proxy that is only restarted.
      hold.release();
      backoff.reset();
      return askAgain({ process, since: performance.now() });
    }
    const pause = patience.rechecks[recheck];
    if (pause === undefined) return remarks.sayOnce({ kind: 'engine-socket-removed', path: endpoint.path });
    next.set(pause, () => {
      if (state.name === 'up' && state.hold === hold) checkSigns(state, recheck + 1);
    });
  }

  function isServing(): boolean {
    return signs.hasSocket() && signs.isListening() !== false;
  }

  function howItEnded(process: ProcessIdentity): Ending {
    return signs.isNamed(process) ? 'crash' : 'shutdown';
  }

  /** The engine is there, but does not answer. */
  function fallsSilent(): void {
    if (state.name !== 'up') return;
    const { process, hold, activated } = state;
    if (process === undefined) return ends('unreachable', undefined);
    if (!signs.isAtWork(process)) return ends(howItEnded(process), process);
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
    watchPlaces();
    look();
  }

  signal.addEventListener('abort', () => {
    next.clear();
    letGo();
  });
  watchPlaces();
  remarks.say({ kind: 'engine-watched', pidfile, chosenBy: options.engine.chosenBy });
  look();

  const hinted = coalesce(patience.hintInterval, signal);
  let stopHinted = false;
  function hint(): void {
    if (stopHinted && state.name === 'up') state.hold.ask();
    stopHinted = false;
    look();
  }
  return {
    lookForStart: () => hinted(hint),
    lookForStop() {
      stopHinted = true;
      hinted(hint);
    },
  };
}
