import type { Settings } from '../listener/config/settings.ts';
import type { ControlClient } from '../listener/control/client.ts';
import { describe } from '../listener/event-kinds.ts';
import type { ListenerEvent } from '../listener/events.ts';
import type { EngineStatus, Status } from '../listener/status.ts';
import { printableText } from '../system/printable.ts';
import { isWithin } from '../system/processes.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { seconds } from '../system/words.ts';
import { SharedFolderWatches } from '../watch/host/folder-watch.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { EngineWatch } from '../watch/watch-engine.ts';
import { enginesIn } from './answers.ts';
import { findListener, ifRunning } from './listener.ts';
import type { EngineRequest } from './listener-request.ts';
import { loadForClient } from './load.ts';
import { usage } from './options.ts';
import { remark } from './print.ts';
import { progress } from './progress.ts';
import { engineCalled, notWatched } from './which-engine.ts';

export interface WaitRequest extends EngineRequest {
  readonly event: LifecycleEvent;
  /** In ms. */
  readonly timeout: number | undefined;
}

/**
 * Waits until Docker is up, or down: each of the engines, or the one that is named. Asks the listener, and
 * watches by itself where none runs, or where it is said which engine is meant.
 * @returns the exit code: 1 when it took too long
 */
export async function waitForEngine(command: WaitRequest): Promise<number> {
  const { event, timeout, inputs } = command;
  const { settings } = loadForClient(command);
  const ending = new AbortController();
  const timer = timeout === undefined ? undefined : setTimeout(() => ending.abort(), timeout);
  const isOwn = inputs.hosts !== undefined || inputs.contexts !== undefined || settings.control === undefined;
  progress.now(`Waiting for Docker to be ${event === 'start' ? 'up' : 'down'}`);
  try {
    const heard =
      !isOwn &&
      settings.control !== undefined &&
      (await hearFromListener(findListener(command).client, command, ending.signal));
    if (!heard && !ending.signal.aborted) await watch(settings, command, ending.signal);
  } finally {
    clearTimeout(timer);
    progress.now(undefined);
  }
  if (!ending.signal.aborted) return exitCode.done;
  const after = timeout === undefined ? '' : ` after ${seconds(timeout)}`;
  remark(`Docker is not ${event === 'start' ? 'up' : 'down'}${after}\n`);
  return exitCode.failed;
}

const wanted = { start: ['up'], stop: ['down', 'stopping'] } as const satisfies {
  readonly [event in LifecycleEvent]: readonly Status['engines'][number]['state'][];
};

/** @returns whether it is so; false when no listener runs, or not any more */
async function hearFromListener(
  client: ControlClient,
  { event, engine }: WaitRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const isAsWanted = ({ state }: EngineStatus) => (wanted[event] as readonly string[]).includes(state);
  const isSo = async () => {
    const engines = enginesIn(await client.get('/v1/status'));
    const meant = engine === undefined ? undefined : engineCalled(engine, engines);
    if (engine !== undefined && meant === undefined) throw notWatched(engine, engines);
    const all = meant === undefined ? engines : [meant];
    if (all.every(isAsWanted)) return true;
    if (event === 'start') refuseInsideStop(all);
    return false;
  };
  // Events first, so that nothing happens between the question and them.
  const heardEnough = new AbortController();
  const listening = {
    method: 'GET',
    path: '/v1/events',
    signal: AbortSignal.any([signal, heardEnough.signal]),
  } as const;
  try {
    const asked = await reachable(client.lines(listening));
    if (asked === undefined) return false;
    if ((await ifRunning(isSo())) === true) return true;
    for await (const happened of asked) {
      if ((happened as { kind?: unknown }).kind !== 'transition') continue;
      if ((await ifRunning(isSo())) === true) return true;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    heardEnough.abort();
  }
  return false;
}

/**
 * A hook of on_stop that waits for Docker's start holds up both: Docker's stop waits for it, and on_start does.
 * @throws UserError in such a hook
 */
function refuseInsideStop(engines: readonly EngineStatus[]): void {
  for (const { hooks } of engines) {
    const { event, hook } = hooks?.current ?? {};
    if (event !== 'stop' || !hook?.pid || !isWithin(process.pid, hook.pid)) continue;
    throw usage(
      `${printableText(hook.name)} runs before Docker stops: it cannot wait for Docker's next start`,
      'Do what is to be done then in a hook of on_start',
    );
  }
}

/** The listener's answer; undefined when none runs, or only one that this user may not ask. */
async function reachable<Answer>(asking: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ifRunning(asking);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCode.notPermitted) return undefined;
    throw error;
  }
}

/** Warns about conditions that may keep the engine from being seen. */
function warn(report: ListenerEvent): void {
  const { level, text } = describe(report);
  if (level === 'warning' || level === 'error') remark(`${printableText(text)}\n`);
}

/** The same sensor as the listener's, for each engine. Resolves also when `signal` ends it. */
async function watch(
  { engines, heartbeat }: Settings,
  { event, engine }: WaitRequest,
  signal: AbortSignal,
): Promise<void> {
  const meant = engines.filter(
    ({ name, endpoint }) => engine === undefined || name === engine || endpoint.url === engine,
  );
  if (meant.length === 0) {
    throw usage(
      `There is no engine ${JSON.stringify(engine)}`,
      `There is: ${engines.map(({ name }) => name).join(', ')}`,
    );
  }
  const done = new AbortController();
  // A folder that the system cannot watch is read at intervals.
  const folders = new SharedFolderWatches(() => {}, done.signal);
  const phases = new Map<string, 'up' | 'down'>();
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    // A Podman is held by the listener alone: a command that waits for it is not to start it.
    for (const { hold: _, ...one } of meant) {
      new EngineWatch({
        engine: one,
        heartbeat,
        folders,
        onChange({ before, after: { phase } }) {
          if (phase === before.phase || phase === 'unknown') return;
          phases.set(one.name, phase);
          const all = meant.every(({ name }) => phases.get(name) === wanted[event][0]);
          if (all) resolve();
        },
        report: warn,
        signal: done.signal,
      }).start();
    }
  });
  done.abort();
}
