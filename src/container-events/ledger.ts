import { eventWord, namesOf } from '../hooks/engine-events.ts';
import { isAfter, newest, oldest } from '../system/nanoseconds.ts';
import type { EngineEvent, EventReason, Requested } from '../watch/lifecycle/engine-event.ts';
import type { EngineRunId } from '../watch/lifecycle/observation.ts';
import {
  diedEvent,
  findMissed,
  hiddenBy,
  type Known,
  MadeGood,
  type SeenContainer,
  startedEvent,
  type UnreadableContainer,
} from './compare.ts';
import { ContainerNames, RunningContainers, StopRequests } from './container-memory.ts';
import {
  areComparable,
  type Heard,
  keyOf,
  type LedgerState,
  type Opening,
  type Since,
  type Telling,
  timeOf,
  type WhenFound,
} from './ledger-state.ts';
import { limits } from './limits.ts';

/** As much as there can ever be heard again: engines remember 256. */
const mostHeard = 512;
/** Before anything that an engine can remember. */
const beginning = '1';
const startWord = eventWord({ type: 'container', action: 'start' });
const killWord = eventWord({ type: 'container', action: 'kill' });

type Phase =
  /** Each event that comes is the next one. */
  | 'steady'
  /** Just connected: nothing shows yet that the engine remembers all that was missed. */
  | 'unproven'
  /** It has forgotten something. */
  | 'gap';

/** Whether what is known of a run goes on with this connection. */
type Kind = 'first' | 'new-run' | 'continued';

/**
 * Decides which of an engine's events are to be told: each once, and none left out, whatever was cut, forgotten
 * or said again. Data in, data out: no clock, no socket, no promise.
 *
 * Promises: an event that was heard is not told again; of a container that is followed, starts and ends
 * alternate; what is told of a container is in order; what the engine has forgotten is made good by a comparison
 * with the containers that there are.
 */
export class Ledger {
  #run: EngineRunId | undefined;
  /** Undefined while the engine's clock is asked for. */
  #names: Map<string, string | undefined>;
  #heard: Set<string>;
  #running: RunningContainers;
  #phase: Phase = 'steady';
  /** How the run came to be listened to that was not settled since. */
  #kind: Kind = 'continued';
  #isSettled = true;
  /**
   * All was heard of this run up to something: while the engine remembers that, it has forgotten nothing since. What
   * was heard on a connection that was cut before it was settled shows nothing of what came before.
   */
  #goesOn = false;
  /** Which containers were heard of since this connection was opened. */
  #touched = new Set<string>();
  #seen: readonly SeenContainer[] | undefined;
  /** What was made good on this connection: should the engine tell it after all, it is told already. */
  readonly #madeGood = new MadeGood();
  /** The first connection of this life is still to be settled. */
  #first = true;
  /** The newest that was heard before this connection. */
  #before = beginning;
  /** The newest start that a comparison has shown. */
  #compared = beginning;
  /** The first event on this connection. */
  #begins: string | undefined;
  /** Without a sign that nothing was forgotten, something may have been. */
  #mayForget = false;
  readonly #requests: StopRequests;
  readonly #containers: ContainerNames;
  readonly #whenFound: WhenFound;

