export interface QueueOptions {
  /** The most items that may wait. */
  readonly most: number;
  /** Returns the error that is thrown to the reader when more wait, after it got those. */
  readonly overflow: () => Error;
  /** Called once, when no more items are taken in, for whatever reason. */
  readonly closed: () => void;
}

/** A queue of items: put in as they come, and iterated over. Several readers may wait; they are served in order. */
export class AsyncQueue<Item> implements AsyncIterableIterator<Item> {
  readonly #options: QueueOptions;
  #state: 'open' | 'overflown' | 'ended' = 'open';
  #waiting: Item[] = [];
  #readers: ((result: IteratorResult<Item, undefined>) => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Puts an item in. Ignored once the queue is closed. */
  put(item: Item): void {
    if (this.#state !== 'open') return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader({ done: false, value: item });
    this.#waiting.push(item);
    if (this.#waiting.length >= this.#options.most) this.#close('overflown');
  }

  /** Ends the queue now: readers that wait get no item, and items that wait are dropped. */
  readonly end = (): void => {
    this.#close('ended');
    this.#waiting = [];
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  };

  async next(): Promise<IteratorResult<Item, undefined>> {
    const item = this.#waiting.shift();
    if (item !== undefined) return { done: false, value: item };
    switch (this.#state) {
      case 'open':
        return new Promise((resolve) => this.#readers.push(resolve));
      case 'overflown':
        this.end();
        throw this.#options.overflow();
      case 'ended':
        return { done: true, value: undefined };
      default:
        return this.#state satisfies never;
    }
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(next: 'overflown' | 'ended'): void {
    const wasOpen = this.#state === 'open';
    this.#state = next;
    if (wasOpen) this.#options.closed();
  }
}
