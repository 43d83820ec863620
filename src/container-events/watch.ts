import { type EventName, eventWord } from '../hooks/engine-events.ts';
import { Backoff } from '../system/backoff.ts';
import { isAfter } from '../system/nanoseconds.ts';
import { Deadline } from '../watch/engine/deadline.ts';
import { LocalEngine } from '../watch/engine/local-engine.ts';
import type { EngineKind, EngineRunId } from '../watch/lifecycle/observation.ts';
import type { EngineSettings } from '../watch/settings.ts';
import type { UnreadableContainer } from './compare.ts';
import { EngineQuery } from './containers.ts';
import type { LedgerFile } from './ledger-file.ts';
import type { EmittedEvent, Opening } from './ledger-state.ts';
import type { EventsReport } from './report.ts';
import { EventStream, parseEvent, type StreamEnd } from './stream.ts';

interface EventWatchOptions {
  readonly engine: EngineSettings;
  readonly file: LedgerFile;
  /** Called with each event once, in order. */
  readonly emit: (events: readonly EmittedEvent[]) => void;
  readonly report: (report: EventsReport) => void;
  readonly timeouts?: typeof defaultTimeouts;
  readonly signal: AbortSignal;
}

/** Times in ms, and a count. Tests set others. */
export const defaultTimeouts = {
  /** The time for events that are under way to arrive: the replay of a new stream, and those beside a comparison. */
  replay: 300,
  /** The pauses before a stream that was cut is reopened: mostly the engine is about to stop. */
  first: 100,
  longest: 5000,
  /** The pauses before a stream is reopened that sent what no engine sends. */
  unsound: { first: 1000, longest: 300_000 },
  /** Pauses begin anew after a stream was read for this long without a wrong line. */
  sound: 60_000,
  /** The number of wrong lines at which a stream is cut. */
  wrongLines: 20,
};

/**
 * The states of a watch.
 *
 * ```
 *                         ┌──── needs the clock ──▶ askingClock ──┐
 *   off ── up, listenTo ──┤                                       ├─▶ opening ──▶ reading ◀──▶ comparing
 *    ▲                    └───────────────────────────────────────┘      │ cut, refused │ cut
 *    │                              ▲                                    ▼              ▼
 *    └── down, no names, abort      └──────────────── pause ◀───────────────── waiting
 * ```
 */
type State =
  /** Nothing is open: the engine is down, or no event is subscribed. */
  | { readonly name: 'off' }
  /** The engine's clock is asked for: some events count from now on. */
  | { readonly name: 'askingClock'; readonly query: EngineQuery }
  | { readonly name: 'opening' | 'reading'; readonly stream: EventStream }
  /** The stream is read while the containers are listed. */
  | { readonly name: 'comparing'; readonly stream: EventStream; readonly query: EngineQuery }
  /** The stream was cut or refused. It is reopened after a pause. */
  | { readonly name: 'waiting' };

/**
 * Reads an engine's events while it is up. Reopens a stream that is cut; the ledger decides which events are new. Opens no
 * connection that could start an engine: see `watch/engine/local-engine.ts`.
 */
export class EventWatch {
  readonly #options: EventWatchOptions;
  readonly #timeouts: typeof defaultTimeouts;
  readonly #ledger;
  readonly #local;
  readonly #backoff;
  readonly #unsound;
  /** The one thing that is due later; each state sets its own. */
  readonly #next = new Deadline();
  #state: State = { name: 'off' };
  #names: readonly EventName[] = [];
  /** The engine that is up. */
  #engine: { readonly run: EngineRunId | undefined; readonly kind: EngineKind } | undefined;
  /** The present stream: when it began, and the number of its wrong lines. */
  #reading = { since: performance.now(), wrongLines: 0 };
  /** The engine sent what no engine sends: the stream of the same run is not reopened before this time. */
  #notBefore = 0;
  #refusedWith: number | undefined;
  #unreadable = '';

