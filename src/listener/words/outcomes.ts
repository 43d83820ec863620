import type { EndReason, Outcome } from '../../hooks/run.ts';
import { type Level, seconds } from '../../system/words.ts';

/** The words for how a run of a hook ended. */
export interface OutcomeWords {
  readonly level: Level;
  /** The rest of a sentence that begins with the hook's name, in the log, `status` and `history`. */
  readonly log: string;
  readonly page: string;
}

/** Returns the words for how a run ended; for an outcome of a later version its kind. */
export function outcomeWords(outcome: Outcome, durationMs: number): OutcomeWords {
  const after = `after ${seconds(durationMs)}`;
  switch (outcome.kind) {
    case 'exited': {
      const { code } = outcome;
      if (code === 0) return { level: 'detail', log: `succeeded ${after}`, page: 'Succeeded' };
      return {
        level: 'error',
        log: `failed with exit code ${code} ${after}`,
        page: `Failed with exit code ${code}`,
      };
    }
    case 'killed':
      return {
        level: 'error',
        log: `was ended by ${outcome.signal} ${after}`,
        page: `Ended by ${outcome.signal}`,
      };
    case 'ended':
      return endedWords(outcome, after);
    case 'not-started':
      return { level: 'error', log: 'could not be started', page: `Could not be started (${outcome.code})` };
    default: {
      const { kind }: { readonly kind: string } = outcome satisfies never;
      return { level: 'error', log: `ended (${kind}) ${after}`, page: `Ended: ${kind}` };
    }
  }
}

/** Why a run was ended: as the end of a sentence in the log, and as a sentence on the page. */
const endReasons: { readonly [why in EndReason]: { readonly log: string; readonly page: string } } = {
  timeout: { log: 'it took too long', page: 'Took too long' },
  'engine-stops': { log: 'Docker stops', page: 'Docker stopped' },
  'listener-ends': { log: 'the listener ends', page: 'The listener ended' },
};

function endedWords({ why, how }: Extract<Outcome, { kind: 'ended' }>, after: string): OutcomeWords {
  const reason = endReasons[why] ?? { log: why, page: why };
  const log = `${after}, for ${reason.log}`;
  switch (how) {
    case 'terminated':
      return {
        level: why === 'timeout' ? 'error' : 'info',
        log: `was ended ${log}`,
        page: why === 'timeout' ? reason.page : `Ended: ${reason.page.replace(/^The /, 'the ')}`,
      };
    case 'killed':
      return {
        level: 'error',
        log: `took no notice of SIGTERM and was killed ${log}`,
        page: `${reason.page}, and it had to be killed`,
      };
    case 'given-up':
      return {
        level: 'error',
        log: `could not even be killed, and was given up ${log}: the kernel holds it, as over a file system that hangs`,
        page: `${reason.page}, and it could not be killed`,
      };
    default: {
      const unknown: string = how satisfies never;
      return { level: 'error', log: `was ended (${unknown}) ${log}`, page: `${reason.page} (${unknown})` };
    }
  }
}
