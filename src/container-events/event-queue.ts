import type { RunningHook } from '../hooks/attempts.ts';
import type { EventStarts } from '../hooks/chain.ts';
import type { HookHost } from '../hooks/report.ts';
import { reportChanges } from '../hooks/report-once.ts';
import type { Delivery, EngineEvent, EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import { type Burst, type BurstState, Bursts } from './bursts.ts';
import { collectingHooks, type EventRun, hooksFor, hooksInTurn, runEventHooks } from './event-run.ts';
import { type WaitingEvent, WaitingEvents } from './waiting-events.ts';

interface EventQueueOptions extends EventKeeper {
  readonly host: HookHost;
  /** The engine's start, in whose run the events happen. */
  readonly transition: () => Transition;
  /** Decides when a hook may start, beside those of other engines. */
  readonly starts: EventStarts;
  /** Ends everything: what runs is ended with its grace, what waits is kept for the next life. */
  readonly signal: AbortSignal;
}

/** The events of one engine whose hooks are to be run. */
export interface EventQueue {
  /** Whether any hook is to be run for an event, as things are now. */
  wants(event: EngineEvent): boolean;
  /** Runs the hooks of an event when those of the same container before it are done. */
  push(told: Delivery): void;
  /** The engine goes: what waits is dropped, unless it says that something has come to its end. */
  engineStops(): void;
  /** Resolves when no hook runs, and none waits unless `signal` has ended it. */
  idle(): Promise<void>;
  snapshot(): EventSnapshot;
}

export interface EventSnapshot {
  readonly running: readonly { readonly told: EventLabel; readonly hook: RunningHook | undefined }[];
  /** Bursts whose end is waited for. */
  readonly collecting: readonly BurstState[];
  readonly waiting: number;
  /** Since the listener was started: told to hooks, merged with later ones, given up. */
  readonly told: number;
  readonly merged: number;
  readonly givenUp: number;
}

/** The most that waiting events hold in memory, in bytes, however few they are: an engine is a stranger. */
const mostBytes = 6 * 1024 * 1024;

/**
 * Events of one container are acted on in order, one at a time; those of different containers side by side, up to
 * a limit. When too many wait, the oldest is merged with a later one that says the same of the same container.
 */
export function createEventQueue(options: EventQueueOptions): EventQueue {
  const { transition, starts, signal } = options;
  const host = { ...options.host, report: reportChanges(options.host.report) };
  const { parallel, waiting: mostWaiting } = host.settings.events;
  const waiting = new WaitingEvents();
  const running = new Map<string, EventRun>();
  const counts = { told: 0, merged: 0, givenUp: 0 };
  let overflow: { readonly merged: number; readonly givenUp: number } | undefined;
  const idlers: (() => void)[] = [];
  /** Set while `starts` is waited for. */
  let isAsking = false;
  const open = new OpenEvents(options);
  const areCollecting = [...host.settings.hooks.values()].some(({ debounce }) => debounce !== undefined);
  const bursts = new Bursts(workOff, (told, hook) => open.done(told.number, hook));

  const isFree = (subject: string) => !running.has(subject);

  /** @param which `newest` right behind a push: all others were looked at before, and cannot start */
  function workOff(which: 'any' | 'newest' = 'any'): void {
    while (running.size < parallel && !signal.aborted && waiting.length + bursts.size > 0) {
      if (!starts.mayStart()) {
        if (!isAsking) starts.wait(goOn);
        isAsking = true;
        break;
      }
      const burst = bursts.take((hook) => !running.has(subjectOfBurst(hook)));
      if (burst !== undefined) {
        startBurst(burst);
        continue;
      }
      const next = which === 'newest' ? waiting.takeNewest(isFree) : waiting.take(isFree);
      if (next === undefined) break;
      start(next);
    }
    if (overflow !== undefined && waiting.length <= mostWaiting / 2 && waiting.bytes <= mostBytes / 2)
      endOverflow(overflow);
    if (running.size > 0 || (waiting.length + bursts.size > 0 && !signal.aborted)) return;
    for (const idle of idlers.splice(0)) idle();
  }

  function goOn(): void {
    isAsking = false;
    workOff();
  }

  function start({ told, subject, merged }: WaitingEvent): void {
    counts.told += 1;
    const run = runEventHooks(
      host,
      hooksInTurn(host, told),
      { delivery: told, merged },
      transition(),
      () => open.begin(told.number, inTurn),
      starts,
    );
    follow(subject, run, [told], inTurn);
  }

  function startBurst({ hook, events, leftOut }: Burst): void {
    const last = events.at(-1);
    if (last === undefined) return;
    counts.told += 1;
    const told = { ...last, repeat: events.some(({ repeat }) => repeat) };
    const occurrence = { delivery: told, merged: 0, burst: { events, leftOut } };
    const run = runEventHooks(
      host,
      [hook],
      occurrence,
      transition(),
      () => {
        for (const { number } of events) open.begin(number, hook.name);
      },
      starts,
    );
    follow(subjectOfBurst(hook.name), run, events, hook.name);
  }

  function follow(subject: string, run: EventRun, events: readonly Delivery[], part: string): void {
    running.set(subject, run);
    void run.done.then((how) => {
      running.delete(subject);
      for (const { number } of events) {
        // What was cut short by the listener's own end is left to its next life.
        if (how === 'complete' || !signal.aborted) open.done(number, part);
        else open.cut(number, part);
      }
      workOff();
    });
  }

  function makeRoom(): void {
    begunOverflow();
    const made = waiting.makeRoom();
    if (made === undefined) return;
    counts[made.how === 'merged' ? 'merged' : 'givenUp'] += 1;
    open.done(made.told.number, inTurn);
  }

  function begunOverflow(): void {
    if (overflow !== undefined) return;
    overflow = { ...counts };
    host.report({ kind: 'events-overflow', waiting: waiting.length - 1 });
  }

  function endOverflow({ merged, givenUp }: { readonly merged: number; readonly givenUp: number }): void {
    overflow = undefined;
    host.report({
      kind: 'events-overflow-over',
      merged: counts.merged - merged,
      givenUp: counts.givenUp - givenUp,
    });
  }

  signal.addEventListener(
    'abort',
    () => {
      bursts.end();
      for (const run of running.values()) run.end('listener-ends');
      workOff();
    },
    { once: true },
  );
  host.atOnce.addEventListener(
    'abort',
    () => {
      for (const run of running.values()) run.kill('listener-ends');
    },
    { once: true },
  );

  return {
    wants: (event) => hooksFor(host, event).length > 0,
    push(told) {
      if (signal.aborted) return;
      const collecting = areCollecting ? collectingHooks(host, told) : [];
      const turn = collecting.length === 0 ? [] : hooksInTurn(host, told).map(({ name }) => name);
      const hasTurn = turn.length > 0 || collecting.length === 0;
      open.open(told.number, [
        ...(hasTurn ? [[inTurn, turn] as const] : []),
        ...collecting.map(({ hook: { name } }) => [name, [name]] as const),
      ]);
      if (hasTurn) waiting.push(told);
      while (waiting.length > mostWaiting || (waiting.bytes > mostBytes && waiting.length > 1)) makeRoom();
      for (const { hook, debounce } of collecting) bursts.add(hook, debounce, told);
      // Where a turn is waited for, older events may start as well.
      workOff(isAsking ? 'any' : 'newest');
    },
    engineStops() {
      const pointless = waiting.takePointless();
      for (const { number } of pointless) open.done(number, inTurn);
      const count = pointless.length + bursts.engineStops();
      if (count > 0) host.report({ kind: 'events-dropped', count });
      workOff();
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        workOff();
      }),
    snapshot: () => ({
      running: [...running.values()].map((run) => {
        return { told: run.label, hook: run.current() };
      }),
      collecting: bursts.states(),
      waiting: waiting.length,
      ...counts,
    }),
  };
}

