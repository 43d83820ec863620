import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EventStartTurns } from '../container-events/event-starts.ts';
import { begunEvents } from '../container-events/ledger-reader.ts';
import type { FleetHost } from '../fleet/host.ts';
import type { FleetPublisher } from '../fleet/publisher.ts';
import { remoteFileSystem } from '../hooks/find.ts';
import { endLeftovers, findEventHooks, type Leftover } from '../hooks/leftovers.ts';
import { isStillThere, unmatchedSettings } from '../hooks/plan.ts';
import { HookQueue } from '../hooks/queue.ts';
import { rehearse } from '../hooks/rehearse.ts';
import type { HookHost } from '../hooks/report.ts';
import { holdReserve } from '../system/descriptor-reserve.ts';
import type { Account } from '../system/find-account.ts';
import { UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import { rehearseAnswer } from '../watch/engine/http.ts';
import { SharedFolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineSettings } from '../watch/settings.ts';
import type { SettingChanges } from './config/live-settings.ts';
import type { Settings } from './config/settings.ts';
import { type ControlServer, startControlServer, startReadersServer } from './control/server.ts';
import { createControlHost } from './control-host.ts';
import { CutTurns } from './cut-turns.ts';
import { recordOf } from './event-kinds.ts';
import { EventPipeline } from './event-pipeline.ts';
import { EventStream } from './event-stream.ts';
import type { ListenerEvent } from './events.ts';
import { createFailures } from './failures.ts';
import { cutHookIn } from './held-turns.ts';
import { HooksAtStop } from './hooks-at-stop.ts';
import type { EngineMemory } from './journal/engine-memory.ts';
import type { Journal } from './journal/journal.ts';
import { forgetfulTurns, type TurnFile } from './journal/turn-file.ts';
import { Metrics } from './metrics/collector.ts';
import { startMetricsServer } from './metrics/server.ts';
import { defaultLimits } from './notifier/protocol.ts';
import { throttleLimits } from './notifier/server.ts';
import { NotifierPort } from './notifier-port.ts';
import { Pipeline } from './pipeline.ts';
import { ReachOfEngine } from './reach.ts';
import { asReader } from './reader-host.ts';
import { ledgerPath, openStateFolder } from './state-folder.ts';
import { phaseOf } from './status.ts';
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
  /** Called with everything that happens, as it happens. */
  readonly report: (event: ListenerEvent) => void;
  /** Set when the log has every transition and every run of a hook, however many an engine causes. */
  readonly logsEachTurn: () => boolean;
  /** Reads the settings again and applies those that it can. @throws UserError when they cannot be read */
  readonly reload: () => SettingChanges;
  /** Called once, when every engine is watched and the port is open. */
  readonly ready?: () => void;
  /** Ends the daemon: hooks that run are ended, with their grace. */
  readonly signal: AbortSignal;
  /** Ends what is left of the hooks without grace. */
  readonly atOnce: AbortSignal;
  /** Starts what publishes to a fleet; missing where none is set. */
  readonly startFleet?: (host: FleetHost) => FleetPublisher;
}

