import type { HistoryEntry } from '../../listener/journal/history.ts';
import { describeRefusal } from '../../listener/words/refusal.ts';
import { describeWarning } from '../../listener/words/warnings.ts';
import { printableText } from '../../system/printable.ts';
import { clock } from '../../system/words.ts';
import { el, icon } from './dom.ts';
import { engineOf, failingNow, nameOf, type Refusal, type Run, timeOf, type Warning } from './model.ts';
import type { View } from './view.ts';
import { outcomeOf, titleOf } from './words.ts';

/** Lists the hooks that failed and have not succeeded since. */
export function attention(view: View, open: (entries: readonly HistoryEntry[]) => void): HTMLElement[] {
  const failing = failingNow(view.entries).filter((entry) =>
    isStillListed(view, engineOf(entry), nameOf(entry)),
  );
  if (failing.length === 0) return [];
  const rows = failing.map((entry) => {
    const at = new Date(timeOf(entry));
    const said = lastLine(view, entry);
    const warning = entry.kind === 'warning' ? describeWarning(entry.name, entry.warning) : undefined;
    const fix = entry.kind === 'refusal' ? refusalWords(entry) : undefined;
    return el(
      'li',
      {},
      icon('bad'),
      el(
        'div',
        {},
        el(
          'p',
          {},
          el(
            'button',
            {
              type: 'button',
              class: 'link',
              'data-key': `attention-${entry.number}`,
              click: () => open([entry]),
            },
            titleOf(entry),
          ),
          ` ${outcomeOf(entry).charAt(0).toLowerCase()}${outcomeOf(entry).slice(1)}`,
          ' ',
          el('time', { class: 'faint', datetime: at.toISOString() }, clock(at, new Date())),
        ),
        said !== undefined && el('p', { class: 'faint' }, el('code', {}, said)),
        warning &&
          el('p', { class: 'faint' }, `${printableText(warning.found)}. ${printableText(warning.fix)}`),
        fix && el('p', { class: 'faint' }, fix.found),
        fix && el('p', {}, el('code', { class: 'command' }, fix.fix)),
      ),
    );
  });
  const title = failing.length === 1 ? 'One hook needs a look' : `${failing.length} hooks need a look`;
  return [el('h2', { id: 'attention-title' }, title), el('ul', {}, ...rows)];
}

/** Returns the last line of a failed run, if it is known. */
function lastLine({ status }: View, entry: Run | Refusal | Warning): string | undefined {
  if (entry.kind !== 'run') return undefined;
  const listed = status?.failures.find((one) => one.kind === 'failed' && one.run === entry.run);
  const line =
    entry.end?.output?.trimEnd().split('\n').at(-1) ?? (listed?.kind === 'failed' ? listed.lastLine : '');
  return line === '' ? undefined : line;
}

/** Returns whether the listener still lists a hook: one that was removed does not fail any more. */
function isStillListed({ status }: View, engine: string, name: string): boolean {
  return status === undefined || status.failures.some((one) => one.engine === engine && one.name === name);
}

/** Returns the cause of a refusal, and the command that fixes it. */
export function refusalWords({ path, cause }: Refusal): {
  found: string;
  fix: string;
} {
  const { found, fix } = describeRefusal({ path, cause });
  return { found: printableText(found), fix: printableText(fix.replace(/^Run: /, '')) };
}
