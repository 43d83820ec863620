import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation, StopCause } from '../../../src/watch/lifecycle/observation.ts';
import {
  initialState,
  type LastTransition,
  lastTransitionIn,
  reduce,
} from '../../../src/watch/lifecycle/reduce.ts';

/**
 * What an engine does, and what happens to its listener. From a history the model derives what a sensor that can
 * see the engine's process would observe, and what ought to be told; the reducer must tell just that.
 */
const deed = fc.oneof(
  { weight: 4, arbitrary: fc.constant('start' as const) },
  { weight: 4, arbitrary: fc.constantFrom('shutdown' as const, 'crash' as const) },
  fc.constantFrom(
    // Down and up again before anyone could look.
    'fast restart',
    'start that fails',
    'freeze',
    'thaw',
    // The connection is cut by something between, and made again.
    'cut',
    'listener restart' as const,
    'listener is away during a restart' as const,
    'listener is away during a stop' as const,
    'noise' as const,
    // The service manager is about to stop it, and says so first.
    'is to stop' as const,
    // It is stopped after all not, or has been started.
    'is to stay' as const,
    // For so long that it is not stopped after all.
    'all too long' as const,
  ),
);

class History {
  /** The observations of each life of the listener. */
  readonly lives: Observation[][] = [[]];
  readonly expected: string[] = [];
  #run = 0;
  #condition: 'down' | 'up' | 'frozen' = 'down';
  /** Whether the listener has told the present run as up. */
  #told = false;
  /** Whether its stop was told while it goes on answering. */
  #leaving = false;
  #at = 0;

  constructor() {
    this.#see({ kind: 'engine-absent' });
  }

  #see(seen: {
    kind: Observation['kind'];
    run?: string;
    how?: StopCause;
    message?: string;
    trusted?: boolean;
  }): void {
    this.#at += 1;
    this.lives.at(-1)?.push({ engine: 'one', at: this.#at, ...seen } as Observation);
  }

  #answers(reason: string): void {
    this.#see({ kind: 'engine-answers', run: `run ${this.#run}` });
    if (this.#leaving) return;
    if (!this.#told) this.expected.push(`start ${reason} run ${this.#run}`);
    this.#told = true;
  }

  #ends(how: StopCause): void {
    this.#see({ kind: 'engine-ends', how });
    if (this.#told) this.expected.push(`stop ${how} run ${this.#run}`);
    this.#told = false;
    // What is only frozen is the same run when it thaws.
    if (how !== 'unreachable') this.#leaving = false;
  }

  /** What had its stop told is leaving in the next life too, if that finds it. */
  #newLife(): void {
    this.lives.push([]);
  }

  do(what: string): void {
    const isUp = this.#condition === 'up';
    switch (what) {
      case 'start':
        if (this.#condition !== 'down') return;
        this.#run += 1;
        this.#condition = 'up';
        return this.#answers('engine-started');
      case 'shutdown':
      case 'crash':
        if (this.#condition === 'down') return;
        // Frozen, it was reported as ended already; and no sensor sees it end.
        if (isUp) this.#ends(what);
        this.#leaving = false;
        this.#condition = 'down';
        return;
      case 'fast restart': {
        if (!isUp) return;
        const before = this.#run;
        this.#run += 1;
        this.#see({ kind: 'engine-answers', run: `run ${this.#run}` });
        if (!this.#leaving) this.expected.push(`stop unseen run ${before}`);
        this.expected.push(`start engine-started run ${this.#run}`);
        this.#told = true;
        this.#leaving = false;
        return;
      }
      case 'is to stop':
        this.#see({ kind: 'companion', message: 'stop' });
        if (!isUp || this.#leaving) return;
        this.expected.push(`stop shutdown run ${this.#run}`);
        this.#told = false;
        this.#leaving = true;
        return;
      case 'is to stay':
      case 'all too long':
        this.#see(what === 'is to stay' ? { kind: 'companion', message: 'start' } : { kind: 'engine-stays' });
        if (this.#leaving && isUp) {
          this.expected.push(`start engine-started run ${this.#run}`);
          this.#told = true;
        }
        this.#leaving = false;
        return;
      case 'freeze':
        if (!isUp) return;
        this.#condition = 'frozen';
        return this.#ends('unreachable');
      case 'thaw':
        if (this.#condition !== 'frozen') return;
        this.#condition = 'up';
        return this.#answers('engine-started');
      case 'cut':
        if (isUp) this.#answers('engine-started');
        return;
      case 'noise':
        this.#see({ kind: 'message', message: 'stop', trusted: false });
        this.#see({ kind: 'message', message: 'start', trusted: false });
        if (isUp) this.#see({ kind: 'engine-identified', run: `run ${this.#run}` });
        this.#see({ kind: 'engine-absent' });
        return;
      case 'listener restart':
        this.#newLife();
        if (this.#condition === 'down') return this.#see({ kind: 'engine-absent' });
        if (this.#condition === 'frozen')
          return this.#see({ kind: 'engine-absent', run: `run ${this.#run}` });
        this.#see({ kind: 'engine-answers', run: `run ${this.#run}` });
        if (this.#leaving) return;
        this.expected.push(`start listener-started run ${this.#run}${this.#told ? ' again' : ''}`);
        this.#told = true;
        return;
      case 'listener is away during a restart':
        if (!isUp) return;
        this.#newLife();
        if (this.#told) this.expected.push(`stop listener-started run ${this.#run}`);
        this.#run += 1;
        this.#leaving = false;
        this.#see({ kind: 'engine-answers', run: `run ${this.#run}` });
        this.expected.push(`start listener-started run ${this.#run}`);
        this.#told = true;
        return;
      case 'listener is away during a stop':
        if (!isUp) return;
        this.#newLife();
        if (this.#told) this.expected.push(`stop listener-started run ${this.#run}`);
        this.#condition = 'down';
        this.#told = false;
        this.#leaving = false;
        return this.#see({ kind: 'engine-absent' });
      default:
        // A start that fails answers nothing: nothing is seen.
        return;
    }
  }
}

test('what is reported is what happened, through restarts of the engine and of the listener', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const history = new History();
      for (const what of deeds) history.do(what);
      const told: string[] = [];
      let memory: LastTransition | undefined;
      for (const life of history.lives) {
        let state = initialState(memory);
        for (const seen of life) {
          const step = reduce(state, seen);
          state = step.state;
          memory = lastTransitionIn(state) ?? memory;
          for (const { event, reason, run, again } of step.transitions) {
            told.push(`${event} ${reason} ${run}${again ? ' again' : ''}`);
          }
        }
      }
      expect(told).toEqual(history.expected);
    }),
    { numRuns: 3000 },
  );
});
