import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/watch/lifecycle/observation.ts';
import {
  type EngineState,
  initialState,
  type LastTransition,
  lastTransitionIn,
  longestPendingStop,
  reduce,
} from '../../../src/watch/lifecycle/reduce.ts';
import type { Transition } from '../../../src/watch/lifecycle/transition.ts';

const run = fc.constantFrom('a', 'b', 'c');
const maybeRun = fc.option(run, { nil: undefined });
const base = { engine: fc.constantFrom('one', 'two', 'three'), at: fc.nat({ max: 2 * longestPendingStop }) };
const withRun = <T extends object>(observation: T, known: string | undefined) =>
  (known === undefined ? observation : { ...observation, run: known }) as T;

/** Anything that any source may say, at any time. */
const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .tuple(fc.record({ kind: fc.constantFrom('engine-answers' as const), ...base }), maybeRun)
    .map(([seen, known]) => withRun<Observation>(seen, known)),
  fc
    .tuple(fc.record({ kind: fc.constantFrom('engine-absent' as const), ...base }), maybeRun)
    .map(([seen, known]) => withRun<Observation>(seen, known)),
  fc.record({ kind: fc.constantFrom('engine-identified' as const), ...base, run }),
  fc.record({ kind: fc.constantFrom('engine-stays' as const), ...base }),
  fc.record({
    kind: fc.constantFrom('engine-ends' as const),
    ...base,
    how: fc.constantFrom('shutdown' as const, 'crash' as const, 'unreachable' as const),
  }),
  fc.record({
    kind: fc.constantFrom('message' as const),
    ...base,
    message: fc.constantFrom('start' as const, 'stop' as const),
    trusted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('companion' as const),
    ...base,
    message: fc.constantFrom('start' as const, 'stop' as const),
  }),
);
const life = fc.array(observation, { maxLength: 25 });
const lives = fc.array(life, { minLength: 1, maxLength: 4 });

interface Heard {
  readonly seen: Observation;
  readonly before: EngineState;
  readonly after: EngineState;
  readonly transitions: readonly Transition[];
}

/** One life of the listener: each engine by itself, from what is remembered of it. */
function live(
  observations: readonly Observation[],
  memory: Map<string, LastTransition>,
): Map<string, Heard[]> {
  const states = new Map<string, EngineState>();
  const heard = new Map<string, Heard[]>();
  for (const seen of observations) {
    const before = states.get(seen.engine) ?? initialState(memory.get(seen.engine));
    const { state, transitions } = reduce(before, seen);
    states.set(seen.engine, state);
    heard.set(seen.engine, [...(heard.get(seen.engine) ?? []), { seen, before, after: state, transitions }]);
    const told = lastTransitionIn(state);
    if (told !== undefined) memory.set(seen.engine, told);
  }
  return heard;
}

/** Calls `check` for each engine in each life. */
function eachLife(
  all: readonly (readonly Observation[])[],
  check: (heard: readonly Heard[], before: LastTransition | undefined) => void,
): void {
  const memory = new Map<string, LastTransition>();
  for (const observations of all) {
    const remembered = new Map(memory);
    for (const [engine, heard] of live(observations, memory)) check(heard, remembered.get(engine));
  }
}

const holds = (check: (heard: readonly Heard[], before: LastTransition | undefined) => void) =>
  fc.assert(
    fc.property(lives, (all) => eachLife(all, check)),
    { numRuns: 2000 },
  );
const sources: { readonly [kind in Observation['kind']]?: string } = {
  message: 'notifier',
  companion: 'companion',
};
const leavingOf = (state: EngineState) => (state.phase === 'down' ? state.pendingStop : undefined);
/** Whether the run that was leaving in the last life counts as leaving still. */
const mayBeLeaving = (state: EngineState, at: number) =>
  state.phase === 'unknown' &&
  state.before?.run !== undefined &&
  state.before.leaving !== undefined &&
  at - state.before.leaving < longestPendingStop;
const told = (heard: readonly Heard[]) => heard.flatMap(({ transitions }) => transitions);

