import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/container-events/ledger.ts';
import type { EmittedEvent, LedgerState, WhenFound } from '../../src/container-events/ledger-state.ts';
import { type EventName, eventWord } from '../../src/hooks/engine-events.ts';
import type { EngineEvent } from '../../src/watch/lifecycle/engine-event.ts';
import { EngineModel } from '../support/events.ts';

const names: readonly EventName[] = [
  { type: 'container', action: 'start' },
  { type: 'container', action: 'die' },
  { type: 'container', action: 'kill' },
  { type: 'network', action: 'connect' },
];
const words = names.map(eventWord);

/** A listener on an engine, both of data alone: whatever can come between the two is played. */
class Play {
  readonly engine: EngineModel;
  readonly whenFound: WhenFound;
  readonly told: EmittedEvent[] = [];
  /** Events that cannot be known of any more: forgotten before they were received. */
  readonly lost = new Set<EngineEvent>();
  run = 1;
  /** Since it was listened to for the first time: before that nothing is owed. */
  owedFrom = 0;
  #ledger: Ledger;
  #way: EngineEvent[] | undefined;
  #phase: 'replayed' | 'compared' | 'settled' = 'settled';
  #found: 'starting' | 'running' | 'again' = 'running';
  #heard = 0;

  constructor(memory: number, whenFound: WhenFound) {
    this.engine = new EngineModel(memory);
    this.whenFound = whenFound;
    this.#ledger = new Ledger(undefined, whenFound);
    this.engine.listeners.add((event) => {
      if (this.#way !== undefined && words.includes(eventWord(event))) this.#way.push(event);
    });
  }

  connect(): void {
    this.cut();
    const first = this.owedFrom === 0 && this.#heard === 0;
    const { since, needsClock } = this.#ledger.open({ run: `run-${this.run}`, found: this.#found, names });
    const clock = this.engine.clock;
    if (needsClock) this.#ledger.setClock(clock);
    if (first && needsClock) this.owedFrom = this.engine.history.length;
    this.#heard += 1;
    this.#way = this.engine.since(since ?? clock, names);
    const remembered = new Set(this.engine.memory);
    for (const event of this.engine.history)
      if (!this.#wasHeard(event) && !remembered.has(event)) this.lost.add(event);
    this.#found = 'again';
    this.#phase = 'replayed';
  }

  readonly #received = new Set<EngineEvent>();
  #wasHeard(event: EngineEvent): boolean {
    return this.#received.has(event);
  }

  deliver(count: number): void {
    for (const event of this.#way?.splice(0, count) ?? []) {
      this.#received.add(event);
      const verdict = this.#ledger.receive(event);
      if (verdict.kind === 'new') this.told.push(...verdict.events);
    }
  }

  /** What the watch does when its time has come: what was published before has been heard by then. */
  goOn(): void {
    if (this.#way === undefined || this.#phase === 'settled') return;
    this.deliver(Number.POSITIVE_INFINITY);
    if (!this.#ledger.needsReconciling) {
      this.#phase = 'settled';
    } else if (this.#phase === 'replayed') {
      this.#ledger.compare(this.engine.seen());
      this.#phase = 'compared';
    } else {
      this.told.push(...this.#ledger.reconcile().events);
      this.#phase = 'settled';
    }
  }

  cut(): void {
    this.#way = undefined;
  }

  /** The listener is killed, and started again from what it had kept. */
  restart(): void {
    this.cut();
    this.#ledger = new Ledger(
      JSON.parse(JSON.stringify(this.#ledger.state())) as LedgerState,
      this.whenFound,
    );
    this.#found = 'running';
  }

  /** The engine is restarted; some containers with it. */
  engineRestarts(back: readonly string[]): void {
    this.cut();
    // What it ran died without a word that anybody hears: made good, but no event.
    this.engine.restart();
    for (const event of this.engine.history) if (!this.#received.has(event)) this.lost.add(event);
    this.run += 1;
    this.#found = 'starting';
    for (const id of back) if (this.engine.containers.has(id)) this.engine.start(id);
  }

  close(): void {
    this.connect();
    for (let step = 0; step < 3; step++) this.goOn();
    this.deliver(Number.POSITIVE_INFINITY);
  }
}

const id = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<(play: Play) => void> = fc.oneof(
  { weight: 6, arbitrary: id.map((which) => (play: Play) => play.engine.start(which)) },
  { weight: 6, arbitrary: id.map((which) => (play: Play) => play.engine.die(which)) },
  { weight: 2, arbitrary: id.map((which) => (play: Play) => play.engine.remove(which)) },
  { weight: 3, arbitrary: id.map((which) => (play: Play) => play.engine.kill(which)) },
  { weight: 2, arbitrary: fc.constant((play: Play) => play.engine.noise()) },
  {
    weight: 1,
    arbitrary: fc.constant((play: Play) =>
      play.engine.publish('network', 'connect', 'net', { container: 'a' }),
    ),
  },
  { weight: 4, arbitrary: fc.nat(4).map((count) => (play: Play) => play.deliver(count)) },
  { weight: 4, arbitrary: fc.constant((play: Play) => play.goOn()) },
  { weight: 2, arbitrary: fc.constant((play: Play) => play.cut()) },
  { weight: 3, arbitrary: fc.constant((play: Play) => play.connect()) },
  { weight: 1, arbitrary: fc.constant((play: Play) => play.restart()) },
  {
    weight: 1,
    arbitrary: fc.subarray(['a', 'b', 'c', 'd']).map((back) => (play: Play) => play.engineRestarts(back)),
  },
);

const runs = 3000;

type Step = (play: Play) => void;

/** @param before steps before the first listener */
function played(
  memory: number,
  whenFound: WhenFound,
  steps: readonly Step[],
  before: readonly Step[] = [],
): Play {
  const play = new Play(memory, whenFound);
  for (const one of before) one(play);
  play.connect();
  for (const one of steps) one(play);
  play.close();
  return play;
}

const anyMemory = fc.constantFrom(2, 5, 256);
const anySteps = fc.array(step, { maxLength: 60 });

test('each event that can be known of is reported once, as the engine sent it, and none twice', () => {
  fc.assert(
    fc.property(anyMemory, anySteps, (memory, steps) => {
      const play = played(memory, 'new', steps);
      const said = play.told.filter(({ reason }) => reason === 'event').map(({ event }) => event.json);
      const due = play.engine.history
        .slice(play.owedFrom)
        .filter((event) => words.includes(eventWord(event)) && !play.lost.has(event))
        .map(({ json }) => json);
      expect([...said].sort()).toEqual([...due].sort());
    }),
    { numRuns: runs },
  );
});

test('of a container starts and ends alternate, in order, and what was reported last is so', () => {
  fc.assert(
    fc.property(anyMemory, anySteps, (memory, steps) => {
      const play = played(memory, 'new', steps);
      for (const which of ['a', 'b', 'c', 'd']) {
        const told = play.told.filter(
          ({ event }) => event.type === 'container' && event.id === which && event.action !== 'kill',
        );
        const actions = told.map(({ event }) => event.action);
        expect(actions).toEqual(actions.map((_, index) => (index % 2 === 0 ? 'start' : 'die')));
        const isRunning = play.engine.containers.get(which)?.isRunning ?? false;
        expect(actions.at(-1) ?? 'die').toBe(isRunning ? 'start' : 'die');
      }
    }),
    { numRuns: runs },
  );
});

test('where the engine remembers everything nothing is made good but what ended with a run of it', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const play = played(256, 'new', steps);
      const made = play.told.filter(({ reason }) => reason === 'reconciled');
      if (play.run === 1) expect(made).toEqual([]);
    }),
    { numRuns: runs },
  );
});

test('with `never` no start is made for a container that ran before the first listener, however soon that was killed', () => {
  const anyOld = fc.subarray(['a', 'b', 'c', 'd']);
  fc.assert(
    fc.property(anyOld, anySteps, (old, steps) => {
      const before = old.map((which) => (play: Play) => play.engine.start(which));
      const play = played(256, 'never', steps, before);
      const made = play.told.filter(({ reason }) => reason !== 'event');
      if (play.run === 1) expect(made).toEqual([]);
    }),
    { numRuns: runs },
  );
});

/** The ends that were asked for: `kill` came between the start and them. */
function askedFor({ history }: EngineModel): ReadonlySet<string> {
  const asked = new Set<string>();
  const ends = new Set<string>();
  for (const { action, id, json } of history) {
    if (action === 'kill') asked.add(id);
    if (action === 'die' && asked.has(id)) ends.add(json);
    if (action === 'start' || action === 'die') asked.delete(id);
  }
  return ends;
}

test('an end that was asked for is never said to be none, nor the other way round', () => {
  fc.assert(
    fc.property(anyMemory, anySteps, (memory, steps) => {
      const play = played(memory, 'new', steps);
      const asked = askedFor(play.engine);
      for (const { event, reason } of play.told) {
        if (event.action !== 'die') expect(event.requested).toBeUndefined();
        else if (reason !== 'event') expect(event.requested).not.toBe('no');
        else expect(['unknown', asked.has(event.json) ? 'yes' : 'no']).toContain(event.requested);
      }
    }),
    { numRuns: runs },
  );
});

test('whether an end was asked for is known of each container that started while all was received', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const play = played(256, 'new', steps);
      if (play.run !== 1) return;
      const started = new Set<string>();
      for (const { event } of play.told) {
        if (event.action === 'start' && play.engine.history.indexOf(event) >= play.owedFrom)
          started.add(event.id);
        if (event.action === 'die' && started.has(event.id)) expect(event.requested).not.toBe('unknown');
      }
    }),
    { numRuns: runs },
  );
});

test('whether an end was asked for is unknown where an engine that has just started forgot its first events', () => {
  const play = new Play(2, 'new');
  play.connect();
  play.engineRestarts([]);
  // The engine remembers two events: by the time that it answers, only the end and the start behind it are left.
  play.engine.start('a');
  play.engine.kill('a');
  play.engine.die('a');
  play.engine.start('a');
  play.connect();
  play.deliver(2);
  expect(play.told.map(({ event }) => [event.action, event.requested])).toEqual([
    ['start', undefined],
    ['die', 'unknown'],
    ['start', undefined],
  ]);
  // From there on all is received.
  play.engine.die('a');
  play.close();
  expect(play.told.at(-1)?.event).toMatchObject({ action: 'die', requested: 'no' });
});
