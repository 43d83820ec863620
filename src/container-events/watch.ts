import { type EventName, eventWord } from '../hooks/engine-events.ts';
import { oldest } from '../system/nanoseconds.ts';
import { createBackoff } from '../watch/engine/backoff.ts';
import { createDeadline } from '../watch/engine/deadline.ts';
import { signsOf } from '../watch/engine/signs.ts';
import type { EngineEvent, EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { EngineRunId } from '../watch/lifecycle/observation.ts';
import type { EngineSettings } from '../watch/settings.ts';
import type { UnreadableContainer } from './compare.ts';
import { type Inquiry, openInquiry } from './containers.ts';
import type { Ledger } from './ledger.ts';
import type { Opening, Telling } from './ledger-state.ts';
import { type EventStream, openEventStream, parseEvent, type StreamEnd } from './stream.ts';

interface EventWatchOptions {
  readonly engine: EngineSettings;
  readonly ledger: Ledger;
  /** Told each event that is to be acted on, in order. */
  readonly told: (tellings: readonly Telling[]) => void;
  /** Told what is to be remembered as heard, and not acted on. */
  readonly late: (event: EngineEvent) => void;
  /** A connection was opened or settled: how the ledger stands is to be kept. */
  readonly changed: () => void;
  readonly report: (report: EventsReport) => void;
  readonly patience?: EventPatience;
  readonly signal: AbortSignal;
}

interface EventPatience {
  /** How long what the engine remembers, or tells at the same time, may be on its way, in ms. */
  readonly settle: number;
  /** The pause before a stream that was cut is opened again: mostly the engine is about to end, in ms. */
  readonly first: number;
  readonly longest: number;
  /** The pauses before a stream is opened again that had what no engine sends, in ms. */
  readonly unsound: { readonly first: number; readonly longest: number };
  /** How long a stream must have been read without nonsense until pauses begin anew, in ms. */
  readonly sound: number;
  /** Lines that are no event until a stream is cut. */
  readonly nonsense: number;
}

export const defaultPatience: EventPatience = {
  settle: 300,
  first: 100,
  longest: 5000,
  unsound: { first: 1000, longest: 300_000 },
  sound: 60_000,
  nonsense: 20,
};

/** The reading of one engine's events, while it is up. */
export interface EventWatch {
  /** The engine answers: reads its events, from where they were left. */
  up(run: EngineRunId | undefined, found: Opening['found']): void;
  /** The engine has said which run it is. */
  identified(run: EngineRunId): void;
  /** The engine goes: lets go of it before this returns. */
  down(): void;
  /** What is to be listened to from now on; nothing at all closes the stream. */
  listenTo(names: readonly EventName[]): void;
  readonly phase: EventPhase;
}

/** `off`: nothing is to be listened to, or the engine is down; `waiting`: it was cut, and is opened again soon. */
type EventPhase = 'off' | 'opening' | 'reading' | 'waiting';

type State =
  | { readonly phase: 'off' }
  | { readonly phase: 'asking'; readonly inquiry: Inquiry }
  | { readonly phase: 'opening' | 'reading'; readonly stream: EventStream; readonly inquiry?: Inquiry }
  | { readonly phase: 'waiting' };

/**
 * Reads an engine's events for as long as it is up. A stream that is cut is opened again, and the ledger decides
 * what of that is new. No connection is opened that could start an engine: see `watch/engine/signs.ts`.
 */
export function watchEvents(options: EventWatchOptions): EventWatch {
  const { engine, ledger, report, signal, patience = defaultPatience } = options;
  const signs = signsOf(engine);
  const backoff = createBackoff({ first: patience.first, longest: patience.longest, jitter: 0 });
  const next = createDeadline();
  const unsound = createBackoff({ ...patience.unsound, jitter: 0.2 });
  /** The stream that is being read: since when, and how many of its lines were no event. */
  let reading = { since: performance.now(), nonsense: 0 };
  /** The engine sent what no engine sends: the stream of the same run is not opened before then. */
  let notBefore = 0;
  let state: State = { phase: 'off' };
  let names: readonly EventName[] = [];
  let refused: number | undefined;
  let leftOut = '';
  let isUp: { readonly run: EngineRunId | undefined } | undefined;

  function letGo(): void {
    next.clear();
    if ('inquiry' in state) state.inquiry?.close();
    if ('stream' in state) state.stream.close();
    state = { phase: 'off' };
  }

  function open(found: Opening['found']): void {
    letGo();
    if (isUp === undefined || names.length === 0 || signal.aborted) return;
    const left = notBefore - performance.now();
    if (left > 0 && found === 'again') return wait(found, left);
    // Whoever connects to an engine that stops may start it again. The sensor will say that it is down.
    const permission = signs.mayConnect(signs.process());
    // It has answered, and so is ready.
    if (permission !== 'now' && permission !== 'when-ready') return wait(found);
    const { since, needsClock } = ledger.open({ run: isUp.run, found, names });
    if (needsClock) askClock(since);
    else read(since);
  }

  function askClock(since: string | undefined): void {
    const inquiry = openInquiry(engine.endpoint);
    const asking = { phase: 'asking', inquiry } as const;
    state = asking;
    const goOn = (clock: string) => {
      inquiry.close();
      if (state !== asking) return;
      ledger.beginAt(clock);
      read(since ?? clock);
    };
    // Ours is as good as any where the engine does not tell.
    inquiry.clock().then(goOn, () => goOn(`${Date.now()}000000`));
  }

  function read(since: string | undefined): void {
    const stream = openEventStream(engine.endpoint, names, since, { begun, line, ended });
    state = { phase: 'opening', stream };
    options.changed();

    function begun(): void {
      state = { phase: 'reading', stream };
      reading = { since: performance.now(), nonsense: 0 };
      refused = undefined;
      report({ kind: 'events-read', names: names.map(eventWord) });
      next.set(patience.settle, prove);
    }
  }

  function line(json: string): void {
    const event = parseEvent(json);
    if (event === undefined) return nonsense(json);
    const heard = ledger.hear(event);
    // It is worth something: what begins and is cut at once, time and again, is opened less and less often.
    if (heard.kind === 'news') backoff.reset();
    if (heard.kind === 'news') options.told(heard.tellings);
    if (heard.kind === 'late') options.late(event);
  }

  /** A stream of it is cut: it would fill the log, and keep the listener from its other engines. */
  function nonsense(line: string): void {
    report({ kind: 'events-unreadable', line: line.slice(0, 300) });
    reading.nonsense += 1;
    if (reading.nonsense >= patience.nonsense)
      ended({ kind: 'unsound', error: `${reading.nonsense} lines were no event` });
  }

  /** What the engine remembers has come by now. Is that all there was? */
  function prove(): void {
    if (state.phase !== 'reading' || !ledger.isUnproven) return;
    if (!ledger.followsContainers) return settled();
    const { stream } = state;
    const inquiry = openInquiry(engine.endpoint);
    const comparing = { phase: 'reading', stream, inquiry } as const;
    state = comparing;
    const over = (then: () => void) => {
      inquiry.close();
      if (state !== comparing) return;
      state = { phase: 'reading', stream };
      then();
    };
    inquiry.containers().then(
      ({ containers, unreadable }) =>
        over(() => {
          leaveOut(unreadable);
          ledger.compare(containers, unreadable);
          // What happened while they were looked at is on its way.
          next.set(patience.settle, settled);
        }),
      (error) =>
        over(() => {
          report({
            kind: 'events-not-compared',
            error: error instanceof Error ? error.message : String(error),
          });
          settled();
        }),
    );
  }

  /** Reports what is wrong with containers once, however often they are compared. */
  function leaveOut(unreadable: readonly UnreadableContainer[]): void {
    const [first] = unreadable;
    const what = [...new Set(unreadable.map(({ why }) => why))].sort().join('\n');
    if (first !== undefined && what !== leftOut) {
      report({ kind: 'containers-unreadable', count: unreadable.length, id: first.id ?? '', why: first.why });
    }
    leftOut = what;
  }

  function settled(): void {
    const { hasGap, lastHeard } = ledger;
    const made = ledger.settle();
    const lost = made.filter(({ reason }) => reason === 'reconciled').map(({ event }) => event.timeNano);
    // Where no event was received before, the first of those that were missed says when.
    const since = lastHeard ?? oldest(lost);
    if ((hasGap || lost.length > 0) && since !== undefined) {
      report({ kind: 'events-gap', since, made: lost.length });
    }
    if (made.length > 0) options.told(made);
    options.changed();
  }

  function ended(how: StreamEnd): void {
    const isSound = performance.now() - reading.since >= patience.sound && reading.nonsense === 0;
    if (isSound && state.phase === 'reading') {
      backoff.reset();
      unsound.reset();
    }
    switch (how.kind) {
      case 'refused':
        refuse(how.status);
        return wait();
      case 'cut':
        if (state.phase === 'reading') report({ kind: 'events-cut', error: how.error });
        return wait();
      case 'unsound': {
        report({ kind: 'events-cut', error: how.error });
        const pause = unsound.next();
        notBefore = performance.now() + pause;
        return wait('again', pause);
      }
      default:
        return how satisfies never;
    }
  }

  /** Said once, however often it is tried. */
  function refuse(status: number): void {
    if (status !== refused) report({ kind: 'events-refused', status });
    refused = status;
  }

  /** Not at once: the sensor may be about to say that the engine ends. */
  function wait(found: Opening['found'] = 'again', pause = backoff.next()): void {
    letGo();
    state = { phase: 'waiting' };
    next.set(pause, () => open(found));
  }

  signal.addEventListener('abort', letGo, { once: true });
  return {
    up(run, found) {
      const isSame = isUp !== undefined && isUp.run === run && state.phase !== 'off';
      isUp = { run };
      if (isSame && found === 'again') return;
      backoff.reset();
      open(found);
    },
    identified(run) {
      if (isUp === undefined) return;
      isUp = { run };
      ledger.identify(run);
    },
    down() {
      isUp = undefined;
      letGo();
    },
    listenTo(wanted) {
      if (isSameSet(names, wanted)) return;
      names = wanted;
      open('again');
    },
    get phase() {
      return state.phase === 'asking' ? 'opening' : state.phase;
    },
  };
}

function isSameSet(one: readonly EventName[], other: readonly EventName[]): boolean {
  const words = new Set(one.map(eventWord));
  return one.length === other.length && other.every((event) => words.has(eventWord(event)));
}

/** What is to be said of an engine's events beside the events themselves. */
export type EventsReport =
  /** The stream is read from now on. */
  | { readonly kind: 'events-read'; readonly names: readonly string[] }
  /** The stream was cut, and is opened again. */
  | { readonly kind: 'events-cut'; readonly error: string }
  /** The engine would not give it. */
  | { readonly kind: 'events-refused'; readonly status: number }
  /**
   * The engine did not remember all that happened since it was heard last: containers were compared, and so many
   * starts and ends made good.
   */
  | { readonly kind: 'events-gap'; readonly since: string; readonly made: number }
  /** Containers could not be compared. */
  | { readonly kind: 'events-not-compared'; readonly error: string }
  /** So many containers are described as none can be, and left out of the comparison; the first of them. */
  | {
      readonly kind: 'containers-unreadable';
      readonly count: number;
      readonly id: string;
      readonly why: string;
    }
  /** So many lines of what an earlier listener kept are damaged, and left out. */
  | { readonly kind: 'events-damaged'; readonly path: string; readonly lines: number }
  /** So many listeners have begun with this event and were killed, or ended by an error: it is not tried again. */
  | { readonly kind: 'event-given-up'; readonly told: EventLabel; readonly begins: number }
  /** A line of the stream that is no event. */
  | { readonly kind: 'events-unreadable'; readonly line: string }
  /** What was heard cannot be kept for the next life of the listener, or not be read from the last. */
  | { readonly kind: 'events-not-kept'; readonly path: string; readonly error: string };
