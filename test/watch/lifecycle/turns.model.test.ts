import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LastTransition } from '../../../src/watch/lifecycle/reduce.ts';
import { CutDisk, type Happening, hooksOfTurns, Life, type Mode } from '../../support/turn-lives.ts';

/** `DLL_RUNS=100000 npx vitest run test/watch/lifecycle/turns.model.test.ts` for more of them. */
const numRuns = Number(process.env.DLL_RUNS ?? 2000);

/** What happens during a life of the listener. */
type Act =
  | { readonly kind: 'engine'; readonly what: 'start' | 'stop' | 'restart' }
  | { readonly kind: 'companion' }
  | { readonly kind: 'work'; readonly steps: number }
  | { readonly kind: 'remember' };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('start', 'stop', 'restart').map((what) => ({ kind: 'engine' as const, what })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'companion' as const }) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 8 }).map((steps) => ({ kind: 'work' as const, steps })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'remember' as const }) },
);

const life = fc.record({
  /** What the engine did before it, while no listener ran. */
  away: fc.array(fc.constantFrom('start' as const, 'stop' as const), { maxLength: 3 }),
  acts: fc.array(act, { maxLength: 8 }),
  /** It is killed after so many writes, in the middle of the next; undefined: it ends in order. */
  killedAfter: fc.option(fc.integer({ min: 0, max: 25 }), { nil: undefined, freq: 5 }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** An engine, as its sensor sees it. */
class Engine {
  #run = 0;
  #isUp = false;
  at = 1_700_000_000_000;

  start(): void {
    if (!this.#isUp) this.#run += 1;
    this.#isUp = true;
  }
  stop(): void {
    this.#isUp = false;
  }
  isUp(): boolean {
    return this.#isUp;
  }
  seen() {
    this.at += 1000;
    const common = { engine: 'e', at: this.at };
    return this.#isUp
      ? ({ kind: 'engine-answers', ...common, run: `${this.#run}@1` } as const)
      : ({ kind: 'engine-absent', ...common } as const);
  }
  ended() {
    this.at += 1000;
    return { kind: 'engine-ends', engine: 'e', at: this.at, how: 'shutdown' } as const;
  }
}

function actOn(one: Life, engine: Engine, what: Act): void {
  switch (what.kind) {
    case 'engine':
      if (what.what !== 'start' && engine.isUp()) {
        engine.stop();
        one.observe(engine.ended());
      }
      if (what.what !== 'stop' && !engine.isUp()) {
        engine.start();
        one.observe(engine.seen());
      }
      return;
    case 'companion':
      one.observe({ kind: 'companion', engine: 'e', at: engine.at, message: 'stop' });
      return;
    case 'work':
      for (let step = 0; step < what.steps; step++) one.work();
      return;
    case 'remember':
      one.remember();
      return;
    default:
      what satisfies never;
  }
}

function isAgain(happening: Happening): boolean {
  return happening.kind === 'told' || happening.kind === 'taken'
    ? happening.transition.again === true
    : false;
}

test('killed after any write, each hook of each turn runs or is left out with a report, unmarked once at most', () => {
  const property = fc.property(
    fc.constantFrom<Mode>('always', 'new', 'never'),
    fc.array(life, { minLength: 1, maxLength: 6 }),
    (mode, lives) => {
      const disk = new CutDisk();
      const memory: { told?: LastTransition | undefined } = {};
      const engine = new Engine();
      const happened: Happening[] = [];
      const begin = (): Life => {
        const one = new Life(disk, memory, mode, (happening) => void happened.push(happening));
        one.observe(engine.seen());
        return one;
      };
      for (const { away, acts, killedAfter, part } of lives) {
        for (const what of away) engine[what]();
        disk.left = killedAfter ?? Number.POSITIVE_INFINITY;
        disk.part = part;
        const one = begin();
        for (const what of acts) {
          if (disk.isDead) break;
          actOn(one, engine, what);
        }
        if (killedAfter === undefined) one.end();
      }
      // A last one, in which all is brought to its end.
      disk.left = Number.POSITIVE_INFINITY;
      const last = begin();
      while (last.work());

      const taken = happened.flatMap((one) => (one.kind === 'taken' ? [one] : []));
      const told = happened.filter(
        (one) => (one.kind === 'taken' || one.kind === 'told') && !isAgain(one),
      ) as Extract<Happening, { kind: 'taken' | 'told' }>[];
      // No stop and no start twice.
      const events = told.map(({ transition }) => transition.event);
      expect(events.filter((event, index) => event === events[index - 1])).toEqual([]);
      // A number rises by one with each transition, and is that of a start again when the start is.
      let number = 0;
      for (const one of happened) {
        if (one.kind !== 'taken' && one.kind !== 'told') continue;
        if (!isAgain(one)) number += 1;
        expect(one.transition.sequence).toBe(number);
      }
      for (const turn of taken) {
        const { transition, earlier } = turn;
        const { sequence } = transition;
        // What the turn came to: until a start that is reported again takes its number.
        const from = happened.indexOf(turn);
        const next = happened.findIndex(
          (one, index) => index > from && one.kind === 'taken' && one.transition.sequence === sequence,
        );
        const since = happened.slice(from, next === -1 ? undefined : next);
        const began = since.flatMap((one) => (one.kind === 'began' ? [one] : []));
        const isOver = since.some(
          (one) => (one.kind === 'done' || one.kind === 'left-out') && one.sequence === sequence,
        );
        const isReplaced = next !== -1 && transition.event === 'start';
        expect(isOver || isReplaced).toBe(true);
        // An on_stop of which no hook has begun is not lost, whatever Docker has done since.
        const wasLost = since.some(
          (one) => one.kind === 'left-out' && one.sequence === sequence && one.why === 'another-run',
        );
        if (transition.event === 'stop' && wasLost)
          expect(began.some((one) => one.sequence === sequence)).toBe(true);
        for (const hook of hooksOfTurns) {
          const runs = began.filter((one) => one.sequence === sequence && one.hook === hook);
          expect(runs.filter(({ marked }) => !marked).length).toBeLessThanOrEqual(1);
          // What began in a turn that this one replaces is marked from its first run on.
          if (earlier.some((one) => one.hook === hook)) expect(runs.every(({ marked }) => marked)).toBe(true);
          const isDone = since.some((one) => one.kind === 'done' && one.sequence === sequence);
          const isPassed = since.some(
            (one) => one.kind === 'passed' && one.sequence === sequence && one.hook === hook,
          );
          if (isDone && !isPassed) expect(runs.length).toBeGreaterThan(0);
          // Three cuts at most.
          expect(runs.length).toBeLessThanOrEqual(3);
        }
      }
    },
  );
  fc.assert(property, { numRuns });
}, 120_000);
