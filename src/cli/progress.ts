/** A line at the terminal about a long wait, which goes away again. */
export interface Progress {
  /** Sets the current activity; undefined for none. It shows after a second. */
  now(doing: string | undefined): void;
  /** Takes the line away, for something else to be said; it comes back with the next second. */
  clear(): void;
}

/** The wait before the line shows, and the interval at which it changes, in ms. */
const interval = 1000;

function createProgress(): Progress {
  let doing: { readonly what: string; readonly since: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isShown = false;

  function clear(): void {
    if (isShown) process.stderr.write('\r\u001b[K');
    isShown = false;
  }

  function show(): void {
    // Standard error is looked at no earlier: Node opens it then, which few commands need.
    if (doing === undefined || !process.stderr.isTTY || process.env.TERM === 'dumb') return;
    const seconds = Math.round((Date.now() - doing.since) / 1000);
    const line = `${doing.what} … ${seconds} s`;
    // A line that wraps could not be taken back.
    process.stderr.write(`\r${line.slice(0, Math.max(1, (process.stderr.columns || 80) - 1))}\u001b[K`);
    isShown = true;
  }

  return {
    now(what) {
      clearInterval(timer);
      clear();
      doing = what === undefined ? undefined : { what, since: Date.now() };
      // It keeps nothing running: what it shows does, or is over.
      if (what !== undefined) timer = setInterval(show, interval).unref();
    },
    clear,
  };
}

/** The line of this process at its terminal. */
export const progress: Progress = createProgress();

/** Tells of something as long as it takes. */
export async function during<Result>(what: string, doing: Promise<Result>): Promise<Result> {
  progress.now(what);
  try {
    return await doing;
  } finally {
    progress.now(undefined);
  }
}
