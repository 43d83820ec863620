import { printableText } from '../../system/printable.ts';
import { clock, plural } from '../../system/words.ts';
import type { EngineStatus, StatedHook } from '../status.ts';
import { describeEvent } from './events.ts';
import { reasonWords } from './transitions.ts';

/** A hook, or a folder of hooks, that runs, waits or collects events. */
export interface Activity {
  readonly state: 'running' | 'waiting' | 'refused';
  readonly name: string;
  /** The words after the name. */
  readonly text: string;
  /** The age of this time, in ms since the epoch, stands after the words. */
  readonly since?: number;
}

/** Returns an engine's hooks at work: of its transitions, of its events, and those that are kept running. */
export function activitiesOf({ hooks, events }: EngineStatus, now: Date): readonly Activity[] {
  const { current, waiting, kept } = hooks;
  return [
    ...(current === null || current.hook === null ? [] : [hookActivity(current.hook, now)]),
    ...waiting.map(
      ({ event, reason }): Activity => ({
        state: 'waiting',
        name: `on_${event}`,
        text: `waits: ${reasonWords(reason).because}`,
      }),
    ),
    ...kept.map(keptActivity),
    ...(events?.running ?? []).flatMap(({ told, hook }) =>
      hook === null ? [] : [hookActivity(hook, now, `(${describeEvent(told)}) `)],
    ),
    ...(events?.collecting ?? []).map(
      ({ hook, events: count, since }): Activity => ({
        state: 'waiting',
        name: printableText(hook),
        text: `collects: ${plural(count, 'event')} in`,
        since: Date.parse(since),
      }),
    ),
  ];
}

function hookActivity({ name, since, attempt }: StatedHook, now: Date, cause = ''): Activity {
  const isRetried = attempt !== undefined && attempt.at !== null;
  if (isRetried)
    return { state: 'waiting', name: printableText(name), text: `${cause}${retryWords(attempt, now)}` };
  const which =
    attempt === undefined || attempt.number === 1 ? '' : ` attempt ${attempt.number} of ${attempt.most}`;
  return {
    state: 'running',
    name: printableText(name),
    text: `${cause}runs${which} for`,
    since: Date.parse(since),
  };
}

/** Returns the words for a hook that failed and is about to be retried. */
export function retryWords({ number, most, at }: NonNullable<StatedHook['attempt']>, now: Date): string {
  const time = at === null ? '' : ` at ${clock(new Date(at), now)}`;
  return `failed: attempt ${number} of ${most}${time}`;
}

function keptActivity({ name, phase, at }: EngineStatus['hooks']['kept'][number]): Activity {
  const shown = printableText(name);
  switch (phase) {
    case 'running':
      return {
        state: 'running',
        name: shown,
        text: 'is kept running for',
        ...(at === null ? {} : { since: Date.parse(at) }),
      };
    case 'waiting':
      return { state: 'waiting', name: shown, text: 'has ended, and is started again soon' };
    case 'out':
      return { state: 'refused', name: shown, text: 'may not run' };
    default:
      return phase satisfies never;
  }
}