describe('for every order of observations, of several engines, over several lives', () => {
  test('transitions alternate, and a life begins with a start but for a stop that was missed', () => {
    holds((heard, before) => {
      const events = told(heard).map(({ event }) => event);
      if (events[0] === 'stop') expect(before?.event).toBe('start');
      for (const [index, event] of events.slice(1).entries()) expect(event).not.toBe(events[index]);
    });
  });

  test('sequence numbers rise by one across restarts; a start that is reported again keeps its own', () => {
    holds((heard, before) => {
      let last = before?.sequence ?? 0;
      for (const { sequence, again } of told(heard)) {
        if (again === undefined) last += 1;
        expect(sequence).toBe(last);
      }
    });
  });

  test('one number is one event of one run, however often it is reported, and none is left out', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const numbered = new Map<string, string>();
        const highest = new Map<string, number>();
        eachLife(all, (heard) => {
          for (const { engine, sequence, event, run, again } of told(heard)) {
            const key = `${engine} ${sequence}`;
            const what = `${event} ${run}`;
            if (again) expect(numbered.get(key)).toMatch(/^start /);
            else expect(numbered.has(key)).toBe(false);
            numbered.set(key, what);
            expect(sequence).toBe((highest.get(engine) ?? 0) + (again ? 0 : 1));
            highest.set(engine, sequence);
          }
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('an untrusted message changes nothing at all', () => {
    holds((heard) => {
      for (const { seen, before, after, transitions } of heard) {
        if (seen.kind !== 'message' || seen.trusted) continue;
        expect(after).toBe(before);
        expect(transitions).toEqual([]);
      }
    });
  });

  test('a transition carries what was seen, and its source', () => {
    holds((heard) => {
      for (const { seen, transitions } of heard) {
        for (const { engine, at, source } of transitions) {
          expect({ engine, at }).toEqual({ engine: seen.engine, at: seen.at });
          expect(source).toBe(sources[seen.kind] ?? 'engine');
        }
      }
    });
  });

  test('an engine that answers is up from then on, unless it is leaving, and one that ends is down', () => {
    holds((heard) => {
      for (const { seen, before, after } of heard) {
        const isLeaving = leavingOf(before) !== undefined || mayBeLeaving(before, seen.at);
        if (seen.kind === 'engine-answers' && !isLeaving) expect(after.phase).toBe('up');
        if (seen.kind === 'engine-ends') expect(after.phase).toBe('down');
      }
    });
  });

  test('after the companion’s stop the same run gives no start before it has ended or is said to stay', () => {
    holds((heard) => {
      let left: { run: string | undefined } | undefined;
      for (const { seen, before, after, transitions } of heard) {
        const [first] = transitions;
        const isLastTransition = first?.event === 'start' && first.source === 'engine';
        if (left !== undefined && isLastTransition && seen.kind !== 'engine-stays') {
          expect(left.run).toBeDefined();
          expect(first.run).toBeDefined();
          expect(first.run).not.toBe(left.run);
        }
        if (seen.kind === 'companion' && seen.message === 'stop') {
          if (before.phase !== 'down') left = { run: before.phase === 'up' ? before.run : undefined };
        } else if (['companion', 'engine-stays'].includes(seen.kind) || transitions.length > 0)
          left = undefined;
        else if (seen.kind === 'engine-ends' && (seen.how !== 'unreachable' || left?.run === undefined))
          left = undefined;
        else if (seen.kind === 'engine-absent' && (seen.run === undefined || seen.run !== left?.run))
          left = undefined;
        else if (left !== undefined && left.run === undefined && 'run' in seen) left = { run: seen.run };
        expect(after.phase === 'down' || leavingOf(after) === undefined).toBe(true);
      }
    });
  });

  test('the companion’s start is a hint, but for an engine that was leaving and answers', () => {
    holds((heard) => {
      for (const { seen, before, after, transitions } of heard) {
        if (seen.kind !== 'companion' || seen.message !== 'start') continue;
        if (leavingOf(before)?.answers === 'seen') expect(after.phase).toBe('up');
        else expect(transitions).toEqual([]);
      }
    });
  });

  test('nor in the next life, unless that begins all too late', () => {
    holds((heard, before) => {
      const [first] = heard;
      if (first === undefined || before?.leaving === undefined) return;
      const { seen, transitions } = first;
      if (seen.kind !== 'engine-answers') return;
      const isTheOne = before.run !== undefined && before.run === seen.run;
      const isLate = seen.at - before.leaving >= longestPendingStop;
      expect(transitions.map(({ event }) => event)).toEqual(isTheOne && !isLate ? [] : ['start']);
    });
  });

  test('the companion’s stop leaves nothing up', () => {
    holds((heard) => {
      for (const { seen, after } of heard) {
        if (seen.kind === 'companion' && seen.message === 'stop') expect(after.phase).toBe('down');
      }
    });
  });

  test('at most two transitions come at once: the stop and the start of a changed run', () => {
    holds((heard) => {
      for (const { transitions } of heard) {
        expect(transitions.length).toBeLessThanOrEqual(2);
        if (transitions.length < 2) continue;
        const [stop, start] = transitions;
        expect([stop?.event, start?.event]).toEqual(['stop', 'start']);
        expect(stop?.run).toBeDefined();
        expect(start?.run).not.toBe(stop?.run);
      }
    });
  });

  test('the reason is that of what was seen', () => {
    holds((heard) => {
      for (const { seen, before, transitions } of heard) {
        for (const { event, reason } of transitions) {
          if (sources[seen.kind] !== undefined)
            expect(reason).toBe(event === 'start' ? 'engine-started' : 'shutdown');
          else if (before.phase === 'unknown') expect(reason).toBe('listener-started');
          else if (event === 'start') expect(reason).toBe('engine-started');
          else expect(reason).toBe(seen.kind === 'engine-ends' ? seen.how : 'unseen');
        }
      }
    });
  });

  test('a start is reported again for the very same run only', () => {
    holds((heard, before) => {
      for (const transition of told(heard)) {
        if (transition.again === undefined) continue;
        expect(before).toMatchObject({ event: 'start' });
        expect(transition.run).toBeDefined();
        expect(transition.run).toBe(before?.run);
        expect(transition).toBe(told(heard)[0]);
      }
    });
  });

  test('engines do not know of each other', () => {
    fc.assert(
      fc.property(life, (observations) => {
        const together = live(observations, new Map());
        for (const [engine, heard] of together) {
          const alone = live(
            observations.filter((seen) => seen.engine === engine),
            new Map(),
          );
          expect(alone.get(engine)).toEqual(heard);
        }
      }),
    );
  });
});

test('seeing again what is known already leaves the very same state, so that nothing is written', () => {
  const seen: Observation = { kind: 'engine-answers', engine: 'one', at: 1, run: 'a' };
  const { state } = reduce(initialState(), seen);
  expect(reduce(state, seen).state).toBe(state);
  expect(reduce(state, { ...seen, at: 2 }).state).toBe(state);
});

test('a trusted stop of what was up in the last life is the notifier’s word', () => {
  const before = initialState({ event: 'start', sequence: 4, run: 'a' });
  const { transitions } = reduce(before, {
    kind: 'message',
    engine: 'one',
    at: 1,
    message: 'stop',
    trusted: true,
  });
  expect(transitions).toMatchObject([{ event: 'stop', reason: 'shutdown', source: 'notifier', sequence: 5 }]);
});
