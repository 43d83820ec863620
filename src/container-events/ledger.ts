import { eventWord } from '../hooks/engine-events.ts';
import { isAfter, newest, oldest } from '../system/nanoseconds.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import type { EngineKind, EngineRunId } from '../watch/lifecycle/observation.ts';
import {
  ContainerComparison,
  diedEvent,
  type SeenContainer,
  startedEvent,
  type UnreadableContainer,
} from './compare.ts';
import { ContainerNames, RunningContainers, StopRequests } from './container-memory.ts';
import {
  areComparable,
  type EmittedEvent,
  type LedgerState,
  type Opening,
  ReceivedEvents,
  type Reconciliation,
  type Since,
  Subscription,
  type Verdict,
  type WhenFound,
} from './ledger-state.ts';

/** A time before anything that an engine can remember. */
const beginning = '1';
const startWord = eventWord({ type: 'container', action: 'start' });
const killWord = eventWord({ type: 'container', action: 'kill' });

/**
 * The phases of a connection.
 *
 * ```
 *            open()               overlap received
 *   live ─────────────▶ catchingUp ─────────────▶ live
 *    ▲                   │      │ new event before an overlap
 *    │                   │      ▼
 *    └─── reconcile() ◀──┴──── gap
 * ```
 */
type Phase =
  /** Each event that arrives is new. */
  | 'live'
  /** The engine replays what it remembers; nothing shows yet that it remembers everything that was missed. */
  | 'catchingUp'
  /** The engine has forgotten something. */
  | 'gap';

/** The relation of a connection's engine run to the one before. */
type Continuity = 'first' | 'new-run' | 'continued';

/**
 * Decides which of an engine's events are emitted: each once, and none left out, whatever was cut, forgotten or
 * repeated. Data in, data out: no clock, no socket, no promise.
 *
 * Promises: an event that was received is not emitted again; the starts and ends of a followed container alternate;
 * the events of a container are emitted in order; a comparison of containers recovers what the engine has forgotten.
 */
export class Ledger {
  readonly #whenFound: WhenFound;
  readonly #subscription: Subscription;
  readonly #requests: StopRequests;
  readonly #names: ContainerNames;
  readonly #running: RunningContainers;
  #run: EngineRunId | undefined;
  #kind: EngineKind;
  readonly #received: ReceivedEvents;
  #phase: Phase = 'live';
  /** The continuity of the run since the last reconciliation. */
  #continuity: Continuity = 'continued';
  /**
   * The containers that ran when starts were subscribed are not reconciled yet. The next listener knows it, too: one that
   * was ended before its comparison has not missed their starts.
   */
  #isTakingOver: boolean;
  #isReconciled: boolean;
  /**
   * Everything up to some event of this run was received: while the engine remembers that event, it has forgotten nothing
   * since. Events of a connection that was cut before it was reconciled prove nothing about earlier ones.
   */
  #expectsOverlap = false;
  readonly #comparison = new ContainerComparison();
  /** The first connection of this listener is not reconciled yet. */
  #isFirst = true;
  /** The time from which an engine that forgets nothing was asked; older events were received. */
  #floor: string | undefined;
  /** The engine replays on this connection, as far as is known. */
  #isReplaying = false;
  /** The newest event that was received before this connection. */
  #lastBefore = beginning;
  /** The newest start that a comparison has shown. */
  #newestStart: string;
  /** The first new event on this connection. */
  #firstTime: string | undefined;
  /** Nothing shows yet that the engine remembers everything. */
  #mayHaveForgotten = false;

  constructor(state: LedgerState | undefined, whenFound: WhenFound) {
    this.#whenFound = whenFound;
    this.#run = state?.run;
    this.#kind = state?.kind ?? 'docker';
    this.#subscription = new Subscription(state?.names);
    this.#received = new ReceivedEvents(state?.heard);
    this.#newestStart = state?.compared ?? beginning;
    this.#isReconciled = state?.unsettled !== true;
    this.#isTakingOver = state?.takingOver === true;
    this.#requests = new StopRequests(state?.requests);
    this.#names = new ContainerNames(state?.running);
    this.#running = new RunningContainers(state?.running);
  }

  /** Starts and ends of containers are subscribed, so containers can be compared. */
  get followsContainers(): boolean {
    return this.#subscription.has(startWord);
  }

  /** Nothing shows yet that everything was received: after the replay, containers are to be compared. */
  get needsReconciling(): boolean {
    return this.#phase !== 'live' || (this.followsContainers && this.#isFirst);
  }

  /** The engine was Podman when it was last connected to: its containers go on while its service is down. */
  get outlivesEngine(): boolean {
    return this.#kind === 'podman';
  }

