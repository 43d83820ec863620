import type { HistoryEntry } from '../../listener/journal/history.ts';
import { reasonWords } from '../../listener/words/transitions.ts';
import { printableText } from '../../system/printable.ts';
import { age, clock } from '../../system/words.ts';
import { el, icon, place } from './dom.ts';

import { type Mark, marksOf, ticksOf } from './marks.ts';
import { engineOf, isTransition, nameOf, type Period, periodsOf, timeOf, toneOf, within } from './model.ts';
import { type EngineView, enginesOf, lastLook, spanOf, type View } from './view.ts';
import { outcomeOf, titleOf } from './words.ts';

type Span = readonly [from: number, to: number];

/** The least distance of two marks in pixels: a finger's width (WCAG 2.5.8). */
const finger = 24;
/** The room for a label of the axis, in pixels. */
const labelWidth = 92;

/**
 * Draws each engine's ups and downs, and below them a lane for each hook.
 * @param width of the lanes, in pixels
 * @param current the key of the mark that Tab leads to; without it, the last mark
 */
export function timeline(
  view: View,
  width: number,
  current: string | undefined,
  open: (entries: readonly HistoryEntry[]) => void,
): HTMLElement[] {
  const span = spanOf(view);
  const engines = enginesOf(view);
  const pictures = engines.map((engine) => {
    const lanes = [
      engineLane(view, engine, span, width, open),
      ...hookLanes(view, engine.name, span, width, open),
    ];
    const picture = el(
      'div',
      {
        class: 'picture',
        role: 'group',
        'aria-label': `Time line of ${printableText(engine.name)}; the arrow keys go from mark to mark`,
      },
      ...(engines.length > 1 ? [el('h3', {}, printableText(engine.name))] : []),
      el('div', { class: 'lanes' }, grid(span, width), ...lanes),
      axis(span, width),
    );
    makeRoving(picture, current);
    return picture;
  });
  return pictures;
}

function engineLane(
  view: View,
  { name }: EngineView,
  span: Span,
  width: number,
  open: (entries: readonly HistoryEntry[]) => void,
): HTMLElement {
  const periods = periodsOf(view.entries, name, span, lastLook(view));
  const transitions = view.entries.filter(
    (entry) => isTransition(entry) && engineOf(entry) === name && within(entry, span),
  );
  return lane('Docker', 'engine', [
    ...periods.map((period) => stretch(period, span, width)),
    ...marksOf(transitions, span, finger / width).map((mark) => button(mark, open)),
  ]);
}

/** Draws a period: a high block while Docker is up, else a line. */
function stretch({ state, from, to, by }: Period, [start, end]: Span, width: number): HTMLElement {
  const part = (to - from) / (end - start);
  const bad = state === 'down' && by !== undefined && reasonWords(by.reason).isFailure;
  const words = { up: 'Up', down: 'Down', unknown: 'Not known' }[state];
  const text = `${words} ${age(to - from)}`;
  const room = part * width;
  return place(
    el(
      'div',
      {
        class: `stretch ${state}${bad ? ' bad' : ''}`,
        title: `${text}, from ${clockOf(from)} to ${clockOf(to)}`,
      },
      [text, words].filter((one) => room > 44 + 8 * one.length).map((one) => el('span', {}, one))[0],
    ),
    (from - start) / (end - start),
    part,
  );
}

function hookLanes(
  { entries, now }: View,
  engine: string,
  span: Span,
  width: number,
  open: (entries: readonly HistoryEntry[]) => void,
): HTMLElement[] {
  const [start, end] = span;
  const byName = new Map<string, HistoryEntry[]>();
  for (const entry of entries) {
    if (isTransition(entry) || entry.kind === 'trouble' || entry.kind === 'listener-failed') continue;
    if (engineOf(entry) !== engine || !within(entry, span)) continue;
    const name = nameOf(entry);
    byName.set(name, [...(byName.get(name) ?? []), entry]);
  }
  const names = [...byName.keys()].sort();
  return names.map((name) => {
    const here = byName.get(name) ?? [];
    const bars = here.flatMap((entry) => {
      const from = Math.max(timeOf(entry), start);
      const until = Math.min(endOf(entry, now), end);
      const part = (until - from) / (end - start);
      if (part * width < finger / 2) return [];
      return [place(el('div', { class: `run ${toneOf(entry)}` }), (from - start) / (end - start), part)];
    });
    const marks = marksOf(here, span, finger / width).map((mark) => button(mark, open));
    return lane(printableText(name), 'hook', [...bars, ...marks]);
  });
}

