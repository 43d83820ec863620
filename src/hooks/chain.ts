import type { ProcessIdentity } from '../system/processes.ts';
import { type AttemptsEnd, type HookAttempts, type HookAtWork, startAttempts } from './attempts.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason } from './run.ts';
import type { Occasion } from './start.ts';
import type { WhyPassed } from './turn-plan.ts';

/** Hooks that are being run one after the other. */
export interface HookChain {
  /** Resolves when none runs any more, with how that came. Never rejects. */
  readonly done: Promise<ChainEnd>;
  /** The one that runs. */
  current(): HookAtWork | undefined;
  /** Ends the one that runs and leaves the rest out. */
  end(why: EndReason): void;
  /** Kills the one that runs and leaves the rest out. */
  kill(why: EndReason): void;
}

export interface ChainEnd {
  /** Whether all were run; whether one failed after which, by the settings, no other runs; whether it was ended. */
  readonly how: 'complete' | 'stopped' | 'ended';
  /** How it was ended, if it was. */
  readonly cut?: ChainCut;
  readonly ran: number;
  readonly failed: number;
  readonly durationMs: number;
}

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
  /** Returns why a hook is not run, if it is not: it counts as one that did not succeed. */
  readonly passed?: (index: number) => { readonly why: WhyPassed; readonly cuts: number } | undefined;
  /** Returns whether an earlier run of a hook was cut off. */
  readonly isRepeat?: (index: number) => boolean;
  /** Called right before a hook is started. */
  readonly starting?: (index: number) => void;
  /** Called when the process of the hook that was started last is there. */
  readonly started?: (process: ProcessIdentity) => void;
  /** Called when a hook came to its end; not for one that was ended because the listener ends. */
  readonly ended?: (index: number, success: boolean) => void;
  /** Called once, when the first has been started, or may not run. */
  readonly begun?: () => void;
  /** Decides when each hook behind the first may start; at once where it is missing. */
  readonly starts?: EventStarts | undefined;
}

/**
 * Runs these hooks, one after the other; each is checked just before it starts. The first has been started when this
 * returns.
 */
export function runChain(
  host: HookHost,
  candidates: readonly Candidate[],
  occasion: Occasion,
  steps: ChainSteps = {},
): HookChain {
  let current: HookAttempts | undefined;
  let how: ChainEnd['how'] = 'complete';
  let why: EndReason | undefined;
  /** Ends the wait for the next start. */
  let goOn = () => {};

  function start(index: number, candidate: Candidate): HookAttempts | undefined {
    const repeat = steps.isRepeat?.(index) === true;
    const own = { ...occasion, ...(repeat ? { repeat } : {}) };
    const begin = () =>
      startAttempts(host, candidate, own, {
        starting: () => steps.starting?.(index),
        started: (process) => steps.started?.(process),
      });
    const hook = steps.starts === undefined ? begin() : steps.starts.start(begin);
    if (index === 0) steps.begun?.();
    return hook;
  }

  async function waitForStart({ mayStart, wait }: EventStarts): Promise<void> {
    while (how === 'complete' && !mayStart()) {
      await new Promise<void>((resolve) => {
        goOn = resolve;
        wait(resolve);
      });
    }
  }

  /** Without a success of this one those after it may not run. */
  function stopAfter({ name }: Candidate): void {
    if (how !== 'complete' || host.settings.hooks.get(name)?.stopChainOnFailure !== true) return;
    host.report({ kind: 'chain-stopped', hook: name, transition: occasion.transition });
    how = 'stopped';
  }

  async function runAll(): Promise<ChainEnd> {
    const began = performance.now();
    let ran = 0;
    let failed = 0;
    let cut: ChainCut | undefined;
    for (const [index, candidate] of candidates.entries()) {
      if (index > 0 && steps.starts !== undefined) await waitForStart(steps.starts);
      if (how !== 'complete') break;
      const passed = steps.passed?.(index);
      if (passed !== undefined) {
        const { transition } = occasion;
        host.report({ kind: 'hook-passed', hook: candidate.name, transition, ...passed });
        stopAfter(candidate);
        continue;
      }
      const hook = start(index, candidate);
      if (hook === undefined) continue;
      current = hook;
      const end = await hook.done;
      current = undefined;
      if (end !== 'cut' || why !== 'listener-ends') steps.ended?.(index, end === 'succeeded');
      ran += 1;
      if (end !== 'succeeded') {
        failed += 1;
        stopAfter(candidate);
      }
      if (why !== undefined) cut = cutAfter(index, end, why);
    }
    const figures = { ran, failed, durationMs: performance.now() - began };
    return { how, ...(cut === undefined ? {} : { cut }), ...figures };
  }

  function cutAfter(index: number, end: AttemptsEnd, reason: EndReason): ChainCut {
    const hook = candidates[index]?.name;
    const wasCut = end === 'cut' && hook !== undefined;
    return { why: reason, ...(wasCut ? { hook } : {}), left: candidates.slice(index + 1) };
  }

  function over(reason: EndReason, act: (hook: HookAttempts) => void): void {
    how = 'ended';
    why ??= reason;
    goOn();
    if (current !== undefined) act(current);
  }

  return {
    done: runAll(),
    current: () => current?.current(),
    end: (reason) => over(reason, (hook) => hook.end(reason)),
    kill: (reason) => over(reason, (hook) => hook.kill(reason)),
  };
}