  /** Returns whether a run may be the one of this ledger, or goes on with it as Podman's does. */
  isOfRun(run: EngineRunId | undefined, kind: EngineKind = 'docker'): boolean {
    return kind === 'podman' || !areComparable(run, this.#run) || run === this.#run;
  }

  /** A connection is about to be opened. */
  open({ run, found, kind = 'docker', names }: Opening): Since {
    const followed = this.followsContainers;
    this.#kind = kind;
    const forgets = kind !== 'podman';
    const continuity = forgets ? this.#continuityOf(run, found) : this.#continuityOfPodman();
    const isContinued = continuity === 'continued';
    this.#expectsOverlap = isContinued && !this.#received.isEmpty && this.#isReconciled;
    this.#phase = 'catchingUp';
    this.#comparison.reset();
    this.#firstTime = undefined;
    // An engine that starts hundreds of containers has forgotten the first events before it answers.
    this.#mayHaveForgotten = continuity !== 'first';
    this.#lastBefore = newest(this.#received.times) ?? this.#subscription.get(startWord) ?? beginning;
    this.#run = run;
    const isMuted = found === 'running' && this.#whenFound === 'never';
    const since = continuity === 'new-run' && !isMuted ? beginning : undefined;
    this.#subscription.replace(names, isContinued, since);
    if (!isContinued) this.#received.clear();
    if (!isContinued || !this.#subscription.has(killWord)) this.#requests.restart(beginning);
    if (!this.followsContainers || !followed) this.#running.clear();
    // Containers that run when they begin to be followed are taken over, not reconciled.
    const isNewlyFollowed = this.followsContainers && !followed && isContinued;
    if (!isContinued || this.#isReconciled) {
      this.#continuity = isNewlyFollowed ? 'first' : continuity;
      this.#isTakingOver = this.#continuity === 'first' || (continuity === 'new-run' && isMuted);
    }
    this.#isReconciled = false;
    this.#isReplaying = true;
    this.#floor = forgets ? undefined : this.#received.resumeFrom;
    return {
      since: this.#floor ?? oldest([...this.#received.times, ...this.#subscription.times]),
      needsClock: this.#subscription.needsClock,
    };
  }

  #continuityOf(run: EngineRunId | undefined, found: Opening['found']): Continuity {
    if (this.#subscription.isEmpty) return found === 'starting' ? 'new-run' : 'first';
    if (areComparable(run, this.#run)) return run === this.#run ? 'continued' : 'new-run';
    return found === 'starting' ? 'new-run' : 'continued';
  }

  /**
   * Podman remembers its events without limit and across restarts, and its containers outlive its service: each run goes
   * on where the one before ended. A new run of Docker begins at the beginning of time, which would be all history here.
   */
  #continuityOfPodman(): Continuity {
    return this.#subscription.isEmpty ? 'first' : 'continued';
  }

  /** Takes the engine's clock, after an `open` that needs it. */
  setClock(timeNano: string): void {
    if (this.#subscription.has(killWord) && this.#subscription.get(killWord) === undefined)
      this.#requests.missed(timeNano);
    this.#subscription.setClock(timeNano);
  }

  /** The engine has said which run it is. */
  identify(run: EngineRunId): void {
    this.#run = run;
  }

  /** Takes an event from the connection. */
  receive(event: EngineEvent): Verdict {
    const since = this.#subscription.sinceOf(event);
    if (since === undefined) return { kind: 'duplicate' };
    // After the replay every event is new, even if the engine's clock was set back.
    const from = newest([since, this.#floor ?? since]) ?? since;
    const isReplay = this.#phase !== 'live' || this.#isReplaying;
    if (isReplay && isAfter(from, event.timeNano)) return { kind: 'duplicate' };
    if (this.#received.has(event)) {
      // The engine remembers this event, and so everything after it.
      this.#mayHaveForgotten = false;
      const isOverlap = this.#phase === 'catchingUp' && this.#expectsOverlap;
      if (isOverlap) this.#phase = 'live';
      if (isOverlap && !this.#isFirst) this.#isReconciled = true;
      return { kind: 'duplicate' };
    }
    if (this.#firstTime === undefined && this.#phase === 'catchingUp' && this.#mayHaveForgotten)
      this.#requests.missed(event.timeNano);
    this.#firstTime ??= event.timeNano;
    if (this.#phase === 'catchingUp' && this.#expectsOverlap) this.#phase = 'gap';
    const verdict: Verdict = this.#comparison.isLate(event)
      ? { kind: 'late' }
      : { kind: 'new', events: this.#emittedFor(event) };
    this.#note(event);
    return verdict;
  }

  /** The replay of this connection is over. */
  replayed(): void {
    this.#isReplaying = false;
  }

  /** Returns the event, after a start or an end that it proves to be missing. */
  #emittedFor(event: EngineEvent): readonly EmittedEvent[] {
    const { type, id, action, attributes, timeNano } = event;
    if (type !== 'container') return [{ event: this.#names.named(event), reason: 'event' }];
    if (!this.followsContainers) return [{ event, reason: 'event' }];
    const known = this.#running.get(id);
    const isRequestKnown = this.#subscription.has(killWord);
    const requested = isRequestKnown ? this.#requests.ofEnd(event, known?.since) : 'unknown';
    const emitted: EmittedEvent = {
      event: action === 'die' ? { ...event, requested } : event,
      reason: 'event',
    };
    if (action === 'start' && known !== undefined)
      return [this.#withRequest({ event: diedEvent(id, known, timeNano), reason: 'reconciled' }), emitted];
    if (action !== 'die' || known !== undefined || this.#phase === 'live') return [emitted];
    // A container that could not be started has no `die`: there was a start, forgotten or older than the subscription.
    const reason = this.#isTakingOver ? 'listener-started' : 'reconciled';
    const start: EmittedEvent = { event: startedEvent(id, attributes, timeNano), reason };
    return this.#isWanted(start) ? [start, emitted] : [emitted];
  }

  #note(event: EngineEvent): void {
    this.#received.add(event);
    if (event.type !== 'container') return;
    this.#names.note(event);
    if (!this.followsContainers) return;
    this.#requests.note(event);
    if (this.#running.note(event) && this.needsReconciling) this.#comparison.mention(event.id);
  }

  /**
   * Takes the engine's containers. A difference counts once the events under way were received: see `reconcile`.
   * @param unreadable containers that cannot be read: nothing is concluded about them
   */
  compare(seen: readonly SeenContainer[], unreadable: readonly UnreadableContainer[] = []): void {
    this.#comparison.take(seen, unreadable, this.#running.all.keys());
    this.#names.compare(seen);
  }

  /** Ends a comparison. All events that were under way at the comparison have been received. */
  reconcile(): Reconciliation {
    const { starts } = this.#comparison;
    const missed = this.#missed();
    const events = missed.map((one) => this.#withRequest(one)).filter((one) => this.#isWanted(one));
    const recovered = events.filter(({ reason }) => reason === 'reconciled');
    // Without an event before this connection, the first that was missed says since when.
    const since =
      this.#lastBefore === beginning
        ? oldest(recovered.map(({ event }) => event.timeNano))
        : this.#lastBefore;
    const hasGap = this.#phase === 'gap' || recovered.length > 0;
    if (this.#phase !== 'live' && this.#mayHaveForgotten) {
      const last = newest([this.#lastBefore, this.#newestStart, ...starts]) ?? beginning;
      this.#requests.missed(this.#firstTime ?? String(BigInt(last) + 1n));
    }
    for (const { event } of missed) this.#noteReconciled(event);
    this.#newestStart = newest([this.#newestStart, ...starts]) ?? beginning;
    this.#phase = 'live';
    this.#isFirst = false;
    this.#isReconciled = true;
    this.#isTakingOver = false;
    this.#comparison.finish();
    const gap = hasGap && since !== undefined ? { since, recovered: recovered.length } : undefined;
    return { events, gap };
  }

  #missed(): readonly EmittedEvent[] {
    const isFound = this.#continuity === 'first' || (this.#continuity === 'new-run' && this.#isFirst);
    const endedSince =
      this.#lastBefore === beginning ? undefined : newest([this.#lastBefore, this.#newestStart]);
    return this.#comparison.missed(this.#running.all, {
      found: isFound ? 'listener-started' : 'reconciled',
      again: this.#isFirst && this.#whenFound === 'always',
      foundUntil: this.#isTakingOver ? this.#subscription.get(startWord) : undefined,
      endedSince: this.#continuity === 'continued' ? endedSince : undefined,
    });
  }

  #withRequest({ event, reason }: EmittedEvent): EmittedEvent {
    if (event.action !== 'die') return { event, reason };
    return { event: { ...event, requested: this.#requests.ofFoundEnd(event.id) }, reason };
  }

  /** A container that runs when its folder is made is not reported. */
  #isWanted({ reason }: EmittedEvent): boolean {
    return reason !== 'listener-started' || (this.#isFirst && this.#whenFound !== 'never');
  }

  /** Notes a start or an end that a comparison has found. If the engine sends it after all, it is late. */
  #noteReconciled(event: EngineEvent): void {
    const { id, action, timeNano } = event;
    const known = this.#running.get(id);
    this.#requests.note(event);
    this.#running.note(event, known?.since);
    if (action === 'start' && isAfter(timeNano, this.#newestStart)) this.#newestStart = timeNano;
    if (action === 'die' || known === undefined) this.#comparison.add(event);
  }

  /** Takes an event that an earlier listener received or emitted. */
  remember(event: EngineEvent, reason: EventReason): void {
    if (reason === 'event') this.#note(event);
    else this.#noteReconciled(event);
  }

  state(): LedgerState {
    return {
      ...(this.#run === undefined ? {} : { run: this.#run }),
      ...(this.#kind === 'podman' ? { kind: this.#kind } : {}),
      names: this.#subscription.state(),
      heard: this.#received.state(),
      ...(this.#isReconciled ? {} : { unsettled: true }),
      ...(this.#isReconciled || !this.#isTakingOver ? {} : { takingOver: true }),
      ...(this.#newestStart === beginning ? {} : { compared: this.#newestStart }),
      requests: this.#requests.state(),
      running: this.#running.state(),
    };
  }
}