/** Bursts of one hook are run one after the other. */
function subjectOfBurst(hook: string): string {
  return `burst ${hook}`;
}

/** Where it is kept what became of events. */
interface EventKeeper {
  /** The first hook of an event is about to be started. */
  readonly begin: (number: number) => void;
  /** The hooks of an event were cut short by the listener's end, and are left to its next life. */
  readonly cut: (number: number) => void;
  /** Of an event these hooks are left; `isBegun` when one of them runs now. */
  readonly left: (number: number, hooks: readonly string[], isBegun: boolean) => void;
  /** Nothing is left to be done for an event. */
  readonly done: (number: number) => void;
}

/** Hooks of one event that run apart from the others, with their names. */
interface Part {
  readonly hooks: readonly string[];
  isBegun: boolean;
}

/** The hooks of an event that run one after the other, when it is the event's turn. */
const inTurn = 'in turn';

/**
 * Knows of each event which of its hooks are left. Hooks that collect a burst run apart from those of the event's turn,
 * and apart from each other; the event is done when all of them are.
 */
class OpenEvents {
  readonly #keeper: EventKeeper;
  readonly #events = new Map<number, Map<string, Part>>();

  constructor(keeper: EventKeeper) {
    this.#keeper = keeper;
  }

  open(number: number, parts: readonly (readonly [part: string, hooks: readonly string[]])[]): void {
    this.#events.set(number, new Map(parts.map(([part, hooks]) => [part, { hooks, isBegun: false }])));
  }

  begin(number: number, part: string): void {
    const parts = this.#events.get(number);
    const found = parts?.get(part);
    if (parts === undefined || found === undefined) return;
    if (!anyBegun(parts)) this.#keeper.begin(number);
    found.isBegun = true;
  }

  cut(number: number, part: string): void {
    const parts = this.#events.get(number);
    const found = parts?.get(part);
    if (parts === undefined || found?.isBegun !== true) return;
    found.isBegun = false;
    if (!anyBegun(parts)) this.#keeper.cut(number);
  }

  done(number: number, part: string): void {
    const parts = this.#events.get(number);
    if (parts?.delete(part) !== true) return;
    if (parts.size > 0) {
      const hooks = [...parts.values()].flatMap((left) => left.hooks);
      this.#keeper.left(number, hooks, anyBegun(parts));
      return;
    }
    this.#events.delete(number);
    this.#keeper.done(number);
  }
}

function anyBegun(parts: ReadonlyMap<string, Part>): boolean {
  return [...parts.values()].some(({ isBegun }) => isBegun);
}