/**
 * Runs until `signal`: for each engine sensor → lifecycle → hooks. Everything that happens goes to `report` and into the
 * journal. Resolves when every hook has ended and every socket is closed.
 * @throws FolderRefused over folders that another user could change
 * @throws UserError when the port is not free
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { settings, account, signal, atOnce } = options;
  // Each engine adds its listeners to these signals: many are no leak.
  setMaxListeners(0, signal, atOnce);
  requireTrustedFolders([settings.scriptDir, ...hookFoldersIn(settings.scriptDir)], account);
  await new Daemon(options).run();
}

class Daemon {
  readonly #options: DaemonOptions;
  readonly #pipelines: Pipeline[] = [];
  readonly #metrics;
  readonly #log;
  readonly #events = new EventStream();
  readonly #failures;
  readonly #cutTurns = new CutTurns();
  readonly #hooksAtStop = new HooksAtStop();
  #journal: Journal | undefined;
  #control: ControlServer | undefined;
  #readers: ControlServer | undefined;
  #fleet: FleetPublisher | undefined;
  /** The number of the newest record of the journal. */
  #newest = 0;

  constructor(options: DaemonOptions) {
    const { settings, account, report, logsEachTurn, signal } = options;
    const { scriptDir } = settings;
    this.#options = options;
    this.#metrics = new Metrics(
      settings.engines.map(({ name }) => name),
      this.#pipelines,
      () => this.#fleet?.status(),
    );
    this.#log = throttledLog(report, logsEachTurn, signal);
    this.#failures = createFailures((name) => isStillThere({ scriptDir, account }, name));
  }

  async run(): Promise<void> {
    const { settings, account, signal, ready } = this.#options;
    const hadJournal = existsSync(join(settings.stateDir, 'journal'));
    const state = await openStateFolder(settings.stateDir, account, (event) => this.#count(event));
    this.#journal = state.journal;
    const turnFiles = new Map(settings.engines.map((engine) => [engine, state.openTurns(engine.name)]));
    const reserve = new AbortController();
    holdReserve(reserve.signal);
    try {
      this.#checkFolders();
      const port = await this.#startNotifierPort(state.journal && settings.stateDir, hadJournal);
      await endInterrupted(leftoversIn(state.journal, turnFiles, settings), settings, this.#record);
      rehearseAnswer();
      if (!signal.aborted) void rehearse(this.#planner);
      await this.#startServers(port);
      const engines = signal.aborted ? [] : this.#watchEngines(state.memory, turnFiles, port);
      if (!signal.aborted) this.#startFleet();
      ready?.();
      await aborted(signal);
      if (signal.reason instanceof ListenerFailed)
        this.#record({ kind: 'listener-failed', ...signal.reason.unexpected });
      state.memory.flush();
      await Promise.all(engines.flatMap(({ hooks, events }) => [hooks.idle(), events.idle()]));
    } finally {
      await Promise.all([this.#control?.close(), this.#readers?.close(), this.#fleet?.ended()]);
      await state.journal?.close();
      reserve.abort();
      for (const turns of turnFiles.values()) turns.end();
    }
  }

  get #planner() {
    const { settings, account } = this.#options;
    return { scriptDir: settings.scriptDir, account, settings: settings.hooks };
  }

  #count(event: ListenerEvent): void {
    this.#log(event);
    this.#metrics.note(event);
  }

  readonly #record = (event: ListenerEvent): void => {
    this.#count(event);
    const entry = this.#journal === undefined ? undefined : recordOf(event);
    const number = entry === undefined ? undefined : this.#journal?.append(entry);
    this.#newest = number ?? this.#newest;
    this.#events.note(event, number);
    this.#failures.note(event);
    this.#cutTurns.note(event);
    for (const warned of this.#hooksAtStop.note(event)) this.#record(warned);
  };

  #reload(): SettingChanges {
    try {
      const changes = this.#options.reload();
      this.#record({ kind: 'settings-reloaded', ...changes });
      this.#checkSettings();
      return changes;
    } catch (error) {
      if (error instanceof UserError)
        this.#record({ kind: 'settings-refused', error: error.message, fix: error.fix });
      throw error;
    }
  }

  /** Reports settings of hooks that are not there. */
  #checkSettings(): void {
    for (const unmatched of unmatchedSettings(this.#planner))
      this.#record({ kind: 'settings-unmatched', ...unmatched });
  }

  /** Reports problems of the hook folders, none of which keeps the listener from running. */
  #checkFolders(): void {
    const { settings, signal } = this.#options;
    const { scriptDir } = settings;
    void warnOfAccessLists([scriptDir, ...hookFoldersIn(scriptDir)], this.#record, signal);
    this.#checkSettings();
    const fileSystem = remoteFileSystem(scriptDir);
    if (fileSystem !== undefined) this.#record({ kind: 'hooks-afar', folder: scriptDir, fileSystem });
  }

  /** @throws UserError when the port is not free */
  async #startNotifierPort(stateDir: string | undefined, isUpgrade: boolean): Promise<NotifierPort> {
    const { settings, signal } = this.#options;
    const port = new NotifierPort({
      settings: settings.notifier,
      stateDir,
      message: (message, mode) => {
        for (const pipeline of this.#pipelines) pipeline.message(message, mode);
      },
      report: this.#record,
      signal,
    });
    if (!signal.aborted) await port.start(isUpgrade);
    if (settings.notifier.mode === 'trusted')
      this.#record({ kind: 'notifier-trusted', port: settings.notifier.port });
    return port;
  }

  #startFleet(): void {
    const { settings, signal, startFleet } = this.#options;
    if (settings.fleet === undefined || startFleet === undefined) return;
    this.#fleet = startFleet({
      settings: settings.fleet,
      journal: join(settings.stateDir, 'journal'),
      newest: () => this.#newest,
      state: () => ({
        engines: this.#pipelines.map((one) => ({ name: one.engine.name, state: phaseOf(one.state()) })),
        failing: this.#failures
          .list()
          .slice(0, 8)
          .map(({ name }) => name),
      }),
      version,
      report: this.#record,
      signal,
    });
  }

  async #startServers(notifierPort: NotifierPort): Promise<void> {
    const { settings, account, signal } = this.#options;
    const record = this.#record;
    const metrics = this.#metrics;
    if (settings.control !== undefined && !signal.aborted) {
      const host = createControlHost({
        settings,
        account,
        pipelines: this.#pipelines,
        events: this.#events,
        failures: this.#failures,
        cutTurns: this.#cutTurns,
        metrics,
        reload: () => this.#reload(),
        notifierPort,
        fleet: () => this.#fleet?.status(),
        record,
        signal,
      });
      const { control: path, readers } = settings;
      const server = { path, user: account.uid, report: record, signal };
      this.#control = await startControlServer({ ...server, host });
      if (this.#control.listens)
        this.#readers = await startReadersServer({
          ...server,
          host: asReader(host, readers.output),
          readers,
        });
    }
    if (settings.metrics !== undefined)
      startMetricsServer({ ...settings.metrics, text: () => metrics.text(), report: record, signal });
  }

  #watchEngines(memory: EngineMemory, turnFiles: TurnFiles, port: NotifierPort): readonly Pipeline[] {
    const { settings, account, signal, atOnce } = this.#options;
    const { scriptDir, stateDir, heartbeat, whenStarted } = settings;
    const record = this.#record;
    const hints = new Throttle(
      throttleLimits(defaultLimits),
      (_, counts) => record({ kind: 'notifier-flooded', count: counts.get('hint-taken') ?? 0 }),
      signal,
    );
    const folders = new SharedFolderWatches((folder, error) => {
      record({ kind: 'watch-degraded', folder, error: String(error) });
    }, signal);
    const starts = new EventStartTurns(settings.engines.length);
    for (const [engine, turns] of turnFiles) {
      const { name } = engine;
      const reach = new ReachOfEngine();
      const host: HookHost = {
        scriptDir,
        endpoint: engine.endpoint,
        account,
        settings: settings.hooks,
        reach: () => reach.now(),
        atOnce,
        report: (event) => record({ engine: name, ...event }),
      };
      const hooks = new HookQueue(host, signal, turns);
      const path = this.#journal === undefined ? undefined : ledgerPath(stateDir, name);
      const shared = { engine, whenStarted, folders, record, signal };
      const events = new EventPipeline({ ...shared, host, starts: starts.join(), path });
      const pipeline = new Pipeline({
        ...shared,
        heartbeat,
        hooks,
        events,
        memory,
        turns,
        reach,
        hinted: (event) => hints.admit('port', event.kind) && record(event),
        // Docker makes its bridge when it first starts: listen there too from now on.
        answered: () => void port.refresh(),
      });
      this.#pipelines.push(pipeline.start());
    }
    return this.#pipelines;
  }
}

