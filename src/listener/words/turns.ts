import type { HookReport } from '../../hooks/report.ts';
import type { WhyPassed } from '../../hooks/turn.ts';
import { quote } from '../../system/shell-quote.ts';
import { error, info, plural, type WordsFor, warning } from '../../system/words.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../../watch/lifecycle/turn.ts';
import type { EventKinds } from '../events.ts';
import type { RecordedRest, TurnEntry } from '../journal/record.ts';
import type { TurnReport } from '../journal/turn-file.ts';
import type { CutTurnStatus } from '../status.ts';

type TurnKind = 'turn-continued' | 'turn-cut' | 'turn-dropped' | 'hook-passed';

/** Turns of hooks that a listener's end cut off. */
export const turnWords: EventKinds<Extract<HookReport, { readonly kind: TurnKind }>> = {
  'turn-continued': {
    words: ({ transition, rest }) => info(describeContinued(transition, rest)),
    record: ({ kind, transition, rest }) => ({ kind, transition, rest }),
  },
  'turn-cut': ({ transition, rest }) =>
    warning(`${label(transition)} is cut off by the end of the listener${describeRest(rest)}`),
  'turn-dropped': {
    words: ({ transition, rest, why }) => warning(describeDropped(transition, rest, why)),
    record: ({ kind, transition, why, rest }) => ({ kind, transition, why, rest }),
  },
  'hook-passed': {
    words: ({ hook, why, cuts }) => warning(describePassed(hook, why, cuts)),
    record: ({ kind, transition, hook, why, cuts }) => ({ kind, transition, hook, why, cuts }),
  },
};

/** The file that keeps how far turns are. */
export const turnFileWords: WordsFor<TurnReport> = {
  'turns-unreadable': ({ path, error: why }) =>
    warning(
      `Cannot read ${path}: ${why}. Hooks that were cut off with an earlier listener may not be gone on with`,
    ),
  'turns-not-kept': ({ path, error: why }) =>
    error(
      `Cannot write ${path}: ${why}. If the listener ends now, the next one does not know which hooks have run. ` +
        `Make room there. See: ls -l ${quote(path)}`,
    ),
  'turns-in-use': ({ path, pid }) =>
    warning(`Not keeping how far hooks are in ${path}: another listener writes there, pid ${pid}`),
  'turns-kept-again': ({ path }) => info(`${path} can be written again`),
};

/** A turn that a listener's end cut off, as the journal has it. */
export function describeTurn(turn: TurnEntry): string {
  switch (turn.kind) {
    case 'turn-continued':
      return describeContinued(turn.transition, turn.rest);
    case 'turn-dropped':
      return describeDropped(turn.transition, turn.rest, turn.why);
    case 'hook-passed':
      return describePassed(turn.hook, turn.why, turn.cuts);
    default:
      return turn satisfies never;
  }
}

/** A turn that the listener goes on with. */
function describeContinued(transition: Transition, rest: RecordedRest): string {
  return `Going on with ${label(transition)}, which an earlier end of the listener cut off${describeRest(rest)}`;
}

/** A turn of which the rest is not run. */
function describeDropped(transition: Transition, rest: RecordedRest, why: string): string {
  const reason = whyDropped[why as WhyDropped] ?? why;
  return `The rest of ${label(transition)} is left out: ${reason}${describeRest(rest)}`;
}

/** A hook that was cut off and is not run again. */
function describePassed(hook: string, why: string, cuts: number): string {
  const reason = whyPassed[why as WhyPassed] ?? why;
  return `${hook} was cut off ${plural(cuts, 'time')} by the end of the listener and is left out: ${reason}`;
}

const whyDropped: { readonly [why in WhyDropped]: string } = {
  'engine-stopped': 'Docker stops or has stopped',
  'another-run': 'another run of Docker is up',
  'not-repeated': 'the on_stop before it stands for it',
  'not-kept': 'it is not known how far it came, because its file could not be written',
};

const whyPassed: { readonly [why in WhyPassed]: string } = {
  'given-up': 'too often. If it restarts the listener itself, give systemctl --no-block',
  'repeat-off': 'its settings say repeat = false',
};

/** A turn that was cut off, as `status` has it. */
export function describeCutTurn({ event, sequence, phase, why, hook, left }: CutTurnStatus): string {
  const rest = { ...(hook === null ? {} : { cut: hook }), ...(left === null ? {} : { left }) };
  const becomes = {
    held: 'by the end of a listener; waiting to see what became of Docker',
    continued: 'by the end of a listener; gone on with',
    dropped: `by the end of a listener; the rest was left out: ${whyDropped[why as WhyDropped] ?? why}`,
  };
  return `on_${event} (${sequence}) ${becomes[phase]}${describeRest(rest)}`;
}

function describeRest({ cut, left, count = left?.length }: RecordedRest): string {
  const during = cut === undefined ? '' : `, during ${cut}`;
  if (left === undefined || count === undefined || count === 0) return during;
  const more = count > left.length ? ', …' : '';
  return `${during}; ${plural(count, 'hook')} had not begun: ${left.join(', ')}${more}`;
}

function label({ event, sequence }: Transition): string {
  return `on_${event} (${sequence})`;
}
