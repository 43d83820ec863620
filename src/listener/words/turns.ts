import type { HookReport } from '../../hooks/report.ts';
import type { TurnRest, WhyPassed } from '../../hooks/turn.ts';
import { quote } from '../../system/shell-quote.ts';
import { error, info, plural, type WordsFor, warning } from '../../system/words.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../../watch/lifecycle/turn.ts';
import type { EventKinds } from '../events.ts';
import type { TurnEntry } from '../journal/record.ts';
import type { TurnReport } from '../journal/turn-file.ts';
import type { CutTurnStatus } from '../status.ts';

type TurnKind = 'turn-continued' | 'turn-cut' | 'turn-dropped' | 'hook-passed';

/** Turns of hooks that a listener's end cut off. */
export const turnWords: EventKinds<Extract<HookReport, { readonly kind: TurnKind }>> = {
  'turn-continued': {
    words: (event) => info(describeTurn(event)),
    record: ({ kind, transition, rest }) => ({ kind, transition, rest }),
  },
  'turn-cut': ({ transition, rest }) =>
    warning(`${label(transition)} is cut off by the end of the listener${describeRest(rest)}`),
  'turn-dropped': {
    words: (event) => warning(describeTurn(event)),
    record: ({ kind, transition, why, rest }) => ({ kind, transition, why, rest }),
  },
  'hook-passed': {
    words: (event) => warning(describeTurn(event)),
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

/** Returns what became of a turn that the end of a listener cut off. */
export function describeTurn(turn: TurnEntry): string {
  switch (turn.kind) {
    case 'turn-continued':
      return `Going on with ${label(turn.transition)}, which an earlier end of the listener cut off${describeRest(turn.rest)}`;
    case 'turn-dropped':
      return `The rest of ${label(turn.transition)} is left out: ${whyDropped[turn.why] ?? turn.why}${describeRest(turn.rest)}`;
    case 'hook-passed':
      return `${turn.hook} was cut off ${plural(turn.cuts, 'time')} by the end of the listener and is left out: ${whyPassed[turn.why] ?? turn.why}`;
    default:
      return turn satisfies never;
  }
}

/** The outcome of a turn, for a cell of the page's table. */
export const turnOutcomes: { readonly [kind in TurnEntry['kind']]: string } = {
  'turn-continued': 'Continued after the listener’s restart',
  'turn-dropped': 'The rest was not run',
  'hook-passed': 'Cut off, and not run again',
};

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
    dropped: `by the end of a listener; the rest was left out: ${why === null ? '' : (whyDropped[why] ?? why)}`,
  };
  return `on_${event} (${sequence}) ${becomes[phase]}${describeRest(rest)}`;
}

function describeRest({ cut, left, count = left?.length }: TurnRest): string {
  const during = cut === undefined ? '' : `, during ${cut}`;
  if (left === undefined || count === undefined || count === 0) return during;
  const more = count > left.length ? ', …' : '';
  return `${during}; ${plural(count, 'hook')} had not begun: ${left.join(', ')}${more}`;
}

function label({ event, sequence }: Transition): string {
  return `on_${event} (${sequence})`;
}
