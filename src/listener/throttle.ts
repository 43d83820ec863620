/** The most that passes in one window of time. */
export interface ThrottleLimits {
  /** For each kind from one source. */
  readonly ofKind: number;
  /** For all kinds together from one source. */
  readonly ofSource: number;
  /** The length of a window, in ms. */
  readonly window: number;
}

/** Called at the end of a window in which reports were suppressed: their number, for each kind. */
export type Suppressed = (source: string, counts: ReadonlyMap<string, number>) => void;

interface Window {
  readonly seen: Map<string, number>;
  readonly suppressed: Map<string, number>;
  passed: number;
}

/**
 * Limits how often something is reported that others can cause as often as they like, so that no stranger fills the
 * log: a number of each kind and source in a window of time, then only a count. Sources and kinds must be our own
 * words, for each is remembered.
 */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #suppressed: Suppressed;
  readonly #signal: AbortSignal;
  readonly #windows = new Map<string, Window>();

  /** @param signal ends it: open windows end at once, and nothing is admitted or counted any more */
  constructor(limits: ThrottleLimits, suppressed: Suppressed, signal: AbortSignal) {
    this.#limits = limits;
    this.#suppressed = suppressed;
    this.#signal = signal;
  }

  /** Returns whether this may be reported; counts it if not. */
  admit(source: string, kind: string): boolean {
    const isAdmitted = this.mayPass(source, kind);
    if (!isAdmitted) this.suppress(source, kind);
    return isAdmitted;
  }

  /** Returns whether this may be reported. Of what is not, `suppress` counts what belongs to it. */
  mayPass(source: string, kind: string): boolean {
    if (this.#signal.aborted) return false;
    const window = this.#windows.get(source) ?? this.#open(source);
    const seen = (window.seen.get(kind) ?? 0) + 1;
    window.seen.set(kind, seen);
    if (seen <= this.#limits.ofKind && window.passed < this.#limits.ofSource) {
      window.passed += 1;
      return true;
    }
    return false;
  }

  /** Counts what is not reported. */
  suppress(source: string, kind: string): void {
    if (this.#signal.aborted) return;
    const { suppressed } = this.#windows.get(source) ?? this.#open(source);
    suppressed.set(kind, (suppressed.get(kind) ?? 0) + 1);
  }

  #open(source: string): Window {
    const window: Window = { seen: new Map(), suppressed: new Map(), passed: 0 };
    this.#windows.set(source, window);
    const end = () => {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', end);
      this.#windows.delete(source);
      if (window.suppressed.size > 0) this.#suppressed(source, window.suppressed);
    };
    const timer = setTimeout(end, this.#limits.window);
    this.#signal.addEventListener('abort', end, { once: true });
    return window;
  }
}
