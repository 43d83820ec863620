import { type HookAttempts, type HookAtWork, startAttempts } from './attempts.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './host.ts';
import type { EndReason } from './run.ts';
import type { Occasion } from './start.ts';

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
  readonly ran: number;
  readonly failed: number;
  readonly durationMs: number;
}

/**
 * Runs these hooks, one after the other; each is checked just before it starts. The first has been started when this
 * returns.
 * @param begun called once, when the first has been started, or may not run
 */
export function runChain(
  host: HookHost,
  candidates: readonly Candidate[],
  occasion: Occasion,
  begun: () => void = () => {},
): HookChain {
  let current: HookAttempts | undefined;
  let how: ChainEnd['how'] = 'complete';

  async function runAll(): Promise<ChainEnd> {
    const began = performance.now();
    let ran = 0;
    let failed = 0;
    for (const [place, candidate] of candidates.entries()) {
      if (how !== 'complete') break;
      const hook = startAttempts(host, candidate, occasion);
      if (place === 0) begun();
      if (hook === undefined) continue;
      current = hook;
      const success = await hook.done;
      current = undefined;
      ran += 1;
      if (success) continue;
      failed += 1;
      if (how === 'complete' && host.settings.hooks.get(candidate.name)?.stopChainOnFailure === true) {
        host.report({ kind: 'chain-stopped', hook: candidate.name, transition: occasion.transition });
        how = 'stopped';
      }
    }
    return { how, ran, failed, durationMs: performance.now() - began };
  }

  return {
    done: runAll(),
    current: () => current?.current(),
    end(why) {
      how = 'ended';
      current?.end(why);
    },
    kill(why) {
      how = 'ended';
      current?.kill(why);
    },
  };
}