  constructor(state: LedgerState | undefined, whenFound: WhenFound) {
    this.#whenFound = whenFound;
    this.#run = state?.run;
    this.#names = new Map(state?.names);
    this.#heard = new Set(state?.heard);
    this.#compared = state?.compared ?? beginning;
    this.#isSettled = state?.unsettled !== true;
    this.#requests = new StopRequests(state?.requests);
    this.#containers = new ContainerNames(state?.running ?? []);
    this.#running = new RunningContainers(
      (state?.running ?? []).map(([id, running]) => [id, { ...running, sure: true, told: false }]),
    );
  }

  get #follows(): boolean {
    return this.#names.has(startWord);
  }

  /** Whether nothing shows yet that all was heard: then, after a while, containers are to be compared. */
  get isUnproven(): boolean {
    return this.#phase !== 'steady' || (this.#follows && this.#first);
  }

  /** Whether the engine is known to have forgotten something. */
  get hasGap(): boolean {
    return this.#phase === 'gap';
  }

  /** The time of the last event before this connection, in nanoseconds; undefined where there was none. */
  get lastHeard(): string | undefined {
    return this.#before === beginning ? undefined : this.#before;
  }

  /** Whether containers are followed, and so can be compared. */
  get followsContainers(): boolean {
    return this.#follows;
  }

  /** A connection is about to be opened. */
  open({ run, found, names }: Opening): Since {
    const words = names.map(eventWord);
    const followed = this.#follows;
    const kind = this.#kindOf(run, found);
    this.#goesOn = kind === 'continued' && this.#heard.size > 0 && this.#isSettled;
    this.#phase = 'unproven';
    this.#touched.clear();
    this.#madeGood.clear();
    this.#seen = undefined;
    this.#begins = undefined;
    // An engine that starts hundreds of containers has forgotten the first events before it answers.
    this.#mayForget = kind !== 'first';
    this.#before = newest([...this.#heard].map(timeOf)) ?? this.#names.get(startWord) ?? beginning;
    this.#run = run;
    const isNews = kind === 'new-run';
    const told = isNews && !(found === 'running' && this.#whenFound === 'never') ? beginning : undefined;
    const known = kind === 'continued' ? this.#names : new Map<string, string>();
    this.#names = new Map(words.map((word) => [word, known.get(word) ?? told]));
    if (kind !== 'continued') this.#heard.clear();
    if (kind !== 'continued' || !this.#names.has(killWord)) this.#requests.restart(beginning);
    if (isNews) for (const [id, one] of this.#running.all) this.#running.set(id, { ...one, sure: false });
    if (!this.#follows || !followed) this.#running.clear();
    // What runs and was never followed is taken over, not made good.
    const isAnew = this.#follows && !followed && kind === 'continued';
    if (kind !== 'continued' || this.#isSettled) this.#kind = isAnew ? 'first' : kind;
    this.#isSettled = false;
    const times = [...this.#names.values()];
    const since = oldest([...[...this.#heard].map(timeOf), ...times.filter((time) => time !== undefined)]);
    return { since, needsClock: times.includes(undefined) };
  }

  #kindOf(run: EngineRunId | undefined, found: Opening['found']): Kind {
    if (this.#names.size === 0) return found === 'starting' ? 'new-run' : 'first';
    if (areComparable(run, this.#run)) return run === this.#run ? 'continued' : 'new-run';
    return found === 'starting' ? 'new-run' : 'continued';
  }

  /** The engine's clock, where `open` has asked for it. */
  beginAt(timeNano: string): void {
    if (this.#names.has(killWord) && this.#names.get(killWord) === undefined) this.#requests.missed(timeNano);
    for (const [word, since] of this.#names) if (since === undefined) this.#names.set(word, timeNano);
  }

  /** Whether a run may be the one that this is about. */
  isOfRun(run: EngineRunId | undefined): boolean {
    return !areComparable(run, this.#run) || run === this.#run;
  }

  /** The engine has said which run it is, after the fact. */
  identify(run: EngineRunId): void {
    this.#run = run;
  }

  /** An event came. */
  hear(event: EngineEvent): Heard {
    const since = this.#sinceOf(event);
    if (since === undefined) return { kind: 'known' };
    // Once what the engine remembers has come, all is new, even if its clock was set back.
    if (this.#phase !== 'steady' && isAfter(since, event.timeNano)) return { kind: 'known' };
    if (this.#heard.has(keyOf(event))) {
      // What was heard is remembered still: so is everything behind it.
      this.#mayForget = false;
      if (this.#phase === 'unproven' && this.#goesOn) this.#prove();
      return { kind: 'known' };
    }
    if (this.#begins === undefined && this.#phase === 'unproven' && this.#mayForget) {
      this.#requests.missed(event.timeNano);
    }
    this.#begins ??= event.timeNano;
    if (this.#phase === 'unproven' && this.#goesOn) this.#phase = 'gap';
    const heard: Heard = this.#madeGood.isLate(event)
      ? { kind: 'late' }
      : { kind: 'news', tellings: this.#toldFor(event) };
    this.#note(event);
    return heard;
  }

  /** Since when an event is listened to; undefined for one that is not. */
  #sinceOf(event: EngineEvent): string | undefined {
    return oldest(namesOf(event).flatMap((name) => this.#names.get(eventWord(name)) ?? []));
  }

  #prove(): void {
    this.#phase = 'steady';
    if (!this.#first) this.#isSettled = true;
  }

  #toldFor(event: EngineEvent): readonly Telling[] {
    const { type, id, action, attributes, timeNano } = event;
    if (type !== 'container') return [{ event: this.#containers.named(event), reason: 'event' }];
    if (!this.#follows) return [{ event, reason: 'event' }];
    const known = this.#running.get(id);
    const told = action === 'die' ? { ...event, requested: this.#requestOf(event, known) } : event;
    const telling: Telling = { event: told, reason: 'event' };
    if (action === 'start' && known !== undefined) {
      const died = { ...diedEvent(id, known, timeNano), requested: this.#requests.ofFoundEnd(id) };
      return [{ event: died, reason: 'reconciled' }, telling];
    }
    if (action !== 'die' || known !== undefined || this.#phase === 'steady') return [telling];
    // A container that could not be started tells no end: there was a start, forgotten or from before our time.
    const reason = this.#kind === 'first' ? 'listener-started' : 'reconciled';
    const start: Telling = { event: startedEvent(id, attributes, timeNano), reason };
    return this.#isWanted(start) ? [start, telling] : [telling];
  }

  #requestOf(end: EngineEvent, known: Known | undefined): Requested {
    return this.#names.has(killWord) ? this.#requests.ofEnd(end, known?.since) : 'unknown';
  }

  #note(event: EngineEvent): void {
    this.#heard.add(keyOf(event));
    if (this.#heard.size > mostHeard) {
      const [first] = this.#heard;
      if (first !== undefined) this.#heard.delete(first);
    }
    if (event.type !== 'container') return;
    this.#containers.note(event);
    if (!this.#follows) return;
    this.#requests.note(event);
    this.#follow(event);
  }

  #follow({ action, id, timeNano, attributes }: EngineEvent): void {
    if (action === 'start') this.#running.set(id, { since: timeNano, attributes, sure: true, told: true });
    else if (action === 'die') this.#running.delete(id);
    else return;
    if (this.#phase !== 'steady' || this.#first) this.#touch(id);
  }

  #touch(id: string): void {
    if (this.#touched.size < limits.touched) this.#touched.add(id);
  }

  /**
   * Takes what containers there are; what differs counts once what is under way was heard, see `settle`.
   * @param unreadable the containers that are there and not described: nothing is concluded about them
   */
  compare(seen: readonly SeenContainer[], unreadable: readonly UnreadableContainer[] = []): void {
    for (const id of hiddenBy(unreadable, this.#running.all.keys(), seen)) this.#touch(id);
    this.#containers.compare(seen);
    // By age: whoever is killed in the middle of telling what was missed goes on there.
    this.#seen = [...seen].sort(({ started: one = '' }, { started: other = '' }) =>
      one === other ? 0 : isAfter(one, other) ? 1 : -1,
    );
  }

  /** Whatever was under way at the comparison has been heard: what still differs was lost, and is made good. */
  settle(): readonly Telling[] {
    const seen = this.#seen ?? [];
    const news = this.#before === beginning ? undefined : newest([this.#before, this.#compared]);
    // Where more was heard of than is remembered, nothing can be concluded.
    const made =
      this.#seen === undefined || this.#touched.size === limits.touched
        ? []
        : findMissed(seen, this.#running.all, this.#touched, {
            found:
              this.#kind === 'first' || (this.#kind === 'new-run' && this.#first)
                ? 'listener-started'
                : 'reconciled',
            again: this.#first && this.#whenFound === 'always',
            news: this.#kind === 'continued' ? news : undefined,
          });
    const told = made.map((telling) => this.#withRequest(telling)).filter((one) => this.#isWanted(one));
    if (this.#phase !== 'steady' && this.#mayForget) {
      const last = newest([this.#before, this.#compared, ...seen.map(({ started = beginning }) => started)]);
      this.#requests.missed(this.#begins ?? String(BigInt(last ?? beginning) + 1n));
    }
    for (const { event } of made) this.#makeGood(event);
    for (const { id, isRunning } of seen) {
      const known = this.#running.get(id);
      if (isRunning && known !== undefined) this.#running.set(id, { ...known, sure: true });
    }
    this.#compared = newest([this.#compared, ...seen.map(({ started = beginning }) => started)]) ?? beginning;
    this.#phase = 'steady';
    this.#first = false;
    this.#isSettled = true;
    this.#seen = undefined;
    this.#touched.clear();
    return told;
  }

  #withRequest({ event, reason }: Telling): Telling {
    const isEnd = event.action === 'die';
    return isEnd
      ? { event: { ...event, requested: this.#requests.ofFoundEnd(event.id) }, reason }
      : { event, reason };
  }

  #isWanted({ reason }: Telling): boolean {
    // What runs when a folder is made is none of that folder's business.
    return reason !== 'listener-started' || (this.#first && this.#whenFound !== 'never');
  }

  /** The engine did not tell it, so it is not among what it can tell again; and if it does, it comes too late. */
  #makeGood(event: EngineEvent): void {
    const { id, action, timeNano, attributes } = event;
    const known = this.#running.get(id);
    this.#requests.note(event);
    if (action === 'die') this.#running.delete(id);
    else {
      this.#running.set(id, { since: known?.since ?? timeNano, attributes, sure: true, told: true });
      if (isAfter(timeNano, this.#compared)) this.#compared = timeNano;
    }
    if (action === 'die' || known === undefined) this.#madeGood.add(event);
  }

  /** Takes what an earlier life has told, or heard. */
  remember(event: EngineEvent, reason: EventReason): void {
    if (reason === 'event') this.#note(event);
    else this.#makeGood(event);
  }

  /** What is to be kept. */
  state(): LedgerState {
    return {
      ...(this.#run === undefined ? {} : { run: this.#run }),
      names: [...this.#names].flatMap(([word, since]) =>
        since === undefined ? [] : [[word, since] as const],
      ),
      heard: [...this.#heard],
      ...(this.#isSettled ? {} : { unsettled: true }),
      ...(this.#compared === beginning ? {} : { compared: this.#compared }),
      requests: this.#requests.state(),
      running: [...this.#running.all].map(([id, { since, attributes }]) => [id, { since, attributes }]),
    };
  }
}
