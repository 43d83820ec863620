import { statSync } from 'node:fs';
import { join } from 'node:path';
import { defaultHookSettings } from '../config/hook-settings.ts';
import type { Settings } from '../config/settings.ts';
import { type Sensor, startSensor } from '../engine/sensor.ts';
import { foldersWithAccessLists } from '../hooks/access-lists.ts';
import type { Account } from '../hooks/environment.ts';
import { createHookQueue } from '../hooks/queue.ts';
import type { Observation } from '../lifecycle/observation.ts';
import { type EngineState, nothingKnown, reduce } from '../lifecycle/reduce.ts';
import { type NotifierServer, startNotifierServer } from '../notifier/server.ts';
import { listenAddresses } from './addresses.ts';
import type { Record } from './record.ts';
import { requireTrustedFolders } from './trusted-folders.ts';

export interface DaemonOptions {
  readonly settings: Settings;
  readonly account: Account;
  readonly record: (record: Record) => void;
  /** Ends the daemon: hooks that run are ended, with their grace. */
  readonly signal: AbortSignal;
  /** Ends what is left of the hooks without grace. */
  readonly atOnce: AbortSignal;
}

/**
 * Runs until `signal`: sensors → lifecycle → hooks, and tells `record` what happens. Resolves when every
 * hook has ended and every socket is closed.
 * @throws FolderRefused over folders that somebody else could change
 * @throws Failure when the port cannot be had
 */
export async function runDaemon({ settings, account, record, signal, atOnce }: DaemonOptions): Promise<void> {
  const { scriptDir, engine, notifier, grace } = settings;
  const folders = [scriptDir, join(scriptDir, 'on_start'), join(scriptDir, 'on_stop')];
  requireTrustedFolders(folders, account);
  void warnOfAccessLists(folders, record, signal);

  const { url } = engine.endpoint;
  const hookSettings = { ...defaultHookSettings, grace };
  const host = { scriptDir, url, account, settings: hookSettings, atOnce, report: record };
  const hooks = createHookQueue(host, signal);
  let state: EngineState = nothingKnown;
  let port: NotifierServer | undefined;
  let sensor: Sensor | undefined;

  function observe(observation: Observation): void {
    if (signal.aborted) return;
    const before = state;
    const step = reduce(before, observation);
    state = step.state;
    for (const transition of step.transitions) {
      record({ kind: 'transition', transition });
      hooks.push(transition);
    }
    if (before.phase === 'unknown' && state.phase === 'down') {
      record({ kind: 'engine-is-down', engine: engine.name, url });
    }
    // Docker makes its bridge when it first starts: listen there too from now on.
    if (observation.kind === 'engine-answers') void port?.refresh();
  }

  function message(said: 'start' | 'stop'): void {
    if (notifier.mode === 'trusted') {
      observe({ kind: 'message', engine: engine.name, at: Date.now(), message: said, trusted: true });
    } else {
      record({ kind: 'hint-taken', said, engineIsUp: state.phase === 'up' });
    }
    if (said === 'start') sensor?.lookForStart();
    else sensor?.lookForStop();
  }

  const addresses = () => notifier.addresses ?? listenAddresses();
  if (notifier.mode !== 'off') {
    port = await startNotifierServer({ port: notifier.port, addresses, message, report: record, signal });
  }
  if (notifier.mode === 'trusted') record({ kind: 'notifier-trusted', port: notifier.port });

  if (!signal.aborted) {
    const { name, endpoint, pidfile } = engine;
    sensor = startSensor({ engine: name, endpoint, pidfile, observe, report: record, signal });
  }

  await aborted(signal);
  await hooks.idle();
}

async function warnOfAccessLists(
  folders: readonly string[],
  record: (record: Record) => void,
  signal: AbortSignal,
): Promise<void> {
  const present = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  const marked = await foldersWithAccessLists(present);
  if (signal.aborted) return;
  for (const folder of marked) record({ kind: 'access-list', folder });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
