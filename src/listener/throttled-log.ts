import type { EventsReport } from '../container-events/report.ts';
import type { EventHookReport } from '../hooks/report.ts';
import type { EngineReport } from '../watch/engine/report.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { ListenerEvent } from './events.ts';
import { Throttle, type ThrottleLimits } from './throttle.ts';

/**
 * All together, with the usual one or two hooks for each transition and event, are fewer than 100 lines a minute for each
 * engine. The lines of a transition or of a hook's run belong together: all of them are logged, or none.
 */
const engineLimits: ThrottleLimits = { ofKind: 10, ofSource: 20, window: 60_000 };
const eventLimits: ThrottleLimits = { ofKind: 24, ofSource: 24, window: 60_000 };
/** Transitions, and runs of events' hooks. */
const turnLimits: ThrottleLimits = { ofKind: 8, ofSource: 12, window: 60_000 };

/**
 * Limits how much an engine can make the log say in a minute, and reports the number of what was left out. Journal,
 * metrics and `events` have limits of their own and get everything.
 * @param hasEachTurn keeps every transition and every run of a hook, for a program that asked for the verbose JSON log
 */
export function throttledLog(
  report: (event: ListenerEvent) => void,
  hasEachTurn: () => boolean,
  signal: AbortSignal,
): (event: ListenerEvent) => void {
  const suppressed = (engine: string, counts: ReadonlyMap<string, number>) =>
    report({ kind: 'reports-suppressed', engine, counts: Object.fromEntries(counts) });
  const throttles = {
    engine: new Throttle(engineLimits, suppressed, signal),
    event: new Throttle(eventLimits, suppressed, signal),
  };
  const turns = new LoggedTurns(new Throttle(turnLimits, suppressed, signal));
  return (event) => {
    if (signal.aborted) return report(event);
    const limit = limitOf(event.kind);
    const isLogged =
      limit === 'none'
        ? hasEachTurn() || turns.admit(event)
        : throttles[limit].admit(engineOf(event), event.kind);
    if (isLogged) report(event);
  };
}

function engineOf(event: ListenerEvent): string {
  return 'engine' in event ? event.engine : event.kind === 'transition' ? event.transition.engine : '';
}

/** The latest transitions of an engine that are remembered: hooks of an earlier one may still end. */
const mostRemembered = 8;

/** Decides for a transition, and for a hook's run for an event, whether all that is reported of it is logged. */
class LoggedTurns {
  readonly #throttle: Throttle;
  /** By engine, whether each transition is logged, by number. */
  readonly #transitions = new Map<string, Map<number, boolean>>();
  /** By engine and hook, whether its latest run is logged. */
  readonly #runs = new Map<string, boolean>();

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  admit(event: ListenerEvent): boolean {
    const engine = engineOf(event);
    const isLogged = engine === '' || this.#isLogged(engine, event);
    if (!isLogged) this.#throttle.suppress(engine, event.kind);
    return isLogged;
  }

  #isLogged(engine: string, event: ListenerEvent): boolean {
    if (!('hook' in event)) return 'transition' in event ? this.#isTransitionLogged(engine, event) : true;
    const run = `${engine} ${event.hook}`;
    if (event.kind === 'hook-started') {
      const isLogged =
        event.told === undefined
          ? this.#isTransitionLogged(engine, event)
          : this.#throttle.mayPass(engine, 'event-run');
      this.#runs.set(run, isLogged);
      return isLogged;
    }
    return this.#runs.get(run) ?? ('transition' in event ? this.#isTransitionLogged(engine, event) : true);
  }

  #isTransitionLogged(
    engine: string,
    { transition: { sequence } }: { readonly transition: Transition },
  ): boolean {
    const known = this.#transitions.get(engine) ?? new Map<number, boolean>();
    this.#transitions.set(engine, known);
    const isLogged = known.get(sequence) ?? this.#throttle.mayPass(engine, 'transition');
    known.set(sequence, isLogged);
    for (const oldest of known.keys()) if (known.size > mostRemembered) known.delete(oldest);
    return isLogged;
  }
}

type EngineCaused = (EngineReport | EventsReport | EventHookReport)['kind'];

/** The limit of each kind that an engine causes; a transition and a run of a hook have their own. */
const limits: { readonly [kind in EngineCaused]: 'engine' | 'event' | 'none' } = {
  'engine-watched': 'none',
  'engine-pidfile-unusable': 'none',
  'engine-silent': 'engine',
  'engine-answers-badly': 'engine',
  'engine-not-reached': 'engine',
  'engine-forbidden': 'engine',
  'engine-socket-removed': 'engine',
  'engine-left-alone': 'engine',
  'engine-is-podman': 'none',
  'engine-let-go': 'none',
  'engine-held': 'none',
  'engine-not-held': 'none',
  'events-read': 'engine',
  'events-cut': 'engine',
  'events-refused': 'engine',
  'events-gap': 'engine',
  'events-not-compared': 'engine',
  'events-unreadable': 'engine',
  'events-not-kept': 'none',
  'events-damaged': 'none',
  'containers-unreadable': 'engine',
  'event-unknown': 'none',
  'event-not-reported': 'none',
  'event-told': 'event',
  'event-done': 'event',
  'event-given-up': 'none',
  'events-overflow': 'engine',
  'events-overflow-over': 'engine',
  'events-dropped': 'engine',
};

function limitOf(kind: string): 'engine' | 'event' | 'none' {
  const all: { readonly [kind: string]: 'engine' | 'event' | 'none' } = limits;
  return all[kind] ?? 'none';
}
