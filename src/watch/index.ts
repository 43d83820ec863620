/**
 * Knows when Docker starts and stops, without polling it and without ever starting it or keeping it from stopping.
 *
 * ```js
 * import { watchEngines } from 'docker-lifecycle-listener';
 *
 * for await (const { engine, event, reason, time } of watchEngines()) {
 *   console.log(`${time.toISOString()} ${engine}: ${event} (${reason})`);
 * }
 * ```
 *
 * The listener needs not be installed or running for it: this is what the listener itself watches with. Nothing is
 * written to disk.
 *
 * @packageDocumentation
 */

import { setMaxListeners } from 'node:events';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import type { SensorReport } from './engine/report.ts';
import { SharedFolderWatches } from './host/folder-watch.ts';
import { AsyncQueue } from './library/async-queue.ts';
import { type Chosen, chooseWatched } from './library/options.ts';
import type { Transition } from './lifecycle/transition.ts';
import { type EngineChange, EngineWatch } from './watch-engine.ts';
import { describeSensorReport } from './words.ts';

/** Which engines are watched, how, and until when. */
export interface WatchEnginesOptions {
  /**
   * Endpoints, as `docker --host` takes them: `unix:///var/run/docker.sock`, `tcp://HOST:2376`, `ssh://USER@HOST`.
   * One engine each.
   */
  readonly host?: string | readonly string[] | undefined;
  /** Names of Docker contexts, as `docker --context` takes them. One engine each. */
  readonly context?: string | readonly string[] | undefined;
  /**
   * The absolute path of the file in which the engine writes its pid, or `none` where it cannot be seen from here. By
   * default Docker's own where the engine is on this machine. For one engine only.
   */
  readonly pidfile?: string | undefined;
  /** The time between two questions whether an engine that is up still answers, in ms; 0 for none. 30,000 by default. */
  readonly heartbeat?: number | undefined;
  /**
   * The variables from which `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`, `HOME` and
   * `XDG_RUNTIME_DIR` are taken. `process.env` by default.
   */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined;
  /** Ends the loop when it is aborted, without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the reasons for which the state of an engine may be unknown, such as a socket that may not be opened.
   * The watch goes on. By default it becomes a warning of the process, which Node prints on standard error.
   * A flag that its message names is the option of that name here.
   */
  readonly onWarning?: ((warning: EngineWarning) => void) | undefined;
}

/** A start or a stop of an engine. */
export type EngineTransition = EngineStart | EngineStop;

/** An engine answers. */
export interface EngineStart extends AnyTransition {
  /** Distinguishes it from a stop. */
  readonly event: 'start';
  /** `listener-started`: it was up when the loop began. `engine-started`: it came up since. */
  readonly reason: 'listener-started' | 'engine-started';
}

/** An engine stops, or has stopped. */
export interface EngineStop extends AnyTransition {
  /** Distinguishes it from a start. */
  readonly event: 'stop';
  /**
   * `shutdown`: it is being stopped. `crash`: its process ended without that. `unreachable`: it does not answer any
   * more. `unseen`: it was restarted so fast that only its next run shows it; the start of that comes next.
   */
  readonly reason: 'shutdown' | 'crash' | 'unreachable' | 'unseen';
}

/** Fields of both a start and a stop. */
export interface AnyTransition {
  /** The engine's name: its context, `default` for Docker's default socket, else its endpoint. */
  readonly engine: string;
  /** When it was seen. */
  readonly time: Date;
  /**
   * The engine run: equal for as long as the engine was not restarted. Compare it for nothing else. Missing if it is
   * unknown.
   */
  readonly run?: string;
}

/** An engine that is watched. */
export interface WatchedEngine {
  /** The name in `EngineTransition`. */
  readonly name: string;
  /** Its endpoint, as `DOCKER_HOST` takes it. */
  readonly url: string;
}

/** A reason for which the state of an engine is unknown until it is fixed. */
export interface EngineWarning {
  /**
   * Its kind, for programs: `engine-forbidden`, `engine-not-reached`, `engine-answers-badly`, `engine-left-alone`,
   * `engine-pidfile-unusable`, `engine-socket-removed` or `watch-degraded`. Later versions may know more.
   */
  readonly kind: string;
  /** The problem and its fix, for people. */
  readonly message: string;
  /** The engine's name; missing where it is about all of them. */
  readonly engine?: string;
}

/**
 * An async iterable of starts and stops. Each loop is a watch of its own: nothing is opened before it begins, and
 * nothing stays open, no timer and no process, after it has ended by `break`, `return`, a `throw` in it, or the signal.
 */
export interface EnginesWatch extends AsyncIterable<EngineTransition> {
  /** The watched engines. */
  readonly engines: readonly WatchedEngine[];
  /** Begins to watch. */
  [Symbol.asyncIterator](): AsyncIterableIterator<EngineTransition>;
}

