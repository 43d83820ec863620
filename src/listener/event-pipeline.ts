import { join } from 'node:path';
import { reportedBy } from '../container-events/engine-names.ts';
import { EventQueue, type EventSnapshot } from '../container-events/event-queue.ts';
import { LedgerFile } from '../container-events/ledger-file.ts';
import type { Opening } from '../container-events/ledger-state.ts';
import type { EventsReport } from '../container-events/report.ts';
import { subscriptionFor } from '../container-events/stream.ts';
import { EventWatch } from '../container-events/watch.ts';
import type { EventStarts } from '../hooks/chain.ts';
import { type EventName, eventFolder, eventFolders, isEnd } from '../hooks/engine-events.ts';
import { listEventFolders } from '../hooks/find.ts';
import type { HookHost } from '../hooks/report.ts';
import type { FolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineKind, EngineRunId, StopCause } from '../watch/lifecycle/observation.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { EngineSettings } from '../watch/settings.ts';
import type { WhenStarted } from './config/settings.ts';
import type { ListenerEvent } from './events.ts';

interface EventPipelineOptions {
  readonly engine: EngineSettings;
  readonly host: HookHost;
  readonly starts: EventStarts;
  readonly whenStarted: WhenStarted;
  /** The path of the ledger file; undefined if nothing can be kept safely. */
  readonly path: string | undefined;
  readonly folders: FolderWatches;
  readonly record: (event: ListenerEvent) => void;
  readonly signal: AbortSignal;
}

export interface EventPipelineSnapshot extends EventSnapshot {
  readonly phase: EventWatch['phase'];
  readonly names: readonly EventName[];
}

interface Parts {
  readonly file: LedgerFile;
  readonly watch: EventWatch;
  readonly queue: EventQueue;
}

/** One engine's events and their hooks. Nothing is opened while there is no folder for any event. */
export class EventPipeline {
  readonly #options: EventPipelineOptions;
  /** Undefined until there is a folder. */
  #parts: Parts | undefined;
  #names: readonly EventName[] = [];
  /** Folders for no event that were reported. */
  readonly #unknown = new Set<string>();
  #engine: { readonly run: EngineRunId | undefined } | undefined;
  /** Undefined until the engine has answered. */
  #kind: EngineKind | undefined;
  /** Folders that were reported because the engine fills them never, or not always. */
  readonly #unfilled = new Set<string>();
  #transition: Transition;
  /** Deliveries of an earlier listener wait until it is known what became of the engine. */
  #isHeld = true;

  constructor(options: EventPipelineOptions) {
    const { engine, host, folders } = options;
    this.#options = options;
    this.#transition = {
      event: 'start',
      reason: 'listener-started',
      source: 'engine',
      engine: engine.name,
      at: Date.now(),
      sequence: 0,
    };
    this.#look();
    folders.watch(host.scriptDir, [...eventFolders.keys()], () => this.#look());
  }

  /**
   * The engine answers.
   * @param transition its last start
   * @param kind undefined for the kind that it had before
   */
  up(
    run: EngineRunId | undefined,
    found: Opening['found'],
    transition: Transition,
    kind: EngineKind | undefined,
  ): void {
    this.#transition = transition;
    const isNewKind = kind !== undefined && kind !== this.#kind;
    this.#kind = kind ?? this.#kind;
    if (found !== 'again' || isNewKind) this.#look();
    this.#engine = { run };
    this.#upWith(run, found);
  }

  /** The engine has said which run it is. */
  identified(run: EngineRunId): void {
    this.#engine = { run };
    this.#parts?.watch.identified(run);
  }

  /** The engine may be about to stop: its connections are closed before this returns, until `up`. */
  letGo(): void {
    this.#engine = undefined;
    this.#parts?.watch.down();
  }

  /** The engine stops: its connections are closed before this returns. */
  down(how: StopCause): void {
    this.letGo();
    // An engine that is only silent may answer again, and nothing has changed then. Podman's containers outlive its service.
    if (how !== 'unreachable' && this.#kind !== 'podman') this.#parts?.queue.engineStops();
  }

  /** The listener's first look has found no engine. */
  absent(): void {
    this.#resume(this.#parts?.file.ledger.outlivesEngine === true);
  }

  /** Undefined until there is a folder for any event. */
  snapshot(): EventPipelineSnapshot | undefined {
    if (this.#parts === undefined) return undefined;
    const { watch, queue } = this.#parts;
    return { phase: watch.phase, names: this.#names, ...queue.snapshot() };
  }

  /** Resolves when no hook runs or waits any more. Closes the ledger file. */
  async idle(): Promise<void> {
    await this.#parts?.queue.idle();
    this.#parts?.file.close();
  }

  /** Looks which events have folders. */
  #look(): void {
    const { engine, host, record, signal } = this.#options;
    if (signal.aborted) return;
    const { events, unknown } = listEventFolders(host.scriptDir);
    for (const one of unknown.filter(({ folder }) => !this.#unknown.has(folder))) {
      this.#unknown.add(one.folder);
      record({ engine: engine.name, kind: 'event-unknown', ...one });
    }
    this.#names = events;
    const reported = this.#reported(events);
    if (this.#parts === undefined && events.length === 0) return;
    const isNew = this.#parts === undefined;
    this.#parts ??= this.#makeParts();
    this.#parts.watch.listenTo(subscriptionFor(reported));
    if (isNew && this.#engine !== undefined) this.#upWith(this.#engine.run, 'again');
  }

  /** Returns the events that the engine reports. Reports each folder that it fills never, or not always, once. */
  #reported(events: readonly EventName[]): readonly EventName[] {
    const kind = this.#kind;
    if (kind === undefined) return events;
    const { engine, host, record } = this.#options;
    return events.filter((event) => {
      const { when, instead } = reportedBy(kind, event);
      const name = eventFolder(event);
      if (when !== 'always' && !this.#unfilled.has(`${kind} ${name}`)) {
        this.#unfilled.add(`${kind} ${name}`);
        const hint = instead === undefined ? {} : { instead: eventFolder(instead) };
        const folder = join(host.scriptDir, name);
        record({ engine: engine.name, kind: 'event-not-reported', engineKind: kind, folder, when, ...hint });
      }
      return when !== 'never';
    });
  }

  #upWith(run: EngineRunId | undefined, found: Opening['found']): void {
    if (this.#parts === undefined) return;
    this.#resume(this.#parts.file.ledger.isOfRun(run, this.#kind));
    this.#parts.watch.up(run, found, this.#kind);
  }

  #makeParts(): Parts {
    const { engine, host, starts, whenStarted, path, record, signal } = this.#options;
    const report = (one: EventsReport) => record({ engine: engine.name, ...one });
    const file = new LedgerFile(path, whenStarted, report);
    const queue = new EventQueue({ host, starts, keeper: file, transition: () => this.#transition, signal });
    const watch = new EventWatch({
      engine,
      file,
      emit: (events) => {
        for (const { event, reason } of events) {
          if (queue.wants(event)) queue.push(file.take(event, reason));
          else file.remember(event, reason);
        }
      },
      report,
      signal,
    });
    return { file, watch, queue };
  }

  /**
   * Continues the deliveries of an earlier listener. In another engine run, only ends of something still have a point: the
   * containers of the earlier one have ended, but for Podman's.
   */
  #resume(isSameRun: boolean): void {
    if (!this.#isHeld || this.#parts === undefined) return;
    this.#isHeld = false;
    const { file, queue } = this.#parts;
    for (const delivery of file.pending) {
      if (isSameRun || isEnd(delivery.event)) queue.push(delivery);
      else file.done(delivery.number);
    }
  }
}
