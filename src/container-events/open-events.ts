/** Where it is kept what became of events. */
export interface EventKeeper {
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
export const inTurn = 'in turn';

/**
 * Knows of each event which of its hooks are left. Hooks that collect a burst run apart from those of the event's turn,
 * and apart from each other; the event is done when all of them are.
 */
export class OpenEvents {
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
