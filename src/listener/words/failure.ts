import type { HookRefusalCause } from '../../hooks/admit.ts';
import type { Outcome } from '../../hooks/run.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { Failure } from '../failures.ts';
import type { RecordedCause, RecordedOutcome, WhyLeftOut } from '../journal/record.ts';
import { describeEnd } from './hooks.ts';
import { describeRefusal } from './refusal.ts';
import { describeWarning } from './warnings.ts';

/** What went wrong with a hook, and what mends it or tells more. */
export function describeFailure(failure: Failure): { readonly text: string; readonly fix: string } {
  switch (failure.kind) {
    case 'refused': {
      const { found, fix } = describeRecordedRefusal(failure.path, failure.cause);
      return { text: `${failure.name} refused: ${aboutIt(found, failure)}`, fix };
    }
    case 'failed': {
      const { name, outcome, durationMs, lastLine } = failure;
      return {
        text: describeRecordedEnd(name, outcome, durationMs),
        fix: lastLine === '' ? 'It printed nothing' : `It said: ${lastLine}`,
      };
    }
    case 'warned': {
      const { found, fix } = describeWarning(failure.name, failure.warning);
      return { text: found, fix: fix };
    }
    default:
      return failure satisfies never;
  }
}

/** What was found, without the path again where it is that of the hook or folder which has just been named. */
export function aboutIt(
  found: string,
  { name, path }: { readonly name: string; readonly path: string },
): string {
  return path.endsWith(`/${name}`) && found.startsWith(`${path} `) ? `it${found.slice(path.length)}` : found;
}

/** A refusal as the journal has it; one of a later version by its kind alone. */
export function describeRecordedRefusal(path: string, cause: RecordedCause): { found: string; fix: string } {
  const words = describeRefusal({ path, cause: cause as HookRefusalCause }) as
    | { found: string; fix: string }
    | undefined;
  return words ?? { found: `${path}: ${cause.kind}`, fix: 'See docs/journal.md' };
}

/** The end of a run as the journal has it. */
export function describeRecordedEnd(hook: string, outcome: RecordedOutcome, durationMs: number): string {
  return describeEnd(hook, outcome as Outcome, durationMs).text;
}

/** Why none of the hooks of a transition were run, as the journal has it. */
export function describeLeftOut({ event }: Transition, why: WhyLeftOut): string {
  return `on_${event} left out: ${whyLeftOut[why] ?? why}`;
}

/** By words that a later version may add to. */
const whyLeftOut: { readonly [why in WhyLeftOut]?: string } = {
  overtaken: 'Docker stopped again before it could begin',
  'not-repeated': 'on_start has not run since the last one',
  'too-many': 'too much waited already',
  withdrawn: 'the client that asked for it has gone before it began',
};
