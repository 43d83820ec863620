import type { HistoryEntry } from '../../listener/journal/entry.ts';
import { troubleWords } from '../../listener/words/events.ts';
import { outcomeWords } from '../../listener/words/outcomes.ts';
import { engineName, leftOut, reasonWords } from '../../listener/words/transitions.ts';
import { turnOutcomes } from '../../listener/words/turns.ts';
import { describeWarning } from '../../listener/words/warnings.ts';
import { printableText } from '../../system/printable.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { Run } from './model.ts';

/** Returns a title for an entry, safe to show whatever a hook is called. */
export function titleOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'transition':
      return transitionTitle(entry.transition);
    case 'run':
      return printableText(entry.hook);
    case 'refusal':
    case 'warning':
      return printableText(entry.name);
    case 'left-out':
      return `on_${entry.transition.event}`;
    case 'turn':
      return entry.turn.kind === 'hook-passed'
        ? printableText(entry.turn.hook)
        : `on_${entry.turn.transition.event}`;
    case 'trouble':
      return 'Docker’s events';
    case 'listener-failed':
      return 'The listener';
    default:
      return entry satisfies never;
  }
}

function transitionTitle({ event, reason, again, software }: Transition): string {
  const isAgain = event === 'start' && reason === 'listener-started' && again;
  return `${engineName(software)} ${reasonWords(reason)[event].page}${isAgain ? ' again' : ''}`;
}

/** Returns the outcome of an entry. */
export function outcomeOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'transition':
      return entry.transition.event === 'start' ? 'Up' : 'Down';
    case 'refusal':
      return 'Refused';
    case 'warning':
      return describeWarning(entry.name, entry.warning).page;
    case 'left-out':
      return leftOut[entry.why]?.page ?? 'Not run';
    case 'run':
      return runOutcome(entry);
    case 'turn':
      return turnOutcomes[entry.turn.kind];
    case 'trouble':
      return troubleWords(entry.trouble).page;
    case 'listener-failed':
      return 'Ended by an error of its own';
    default:
      return entry satisfies never;
  }
}

function runOutcome({ end, interrupted }: Run): string {
  if (interrupted) return 'Ran when the listener was killed';
  return end === undefined ? 'Running' : printableText(outcomeWords(end.outcome, end.durationMs).page);
}

/** Formats a part of a whole, from 0 to 1. Nothing less than the whole is 100 %. */
export function percent(part: number): string {
  if (part >= 1) return '100 %';
  const shown = Math.floor(part * 1000) / 10;
  return `${part > 0.99 ? (Math.floor(part * 10_000) / 100).toFixed(2) : shown.toFixed(1)} %`;
}
