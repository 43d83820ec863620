import type { Failure } from '../failures.ts';
import { describeEnd } from './hooks.ts';
import { describeRefusal } from './refusal.ts';
import { describeWarning } from './warnings.ts';

/** Returns what went wrong with a hook, and the fix or what it printed last. */
export function describeFailure(failure: Failure): { readonly text: string; readonly fix: string } {
  switch (failure.kind) {
    case 'refused': {
      const { found, fix } = describeRefusal(failure);
      return { text: `${failure.name} refused: ${aboutIt(found, failure)}`, fix };
    }
    case 'failed': {
      const { name, outcome, durationMs, lastLine } = failure;
      return {
        text: describeEnd(name, outcome, durationMs).text,
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

/** Returns what was found with "it" for the path of the hook or folder that the sentence has just named. */
export function aboutIt(
  found: string,
  { name, path }: { readonly name: string; readonly path: string },
): string {
  return path.endsWith(`/${name}`) && found.startsWith(`${path} `) ? `it${found.slice(path.length)}` : found;
}
