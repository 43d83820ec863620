import type { EngineSettings, Heartbeat } from '../config/settings.ts';
import type { Ending, Observation, Run } from '../lifecycle/observation.ts';
import { coalesce } from '../system/coalesce.ts';
import type { FolderWatches } from '../system/folder-watches.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import { afterReading, type ReadingTimer } from '../system/reading-timer.ts';
import { createBackoff } from './backoff.ts';
import type { Connection } from './connection.ts';
import { type Hold, holdConnection } from './hold.ts';
import { patience } from './patience.ts';
import { type ProbeFailure, startProbe } from './probe.ts';
import { createRemarks } from './remarks.ts';
import type { EngineReport } from './report.ts';
import { runOf, signsOf } from './signs.ts';
import { type Doubt, type State, settleDoubt, type Up } from './state.ts';

export interface SensorOptions {
  readonly engine: EngineSettings;
  readonly heartbeat: Heartbeat;
  readonly folders: FolderWatches;
  readonly observe: (observation: Observation) => void;
  readonly report: (report: EngineReport) => void;
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
export function startSensor({ heartbeat, signal, ...options }: SensorOptions): Sensor {
  const { name: engine, endpoint, pidfile } = options.engine;
  const isLocal = endpoint.kind === 'unix';
  const signs = signsOf(options.engine);
  const backoff = createBackoff(isLocal ? patience.local : patience.afar);
  const remarks = createRemarks({ engine, url: endpoint.url }, options.report);
  let state: State = { name: 'down' };
  let timer: ReadingTimer | undefined;
  let firstLook = true;

  function enter(next: State): void {
    timer?.cancel();
    state = next;
  }

  function later(milliseconds: number, action: () => void): void {
    timer?.cancel();
    timer = afterReading(milliseconds, action);
  }

  /** Everything that may have changed ends up here, as often as it likes: it decides by what is there now. */
  function look(): void {
    if (signal.aborted) return;
    switch (state.name) {
      case 'down':
        return askIfAllowed(undefined);
      case 'asking':
        if (state.process !== undefined && !signs.isAtWork(state.process)) notFound({ kind: 'closed' });
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
    if (!signs.hasSocket() || (process === undefined && !mayAskBlindly())) return absent();
    // Which run it is comes first only where it can differ from one that was told, and no process says it.
    const identify = process === undefined && (firstLook || doubt !== undefined);
    const probe = startProbe(endpoint, identify, { found, failed: notFound });
    enter({ name: 'asking', probe, process, doubt, since: Date.now() });
    later(patience.silence, stillSilent);
  }

  /** Without a process that shows that the engine runs, a connection may be the very thing that starts it. */
  function mayAskBlindly(): boolean {
    const holder = signs.mayConnectBlindly();
    if (holder === true || holder === 'other') return true;
    if (firstLook && isLocal)
      remarks.say({ kind: 'engine-left-alone', path: endpoint.path, pidfile, holder });
    return false;
  }

  function absent(process?: ProcessIdentity): void {
    const run = process === undefined ? {} : { run: runOf(process) };
    if (firstLook) options.observe({ kind: 'engine-absent', engine, at: Date.now(), ...run });
    firstLook = false;
  }

  function stillSilent(): void {
    if (state.name !== 'asking') return;
    const { process, doubt, since } = state;
    if (firstLook) {
      remarks.say({ kind: 'engine-silent' });
      absent(process);
    }
    if (process !== undefined && !signs.isAtWork(process)) return notFound({ kind: 'closed' });
    const limit = doubt === undefined ? patience.blindPatience : patience.doubt.silent;
    const waited = Date.now() - (doubt?.since ?? since);
    // With a process there, the answer that comes one day is the engine's start: never given up.
    if (waited >= limit && (process === undefined || doubt !== undefined))
      return notFound({ kind: 'closed' });
    later(patience.startingCheck, stillSilent);
  }

  function found(connection: Connection, identity: Run | undefined): void {
    if (state.name !== 'asking') return;
    const { process = signs.process(), doubt } = state;
    const run = process === undefined ? identity : runOf(process);
    const askLater = run === undefined && !firstLook && doubt === undefined;
    const hold = holdConnection(connection, heartbeat, askLater, {
      lost: connectionLost,
      silent: fallsSilent,
      answeredLate,
      identified: (now) => options.observe({ kind: 'engine-identified', engine, at: Date.now(), run: now }),
    });
    firstLook = false;
    remarks.forget();
    nowUp(hold, process, run);
  }

  function nowUp(hold: Hold, process: ProcessIdentity | undefined, run: Run | undefined): void {
    // Until it is known who holds the socket, the careful answer counts.
    enter({ name: 'up', hold, process, activated: true, listed: false, since: Date.now() });
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
      const how = endedMeanwhile(doubt) ?? settleDoubt(doubt, failure, isLocal, Date.now());
      if (how !== undefined) return ends(how, doubt.process);
      enter({ name: 'doubting', doubt });
      return laterInDoubt(doubt);
    }
    enter({ name: 'down' });
    explain(failure);
    absent();
    const nobody = failure.kind === 'not-made' && ['ECONNREFUSED', 'ENOENT'].includes(failure.code);
    // The watched folders tell when somebody listens there again.
    if (isLocal && nobody && process === undefined && backoff.attempts >= patience.refusals) return;
    later(
      Math.min(
        backoff.next(),
        process === undefined ? Number.POSITIVE_INFINITY : patience.longestWhileComing,
      ),
      look,
    );
  }

  function explain(failure: ProbeFailure): void {
    if (failure.kind === 'answered-badly')
      remarks.sayOnce({ kind: 'engine-answers-badly', status: failure.status });
    if (failure.kind !== 'not-made') return;
    const { code, message } = failure;
    if (!isLocal) remarks.sayOnce({ kind: 'engine-not-reached', code, error: message });
    else if (code === 'EACCES' && backoff.attempts >= patience.forbidden) {
      remarks.sayOnce({ kind: 'engine-forbidden', path: endpoint.path });
    }
  }

  /** The connection ended: with the engine, or was it only cut by something between? */
  function connectionLost(): void {
    if (state.name === 'frozen') return leave();
    if (state.name !== 'up') return;
    const { process, activated, since } = state;
    if (process !== undefined) {
      if (!signs.isAtWork(process)) return ends(howItEnded(process), process);
      if (activated || !isServing()) return ends('shutdown', process);
    }
    const doubt: Doubt = { process, since: Date.now() };
    enter({ name: 'doubting', doubt });
    if (Date.now() - since < patience.settled) return laterInDoubt(doubt);
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
    if (doubt.process !== undefined || Date.now() - doubt.since >= patience.doubt.refused) {
      return ends('shutdown', doubt.process);
    }
    laterInDoubt(doubt);
  }

  function laterInDoubt(doubt: Doubt): void {
    later(Math.min(backoff.next(), patience.longestInDoubt), () => askAgain(doubt));
  }

  function endedMeanwhile({ process }: Doubt): Ending | undefined {
    return process === undefined || signs.isAtWork(process) ? undefined : howItEnded(process);
  }

  /** While up: is the process still there, and does it still listen? */
  function checkSigns({ process, listed, hold }: Up, recheck: number): void {
    if (process !== undefined && !signs.isAtWork(process)) return ends(howItEnded(process), process);
    if (!listed || !isLocal || signs.hasSocket()) return;
    if (signs.isListening() === false) return ends('shutdown', process);
    const pause = patience.rechecks[recheck];
    if (pause === undefined) return remarks.say({ kind: 'engine-socket-removed', path: endpoint.path });
    later(pause, () => {
      if (state.name === 'up' && state.hold === hold) checkSigns(state, recheck + 1);
    });
  }

  function isServing(): boolean {
    return signs.hasSocket() && signs.isListening() !== false;
  }

  function howItEnded(process: ProcessIdentity): Ending {
    return signs.leftPidfile(process) ? 'crash' : 'shutdown';
  }

  /** The engine is there, but does not answer. */
  function fallsSilent(): void {
    if (state.name !== 'up') return;
    const { process, hold } = state;
    if (process === undefined) return ends('unreachable', undefined);
    if (!signs.isAtWork(process)) return ends(howItEnded(process), process);
    enter({ name: 'frozen', hold, process });
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
    look();
  }

  for (const [folder, names] of signs.places()) options.folders.watch(folder, names, changed);
  signal.addEventListener('abort', () => {
    timer?.cancel();
    letGo();
  });
  remarks.say({ kind: 'engine-watched', pidfile, chosenBy: options.engine.chosenBy });
  look();

  const hinted = coalesce(patience.hintInterval, signal);
  return {
    lookForStart: () => hinted(look),
    lookForStop: () =>
      hinted(() => {
        if (state.name === 'up') state.hold.ask();
        look();
      }),
  };
}
