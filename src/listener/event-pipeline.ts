import { createEventQueue, type EventQueue, type EventSnapshot } from '../container-events/event-queue.ts';
import { type LedgerFile, openLedgerFile } from '../container-events/ledger-file.ts';
import type { Opening, Telling } from '../container-events/ledger-state.ts';
import { type EventWatch, watchEvents } from '../container-events/watch.ts';
import type { EventStarts } from '../hooks/chain.ts';
import { type EventName, eventFolders, eventWord, isEnd, namesOf } from '../hooks/engine-events.ts';
import { listEventFolders } from '../hooks/find.ts';
import type { HookHost } from '../hooks/report.ts';
import type { FolderWatches } from '../watch/host/folder-watch.ts';
import type { EngineRunId, StopCause } from '../watch/lifecycle/observation.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { EngineSettings } from '../watch/settings.ts';
import type { WhenStarted } from './config/settings.ts';
import type { ListenerEvent } from './events.ts';

interface EventPipelineOptions {
  readonly engine: EngineSettings;
  readonly host: HookHost;
  readonly starts: EventStarts;
  readonly whenStarted: WhenStarted;
  /** Where what was heard is kept; undefined where nothing can be kept safely. */
  readonly path: string | undefined;
  readonly folders: FolderWatches;
  readonly record: (event: ListenerEvent) => void;
  readonly signal: AbortSignal;
}

/** One engine's way from its events to their hooks. */
export interface EventPipeline {
  /** The engine answers. @param transition its start, as it was told last */
  up(run: EngineRunId | undefined, found: Opening['found'], transition: Transition): void;
  identified(run: EngineRunId): void;
  /** The engine may be about to go: it is let go of before this returns, until it is said to answer. */
  letGo(): void;
  /** The engine goes: it is let go of before this returns. */
  down(how: StopCause): void;
  /** The listener's first look has found no engine. */
  absent(): void;
  /** Undefined while there is no folder for any event. */
  snapshot(): EventPipelineSnapshot | undefined;
  idle(): Promise<void>;
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

/** Joins the events of one engine to their hooks. Nothing is opened while no folder asks for any. */
export function startEventPipeline(options: EventPipelineOptions): EventPipeline {
  const { engine, host, starts, record, signal } = options;
  const { scriptDir } = host;
  let parts: Parts | undefined;
  let names: readonly EventName[] = [];
  const unknown = new Set<string>();
  let isUp: { readonly run: EngineRunId | undefined } | undefined;
  let transition: Transition = {
    event: 'start',
    reason: 'listener-started',
    source: 'engine',
    engine: engine.name,
    at: Date.now(),
    sequence: 0,
  };
  /** What an earlier listener left is held until it is known what became of the engine. */
  let isHeld = true;

  function makeParts(): Parts {
    const report = (said: Parameters<Parameters<typeof openLedgerFile>[2]>[0]) =>
      record({ engine: engine.name, ...said });
    const file = openLedgerFile(options.path, options.whenStarted, report);
    const queue = createEventQueue({
      host,
      starts,
      transition: () => transition,
      begin: (number) => file.begin(number),
      cut: (number) => file.cut(number),
      left: (number, hooks, isBegun) => file.left(number, hooks, isBegun),
      done: (number) => file.done(number),
      signal,
    });
    const tell = ({ event, reason }: Telling) => {
      if (queue.wants(event)) queue.push(file.take(event, reason));
      else file.heard(event, reason);
    };
    const watch = watchEvents({
      engine,
      ledger: file.ledger,
      told: (tellings) => tellings.forEach(tell),
      late: (event) => file.heard(event, 'event'),
      changed: () => file.rewrite(),
      report,
      signal,
    });
    return { file, watch, queue };
  }

  /** Goes on with what an earlier listener left, if that has a point still. */
  function release(isSameRun: boolean): void {
    if (!isHeld || parts === undefined) return;
    isHeld = false;
    const { file, queue } = parts;
    for (const told of file.pending) {
      if (isSameRun || isEnd(told.event)) queue.push(told);
      else file.done(told.number);
    }
  }

  function look(): void {
    if (signal.aborted) return;
    const { events, unknown: misnamed } = listEventFolders(scriptDir);
    for (const one of misnamed) {
      if (unknown.has(one.folder)) continue;
      unknown.add(one.folder);
      record({ engine: engine.name, kind: 'event-unknown', ...one });
    }
    names = events;
    if (parts === undefined && events.length === 0) return;
    const isNew = parts === undefined;
    parts ??= makeParts();
    parts.watch.listenTo(subscriptionFor(events));
    if (isNew && isUp !== undefined) {
      release(parts.file.ledger.isOfRun(isUp.run));
      parts.watch.up(isUp.run, 'again');
    }
  }

  look();
  options.folders.watch(scriptDir, [...eventFolders.keys()], look);

  return {
    up(run, found, started) {
      transition = started;
      if (found !== 'again') look();
      isUp = { run };
      if (parts === undefined) return;
      release(parts.file.ledger.isOfRun(run));
      parts.watch.up(run, found);
    },
    identified(run) {
      isUp = { run };
      parts?.watch.identified(run);
    },
    letGo() {
      isUp = undefined;
      parts?.watch.down();
    },
    down(how) {
      isUp = undefined;
      parts?.watch.down();
      // What is only silent may be heard again, and nothing has changed then.
      if (how !== 'unreachable') parts?.queue.engineStops();
    },
    absent: () => release(false),
    snapshot: () =>
      parts === undefined ? undefined : { phase: parts.watch.phase, names, ...parts.queue.snapshot() },
    async idle() {
      await parts?.queue.idle();
      parts?.file.close();
    },
  };
}

const container = (action: string): EventName => ({ type: 'container', action });

/**
 * The events to ask an engine for, so that those that have a folder can be reported as they should be:
 *
 * - A container's start and its end go together: without one the other cannot be made good.
 * - Before an end the engine reports `kill` where the end was asked for.
 * - Networks and volumes name a container by its id: its name is known from the container's own events.
 *
 * @param folders the events that have a folder
 */
export function subscriptionFor(folders: readonly EventName[]): readonly EventName[] {
  const words = new Set(folders.map(eventWord));
  const has = (event: EventName) => words.has(eventWord(event));
  const wants = (event: EventName) => namesOf(event).some(has);
  const [start, die] = [container('start'), container('die')];
  const named = naming.some(wants);
  const besides = [
    ...(wants(start) || wants(die) || named ? [start, die] : []),
    ...(wants(die) ? [container('kill')] : []),
    ...(named ? ['create', 'rename', 'destroy'].map(container) : []),
  ];
  return [...folders, ...besides.filter((event) => !has(event))];
}

/** The events of other things that name a container. */
const naming: readonly EventName[] = [
  { type: 'network', action: 'connect' },
  { type: 'network', action: 'disconnect' },
  { type: 'volume', action: 'mount' },
  { type: 'volume', action: 'unmount' },
];
