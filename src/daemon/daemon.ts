import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { foldersWithAccessLists } from '../hooks/access-lists.ts';
import { createHookQueue } from '../hooks/queue.ts';
import { type EngineMemory, forgetful, openEngineMemory } from '../journal/engine-memory.ts';
import { createFloodGate } from '../notifier/flood-gate.ts';
import { defaultLimits } from '../notifier/limits.ts';
import { type NotifierServer, startNotifierServer } from '../notifier/server.ts';
import type { Account } from '../system/account.ts';
import { createFolderWatches } from '../system/folder-watches.ts';
import { walkToFolder } from '../system/trust.ts';
import { listenAddresses } from './addresses.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
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
 * Runs until `signal`: for each engine sensor → lifecycle → hooks, and tells `record` what happens. Resolves
 * when every hook has ended and every socket is closed.
 * @throws FolderRefused over folders that somebody else could change
 * @throws Failure when the port cannot be had
 */
export async function runDaemon({ settings, account, record, signal, atOnce }: DaemonOptions): Promise<void> {
  const { scriptDir, stateDir, notifier } = settings;
  const folders = [
    scriptDir,
    join(scriptDir, 'on_start'),
    join(scriptDir, 'on_stop'),
    join(scriptDir, 'while_running'),
  ];
  requireTrustedFolders(folders, account);
  void warnOfAccessLists(folders, record, signal);

  const memory = openMemory(stateDir, account, record);
  const pipelines: Pipeline[] = [];
  let port: NotifierServer | undefined;
  if (notifier.mode !== 'off') {
    port = await startNotifierServer({
      port: notifier.port,
      addresses: () => notifier.addresses ?? listenAddresses(),
      message: (said) => {
        for (const pipeline of pipelines) pipeline.message(said, notifier.mode);
      },
      report: record,
      signal,
    });
  }
  if (notifier.mode === 'trusted') record({ kind: 'notifier-trusted', port: notifier.port });

  const hinted = createFloodGate(
    record,
    (count) => record({ kind: 'notifier-flooded', count }),
    defaultLimits,
    signal,
  );
  const watches = createFolderWatches((folder, error) => {
    record({ kind: 'watch-degraded', folder, error: String(error) });
  }, signal);
  const queues = settings.engines.map((engine) => {
    const { name, endpoint } = engine;
    const host = { scriptDir, url: endpoint.url, account, settings: settings.hooks, atOnce };
    const hooks = createHookQueue(
      { ...host, report: (report) => record({ engine: name, ...report }) },
      signal,
    );
    if (!signal.aborted) {
      pipelines.push(
        startPipeline({
          engine,
          heartbeat: settings.heartbeat,
          whenStarted: settings.whenStarted,
          hooks,
          memory,
          folders: watches,
          record,
          hinted,
          // Docker makes its bridge when it first starts: listen there too from now on.
          answered: () => void port?.refresh(),
          signal,
        }),
      );
    }
    return hooks;
  });

  await aborted(signal);
  memory.flush();
  await Promise.all(queues.map((queue) => queue.idle()));
}

/** Whoever could write there could make up starts and stops: then better without. */
function openMemory(folder: string, account: Account, record: (record: Record) => void): EngineMemory {
  const walked = walkToFolder(folder, account.uid);
  // Missing, it is made: what leads there is trusted.
  if (walked.trusted || walked.refusal.cause.kind === 'missing') return openEngineMemory(folder, record);
  record({ kind: 'state-refused', folder, refusal: walked.refusal });
  return forgetful;
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
