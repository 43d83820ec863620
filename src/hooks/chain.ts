import type { ProcessIdentity } from '../system/processes.ts';
import { type AttemptsResult, HookAttempts, type RunningHook } from './attempts.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason } from './run.ts';
import type { Occasion } from './start.ts';
import type { WhyPassed } from './turn.ts';

export interface ChainResult {
  /** All were run; one failed and its settings stop the chain (`stopped`); or the listener ended the chain. */
  readonly how: 'complete' | 'stopped' | 'ended';
  /** Missing unless it was ended. */
  readonly cut?: ChainCut;
  readonly ran: number;
  readonly failed: number;
  readonly durationMs: number;
}

/** The hooks that the end of a chain cut off. */
export interface ChainCut {
  readonly why: EndReason;
  /** The hook that was ended with it. */
  readonly hook?: string;
  /** The hooks that had not begun. */
  readonly left: readonly Candidate[];
}

/** The starts of one engine's event hooks. */
export interface EventStarts {
  /** Returns whether a hook may be started now. */
  mayStart(): boolean;
  /** Runs `start` and counts its time. */
  start<Started>(start: () => Started): Started;
  /** Calls `again` once, when a hook may be started. */
  wait(again: () => void): void;
}

/** Called as a chain goes along; an index is that of the candidate. */
export interface ChainSteps {
  /** Returns why a hook is passed over, if it is: it counts as one that did not succeed. */
  readonly passed?: (index: number) => { readonly why: WhyPassed; readonly cuts: number } | undefined;
  /** Returns whether an earlier run of a hook was cut off. */
  readonly isRepeat?: (index: number) => boolean;
  /** Called right before a hook is started. */
  readonly starting?: (index: number) => void;
  /** Called when the process of the hook that was started last is there. */
  readonly started?: (process: ProcessIdentity) => void;
  /** Called when a hook came to its end; not for one that was ended because the listener ends. */
  readonly ended?: (index: number, success: boolean) => void;
  /** Called once, when the first was started, refused or passed over. */
  readonly begun?: () => void;
  /** Decides when each hook behind the first may start; at once where it is missing. */
  readonly starts?: EventStarts | undefined;
}

/**
 * Hooks that run one after the other.
 *
 * ```
 *   complete ──── one failed, its settings stop the chain ────▶ stopped
 *       └──────── end(), kill() ────────▶ ended ◀──────────────────┘
 * ```
 */
export class HookChain {
  /** Resolves when none runs any more. Never rejects. */
  readonly done: Promise<ChainResult>;
  readonly #host: HookHost;
  readonly #candidates: readonly Candidate[];
  readonly #occasion: Occasion;
  readonly #steps: ChainSteps;
  #how: ChainResult['how'] = 'complete';
  #why: EndReason | undefined;
  #current: HookAttempts | undefined;
  /** Ends the wait for the next start. */
  #goOn = () => {};

  private constructor(
    host: HookHost,
    candidates: readonly Candidate[],
    occasion: Occasion,
    steps: ChainSteps,
  ) {
    this.#host = host;
    this.#candidates = candidates;
    this.#occasion = occasion;
    this.#steps = steps;
    this.done = this.#run();
  }

  /** Runs these hooks. Each is checked just before it starts; the first has been started on return. */
  static start(
    host: HookHost,
    candidates: readonly Candidate[],
    occasion: Occasion,
    steps: ChainSteps = {},
  ): HookChain {
    return new HookChain(host, candidates, occasion, steps);
  }

  /** Returns the hook that runs. */
  current(): RunningHook | undefined {
    return this.#current?.current();
  }

  /** Ends the hook that runs and leaves the rest out. */
  end(why: EndReason): void {
    this.#stop(why);
    this.#current?.end(why);
  }

  /** Kills the hook that runs and leaves the rest out. */
  kill(why: EndReason): void {
    this.#stop(why);
    this.#current?.kill(why);
  }

  #stop(why: EndReason): void {
    this.#how = 'ended';
    this.#why ??= why;
    this.#goOn();
  }

  async #run(): Promise<ChainResult> {
    const began = performance.now();
    let ran = 0;
    let failed = 0;
    let cut: ChainCut | undefined;
    for (const [index, candidate] of this.#candidates.entries()) {
      if (index > 0 && this.#steps.starts !== undefined) await this.#mayStart(this.#steps.starts);
      if (this.#how !== 'complete') break;
      if (this.#isPassed(index, candidate)) continue;
      const hook = this.#start(index, candidate);
      if (hook === undefined) continue;
      this.#current = hook;
      const result = await hook.done;
      this.#current = undefined;
      const why = this.#why;
      if (result !== 'cut' || why !== 'listener-ends') this.#steps.ended?.(index, result === 'succeeded');
      ran += 1;
      if (result !== 'succeeded') {
        failed += 1;
        this.#stopAfter(candidate);
      }
      if (why !== undefined) cut = this.#cutAfter(index, result, why);
    }
    const durationMs = performance.now() - began;
    return { how: this.#how, ...(cut === undefined ? {} : { cut }), ran, failed, durationMs };
  }

  async #mayStart(starts: EventStarts): Promise<void> {
    while (this.#how === 'complete' && !starts.mayStart()) {
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
        starts.wait(resolve);
      });
    }
  }

  #isPassed(index: number, candidate: Candidate): boolean {
    const passed = this.#steps.passed?.(index);
    if (passed === undefined) return false;
    const { transition } = this.#occasion;
    if (index === 0) this.#steps.begun?.();
    this.#host.report({ kind: 'hook-passed', hook: candidate.name, transition, ...passed });
    this.#stopAfter(candidate);
    return true;
  }

  #start(index: number, candidate: Candidate): HookAttempts | undefined {
    const { isRepeat, starting, started, starts, begun } = this.#steps;
    const occasion = isRepeat?.(index) ? { ...this.#occasion, repeat: true } : this.#occasion;
    const begin = () =>
      HookAttempts.start(this.#host, candidate, occasion, {
        starting: starting && (() => starting(index)),
        started,
      });
    const hook = starts === undefined ? begin() : starts.start(begin);
    if (index === 0) begun?.();
    return hook;
  }

  /** Leaves out the hooks behind one that did not succeed, where its settings say so. */
  #stopAfter({ name }: Candidate): void {
    if (this.#how !== 'complete' || this.#host.settings.hooks.get(name)?.stopChainOnFailure !== true) return;
    this.#host.report({ kind: 'chain-stopped', hook: name, transition: this.#occasion.transition });
    this.#how = 'stopped';
  }

  #cutAfter(index: number, result: AttemptsResult, why: EndReason): ChainCut {
    const hook = this.#candidates[index]?.name;
    const wasCut = result === 'cut' && hook !== undefined;
    return { why, ...(wasCut ? { hook } : {}), left: this.#candidates.slice(index + 1) };
  }
}