  constructor(options: EventWatchOptions) {
    const { engine, file, signal, timeouts = defaultTimeouts } = options;
    this.#options = options;
    this.#timeouts = timeouts;
    this.#ledger = file.ledger;
    this.#local = new LocalEngine(engine);
    this.#backoff = new Backoff({ first: timeouts.first, longest: timeouts.longest });
    this.#unsound = new Backoff({ ...timeouts.unsound, jitter: 0.2 });
    signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** The state as `status` shows it. */
  get phase(): 'off' | 'opening' | 'reading' | 'waiting' {
    const { name } = this.#state;
    if (name === 'askingClock') return 'opening';
    return name === 'comparing' ? 'reading' : name;
  }

  /** The engine answers: reads its events from where they were left. */
  up(run: EngineRunId | undefined, found: Opening['found'], kind: EngineKind = 'docker'): void {
    const isOpen = this.#engine?.run === run && this.#engine !== undefined && this.#state.name !== 'off';
    this.#engine = { run, kind };
    if (isOpen && found === 'again') return;
    this.#backoff.reset();
    this.#open(found);
  }

  /** The engine has said which run it is. */
  identified(run: EngineRunId): void {
    if (this.#engine === undefined) return;
    this.#engine = { ...this.#engine, run };
    this.#ledger.identify(run);
  }

  /** The engine may stop: its connections are closed before this returns. */
  down(): void {
    this.#engine = undefined;
    this.#close();
  }

  /** Replaces the subscribed events. Without any the stream is closed. */
  listenTo(names: readonly EventName[]): void {
    if (setOf(this.#names) === setOf(names)) return;
    this.#names = names;
    this.#open('again');
  }

  #close(): void {
    this.#next.clear();
    const state = this.#state;
    if ('query' in state) state.query.close();
    if ('stream' in state) state.stream.close();
    this.#state = { name: 'off' };
  }

  #open(found: Opening['found']): void {
    this.#close();
    if (this.#engine === undefined || this.#names.length === 0 || this.#options.signal.aborted) return;
    const pause = this.#notBefore - performance.now();
    if (pause > 0 && found === 'again') return this.#wait(found, pause);
    // A connection to an engine that stops may start it again. The sensor will call `down`. The sensor of a held Podman
    // knows from systemd that the service is active.
    const isHeld = this.#options.engine.hold === true;
    const permission = isHeld ? 'now' : this.#local.mayConnect(this.#local.process());
    // An engine that has answered is ready.
    if (permission !== 'now' && permission !== 'when-ready') return this.#wait(found);
    const { since, needsClock } = this.#ledger.open({ ...this.#engine, found, names: this.#names });
    if (needsClock) this.#askClock(this.#engine.kind, since);
    else this.#read(this.#engine.kind, since);
  }

  #askClock(kind: EngineKind, since: string | undefined): void {
    const query = new EngineQuery(this.#options.engine.endpoint);
    const asking: State = { name: 'askingClock', query };
    this.#state = asking;
    const goOn = (clock: string) => {
      query.close();
      if (this.#state !== asking) return;
      this.#ledger.setClock(clock);
      this.#read(kind, since ?? clock);
    };
    // This machine's clock is as good as any where the engine does not say.
    query.clock(kind).then(goOn, () => goOn(`${Date.now()}000000`));
  }

  #read(kind: EngineKind, since: string | undefined): void {
    const { endpoint } = this.#options.engine;
    // Podman compares later events with it, too: after its clock was set back it would send none for as long.
    const now = `${Date.now()}000000`;
    const from = kind === 'podman' && since !== undefined && isAfter(since, now) ? now : since;
    const stream = new EventStream({ endpoint, kind }, this.#names, from, {
      begun: () => this.#begun(stream),
      line: (json) => this.#received(json, kind),
      ended: (how) => this.#ended(how),
    });
    this.#state = { name: 'opening', stream };
    this.#options.file.save();
  }

  #begun(stream: EventStream): void {
    this.#state = { name: 'reading', stream };
    this.#reading = { since: performance.now(), wrongLines: 0 };
    this.#refusedWith = undefined;
    this.#options.report({ kind: 'events-read', names: this.#names.map(eventWord) });
    this.#next.set(this.#timeouts.replay, () => this.#replayed());
  }

  #received(json: string, kind: EngineKind): void {
    const event = parseEvent(json, kind);
    if (event === undefined) return this.#wrongLine(json);
    const verdict = this.#ledger.receive(event);
    switch (verdict.kind) {
      case 'new':
        // A stream with new events is worth reopening soon; one that is cut at once, again and again, is not.
        this.#backoff.reset();
        return this.#options.emit(verdict.events);
      case 'late':
        return this.#options.file.remember(event, 'event');
      case 'duplicate':
        return;
      default:
        return verdict satisfies never;
    }
  }

