import type { HookQueue, TurnResult } from '../../src/hooks/queue.ts';
import { defaultHookSettings } from '../../src/hooks/settings.ts';
import { planTurn } from '../../src/hooks/turn.ts';
import { type HeldTurns, holdTurns, laterTransition, type Settled } from '../../src/listener/held-turns.ts';
import { openTurnFile, type TurnDisk, type TurnFile } from '../../src/listener/journal/turn-file.ts';
import { isWanted } from '../../src/listener/wanted.ts';
import type { Observation } from '../../src/watch/lifecycle/observation.ts';
import {
  type EngineState,
  initialState,
  type LastTransition,
  lastTransitionAfter,
  lastTransitionIn,
  reduce,
} from '../../src/watch/lifecycle/reduce.ts';
import type { Transition } from '../../src/watch/lifecycle/transition.ts';
import type { EarlierHook, OpenTurn } from '../../src/watch/lifecycle/turn.ts';

export type Mode = 'always' | 'new' | 'never';

/** A disk that is cut off after some writes, in the middle of one: what comes then does not happen. */
export class CutDisk implements TurnDisk {
  text = '';
  /** How many writes are still whole. */
  left = Number.POSITIVE_INFINITY;
  /** How much of the next one is written, from 0 to 1. */
  part = 0;

  get isDead(): boolean {
    return this.left < 0;
  }
  read(): string | undefined {
    return this.text === '' ? undefined : this.text;
  }
  replace(text: string): void {
    // A file is replaced as a whole or not at all.
    if (this.#writes()) this.text = text;
  }
  append(text: string): void {
    if (this.#writes()) this.text += text;
    else if (this.left === -1) this.text += text.slice(0, Math.floor(this.part * (text.length - 1)));
  }
  close(): void {}
  #writes(): boolean {
    this.left -= 1;
    return this.left >= 0;
  }
}

/** What is left when lives of the listener are over: all that happened, in order. */
export type Happening =
  | { readonly kind: 'taken'; readonly transition: Transition; readonly earlier: readonly EarlierHook[] }
  | { readonly kind: 'told'; readonly transition: Transition }
  | { readonly kind: 'began'; readonly sequence: number; readonly hook: string; readonly marked: boolean }
  | { readonly kind: 'passed'; readonly sequence: number; readonly hook: string }
  | { readonly kind: 'done'; readonly sequence: number }
  | { readonly kind: 'replaced'; readonly sequence: number }
  | { readonly kind: 'left-out'; readonly sequence: number; readonly why?: string };

export const hooksOfTurns = ['10', '20', '30'];

interface Work {
  readonly turn: OpenTurn;
  readonly over: (how: TurnResult) => void;
  isBegun: boolean;
}

/** One life of a listener with one engine: the real core, turn file and decisions; hooks that only count. */
export class Life {
  readonly #disk: CutDisk;
  readonly #mode: Mode;
  readonly #note: (happening: Happening) => void;
  readonly #turns: TurnFile;
  readonly #held: HeldTurns;
  readonly #memory: { told?: LastTransition | undefined };
  #state: EngineState;
  #settled: Settled | undefined;
  #waiting: Work[] = [];
  #current:
    | { work: Work; steps: ReturnType<typeof planTurn>; at: number; phase: 'next' | 'runs' }
    | undefined;
  #lastBegun: Work | undefined;

