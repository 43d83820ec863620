import { setMaxListeners } from 'node:events';
import { networkInterfaces } from 'node:os';
import { EventStartTurns } from '../container-events/event-starts.ts';
import { remoteFileSystem } from '../hooks/find.ts';
import { endLeftovers, type Leftover } from '../hooks/leftovers.ts';
import { isStillThere, unmatchedSettings } from '../hooks/plan.ts';
import { HookQueue } from '../hooks/queue.ts';
import { rehearse } from '../hooks/rehearse.ts';
import type { HookHost } from '../hooks/report.ts';
import { holdReserve } from '../system/descriptor-reserve.ts';
import type { Account } from '../system/find-account.ts';
import { rehearseAnswer } from '../watch/engine/http.ts';
import { SharedFolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineSettings } from '../watch/settings.ts';
import { interfaceAddresses } from './addresses.ts';
import type { Settings } from './config/settings.ts';
import { type ControlServer, startControlServer } from './control/server.ts';
import { createControlHost } from './control-host.ts';
import { CutTurns } from './cut-turns.ts';
import { recordOf } from './event-kinds.ts';
import { EventPipeline } from './event-pipeline.ts';
import { EventStream } from './event-stream.ts';
import type { ListenerEvent } from './events.ts';
import { createFailures } from './failures.ts';
import { cutHookIn } from './held-turns.ts';
import { HooksAtStop } from './hooks-at-stop.ts';
import type { Journal } from './journal/journal.ts';
import type { TurnFile } from './journal/turn-file.ts';
import { createMetrics } from './metrics/collector.ts';
import { startMetricsServer } from './metrics/server.ts';
import { defaultLimits } from './notifier/protocol.ts';
import { type NotifierServer, startNotifierServer, throttleLimits } from './notifier/server.ts';
import { Pipeline } from './pipeline.ts';
import { ReachOfEngine } from './reach.ts';
import { ledgerPath, openStateFolder } from './state-folder.ts';
import { Throttle } from './throttle.ts';
import { throttledLog } from './throttled-log.ts';
import { hookFoldersIn, requireTrustedFolders, warnOfAccessLists } from './trusted-folders.ts';
import type { UnexpectedError } from './unexpected.ts';

/** Aborts the daemon's signal when nothing caught an error: the daemon records it, and ends as it does by a signal. */
export class ListenerFailed extends Error {
  override readonly name = 'ListenerFailed';
  readonly unexpected: UnexpectedError;

  constructor(unexpected: UnexpectedError) {
    super(unexpected.error);
    this.unexpected = unexpected;
  }
}

interface DaemonOptions {
  readonly settings: Settings;
  readonly account: Account;
  /** Told everything that happens, as it happens. */
  readonly report: (event: ListenerEvent) => void;
  /** Whether the log has every transition and every run of a hook, however many an engine causes. */
  readonly logsEachTurn: boolean;
  /** Called once, when every engine is watched and the port is open. */
  readonly ready?: () => void;
  /** Ends the daemon: hooks that run are ended, with their grace. */
  readonly signal: AbortSignal;
  /** Ends what is left of the hooks without grace. */
  readonly atOnce: AbortSignal;
}

