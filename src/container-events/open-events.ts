/** Persists how far the hooks of each event are. */
export interface EventKeeper {
  /** The first hook of an event is about to start; `running` names it where the keeper is to know. */
  begin(number: number, running?: readonly string[]): void;
  /** The end of this listener cut off the hooks of an event. The next listener runs them. */
  cut(number: number): void;
  /** These hooks of an event are left; `isBegun` while one of them runs, and `running` as above. */
  left(number: number, hooks: readonly string[], isBegun: boolean, running?: readonly string[]): void;
  /** All hooks of an event have ended, or are not run. */
  done(number: number): void;
}

/** Hooks of one event that run apart from the others. */
interface Part {
  /** Those that are left. */
  hooks: readonly string[];
  isBegun: boolean;
  /** The listener's end cut off one of its hooks: the next run of it is marked. */
  isCut?: boolean;
  /** The hook that runs, or that was cut off. */
  running?: string | undefined;
}

interface OpenEvent {
  readonly parts: Map<string, Part>;
  /** The hooks that had a debounce when it was opened: none of them runs in its turn. */
  readonly debounced: readonly string[];
  /** The keeper has hooks that are not left any more. */
  isShortened: boolean;
  /** By the settings of the time when it was opened: its names are complete only then. */
  readonly isTracking: boolean;
}

/** The part with the hooks without debounce, which run one after the other in the event's turn. */
export const inTurn = 'in turn';

/**
 * Tracks which hooks of each event are left. Each hook that collects a burst is a part of its own; the event is done when all
 * parts are. Where hooks with `repeat = false` need it, the keeper is passed each hook that starts; else the first alone.
 */
export class OpenEvents {
  readonly #keeper: EventKeeper;
  readonly #isTracking: () => boolean;
  readonly #events = new Map<number, OpenEvent>();

  /** @param isTracking whether settings have a hook with `repeat = false` */
  constructor(keeper: EventKeeper, isTracking: () => boolean) {
    this.#keeper = keeper;
    this.#isTracking = isTracking;
  }

  /** @param isShortened a hook that an earlier listener left is not among these */
  open(
    number: number,
    parts: readonly (readonly [part: string, hooks: readonly string[]])[],
    debounced: readonly string[],
    isShortened: boolean,
  ): void {
    const all = parts.map(([part, hooks]): [string, Part] => [part, { hooks, isBegun: false }]);
    this.#events.set(number, { parts: new Map(all), debounced, isShortened, isTracking: this.#isTracking() });
  }

  /** Returns whether a hook had a debounce when the event was opened. */
  wasDebounced(number: number, hook: string): boolean {
    return this.#events.get(number)?.debounced.includes(hook) === true;
  }

  /** @param left the hook that is about to start, and those behind it */
  start(number: number, part: string, left: readonly string[]): void {
    const event = this.#events.get(number);
    const found = event?.parts.get(part);
    if (event === undefined || found === undefined) return;
    const { parts } = event;
    const isFirst = !anyBegun(parts);
    found.isBegun = true;
    if (!event.isTracking) {
      if (isFirst) this.#keeper.begin(number);
      return;
    }
    event.isShortened ||= left.length < found.hooks.length;
    found.hooks = left;
    found.running = left[0];
    if (!isFirst) return this.#keeper.left(number, hooksIn(parts), true, runningIn(parts));
    if (event.isShortened) this.#keeper.left(number, hooksIn(parts), false);
    event.isShortened = false;
    this.#keeper.begin(number, runningIn(parts));
  }

  /** The running hook of a part has ended; not called for one that the listener's end cut off. */
  ended(number: number, part: string): void {
    const found = this.#events.get(number)?.parts.get(part);
    if (found?.running === undefined) return;
    found.hooks = found.hooks.slice(1);
    found.running = undefined;
  }

  /** The listener's end cut off a part. */
  cut(number: number, part: string): void {
    const { parts, isTracking } = this.#events.get(number) ?? {};
    const found = parts?.get(part);
    if (parts === undefined || found?.isBegun !== true) return;
    found.isBegun = false;
    const running = runningIn(parts);
    const hasEnded = isTracking === true && found.running === undefined;
    found.isCut = !hasEnded;
    if (hasEnded) this.#keeper.left(number, hooksIn(parts), running.length > 0, running);
    if (!anyBegun(parts) && (!isTracking || running.length > 0)) this.#keeper.cut(number);
  }

  done(number: number, part: string): void {
    const { parts, isTracking } = this.#events.get(number) ?? {};
    if (parts?.delete(part) !== true) return;
    if (parts.size > 0) {
      const running = isTracking ? runningIn(parts) : undefined;
      const isCut = [...parts.values()].some((left) => left.isCut === true);
      const isBegun = anyBegun(parts);
      this.#keeper.left(number, hooksIn(parts), isBegun || isCut, running);
      if (isCut && !isBegun) this.#keeper.cut(number);
      return;
    }
    this.#events.delete(number);
    this.#keeper.done(number);
  }
}

function anyBegun(parts: ReadonlyMap<string, Part>): boolean {
  return [...parts.values()].some(({ isBegun }) => isBegun);
}

function hooksIn(parts: ReadonlyMap<string, Part>): readonly string[] {
  return [...parts.values()].flatMap(({ hooks }) => hooks);
}

function runningIn(parts: ReadonlyMap<string, Part>): readonly string[] {
  return [...parts.values()].flatMap(({ running }) => running ?? []);
}