  /** Cuts a stream of wrong lines: it would fill the log, and take time from other engines. */
  #wrongLine(line: string): void {
    this.#options.report({ kind: 'events-unreadable', line: line.slice(0, 300) });
    this.#reading.wrongLines += 1;
    const { wrongLines } = this.#reading;
    if (wrongLines >= this.#timeouts.wrongLines)
      this.#ended({ kind: 'unsound', error: `${wrongLines} lines were no event` });
  }

  /** Everything that the engine remembers has arrived. Compares containers if something may be missing. */
  #replayed(): void {
    this.#ledger.replayed();
    if (this.#state.name !== 'reading' || !this.#ledger.needsReconciling) return;
    if (!this.#ledger.followsContainers) return this.#reconcile();
    const { stream } = this.#state;
    const query = new EngineQuery(this.#options.engine.endpoint);
    const comparing: State = { name: 'comparing', stream, query };
    this.#state = comparing;
    const over = (then: () => void) => {
      query.close();
      if (this.#state !== comparing) return;
      this.#state = { name: 'reading', stream };
      then();
    };
    query.containers().then(
      ({ containers, unreadable }) =>
        over(() => {
          this.#reportUnreadable(unreadable);
          this.#ledger.compare(containers, unreadable);
          // Events from the time of the comparison are under way.
          this.#next.set(this.#timeouts.replay, () => this.#reconcile());
        }),
      (error) =>
        over(() => {
          const text = error instanceof Error ? error.message : String(error);
          this.#options.report({ kind: 'events-not-compared', error: text });
          this.#reconcile();
        }),
    );
  }

  /** Reports the same problems once, however often containers are compared. */
  #reportUnreadable(unreadable: readonly UnreadableContainer[]): void {
    const [first] = unreadable;
    const problems = [...new Set(unreadable.map(({ why }) => why))].sort().join('\n');
    if (first !== undefined && problems !== this.#unreadable) {
      const { id = '', why } = first;
      this.#options.report({ kind: 'containers-unreadable', count: unreadable.length, id, why });
    }
    this.#unreadable = problems;
  }

  #reconcile(): void {
    const { events, gap } = this.#ledger.reconcile();
    if (gap !== undefined)
      this.#options.report({ kind: 'events-gap', since: gap.since, made: gap.recovered });
    if (events.length > 0) this.#options.emit(events);
    this.#options.file.save();
  }

  #ended(how: StreamEnd): void {
    const wasRead = this.phase === 'reading';
    const time = performance.now() - this.#reading.since;
    if (wasRead && time >= this.#timeouts.sound && this.#reading.wrongLines === 0) {
      this.#backoff.reset();
      this.#unsound.reset();
    }
    switch (how.kind) {
      case 'refused':
        if (how.status !== this.#refusedWith)
          this.#options.report({ kind: 'events-refused', status: how.status });
        this.#refusedWith = how.status;
        return this.#wait();
      case 'cut':
        if (wasRead) this.#options.report({ kind: 'events-cut', error: how.error });
        return this.#wait();
      case 'unsound': {
        this.#options.report({ kind: 'events-cut', error: how.error });
        const pause = this.#unsound.next();
        this.#notBefore = performance.now() + pause;
        return this.#wait('again', pause);
      }
      default:
        return how satisfies never;
    }
  }

  /** Reopens the stream after a pause, because the sensor may be about to report that the engine stops. */
  #wait(found: Opening['found'] = 'again', pause = this.#backoff.next()): void {
    this.#close();
    this.#state = { name: 'waiting' };
    this.#next.set(pause, () => this.#open(found));
  }
}

function setOf(names: readonly EventName[]): string {
  return names.map(eventWord).sort().join();
}