/**
 * Runs until `signal`: for each engine sensor → lifecycle → hooks; and what happens goes to `report` and into
 * the journal. Resolves when every hook has ended and every socket is closed.
 * @throws FolderRefused over folders that somebody else could change
 * @throws UserError when the port cannot be had
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { settings, account, report, signal, atOnce } = options;
  // Each engine has its listeners on it: many are no leak.
  setMaxListeners(0, signal, atOnce);
  const { scriptDir, stateDir, notifier } = settings;
  const folders = hookFoldersIn(scriptDir);
  requireTrustedFolders([scriptDir, ...folders], account);
  const pipelines: Pipeline[] = [];
  const metrics = createMetrics(
    settings.engines.map(({ name }) => name),
    pipelines,
  );
  const log = throttledLog(report, options.logsEachTurn, signal);
  const count = (said: ListenerEvent) => {
    log(said);
    metrics.note(said);
  };
  const { memory, openTurns, journal } = await openStateFolder(stateDir, account, count);
  const turnFiles = new Map(settings.engines.map(({ name }) => [name, openTurns(name)]));
  const events = new EventStream();
  const failures = createFailures((name) => isStillThere({ scriptDir, account }, name));
  const cutTurns = new CutTurns();
  const hooksAtStop = new HooksAtStop();
  const record = (said: ListenerEvent) => {
    count(said);
    const number = journal === undefined ? undefined : keep(journal, said);
    events.note(said, number);
    failures.note(said);
    cutTurns.note(said);
    for (const warned of hooksAtStop.note(said)) record(warned);
  };
  let control: ControlServer | undefined;
  const reserve = new AbortController();
  holdReserve(reserve.signal);
  try {
    void warnOfAccessLists([scriptDir, ...folders], record, signal);
    for (const unmatched of unmatchedSettings({ scriptDir, account, settings: settings.hooks }))
      record({ kind: 'settings-unmatched', ...unmatched });
    const fileSystem = remoteFileSystem(scriptDir);
    if (fileSystem !== undefined) record({ kind: 'hooks-afar', folder: scriptDir, fileSystem });
    let port: NotifierServer | undefined;
    if (notifier.mode !== 'off' && !signal.aborted) {
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
    await endInterrupted(leftoversIn(journal, turnFiles), settings, record);

    const hints = new Throttle(
      throttleLimits(defaultLimits),
      (_, counts) => record({ kind: 'notifier-flooded', count: counts.get('hint-taken') ?? 0 }),
      signal,
    );
    const hinted = (said: ListenerEvent) => hints.admit('port', said.kind) && record(said);
    const watches = new SharedFolderWatches((folder, error) => {
      record({ kind: 'watch-degraded', folder, error: String(error) });
    }, signal);
    rehearseAnswer();
    if (!signal.aborted) void rehearse({ scriptDir, account, settings: settings.hooks });
    if (settings.control !== undefined && !signal.aborted) {
      const host = createControlHost({
        settings,
        account,
        pipelines,
        events,
        failures,
        cutTurns,
        metrics,
        record,
        signal,
      });
      control = await startControlServer({
        path: settings.control,
        user: account.uid,
        host,
        report: record,
        signal,
      });
    }
    if (settings.metrics !== undefined) {
      startMetricsServer({ ...settings.metrics, text: metrics.text, report: record, signal });
    }
    const starts = new EventStartTurns(settings.engines.length);
    const queues = signal.aborted ? [] : settings.engines.map(watch);
    options.ready?.();
    await aborted(signal);
    if (signal.reason instanceof ListenerFailed)
      record({ kind: 'listener-failed', ...signal.reason.unexpected });
    memory.flush();
    await Promise.all(queues.map((queue) => queue.idle()));

    function watch(engine: EngineSettings): { idle(): Promise<unknown> } {
      const reach = new ReachOfEngine();
      const host: HookHost = {
        scriptDir,
        endpoint: engine.endpoint,
        account,
        settings: settings.hooks,
        reach: () => reach.now(),
        atOnce,
        report: (said) => record({ engine: engine.name, ...said }),
      };
      const turns = turnFiles.get(engine.name) ?? openTurns(engine.name);
      const hooks = new HookQueue(host, signal, turns);
      const engineEvents = new EventPipeline({
        engine,
        host,
        starts: starts.join(),
        whenStarted: settings.whenStarted,
        path: journal === undefined ? undefined : ledgerPath(stateDir, engine.name),
        folders: watches,
        record,
        signal,
      });
      const pipeline = new Pipeline({
        engine,
        heartbeat: settings.heartbeat,
        whenStarted: settings.whenStarted,
        hooks,
        events: engineEvents,
        memory,
        turns,
        folders: watches,
        reach,
        record,
        hinted,
        // Docker makes its bridge when it first starts: listen there too from now on.
        answered: () => void port?.refresh(),
        signal,
      }).start();
      pipelines.push(pipeline);
      return { idle: () => Promise.all([hooks.idle(), engineEvents.idle()]) };
    }
  } finally {
    await control?.close();
    await journal?.close();
    reserve.abort();
    for (const turns of turnFiles.values()) turns.end();
  }
}

function keep(journal: Journal, record: ListenerEvent): number | undefined {
  const entry = recordOf(record);
  return entry === undefined ? undefined : journal.append(entry);
}

interface EngineLeftover extends Leftover {
  readonly engine: string;
}

/** Hooks that earlier listeners left running: by the journal, and by the turn files, which are written at once. */
function leftoversIn(
  journal: Journal | undefined,
  turnFiles: ReadonlyMap<string, TurnFile>,
): readonly EngineLeftover[] {
  const recorded = (journal?.interrupted ?? []).flatMap(
    ({ alive, started: { hook, process, transition } }) =>
      alive && process !== undefined ? [{ hook, process, engine: transition.engine }] : [],
  );
  const kept = [...turnFiles].flatMap(([engine, { pending }]) =>
    pending.flatMap(({ turn }) => cutHookIn(turn).map((cut) => ({ ...cut, engine }))),
  );
  const isRecorded = (one: Leftover) => recorded.some(({ process }) => process.pid === one.process.pid);
  return [...recorded, ...kept.filter((one) => !isRecorded(one))];
}

/** What a killed listener left running is ended first, so that no hook runs beside its own next run. */
async function endInterrupted(
  leftovers: readonly EngineLeftover[],
  settings: Settings,
  record: (event: ListenerEvent) => void,
): Promise<void> {
  await Promise.all(
    leftovers.map(({ engine, ...leftover }) =>
      endLeftovers([leftover], settings.hooks.grace, (said) => record({ engine, ...said })),
    ),
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The bridge that Docker makes for its containers: `host-gateway` is its address. */
const dockerBridge = 'docker0';

/** Where notifiers may connect by default: loopback, and Docker's bridge where there is one; nowhere else. */
function listenAddresses(): string[] {
  const loopback = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address === '::1');
  return ['127.0.0.1', ...(loopback ? ['::1'] : []), ...interfaceAddresses(dockerBridge)];
}
