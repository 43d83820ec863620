import type { ListenerEvent } from './events.ts';

/** Stops this far apart, in ms, are not in a row: systemd gives up on Docker after three starts in a minute. */
const apart = 300_000;
/** A hook that ended this long ago, in ms, may have stopped Docker with `--no-block`. */
const justEnded = 3000;
/** A hook of another folder than on_start runs beside Docker; it is suspected only this long after its start, in ms. */
const fresh = 15_000;

/**
 * Stops in a row at which a hook runs before it is named; an on_start hook that runs then is rarely
 * a coincidence.
 */
const enough = { running: 2, other: 3 };

interface Run {
  readonly engine: string;
  readonly hook: string;
  /** When it started, or ended. */
  readonly at: number;
}

type Warned = Extract<ListenerEvent, { kind: 'hook-warned' }>;
interface Row {
  readonly times: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Finds the hooks that run whenever Docker stops: one that restarts Docker is run again by each restart, until systemd
 * gives up on Docker. Takes every event in order, so that it knows which hooks run at the time of a stop.
 */
export class HooksAtStop {
  readonly #now: () => number;
  readonly #running = new Map<string, Run>();
  /** When each hook of on_start ended last, by engine and hook. */
  readonly #ended = new Map<string, Run>();
  /** The stops in a row at which a hook ran, by engine and hook. */
  readonly #rows = new Map<string, Row>();

  /** @param now milliseconds that never go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns the warnings that follow from an event */
  note(event: ListenerEvent): readonly Warned[] {
    switch (event.kind) {
      case 'hook-started': {
        const { engine, hook, run } = event;
        if (!hook.startsWith('on_stop/')) this.#running.set(run, { engine, hook, at: this.#now() });
        return [];
      }
      case 'hook-ended': {
        const { engine, hook, run } = event;
        this.#running.delete(run);
        if (isOfStart(hook)) this.#ended.set(`${engine} ${hook}`, { engine, hook, at: this.#now() });
        return [];
      }
      case 'transition': {
        const { event: change, reason, engine } = event.transition;
        // A stop that was not seen does not show which hooks ran.
        return change === 'stop' && reason !== 'listener-started' ? this.#stopped(engine) : [];
      }
      default:
        return [];
    }
  }

  #stopped(engine: string): readonly Warned[] {
    const now = this.#now();
    const suspects = this.#suspects(engine, now);
    for (const key of this.#rows.keys()) {
      if (key.startsWith(`${engine} `) && !suspects.has(key.slice(engine.length + 1))) this.#rows.delete(key);
    }
    return [...suspects].flatMap(([hook, needed]): Warned[] => {
      const before = this.#rows.get(`${engine} ${hook}`);
      const isInRow = before !== undefined && now - before.last < apart;
      const row = { times: isInRow ? before.times + 1 : 1, first: isInRow ? before.first : now, last: now };
      this.#rows.set(`${engine} ${hook}`, row);
      if (row.times < needed) return [];
      const warning = {
        kind: 'engine-stopped-during',
        times: row.times,
        withinMs: Math.round(now - row.first),
      } as const;
      return [{ kind: 'hook-warned', engine, hook, warning }];
    });
  }

  /** The hooks that may have stopped the engine, and after how many times in a row they are named. */
  #suspects(engine: string, now: number): ReadonlyMap<string, number> {
    const suspects = new Map<string, number>();
    for (const { engine: whose, hook, at } of this.#ended.values()) {
      if (whose === engine && now - at < justEnded) suspects.set(hook, enough.other);
    }
    for (const { engine: whose, hook, at } of this.#running.values()) {
      if (whose !== engine) continue;
      if (isOfStart(hook)) suspects.set(hook, enough.running);
      else if (now - at < fresh) suspects.set(hook, enough.other);
    }
    return suspects;
  }
}

function isOfStart(hook: string): boolean {
  return hook.startsWith('on_start/');
}
