import type { RunningHook } from '../hooks/attempts.ts';
import type { EventStarts } from '../hooks/chain.ts';
import type { HookHost } from '../hooks/report.ts';
import { reportChanges } from '../hooks/report-once.ts';
import type { SingleHookSettings } from '../hooks/settings.ts';
import type { Delivery, EngineEvent, EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import { type Burst, type BurstState, Bursts } from './bursts.ts';
import { type EventRun, hooksFor, hooksLeft, hooksOf, isNotRepeated, runEventHooks } from './event-run.ts';
import { type EventKeeper, inTurn, OpenEvents } from './open-events.ts';
import { type WaitingEvent, WaitingEvents } from './waiting-events.ts';

export interface EventQueueOptions {
  readonly host: HookHost;
  readonly keeper: EventKeeper;
  /** Returns the start of the engine run in which the events happen. */
  readonly transition: () => Transition;
  /** Decides when a hook may start beside those of other engines. */
  readonly starts: EventStarts;
  /** Ends the running hooks with their grace, and leaves the waiting events to the next listener. */
  readonly signal: AbortSignal;
}

export interface EventSnapshot {
  readonly running: readonly { readonly event: EventLabel; readonly hook: RunningHook | undefined }[];
  readonly collecting: readonly BurstState[];
  readonly waiting: number;
  /** Counts since the listener started: hooks were started for them, merged into later ones, given up. */
  readonly handled: number;
  readonly merged: number;
  readonly givenUp: number;
}

/** The most memory that waiting events hold, in bytes, however few they are. */
const mostBytes = 6 * 1024 * 1024;

/**
 * Runs the hooks of one engine's events. Events of one container are handled in order, one at a time; those of different
 * containers side by side, up to a limit. When too many wait, the oldest is merged into a later one of the same
 * container and action.
 *
 * ```
 *            ┌─ hooks without debounce ─▶ waiting ───turn───▶ running ─▶ done
 *   push() ──┤                               └─ too many: merged, given up
 *            └─ hooks with debounce ────▶ collecting ──due──▶ running ─▶ done
 * ```
 */
export class EventQueue {
  readonly #options: EventQueueOptions;
  readonly #host: HookHost;
  readonly #open: OpenEvents;
  readonly #bursts: Bursts;
  readonly #waiting = new WaitingEvents();
  /** Runs by subject: a container, or a hook that collects. */
  readonly #running = new Map<string, EventRun>();
  readonly #counts = { handled: 0, merged: 0, givenUp: 0 };
  /** The counts when the present overflow began. */
  #overflow: { readonly merged: number; readonly givenUp: number } | undefined;
  /** `starts` is going to call back. */
  #isWaitingForStart = false;
  readonly #idlers: (() => void)[] = [];

  constructor(options: EventQueueOptions) {
    const { host, keeper, signal } = options;
    this.#options = options;
    this.#host = { ...host, report: reportChanges(host.report) };
    this.#open = new OpenEvents(keeper, () => this.#isTracking());
    this.#bursts = new Bursts(
      () => this.#startDue(),
      ({ number }, hook) => this.#open.done(number, hook),
    );
    signal.addEventListener('abort', () => this.#end(), { once: true });
    host.atOnce.addEventListener('abort', () => this.#kill(), { once: true });
  }

  /** Returns whether any hook is to be run for an event, as files and settings are now. */
  wants(event: EngineEvent): boolean {
    return hooksFor(this.#host, event).length > 0;
  }

  /** Runs the hooks of an event after those of earlier events of the same container. */
  push(delivery: Delivery): void {
    const { number } = delivery;
    if (this.#options.signal.aborted) return;
    // Without such settings nothing is looked for here: the hooks are found when they start.
    const isListed = this.#hasDebounce() || this.#isTracking();
    const hooks = isListed ? hooksOf(this.#host, delivery) : { inTurn: [], debounced: [] };
    const debounced = hooks.debounced.filter(({ hook }) => !this.#isPassed(delivery, hook.name));
    const hasTurn = hooks.inTurn.length > 0 || debounced.length === 0;
    const parts = [
      ...(hasTurn ? [[inTurn, hooks.inTurn.map(({ name }) => name)] as const] : []),
      ...debounced.map(({ hook: { name } }) => [name, [name]] as const),
    ];
    const names = hooks.debounced.map(({ hook: { name } }) => name);
    this.#open.open(number, parts, names, debounced.length < hooks.debounced.length);
    if (hasTurn) this.#waiting.push(delivery);
    while (this.#isOverfull()) this.#makeRoom();
    for (const { hook, debounce } of debounced) this.#bursts.add(hook, debounce, delivery);
    // While a start is waited for, older events may be able to start too.
    this.#startDue(this.#isWaitingForStart ? 'any' : 'newest');
  }

  #hasDebounce(): boolean {
    return this.#someHook(({ debounce }) => debounce !== undefined);
  }

  /** Returns whether settings have a hook with `repeat = false`. */
  #isTracking(): boolean {
    return this.#someHook(({ repeat }) => repeat === false);
  }

  #someHook(fits: (settings: SingleHookSettings) => boolean): boolean {
    for (const settings of this.#host.settings.hooks.values()) if (fits(settings)) return true;
    return false;
  }

  /** Reports a debounced hook that is not run again for an event. */
  #isPassed(delivery: Delivery, hook: string): boolean {
    if (!isNotRepeated(this.#host, delivery, hook)) return false;
    this.#host.report({ kind: 'hook-passed', hook, transition: this.#options.transition(), ...notRepeated });
    return true;
  }

  /** Drops what waits when the engine stops, except for events that say that something ended. */
  engineStops(): void {
    const dropped = this.#waiting.takeOngoing();
    for (const { number } of dropped) this.#open.done(number, inTurn);
    const count = dropped.length + this.#bursts.engineStops();
    if (count > 0) this.#host.report({ kind: 'events-dropped', count });
    this.#startDue();
  }

  /** Resolves when no hook runs and none waits; after `signal`, when no hook runs. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve);
      this.#startDue();
    });
  }

  snapshot(): EventSnapshot {
    return {
      running: [...this.#running.values()].map((run) => ({ event: run.label, hook: run.current() })),
      collecting: this.#bursts.states(),
      waiting: this.#waiting.length,
      ...this.#counts,
    };
  }

  /**
   * Starts every event that may start.
   * @param which `newest` right after a push: no other event that waits can start then
   */
  #startDue(which: 'any' | 'newest' = 'any'): void {
    const isFree = (subject: string) => !this.#running.has(subject);
    while (
      this.#running.size < this.#host.settings.events.parallel &&
      !this.#options.signal.aborted &&
      this.#hasWork()
    ) {
      if (!this.#options.starts.mayStart()) {
        this.#waitForStart();
        break;
      }
      const burst = this.#bursts.take((hook) => isFree(subjectOfBurst(hook)));
      if (burst !== undefined) {
        this.#startBurst(burst);
        continue;
      }
      const next = which === 'newest' ? this.#waiting.takeNewest(isFree) : this.#waiting.take(isFree);
      if (next === undefined) break;
      this.#start(next);
    }
    this.#endOverflow();
    if (this.#running.size > 0 || (this.#hasWork() && !this.#options.signal.aborted)) return;
    for (const idle of this.#idlers.splice(0)) idle();
  }

  #hasWork(): boolean {
    return this.#waiting.length + this.#bursts.size > 0;
  }

  #waitForStart(): void {
    if (this.#isWaitingForStart) return;
    this.#isWaitingForStart = true;
    this.#options.starts.wait(() => {
      this.#isWaitingForStart = false;
      this.#startDue();
    });
  }

  #start({ delivery, subject, merged }: WaitingEvent): void {
    const { transition, starts } = this.#options;
    const { number } = delivery;
    // By the debounce when the event came: a reload since then loses no hook and runs none twice.
    const hooks = hooksLeft(this.#host, delivery).filter(
      ({ name }) => !this.#open.wasDebounced(number, name),
    );
    const names = hooks.map(({ name }) => name);
    const run = runEventHooks(this.#host, hooks, { delivery, merged }, transition(), {
      passed: (index) => (isNotRepeated(this.#host, delivery, names[index] ?? '') ? notRepeated : undefined),
      starting: (index) => this.#open.start(number, inTurn, names.slice(index)),
      ended: () => this.#open.ended(number, inTurn),
      starts,
    });
    this.#follow(subject, run, [delivery], inTurn);
  }

  #startBurst({ hook, events, leftOut }: Burst): void {
    const { transition, starts } = this.#options;
    const last = events.at(-1);
    if (last === undefined) return;
    const delivery = { ...last, repeat: events.some(({ repeat }) => repeat) };
    const occurrence = { delivery, merged: 0, burst: { events, leftOut } };
    const run = runEventHooks(this.#host, [hook], occurrence, transition(), {
      starting: () => {
        for (const { number } of events) this.#open.start(number, hook.name, [hook.name]);
      },
      ended: () => {
        for (const { number } of events) this.#open.ended(number, hook.name);
      },
      starts,
    });
    this.#follow(subjectOfBurst(hook.name), run, events, hook.name);
  }

  #follow(subject: string, run: EventRun, events: readonly Delivery[], part: string): void {
    this.#counts.handled += 1;
    this.#running.set(subject, run);
    void run.done.then((how) => {
      this.#running.delete(subject);
      for (const { number } of events) {
        // The next listener runs what the end of this one cut short.
        if (how === 'complete' || !this.#options.signal.aborted) this.#open.done(number, part);
        else this.#open.cut(number, part);
      }
      this.#startDue();
    });
  }

  #isOverfull(): boolean {
    const { length, bytes } = this.#waiting;
    return length > this.#host.settings.events.waiting || (bytes > mostBytes && length > 1);
  }

  #makeRoom(): void {
    if (this.#overflow === undefined) {
      this.#overflow = { ...this.#counts };
      this.#host.report({ kind: 'events-overflow', waiting: this.#waiting.length - 1 });
    }
    const removed = this.#waiting.makeRoom();
    if (removed === undefined) return;
    this.#counts[removed.how === 'merged' ? 'merged' : 'givenUp'] += 1;
    this.#open.done(removed.delivery.number, inTurn);
  }

  #endOverflow(): void {
    const { length, bytes } = this.#waiting;
    if (
      this.#overflow === undefined ||
      length > this.#host.settings.events.waiting / 2 ||
      bytes > mostBytes / 2
    )
      return;
    const merged = this.#counts.merged - this.#overflow.merged;
    const givenUp = this.#counts.givenUp - this.#overflow.givenUp;
    this.#overflow = undefined;
    this.#host.report({ kind: 'events-overflow-over', merged, givenUp });
  }

  #end(): void {
    this.#bursts.end();
    for (const run of this.#running.values()) run.end('listener-ends');
    this.#startDue();
  }

  #kill(): void {
    for (const run of this.#running.values()) run.kill('listener-ends');
  }
}

/** Bursts of one hook are run one after the other. */
function subjectOfBurst(hook: string): string {
  return `burst ${hook}`;
}

/** A hook with `repeat = false` is cut off once at most. */
const notRepeated = { why: 'repeat-off', cuts: 1 } as const;
