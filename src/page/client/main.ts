import type { HistoryEntry } from '../../listener/journal/history.ts';
import type { PageData } from '../../listener/page-data.ts';
import { printableText } from '../../system/printable.ts';
import { age, megabytes } from '../../system/words.ts';
import { attention } from './attention.ts';
import { closeOnClickBeside, showDetails } from './details.ts';
import { byId, choice, el, fill, icon } from './dom.ts';
import { engineCards } from './engines.ts';
import { fetchEntry, follow, type Live, refresh } from './live.ts';
import { isTransition, type Tone, withEvent } from './model.ts';
import { table } from './table.ts';
import { timeline } from './timeline.ts';
import { type Filter, type Range, usualRange, type View } from './view.ts';
import { titleOf } from './words.ts';

const data = JSON.parse(byId('data').textContent ?? '') as PageData;
const dialog = byId('details') as HTMLDialogElement;
/** The entries that a page holds at most. */
const most = 2000;
/** The pause between two moves of a live time line, in ms. */
const pace = 15_000;

let view: View = beginning();
let drawing: number | undefined;

function beginning(): View {
  const { machine } = data;
  const common = { machine, status: undefined, filter: 'all', rows: 100 } as const;
  if (data.kind === 'live') {
    const rest = { entries: [], engines: [], connection: 'opening', now: Date.now(), range: '24h' } as const;
    return { kind: 'live', ...common, ...rest };
  }
  const now = Date.parse(data.made);
  const { entries, engines } = data;
  return {
    kind: 'report',
    ...common,
    entries,
    engines,
    connection: 'report',
    now,
    range: usualRange(entries, now),
  };
}

function change(part: Partial<View>): void {
  view = { ...view, ...part, now: view.kind === 'live' ? Date.now() : view.now };
  // Draws once a frame at most, and not at all in a hidden tab.
  if (drawing === undefined) drawing = requestAnimationFrame(draw);
}

function open(entries: readonly HistoryEntry[]): void {
  showDetails(dialog, entries, view.kind === 'live' ? fetchEntry : async () => undefined);
}

function draw(): void {
  drawing = undefined;
  fill(byId('connection'), ...connectionWords());
  fill(byId('engines'), ...engineCards(view));
  const wrong = attention(view, open);
  byId('attention').hidden = wrong.length === 0;
  fill(byId('attention'), ...wrong);
  drawTimeline();
  fill(byId('table'), ...table(view, open, () => change({ rows: view.rows + 100 })));
  fill(
    byId('range'),
    choice('range', 'How much of the time is shown', ranges, view.range, (range) => change({ range })),
  );
  fill(
    byId('filter'),
    choice('filter', 'What is shown', filters, view.filter, (filter) => change({ filter, rows: 100 })),
  );
  fill(byId('foot'), ...footWords());
  const state = view.status?.engines.map((engine) => engine.state).join(', ');
  document.title = `${state === undefined ? '' : `${state} · `}Docker lifecycle on ${printableText(view.machine)}`;
}

function drawTimeline(): void {
  const lanes = byId('lanes');
  const width = () => lanes.querySelector('.track')?.clientWidth ?? lanes.clientWidth;
  const current = lanes.querySelector<HTMLElement>('.mark[tabindex="0"]')?.dataset.key;
  // The width of a lane is known once it is drawn.
  for (let drawn = 0, tries = 0; drawn !== width() && tries < 2; tries++) {
    drawn = width();
    fill(lanes, ...timeline(view, Math.max(drawn, 120), current, open));
  }
}

const ranges: readonly (readonly [Range, string])[] = [
  ['1h', '1 h'],
  ['6h', '6 h'],
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['all', 'All'],
];
const filters: readonly (readonly [Filter, string])[] = [
  ['all', 'All'],
  ['docker', 'Docker'],
  ['hooks', 'Hooks'],
  ['failed', 'Went wrong'],
];

function connectionWords(): (Node | string)[] {
  switch (view.connection) {
    case 'opening':
      return ['Connecting…'];
    case 'live':
      return [el('span', { class: 'live' }), 'Live'];
    case 'lost':
      return [
        el('span', { class: 'lost' }),
        'Connection lost: trying again. A listener that was restarted has a new address: ',
        el('code', {}, 'docker-lifecycle-listener status --web'),
      ];
    case 'report': {
      const made = new Date(view.now);
      const text = made.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
      return ['Report of ', el('time', { datetime: made.toISOString() }, text)];
    }
    default:
      return view.connection satisfies never;
  }
}

function footWords(): (Node | string)[] {
  const { status, kind } = view;
  if (status === undefined) {
    return kind === 'report' ? ['Made by docker-lifecycle-listener history --html'] : [];
  }
  const { version, pid, since, memory, notifier, scriptDir } = status.listener;
  const start = Date.parse(since);
  return [
    `Listener ${version}, pid ${pid}, running for `,
    el('span', { 'data-since': start }, age(Date.now() - start)),
    `, ${megabytes(memory)}, ${notifier.mode === 'off' ? 'no notifier' : `notifiers on port ${notifier.port}`}, hooks in `,
    el('code', {}, printableText(scriptDir)),
  ];
}

function legend(): void {
  const signs: readonly (readonly [Tone, string])[] = [
    ['up', 'Docker started'],
    ['down', 'Docker stopped'],
    ['good', 'Succeeded'],
    ['bad', 'Went wrong'],
    ['busy', 'Runs now'],
    ['quiet', 'Ended with Docker'],
  ];
  fill(byId('legend'), ...signs.map(([tone, text]) => el('li', {}, icon(tone), text)));
}

/** Announces a text to a screen reader. */
function say(text: string): void {
  byId('said').textContent = text;
}

byId('machine').textContent = printableText(data.machine);
closeOnClickBeside(dialog);
legend();
draw();
new ResizeObserver(drawTimeline).observe(byId('lanes'));

if (data.kind === 'live') {
  setInterval(() => {
    for (const node of document.querySelectorAll<HTMLElement>('[data-since]')) {
      node.textContent = age(Date.now() - Number(node.dataset.since));
    }
  }, 1000);
  const live: Live = {
    begun(entries, status) {
      const first = view.connection === 'opening';
      change({
        entries,
        status,
        connection: 'live',
        ...(first ? { range: usualRange(entries, Date.now()) } : {}),
      });
    },
    happened(event) {
      const entries = withEvent(view.entries, event);
      const added = entries.at(-1);
      if (added !== undefined && entries.length > view.entries.length && isTransition(added))
        say(titleOf(added));
      change({ entries: entries.slice(-most) });
    },
    status: (status) => change({ status }),
    lost() {
      if (view.connection !== 'lost') say('Connection lost');
      change({ connection: 'lost' });
    },
  };
  setInterval(() => {
    change({});
    // A burst that grows is no event of the listener.
    if (view.connection === 'live' && !document.hidden) refresh(live);
  }, pace);
  void follow(live);
}
