import type { Endpoint } from '../config/endpoint.ts';
import type { Ending, Observation } from '../lifecycle/observation.ts';
import { coalesce } from '../system/coalesce.ts';
import { watchFolder } from '../system/folder-watch.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import { type Connection, type ConnectionEnd, openConnection } from './connection.ts';
import type { EngineReport } from './report.ts';
import { runOf, signsOf } from './signs.ts';

export interface SensorOptions {
  /** The engine's name in observations and reports. */
  readonly engine: string;
  readonly endpoint: Endpoint;
  /** Where the engine writes its pid; undefined where there is none to be seen. */
  readonly pidfile: string | undefined;
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

/** Until its connection was lost the engine was up; whether it still is must show before `deadline`. */
interface Doubt {
  readonly process: ProcessIdentity | undefined;
  readonly deadline: number;
}

/**
 * ```
 *   down ──connect──▶ asking ──200──▶ up ──it ends──▶ going ──its process is over──▶ down
 *     ▲                 │ ▲            │
 *     └──no connection──┘ └─cut, but───┘
 *                           still there
 * ```
 */
type State =
  /** Nothing is open. */
  | { readonly name: 'down' }
  /** One `_ping` is pending: it is answered at the instant when the engine serves its API. */
  | {
      readonly name: 'asking';
      readonly connection: Connection;
      readonly process: ProcessIdentity | undefined;
      readonly doubt: Doubt | undefined;
    }
  /** One idle connection is held; its end is the first sign of a stop. */
  | {
      readonly name: 'up';
      readonly connection: Connection;
      readonly process: ProcessIdentity | undefined;
      /** A connection that nobody accepts would start the engine again: systemd listens on the socket. */
      readonly activated: boolean;
      readonly listed: boolean;
      readonly asked: boolean;
    }
  /** Told as ended; nothing is opened while that process lives, lest it be kept or started again. */
  | { readonly name: 'going'; readonly process: ProcessIdentity; readonly activated: boolean };

/** How long an engine may keep a first `_ping` waiting before it counts as starting, in ms. */
const silence = 1000;
/** How often a starting engine's process is looked at while its answer is awaited, in ms. */
const startingCheck = 1000;
/** Refusals of permission until it is reported: a new socket belongs to root until the engine gives it to its group. */
const accessPatience = 6;
/** How long a lost connection may stay in doubt before the engine counts as unreachable, in ms. */
const doubtLimit = 5000;
/** Attempts to connect: first and longest pause in ms; the longest without a process that shows it is coming. */
const retry = { first: 5, longest: 1000, longestBlind: 30_000 };
/** A socket's file goes microseconds before its listener does: how often, and after how many ms, to look again. */
const rechecks = [2, 10, 50, 250, 1000];
/** Hints that come faster than this are taken together, in ms. */
const hintInterval = 100;

/**
 * Watches one engine: says when it answers, and when it is going, as real engines were measured to do; polls
 * nothing while nothing happens, and opens no connection that could start an engine that is down.
 */
export function startSensor(options: SensorOptions): Sensor {
  const { engine, endpoint, pidfile, report, signal } = options;
  const signs = signsOf(endpoint, pidfile);
  let state: State = { name: 'down' };
  let timer: NodeJS.Timeout | undefined;
  let attempts = 0;
  let firstLook = true;

  function enter(next: State): void {
    clearTimeout(timer);
    state = next;
  }

  function later(milliseconds: number, action: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  }

  /** Everything that may have changed ends up here, as often as it likes: it decides by what is there now. */
  function look(): void {
    if (signal.aborted) return;
    switch (state.name) {
      case 'down':
        return connectIfAllowed(undefined);
      case 'asking':
        if (state.process !== undefined && !signs.isAtWork(state.process)) notAnswered(state);
        return;
      case 'up':
        return checkSigns(0);
      case 'going':
        if (signs.isAtWork(state.process) && (state.activated || !isServing())) return;
        enter({ name: 'down' });
        return connectIfAllowed(undefined);
      default:
        return state satisfies never;
    }
  }

  function connectIfAllowed(doubt: Doubt | undefined): void {
    const process = signs.process();
    if (process === undefined && !mayConnectBlindly()) return absent();
    if (!signs.hasSocket()) return absent();
    const connection = openConnection(endpoint, {
      answered: (status) => answered(status),
      ended: (end) => ended(end),
    });
    enter({ name: 'asking', connection, process, doubt });
    connection.ping();
    later(silence, stillSilent);
  }

  /**
   * Without a process that shows that the engine runs, a connection may be the very thing that starts it.
   * It is harmless where a program other than systemd would take it, or where nobody would.
   */
  function mayConnectBlindly(): boolean {
    if (!signs.hasSocket()) return false;
    const holder = signs.holder();
    if (holder === 'nobody') return pidfile === undefined;
    if (holder === 'other') return true;
    if (firstLook) report({ kind: 'engine-left-alone', engine, path: endpoint.path, pidfile, holder });
    return false;
  }

  function absent(): void {
    if (firstLook) options.observe({ kind: 'engine-absent', engine, at: Date.now() });
    firstLook = false;
  }

  function stillSilent(): void {
    if (state.name !== 'asking') return;
    const { process, doubt } = state;
    if (firstLook) {
      report({ kind: 'engine-silent', engine, url: endpoint.url });
      absent();
    }
    if (process !== undefined && !signs.isAtWork(process)) return notAnswered(state);
    if (doubt !== undefined && Date.now() >= doubt.deadline) return ends('unreachable', doubt.process);
    later(startingCheck, stillSilent);
  }

  function answered(status: number): void {
    if (state.name === 'up') {
      state = { ...state, asked: false };
    } else if (state.name === 'asking') {
      if (status === 200) return nowUp(state);
      if (attempts === 0) report({ kind: 'engine-answers-badly', engine, url: endpoint.url, status });
      notAnswered(state);
    }
  }

  function nowUp({ connection, process = signs.process() }: Extract<State, { name: 'asking' }>): void {
    attempts = 0;
    firstLook = false;
    enter({ name: 'up', connection, process, activated: true, listed: false, asked: false });
    const run = process === undefined ? {} : { run: runOf(process) };
    options.observe({ kind: 'engine-answers', engine, at: Date.now(), ...run });
    // Only now, when hooks are on their way: this reads much of /proc.
    if (state.name === 'up' && !signal.aborted) {
      const holder = signs.holder();
      state = {
        ...state,
        activated: holder === 'systemd' || holder === 'unknown',
        listed: signs.isListening() === true,
      };
    }
  }

  function ended(end: ConnectionEnd): void {
    if (state.name === 'up') return connectionLost(state);
    if (state.name === 'asking') notAnswered(state, end);
  }

  /** The connection ended: with the engine, or was it only cut by something between? */
  function connectionLost({ process, activated }: Extract<State, { name: 'up' }>): void {
    if (process !== undefined) {
      if (!signs.isAtWork(process)) return ends(howItEnded(process));
      if (activated || !isServing()) return ends('shutdown');
    } else if (!signs.hasSocket()) {
      return ends('shutdown');
    }
    attempts = 0;
    inDoubt({ process, deadline: Date.now() + doubtLimit });
  }

  function inDoubt(doubt: Doubt): void {
    enter({ name: 'down' });
    connectIfAllowed(doubt);
    // Whatever the reason: it may not be asked any more, so it is not there.
    if (state.name === 'down') ends('shutdown', doubt.process);
  }

  /** No answer to the pending `_ping`: the connection was not made, was ended, or means nothing. */
  function notAnswered(asking: Extract<State, { name: 'asking' }>, end?: ConnectionEnd): void {
    const { connection, process, doubt } = asking;
    connection.close();
    if (doubt !== undefined) {
      if (doubt.process !== undefined && !signs.isAtWork(doubt.process))
        return ends(howItEnded(doubt.process));
      if (end?.kind === 'not-made' && end.code === 'ECONNREFUSED') return ends('crash', doubt.process);
      if (Date.now() >= doubt.deadline) return ends('unreachable', doubt.process);
      return later(nextPause(process), () => inDoubt(doubt));
    }
    enter({ name: 'down' });
    absent();
    if (end?.kind === 'not-made' && end.code === 'EACCES' && attempts === accessPatience) {
      report({ kind: 'engine-forbidden', engine, path: endpoint.path });
    }
    later(nextPause(process), look);
  }

  function nextPause(process: ProcessIdentity | undefined): number {
    const longest = process === undefined ? retry.longestBlind : retry.longest;
    return Math.min(retry.first * 2 ** attempts++, longest);
  }

  /** While up: is the process still there, and does it still listen? */
  function checkSigns(recheck: number): void {
    if (state.name !== 'up') return;
    const { process, listed } = state;
    if (process !== undefined && !signs.isAtWork(process)) return ends(howItEnded(process));
    if (!listed || signs.hasSocket()) return;
    if (signs.isListening() === false) return ends('shutdown');
    const pause = rechecks[recheck];
    if (pause !== undefined) return later(pause, () => checkSigns(recheck + 1));
    report({ kind: 'engine-socket-removed', engine, path: endpoint.path });
  }

  function isServing(): boolean {
    return signs.hasSocket() && signs.isListening() !== false;
  }

  function howItEnded(process: ProcessIdentity): Ending {
    return signs.leftPidfile(process) ? 'crash' : 'shutdown';
  }

  function ends(how: Ending, process = state.name === 'up' ? state.process : undefined): void {
    const activated = state.name === 'up' && state.activated;
    // First of all let go: an engine that shuts down must not find us in its way.
    if (state.name === 'up' || state.name === 'asking') state.connection.close();
    const alive = process !== undefined && signs.isAtWork(process);
    enter(alive ? { name: 'going', process, activated } : { name: 'down' });
    options.observe({ kind: 'engine-ends', engine, at: Date.now(), how });
    look();
  }

  for (const folder of signs.folders()) {
    watchFolder(
      folder,
      {
        changed(name) {
          if (name !== undefined && !signs.isSign(name)) return;
          attempts = 0;
          look();
        },
        degraded: (path, error) => report({ kind: 'watch-degraded', folder: path, error: String(error) }),
      },
      signal,
    );
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    if (state.name === 'up' || state.name === 'asking') state.connection.close();
  });
  report({ kind: 'engine-watched', engine, url: endpoint.url, pidfile });
  look();

  const hinted = coalesce(hintInterval, signal);
  return {
    lookForStart: () => hinted(look),
    lookForStop: () =>
      hinted(() => {
        if (state.name === 'up' && !state.asked) {
          state = { ...state, asked: true };
          state.connection.ping();
        }
        look();
      }),
  };
}
