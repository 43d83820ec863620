import { type Activity, activitiesOf } from '../../listener/words/activities.ts';
import { about, reasonWords, sources } from '../../listener/words/transitions.ts';
import { printableText } from '../../system/printable.ts';
import { age, clock } from '../../system/words.ts';
import { el, icon } from './dom.ts';
import { engineOf, isTransition, sumOf, type Tone, type TransitionEntry, timeOf } from './model.ts';
import { type EngineView, enginesOf, lastLook, spanOf, type View } from './view.ts';
import { percent } from './words.ts';

/** Makes a card for each engine: its state, its hooks at work, and sums over the shown time. */
export function engineCards(view: View): HTMLElement[] {
  const engines = enginesOf(view);
  if (engines.length === 0) return [el('p', { class: 'empty' }, emptyText(view))];
  return engines.map((engine) => card(view, engine));
}

function emptyText({ kind, connection }: View): string {
  if (kind === 'live' && connection === 'opening') return 'Asking the listener…';
  return 'Nothing has happened yet.';
}

type State = 'up' | 'down' | 'stopping' | 'unknown';

const headlines: { readonly [state in State]: string } = {
  up: 'Docker is up',
  down: 'Docker is down',
  stopping: 'Docker is stopping',
  unknown: 'Docker is not known yet',
};
const tones: { readonly [state in State]: Tone } = {
  up: 'up',
  down: 'down',
  stopping: 'busy',
  unknown: 'quiet',
};

function card(view: View, engine: EngineView): HTMLElement {
  const last = view.entries.findLast(
    (entry): entry is TransitionEntry => isTransition(entry) && engineOf(entry) === engine.name,
  );
  const isWatched = engine.status !== undefined || view.engines.some(({ name }) => name === engine.name);
  const seen: State = last === undefined ? 'unknown' : last.transition.event === 'start' ? 'up' : 'down';
  const state = engine.status?.state ?? seen;
  const words = isWatched || last === undefined ? headlines[state] : `Docker was ${state} when last seen`;
  const headline = about(engine.status?.software ?? last?.transition.software, words);
  return el(
    'article',
    { class: `card ${state}` },
    el(
      'div',
      { class: 'headline' },
      icon(tones[state]),
      el(
        'div',
        {},
        el('h2', {}, headline, ...sinceWords(last, isWatched, view)),
        el('p', { class: 'sub' }, ...subWords(engine, last)),
      ),
    ),
    el('ul', { class: 'doing', 'aria-label': 'At work' }, ...doing(engine)),
    figures(view, engine.name),
  );
}

function sinceWords(last: TransitionEntry | undefined, isWatched: boolean, view: View): (Node | string)[] {
  if (last === undefined || !isWatched) return [];
  const at = timeOf(last);
  return [' ', el('span', { class: 'since' }, 'for ', sinceNode(at, view))];
}

/** Shows an age, which grows on a live page. */
function sinceNode(at: number, { kind, now }: View): HTMLElement {
  const text = age(now - at);
  return el('span', kind === 'live' ? { 'data-since': at } : {}, text);
}

function subWords({ url, status }: EngineView, last: TransitionEntry | undefined): (Node | string)[] {
  const facts: (Node | string)[] = [el('code', {}, printableText(url))];
  if (status?.pid) facts.push(`pid ${status.pid}`);
  if (last !== undefined) {
    const { reason, source, software } = last.transition;
    const at = new Date(timeOf(last));
    const time = el('time', { datetime: at.toISOString() }, clock(at, new Date()));
    const because = about(software, reasonWords(reason).because);
    const reporter = about(software, sources[source].page);
    facts.push(el('span', {}, 'since ', time, `: ${because}, reported by ${reporter}`));
  }
  return facts.flatMap((fact, index) => (index === 0 ? [fact] : [' · ', fact]));
}

/** The hooks at work. */
function doing({ status }: EngineView): HTMLElement[] {
  if (status === undefined) return [];
  return activitiesOf(status, new Date()).map(({ state, name, text, since }) => {
    const time = since === undefined ? '' : el('span', { 'data-since': since }, age(Date.now() - since));
    return el('li', {}, icon(activityTones[state]), el('span', {}, el('b', {}, name), ` ${text} `, time));
  });
}

const activityTones: { readonly [state in Activity['state']]: Tone } = {
  running: 'busy',
  waiting: 'quiet',
  refused: 'bad',
};

function figures(view: View, engine: string): HTMLElement {
  const { up, starts, crashes, runs, failed } = sumOf(view.entries, engine, spanOf(view), lastLook(view));
  const figure = (value: string, label: string, bad = false) =>
    el('div', { class: bad ? 'bad' : '' }, el('dt', {}, label), el('dd', {}, value));
  return el(
    'dl',
    { class: 'figures' },
    figure(up === undefined ? '–' : percent(up), `up ${rangeWords[view.range]}`),
    figure(String(starts), starts === 1 ? 'start' : 'starts'),
    figure(String(crashes), crashes === 1 ? 'crash' : 'crashes', crashes > 0),
    figure(String(runs), runs === 1 ? 'hook run' : 'hook runs'),
    figure(String(failed), 'went wrong', failed > 0),
  );
}

const rangeWords: { readonly [range in View['range']]: string } = {
  '1h': 'in the last hour',
  '6h': 'in the last 6 hours',
  '24h': 'in the last 24 hours',
  '7d': 'in the last 7 days',
  all: 'in all this time',
};
