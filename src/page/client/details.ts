import type { HistoryEntry } from '../../listener/journal/history.ts';
import { describeEvent, troubleWords } from '../../listener/words/events.ts';
import { about, reasonWords, sources } from '../../listener/words/transitions.ts';
import { describeTurn } from '../../listener/words/turns.ts';
import { describeWarning } from '../../listener/words/warnings.ts';
import { printableText } from '../../system/printable.ts';
import { bytes, clock, seconds } from '../../system/words.ts';
import { refusalWords } from './attention.ts';
import { el, icon } from './dom.ts';
import { engineOf, isBad, type Run, timeOf, toneOf } from './model.ts';
import { outcomeOf, titleOf } from './words.ts';

/** Fetches an entry with its output; undefined if that fails. */
export type Fetch = (number: number) => Promise<HistoryEntry | undefined>;

/** Shows entries in the dialog, failures first. */
export function showDetails(dialog: HTMLDialogElement, entries: readonly HistoryEntry[], fetch: Fetch): void {
  const ordered = entries.toReversed().sort((one, other) => Number(isBad(other)) - Number(isBad(one)));
  const [first] = ordered;
  if (first === undefined) return;
  const close = el('button', { type: 'button', class: 'close', click: () => dialog.close() }, 'Close');
  const title = ordered.length === 1 ? titleOf(first) : `${ordered.length} entries`;
  dialog.replaceChildren(
    el('div', { class: 'bar' }, el('h2', { id: 'details-title' }, title), close),
    ...ordered.map((entry) => article(entry, ordered.length > 1, fetch)),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

/** Closes the dialog on a click beside it, as Esc does. */
export function closeOnClickBeside(dialog: HTMLDialogElement): void {
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close();
  });
}

function article(entry: HistoryEntry, titled: boolean, fetch: Fetch): HTMLElement {
  const heading = titled ? [el('h3', {}, titleOf(entry))] : [];
  const parts = entry.kind === 'run' ? [output(entry, fetch)] : [];
  return el(
    'article',
    {},
    ...heading,
    el('p', { class: `badge ${toneOf(entry)}` }, icon(toneOf(entry)), el('span', {}, outcomeOf(entry))),
    el(
      'dl',
      { class: 'facts' },
      ...factsOf(entry).flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)]),
    ),
    ...parts,
  );
}

function factsOf(entry: HistoryEntry): [term: string, text: string | Node][] {
  const at = new Date(timeOf(entry));
  const date = at.toLocaleDateString(undefined, { dateStyle: 'medium' });
  const when: [string, Node] = [
    'At',
    el('time', { datetime: at.toISOString() }, `${clock(at, at)}, ${date}`),
  ];
  const rest: [string, string][] = [
    ['Engine', printableText(engineOf(entry))],
    ['In the journal', `number ${entry.number}`],
  ];
  switch (entry.kind) {
    case 'transition': {
      const { source, sequence, run, software } = entry.transition;
      const pid = /^(\d+)@/.exec(run ?? '')?.[1];
      return [
        when,
        ['Reported by', about(software, sources[source].page)],
        ...(pid === undefined ? [] : ([['Process', pid]] as [string, string][])),
        ['Transition', String(sequence)],
        ...rest,
      ];
    }
    case 'refusal': {
      const { found, fix } = refusalWords(entry);
      return [when, ['Found', found], ['Fix', el('code', { class: 'command' }, fix)], ...rest];
    }
    case 'warning': {
      const { found, fix } = describeWarning(entry.name, entry.warning);
      return [when, ['Found', printableText(found)], ['Fix', printableText(fix)], ...rest];
    }
    case 'listener-failed':
      return [when, ['Error', printableText(entry.error)], ['At', printableText(entry.at)], ...rest];
    case 'left-out':
      return [
        when,
        ['Because', about(entry.transition.software, reasonWords(entry.transition.reason).because)],
        ...rest,
      ];
    case 'run': {
      const { transition, told, end } = entry;
      const took: [string, string][] = end === undefined ? [] : [['Took', seconds(end.durationMs)]];
      const because =
        told === undefined
          ? about(transition.software, reasonWords(transition.reason).because)
          : describeEvent(told);
      return [when, ...took, ['Because', because], ...rest];
    }
    case 'turn':
      return [when, ['Found', printableText(describeTurn(entry.turn))], ...rest];
    case 'trouble': {
      return [when, ['Found', troubleWords(entry.trouble).found], ...rest];
    }
    default:
      return entry satisfies never;
  }
}

/** Shows a hook's output: that of the entry, or fetched. */
function output(entry: Run, fetch: Fetch): HTMLElement {
  const holder = el('div', { class: 'output' });
  const { end } = entry;
  if (end === undefined) {
    holder.append(el('p', { class: 'faint' }, 'What it prints is shown when it has ended.'));
  } else if (end.outputBytes === 0) {
    holder.append(el('p', { class: 'faint' }, 'It printed nothing.'));
  } else if (end.output !== undefined) {
    holder.append(...printed(end.output, end.outputBytes));
  } else {
    holder.append(el('p', { class: 'faint' }, 'Asking what it printed…'));
    void fetch(entry.number).then((found) => {
      const known = found?.kind === 'run' ? found.end?.output : undefined;
      const lost = `What it printed is not here. Ask: docker-lifecycle-listener history show ${entry.number}`;
      holder.replaceChildren(
        ...(known === undefined ? [el('p', { class: 'faint' }, lost)] : printed(known, end.outputBytes)),
      );
    });
  }
  return holder;
}

function printed(text: string, all: number): HTMLElement[] {
  const isCut = new TextEncoder().encode(text).length < all;
  const title = isCut ? `Output: the last of ${bytes(all)}` : 'Output';
  const box = el('pre', { tabindex: 0, role: 'region', 'aria-label': title }, text.replace(/\n$/, ''));
  return [el('h3', {}, title), box];
}