/**
 * Watches Docker Engines.
 *
 * Docker's own rules choose them: `host` and `context`, else `DOCKER_HOST`, `DOCKER_CONTEXT`, the context of
 * `docker context use`, or Docker's default socket; if nothing is there, the first socket of a known
 * product (Docker Desktop, OrbStack, Colima, Rancher Desktop, Podman). The listener’s settings file is not read.
 *
 * Starts and stops of each engine alternate, and the first is a start: at once for an engine that is up already. An
 * engine that is down gives nothing before it comes up.
 *
 * **When the loop is slow.** The watch goes on while the loop's body is at work: transitions wait meanwhile, in
 * order, none left out and none merged, and each with the time when it was seen. So the loop may get a past event:
 * an engine whose start is being worked on may be down again. When 1,000 transitions wait (for which an engine has to
 * be restarted 500 times under one turn of the loop) the watch ends, and once the loop has had them all it is thrown
 * a {@link WatchError}.
 *
 * @throws {@link WatchError} at once, before anything is watched, for what is wrong with the options, the environment
 * or Docker's own configuration
 */
export function watchEngines(options: WatchEnginesOptions = {}): EnginesWatch {
  const chosen = chosenBy(options);
  const { signal, onWarning = warnByProcess } = options;
  return {
    engines: chosen.engines.map(({ name, endpoint }) => ({ name, url: endpoint.url })),
    [Symbol.asyncIterator]: () => beginLoop(chosen, onWarning, signal),
  };
}

/** An error that the caller can fix. Its message names the problem and the fix. */
export class WatchError extends Error {
  /** Distinguishes it from other errors, also where two copies of this package meet. */
  override readonly name = 'WatchError';
  /**
   * `bad-option`: what was given here or in the environment makes no sense. `bad-configuration`: there is no such
   * context, or Docker's own files make no sense. `fell-behind`: the loop is too slow.
   */
  readonly code: 'bad-option' | 'bad-configuration' | 'fell-behind';

  /** Made by this package alone. */
  constructor(code: WatchError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The most transitions that may wait for a loop that is slow. */
const mostWaiting = 1000;

function beginLoop(
  chosen: Chosen,
  warn: (warning: EngineWarning) => void,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<EngineTransition> {
  const watching = new AbortController();
  const queue = new AsyncQueue<EngineTransition>({
    most: mostWaiting,
    overflow: () => new WatchError('fell-behind', `watchEngines: ${fellBehind}`),
    closed() {
      signal?.removeEventListener('abort', queue.end);
      watching.abort();
    },
  });
  signal?.addEventListener('abort', queue.end);
  if (signal?.aborted) queue.end();
  else watchAll(chosen, (transition) => queue.put(publicly(transition)), warn, watching.signal);
  return queue;
}

const fellBehind =
  `the loop is ${mostWaiting} transitions behind. ` +
  'Let its body end sooner: what takes long can be started there and awaited elsewhere';

/** Returns a transition as the library reports it. It has no memory of an earlier life, and takes no requests. */
function publicly({ reason, engine, at, run }: Transition): EngineTransition {
  const rest = { engine, time: new Date(at), ...(run === undefined ? {} : { run }) };
  switch (reason) {
    case 'listener-started':
    case 'engine-started':
      return { event: 'start', reason, ...rest };
    case 'shutdown':
    case 'crash':
    case 'unreachable':
    case 'unseen':
      return { event: 'stop', reason, ...rest };
    case 'requested':
      throw new Error('The library takes no requests');
    default:
      return reason satisfies never;
  }
}

function chosenBy(options: WatchEnginesOptions): Chosen {
  try {
    return chooseWatched(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message, fix } = error;
    const code = error.exitCode === exitCode.badConfiguration ? 'bad-configuration' : 'bad-option';
    throw new WatchError(code, fix === undefined ? message : `${message}. ${fix}`);
  }
}

function warnByProcess({ kind, message }: EngineWarning): void {
  process.emitWarning(message, { type: 'EngineWarning', code: kind });
}

/** Watches engines as the listener does, until `signal`; runs nothing, and remembers nothing. */
function watchAll(
  { engines, heartbeat }: Chosen,
  tell: (transition: Transition) => void,
  warn: (warning: EngineWarning) => void,
  signal: AbortSignal,
): void {
  // Each engine has its listeners on it: many are no leak.
  setMaxListeners(0, signal);
  const report = (record: SensorReport) => {
    const { level, text } = describeSensorReport(record);
    if (signal.aborted || (level !== 'warning' && level !== 'error')) return;
    const about = 'engine' in record ? { engine: record.engine } : {};
    // An error of the caller must not come between the sensor and the engine.
    queueMicrotask(() => warn({ kind: record.kind, message: printableText(text), ...about }));
  };
  const folders = new SharedFolderWatches((folder, error) => {
    report({ kind: 'watch-degraded', folder, error: String(error) });
  }, signal);
  for (const engine of engines) {
    if (signal.aborted) return;
    const onChange = ({ transitions }: EngineChange) => transitions.forEach(tell);
    new EngineWatch({ engine, heartbeat, folders, onChange, report, signal }).start();
  }
}
