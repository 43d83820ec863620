import { isEnd } from '../config/engine-events.ts';
import { subjectOf } from '../config/event-subject.ts';
import type { EngineEvent, EventLabel, ToldEvent } from '../lifecycle/engine-event.ts';
import type { Transition } from '../lifecycle/transition.ts';
import { labelOf } from './event-environment.ts';
import { type EventRun, hooksFor, runEventHooks } from './event-run.ts';
import type { HookHost } from './host.ts';
import type { RunningHook } from './queue.ts';
import { reportChanges } from './report-changes.ts';

export interface EventQueueOptions {
  readonly host: HookHost;
  /** The engine's start, in whose run the events happen. */
  readonly transition: () => Transition;
  /** The first hook of an event is about to be started. */
  readonly begin: (number: number) => void;
  /** The listener's own end cuts the hooks of an event short. */
  readonly cut: (number: number) => void;
  /** Nothing is left to be done for an event. */
  readonly done: (number: number) => void;
  /** Ends everything: what runs is ended with its grace, what waits is kept for the next life. */
  readonly signal: AbortSignal;
}

/** The events of one engine whose hooks are to be run. */
export interface EventQueue {
  /** Whether any hook is to be run for an event, as things are now. */
  wants(event: EngineEvent): boolean;
  /** Runs the hooks of an event when those of the same container before it are done. */
  push(told: ToldEvent): void;
  /** The engine goes: what waits is dropped, unless it says that something has come to its end. */
  engineStops(): void;
  /** Resolves when no hook runs, and none waits unless `signal` has ended it. */
  idle(): Promise<void>;
  snapshot(): EventSnapshot;
}

export interface EventSnapshot {
  readonly running: readonly { readonly told: EventLabel; readonly hook: RunningHook | undefined }[];
  readonly waiting: number;
  /** Since the listener was started: told to hooks, merged with later ones, given up. */
  readonly told: number;
  readonly merged: number;
  readonly givenUp: number;
}

interface Waiting {
  readonly told: ToldEvent;
  readonly subject: string;
  readonly merged: number;
}

/**
 * Events of one container are acted on in order, one at a time; those of different containers side by side, up to
 * a limit. When too many wait, the oldest is merged with a later one that says the same of the same container.
 */
export function createEventQueue(options: EventQueueOptions): EventQueue {
  const { transition, begin, cut, done, signal } = options;
  const host = { ...options.host, report: reportChanges(options.host.report) };
  const { parallel, waiting: mostWaiting } = host.settings.events;
  let waiting: Waiting[] = [];
  const running = new Map<string, EventRun>();
  const counts = { told: 0, merged: 0, givenUp: 0 };
  let overflow: { readonly merged: number; readonly givenUp: number } | undefined;
  const idlers: (() => void)[] = [];

  function workOff(): void {
    while (running.size < parallel && !signal.aborted) {
      const at = waiting.findIndex(({ subject }) => !running.has(subject));
      const [next] = at === -1 ? [] : waiting.splice(at, 1);
      if (next === undefined) break;
      start(next);
    }
    if (overflow !== undefined && waiting.length <= mostWaiting / 2) endOverflow(overflow);
    if (running.size > 0 || (waiting.length > 0 && !signal.aborted)) return;
    for (const idle of idlers.splice(0)) idle();
  }

  function start({ told, subject, merged }: Waiting): void {
    counts.told += 1;
    const run = runEventHooks(host, { told, merged }, transition(), () => begin(told.number));
    running.set(subject, run);
    void run.done.then((how) => {
      running.delete(subject);
      // What was cut short by the listener's own end is left to its next life.
      if (how === 'complete' || !signal.aborted) done(told.number);
      else cut(told.number);
      workOff();
    });
  }

  function makeRoom(): void {
    const oldest = new Map<string, number>();
    let pair: readonly [number, number] | undefined;
    for (const [index, { told, subject }] of waiting.entries()) {
      const what = `${subject} ${told.event.type} ${told.event.action}`;
      const before = oldest.get(what);
      if (before !== undefined) {
        pair = [before, index];
        break;
      }
      oldest.set(what, index);
    }
    begunOverflow();
    if (pair === undefined) {
      const [dropped] = waiting.splice(0, 1);
      counts.givenUp += 1;
      if (dropped !== undefined) done(dropped.told.number);
      return;
    }
    const [older, newer] = pair;
    const [from, into] = [waiting[older], waiting[newer]];
    if (from === undefined || into === undefined) return;
    waiting[newer] = { ...into, merged: into.merged + from.merged + 1 };
    waiting.splice(older, 1);
    counts.merged += 1;
    done(from.told.number);
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
      waiting.push({ told, subject: subjectOf(told.event), merged: 0 });
      if (waiting.length > mostWaiting) makeRoom();
      workOff();
    },
    engineStops() {
      const pointless = waiting.filter(({ told }) => !isEnd(told.event));
      if (pointless.length === 0) return;
      waiting = waiting.filter(({ told }) => isEnd(told.event));
      for (const { told } of pointless) done(told.number);
      host.report({ kind: 'events-dropped', count: pointless.length });
      workOff();
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        workOff();
      }),
    snapshot: () => ({
      running: [...running.values()].map((run) => {
        const hook = run.current();
        return {
          told: labelOf(run.told),
          hook,
        };
      }),
      waiting: waiting.length,
      ...counts,
    }),
  };
}
