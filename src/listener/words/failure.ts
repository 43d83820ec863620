import type { Failure } from '../failures.ts';
import { describeEnd } from './hooks.ts';
import { describeRefusal } from './refusal.ts';
import { describeWarning } from './warnings.ts';

/** What went wrong with a hook, and what mends it or tells more. */
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

/** What was found, without the path again where it is that of the hook or folder which has just been named. */
export function aboutIt(
  found: string,
  { name, path }: { readonly name: string; readonly path: string },
): string {
  return path.endsWith(`/${name}`) && found.startsWith(`${path} `) ? `it${found.slice(path.length)}` : found;
}