type TurnFiles = ReadonlyMap<EngineSettings, TurnFile>;

interface EngineLeftover extends Leftover {
  readonly engine: string;
}

/**
 * Returns hooks that earlier listeners left running: by the journal, and by the turn files and the ledgers, which are
 * written at once.
 */
function leftoversIn(
  journal: Journal | undefined,
  turnFiles: TurnFiles,
  { scriptDir, stateDir }: Pick<Settings, 'scriptDir' | 'stateDir'>,
): readonly EngineLeftover[] {
  const recorded = (journal?.interrupted ?? []).flatMap(
    ({ alive, started: { hook, process, transition } }) =>
      alive && process !== undefined ? [{ hook, process, engine: transition.engine }] : [],
  );
  const kept = [...turnFiles].flatMap(([{ name: engine }, { pending }]) =>
    pending.flatMap(({ turn }) => cutHookIn(turn).map((cut) => ({ ...cut, engine }))),
  );
  const ofEvents = [...turnFiles].flatMap(([{ name: engine }, turns]) => {
    // Without a journal nothing is kept, and a file that another listener writes names hooks of a living one.
    if (journal === undefined || turns === forgetfulTurns) return [];
    const begun = begunEvents(ledgerPath(stateDir, engine));
    return findEventHooks(scriptDir, engine, begun).map((one) => ({ ...one, engine }));
  });
  const isRecorded = (one: Leftover) => recorded.some(({ process }) => process.pid === one.process.pid);
  return [...recorded, ...[...kept, ...ofEvents].filter((one) => !isRecorded(one))];
}

/** Ends hooks that a killed listener left running, so that no hook runs beside its own next run. */
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