  constructor(
    disk: CutDisk,
    memory: { told?: LastTransition | undefined },
    mode: Mode,
    note: (h: Happening) => void,
  ) {
    this.#disk = disk;
    this.#mode = mode;
    this.#memory = memory;
    this.#note = (happening) => {
      if (!disk.isDead) note(happening);
    };
    const owner = { pid: process.pid, startTime: '' };
    this.#turns = openTurnFile({ path: 'turns', disk, engine: 'e', owner, report: () => {} });
    const hooks = { restore: (turn: OpenTurn) => this.#take(turn) } as unknown as HookQueue;
    const { told } = memory;
    this.#held = holdTurns({
      engine: 'e',
      turns: this.#turns,
      remembered: told,
      whenStarted: mode,
      hooks,
      record: (record) => {
        if (record.kind === 'turn-dropped')
          this.#note({ kind: 'left-out', sequence: record.transition.sequence, why: record.why });
      },
    });
    this.#state = initialState(laterTransition(told, this.#turns.last()));
  }

  observe(observation: Observation): void {
    const found = this.#state;
    const step = reduce(found, observation);
    this.#state = step.state;
    this.#settled = found.phase === 'unknown' ? this.#held.settle(step.state, step.transitions) : undefined;
    for (const transition of step.transitions)
      this.#tell(transition, lastTransitionAfter(transition, step.state));
  }

  /** As the memory does behind the hooks; a kill before it has the memory as it was. */
  remember(): void {
    if (!this.#disk.isDead) this.#memory.told = lastTransitionIn(this.#state) ?? this.#memory.told;
  }

  /** The listener is signalled to end: the hook that runs is cut. */
  end(): void {
    this.remember();
    this.#turns.end();
  }

  /** Goes one step on with the hooks; false when there is nothing to do. */
  work(): boolean {
    if (this.#disk.isDead) return false;
    if (this.#current === undefined) {
      const work = this.#waiting.shift();
      if (work === undefined) return false;
      this.#begin(work);
      return true;
    }
    const { work, steps, at, phase } = this.#current;
    const { sequence } = work.turn.transition;
    const step = steps.steps[at];
    if (step === undefined) {
      this.#turns.close(sequence);
      this.#note({ kind: 'done', sequence });
      this.#current = undefined;
      work.over('complete');
      return true;
    }
    const hook = steps.hooks[step.place] ?? '';
    if (phase === 'runs') {
      this.#turns.ended(sequence, false);
      this.#current = { ...this.#current, at: at + 1, phase: 'next' };
    } else if (step.how.kind === 'passed') {
      this.#note({ kind: 'passed', sequence, hook });
      this.#current = { ...this.#current, at: at + 1 };
    } else {
      this.#turns.begin(sequence, step.place, steps.hooks);
      this.#note({ kind: 'began', sequence, hook, marked: step.how.kind === 'repeat' });
      this.#turns.runs(sequence, { pid: 42, startTime: '7' });
      this.#current = { ...this.#current, phase: 'runs' };
    }
    return true;
  }

  #begin(work: Work): void {
    work.isBegun = true;
    this.#lastBegun = work;
    const present = hooksOfTurns.map((name) => ({ name: `x/${name}`, path: `/x/${name}` }));
    const steps = planTurn(work.turn, present, { name: 'on_start', path: '/x' }, defaultHookSettings);
    this.#current = { work, steps, at: 0, phase: 'next' };
  }

  #tell(transition: Transition, told: LastTransition): void {
    const isStart = transition.event === 'start';
    const wanted = isWanted(transition, this.#mode);
    const earlier = (isStart && this.#settled?.earlier) || [];
    if (!wanted) {
      this.#turns.skip(told);
      this.#note({ kind: 'told', transition });
      return;
    }
    this.#turns.take(told, transition, earlier);
    this.#note({ kind: 'taken', transition, earlier });
    if (isStart) {
      this.#settled?.replaced(transition);
      void this.#take({ transition, ...(earlier.length === 0 ? {} : { earlier }) });
    } else if (this.#settled?.stop !== undefined) this.#leaveOut(transition);
    else this.#pushStop(transition);
  }

  #pushStop(transition: Transition): void {
    const starts = this.#waiting.filter(({ turn }) => turn.transition.event === 'start');
    for (const { turn } of starts) this.#leaveOut(turn.transition);
    this.#waiting = this.#waiting.filter((work) => !starts.includes(work));
    const { work } = this.#current ?? {};
    if (work?.turn.transition.event === 'start') {
      this.#leaveOut(work.turn.transition);
      this.#current = undefined;
    }
    const before = this.#waiting.at(-1) ?? this.#lastBegun;
    const stands = starts.some(({ turn }) => turn.reached === undefined);
    if (stands && before?.turn.transition.event === 'stop') this.#leaveOut(transition);
    else void this.#take({ transition });
  }

  #leaveOut({ sequence }: Transition): void {
    this.#turns.close(sequence);
    this.#note({ kind: 'left-out', sequence });
  }

  #take(turn: OpenTurn): Promise<TurnResult> {
    return new Promise((resolve) => {
      this.#waiting.push({ turn, over: resolve, isBegun: false });
    });
  }
}