function endOf(entry: HistoryEntry, now: number): number {
  if (entry.kind !== 'run' || entry.interrupted) return timeOf(entry);
  return entry.end === undefined ? now : timeOf(entry) + entry.end.durationMs;
}

function lane(label: string, kind: 'engine' | 'hook', track: HTMLElement[]): HTMLElement {
  const [folder, ...rest] = label.split('/');
  const name =
    kind === 'hook' && rest.length > 0 && folder !== ''
      ? [el('span', { class: 'folder' }, `${folder}/`), rest.join('/')]
      : [label];
  return el(
    'div',
    { class: `lane ${kind}` },
    el('div', { class: 'label', title: label }, ...name),
    el('div', { class: 'track' }, ...track),
  );
}

function button(mark: Mark, open: (entries: readonly HistoryEntry[]) => void): HTMLElement {
  const { shown, entries, at } = mark;
  const many = entries.length > 1 ? `${entries.length} entries, among them: ` : '';
  const text = `${many}${titleOf(shown)}, ${lower(outcomeOf(shown))}, ${clockOf(timeOf(shown))}`;
  const side = at < 0.2 ? ' at-start' : at > 0.8 ? ' at-end' : '';
  return place(
    el(
      'button',
      {
        type: 'button',
        class: `mark${side}`,
        tabindex: -1,
        'aria-label': text,
        'data-tip': text,
        // The oldest entry stays the same while others join it.
        'data-key': `mark-${entries[0]?.number}`,
        click: () => open(entries),
      },
      icon(toneOf(shown)),
      entries.length > 1 ? el('span', { class: 'count' }, String(entries.length)) : undefined,
    ),
    at,
  );
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function clockOf(at: number): string {
  return clock(new Date(at), new Date());
}

function grid(span: Span, width: number): HTMLElement {
  const [start, end] = span;
  const lines = ticksOf(span, Math.floor(width / labelWidth)).map((at) =>
    place(el('div', { class: 'line' }), (at - start) / (end - start)),
  );
  return el('div', { class: 'grid', 'aria-hidden': 'true' }, ...lines);
}

function axis(span: Span, width: number): HTMLElement {
  const [start, end] = span;
  const labels = ticksOf(span, Math.floor(width / labelWidth)).map((at) =>
    place(el('span', {}, tickText(at, end - start)), (at - start) / (end - start)),
  );
  return el('div', { class: 'axis', 'aria-hidden': 'true' }, el('div', { class: 'ticks' }, ...labels));
}

function tickText(at: number, length: number): string {
  const date = new Date(at);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (length > 36 * 3_600_000 || isMidnight) {
    if (isMidnight) return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  }
  const seconds = length < 300_000 ? ({ second: '2-digit' } as const) : {};
  return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', ...seconds });
}

/** Makes one mark the stop for Tab. Arrow keys lead on: left and right in a lane, up and down to the nearest mark. */
function makeRoving(picture: HTMLElement, current: string | undefined): void {
  const rows = [...picture.querySelectorAll('.lane')]
    .map((row) => [...row.querySelectorAll<HTMLElement>('.mark')])
    .filter((row) => row.length > 0);
  const all = rows.flat();
  const first = all.find(({ dataset }) => dataset.key === current) ?? rows[0]?.at(-1);
  if (first !== undefined) first.tabIndex = 0;

  picture.addEventListener('keydown', (event) => {
    const { target } = event;
    const row = rows.findIndex((one) => one.includes(target as HTMLElement));
    const marks = rows[row];
    if (marks === undefined || !(target instanceof HTMLElement)) return;
    const index = marks.indexOf(target);
    const next = {
      ArrowLeft: marks[index - 1],
      ArrowRight: marks[index + 1],
      Home: marks[0],
      End: marks.at(-1),
      ArrowUp: nearest(rows[row - 1], target),
      ArrowDown: nearest(rows[row + 1], target),
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    for (const mark of all) mark.tabIndex = mark === next ? 0 : -1;
    next.focus();
  });
}

function nearest(row: readonly HTMLElement[] | undefined, to: HTMLElement): HTMLElement | undefined {
  const distance = (mark: HTMLElement) => Math.abs(mark.offsetLeft - to.offsetLeft);
  return row?.toSorted((one, other) => distance(one) - distance(other))[0];
}
