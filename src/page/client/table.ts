import type { HistoryEntry } from '../../listener/journal/history.ts';
import { printableText } from '../../system/printable.ts';
import { clock, seconds } from '../../system/words.ts';
import { el, icon } from './dom.ts';
import { engineOf, isBad, isTransition, timeOf, toneOf } from './model.ts';
import { enginesOf, type Filter, type View } from './view.ts';
import { outcomeOf, titleOf } from './words.ts';

/**
 * Makes a table of all entries, newest first, as the accessible form of the time line. It sets the roles, because browsers
 * drop them from a table whose rows have another layout, as on a narrow page.
 */
export function table(
  view: View,
  open: (entries: readonly HistoryEntry[]) => void,
  more: () => void,
): HTMLElement[] {
  const fitting = view.entries.filter((entry) => fits(entry, view.filter)).reverse();
  if (fitting.length === 0) return [el('p', { class: 'empty' }, nothing[view.filter])];
  const several = enginesOf(view).length > 1;
  const head = ['Time', 'What', 'Outcome', 'Took', ...(several ? ['Engine'] : [])];
  const rows = fitting.slice(0, view.rows).map((entry) => row(entry, several, open));
  const left = fitting.length - rows.length;
  return [
    el(
      'table',
      { role: 'table' },
      el('caption', { class: 'unseen' }, 'What happened, the newest first'),
      el(
        'thead',
        {},
        el(
          'tr',
          { role: 'row' },
          ...head.map((text) =>
            el('th', { scope: 'col', role: 'columnheader', class: text.toLowerCase() }, text),
          ),
        ),
      ),
      el('tbody', { role: 'rowgroup' }, ...rows),
    ),
    ...(left > 0
      ? [
          el(
            'button',
            { type: 'button', class: 'more', 'data-key': 'more', click: more },
            `Show ${Math.min(left, 100)} older`,
          ),
        ]
      : []),
  ];
}

function fits(entry: HistoryEntry, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'docker':
      return isTransition(entry);
    case 'hooks':
      return !isTransition(entry);
    case 'failed':
      return isBad(entry);
    default:
      return filter satisfies never;
  }
}

const nothing: { readonly [filter in Filter]: string } = {
  all: 'Nothing has happened yet.',
  docker: 'Docker has neither started nor stopped.',
  hooks: 'No hook has run.',
  failed: 'Nothing has gone wrong.',
};

function row(
  entry: HistoryEntry,
  several: boolean,
  open: (entries: readonly HistoryEntry[]) => void,
): HTMLElement {
  const at = new Date(timeOf(entry));
  const tone = toneOf(entry);
  const took = entry.kind === 'run' && entry.end !== undefined ? seconds(entry.end.durationMs) : '';
  return el(
    'tr',
    { role: 'row', class: isTransition(entry) ? 'transition' : tone },
    el(
      'td',
      { role: 'cell', class: 'time' },
      el('time', { datetime: at.toISOString() }, clock(at, new Date())),
    ),
    el(
      'td',
      { role: 'cell', class: 'what' },
      el(
        'button',
        { type: 'button', class: 'link', 'data-key': `row-${entry.number}`, click: () => open([entry]) },
        titleOf(entry),
      ),
    ),
    el('td', { role: 'cell', class: 'outcome' }, icon(tone), el('span', {}, outcomeOf(entry))),
    el('td', { role: 'cell', class: 'took' }, took),
    several && el('td', { role: 'cell', class: 'engine' }, printableText(engineOf(entry))),
  );
}
