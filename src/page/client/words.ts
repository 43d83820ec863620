import type { HistoryEntry } from '../../listener/journal/history.ts';
import type { EventTrouble, HookWarning, TurnEntry, WhyLeftOut } from '../../listener/journal/record.ts';
import { printableText } from '../../system/printable.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { Run } from './model.ts';

/** What an entry is, in a few words; safe to show whatever a hook is called. */
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

function transitionTitle({ event, reason, again }: Transition): string {
  if (event === 'start') {
    if (reason === 'listener-started') {
      return again ? 'Docker was up when the listener began again' : 'Docker was up when the listener began';
    }
    return reason === 'unseen' ? 'Docker was up again' : 'Docker started';
  }
  switch (reason) {
    case 'crash':
      return 'Docker crashed or was killed';
    case 'unreachable':
      return 'Docker did not answer any more';
    case 'unseen':
      return 'Docker was restarted unseen';
    case 'listener-started':
      return 'Docker had stopped while nobody watched';
    default:
      return 'Docker was shut down';
  }
}

/** What came of an entry. */
export function outcomeOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'transition':
      return entry.transition.event === 'start' ? 'Up' : 'Down';
    case 'refusal':
      return 'Refused';
    case 'warning':
      return warned[entry.warning.kind] ?? 'Needs a look';
    case 'left-out':
      return leftOut[entry.why] ?? 'Not run';
    case 'run':
      return runOutcome(entry);
    case 'turn':
      return turnWords[entry.turn.kind];
    case 'trouble':
      return troubleWords[entry.trouble.kind];
    case 'listener-failed':
      return 'Ended by an error of its own';
    default:
      return entry satisfies never;
  }
}

const turnWords: { readonly [kind in TurnEntry['kind']]: string } = {
  'turn-continued': 'Continued after the listener’s restart',
  'turn-dropped': 'The rest was not run',
  'hook-passed': 'Cut off, and not run again',
};

const troubleWords: { readonly [kind in EventTrouble['kind']]: string } = {
  'events-gap': 'Made good',
  'event-given-up': 'Given up',
  'events-overflow-over': 'Too many',
};

function runOutcome({ end, interrupted }: Run): string {
  if (interrupted) return 'Ran when the listener was killed';
  if (end === undefined) return 'Running';
  const { outcome } = end;
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0 ? 'Succeeded' : `Failed with exit code ${outcome.code}`;
    case 'killed':
      return `Ended by ${printableText(outcome.signal)}`;
    case 'ended':
      return endedBecause(outcome.why, outcome.how);
    case 'not-started':
      return `Could not be started (${printableText(outcome.code)})`;
    default:
      return outcome satisfies never;
  }
}

function endedBecause(why: string, how: string): string {
  const reason =
    why === 'timeout' ? 'Took too long' : why === 'engine-stops' ? 'Docker stopped' : 'The listener ended';
  if (how === 'killed') return `${reason}, and it had to be killed`;
  if (how === 'given-up') return `${reason}, and it could not be killed`;
  return why === 'timeout'
    ? reason
    : `Ended: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`.replace('docker', 'Docker');
}

/** By words that a later version may add to. */
const warned: { readonly [kind in HookWarning['kind']]?: string } = {
  'stop-deadlock': 'Waits for Docker’s stop, which waits for it',
  'stop-wait-exceeded': 'Took longer than Docker’s stop waits',
  'engine-stopped-during': 'Ran each time that Docker stopped',
};

const leftOut: { readonly [why in WhyLeftOut]?: string } = {
  overtaken: 'Not run: Docker stopped first',
  'not-repeated': 'Not run again: on_start had not begun',
  'too-many': 'Not run: too much waited',
  withdrawn: 'Not run: the client that asked has gone',
};

/** Who told of a transition. */
export const tellers: { readonly [source in Transition['source']]: string } = {
  engine: 'Docker itself',
  notifier: 'a notifier',
  companion: 'its service',
  request: 'somebody who asked',
};

/** Why hooks were run. */
export const reasons: { readonly [reason in Transition['reason']]: string } = {
  'listener-started': 'the listener began',
  'engine-started': 'Docker started',
  shutdown: 'Docker was shut down',
  crash: 'Docker crashed or was killed',
  unreachable: 'Docker did not answer any more',
  unseen: 'Docker was restarted unseen',
  requested: 'somebody asked for it',
};

/** A part of a whole, from 0 to 1, that says 100 % only of all of it. */
export function percent(part: number): string {
  if (part >= 1) return '100 %';
  const shown = Math.floor(part * 1000) / 10;
  return `${part > 0.99 ? (Math.floor(part * 10_000) / 100).toFixed(2) : shown.toFixed(1)} %`;
}
