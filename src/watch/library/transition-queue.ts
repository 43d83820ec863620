/** Items that wait in a line: put in at one end as they come, iterated over at the other. */
export interface Line<Item> extends AsyncIterableIterator<Item> {
  /** Puts one in. Ignored once the line has ended. */
  put(item: Item): void;
  /** Ends it now: whoever waits is told so, and what waits is not given any more. */
  end(): void;
}

export interface LineOptions {
  /** How many may wait. */
  readonly most: number;
  /** Made of it when more do: thrown to whoever iterates, once what waits has been given. */
  readonly overflow: () => Error;
  /** Called once, when nothing is taken in any more, for whatever reason. */
  readonly over: () => void;
}

/** Makes a line. Several may ask at a time; they are served in order. */
export function createLine<Item>({ most, overflow, over }: LineOptions): Line<Item> {
  let state: 'open' | 'overflown' | 'ended' = 'open';
  let waiting: Item[] = [];
  let asking: ((given: IteratorResult<Item, undefined>) => void)[] = [];

  function leave(next: 'overflown' | 'ended'): void {
    const wasOpen = state === 'open';
    state = next;
    if (wasOpen) over();
  }

  function end(): void {
    leave('ended');
    waiting = [];
    const told = asking;
    asking = [];
    for (const tell of told) tell({ done: true, value: undefined });
  }

  return {
    put(item) {
      if (state !== 'open') return;
      const ask = asking.shift();
      if (ask !== undefined) return ask({ done: false, value: item });
      waiting.push(item);
      if (waiting.length >= most) leave('overflown');
    },
    end,
    async next() {
      const item = waiting.shift();
      if (item !== undefined) return { done: false, value: item };
      switch (state) {
        case 'open':
          return new Promise((resolve) => asking.push(resolve));
        case 'overflown':
          end();
          throw overflow();
        case 'ended':
          return { done: true, value: undefined };
        default:
          return state satisfies never;
      }
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
