import type { FolderPlan } from '../hooks/plan.ts';
import type { HistoryEntry } from '../listener/journal/entry.ts';
import type { Status } from '../listener/status.ts';
import { tableIn } from '../system/json.ts';
import { printableText } from '../system/printable.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import { listOf, nullOr, number, optional, type Shape, table, text } from './shape.ts';

/*
 * Answers of a listener, checked where they come in: the listener may be of another version than this command, as after
 * an upgrade of the one and not of the other.
 */

const transition = table({ event: text, reason: text, source: text, sequence: number, time: text });
const hook = table({ name: text, pid: nullOr(number), since: text });
const label = table({ type: text, action: text, id: text, name: text, timeNano: text });

const status = table({
  listener: table({
    version: text,
    pid: number,
    since: text,
    scriptDir: text,
    stateDir: text,
    memory: number,
    notifier: table({ mode: text, port: number }),
  }),
  engines: listOf(
    table({
      name: text,
      url: text,
      state: text,
      last: nullOr(transition),
      pid: nullOr(number),
      hooks: table({
        current: nullOr(table({ event: text, reason: text, hook: nullOr(hook) })),
        waiting: listOf(transition),
        cut: optional(listOf(transition)),
        kept: listOf(table({ name: text, phase: text, at: nullOr(text) })),
      }),
      events: nullOr(
        table({
          phase: text,
          names: listOf(text),
          running: listOf(table({ told: label, hook: nullOr(hook) })),
          collecting: optional(listOf(table({ hook: text, events: number, since: text }))),
          waiting: number,
          told: number,
          merged: number,
          givenUp: number,
        }),
      ),
    }),
  ),
  failures: listOf(table({ engine: text, name: text, time: text, kind: text })),
});

const entry = table({ number, time: text, kind: text });

/** @throws UserError when the answer is none that this version can read */
export function statusIn(answer: object): Status {
  return checked<Status>(answer, status);
}

/**
 * Reads of a status only which engines there are, and how they are: all that `wait` and names of engines take.
 * @throws UserError when the answer is none that this version can read
 */
export function enginesIn(answer: object): Status['engines'] {
  const engine = table({ name: text, url: text, state: text, hooks: optional(table({})) });
  return checked<Status>(answer, table({ engines: listOf(engine) })).engines;
}

/** @throws UserError when the answer is none that this version can read */
export function plansIn(answer: object): readonly FolderPlan[] {
  return checked<{ folders: FolderPlan[] }>(answer, table({ folders: listOf(table({ kind: text })) }))
    .folders;
}

/** @throws UserError when the answer is none that this version can read */
export function entriesIn(answer: object): readonly HistoryEntry[] {
  return checked<{ entries: HistoryEntry[] }>(answer, table({ entries: listOf(entry) })).entries;
}

/** @throws UserError when the answer is none that this version can read */
export function entryIn(answer: object): HistoryEntry {
  return checked<{ entry: HistoryEntry }>(answer, table({ entry })).entry;
}

function checked<Answer>(answer: object, shape: Shape): Answer {
  const fault = shape(answer, '');
  if (fault === undefined) return answer as Answer;
  const its = tableIn(tableIn(answer)?.listener)?.version;
  const which = typeof its === 'string' ? `version ${printableText(its.slice(0, 40))}` : 'another version';
  throw new UserError(
    exitCode.unavailable,
    `The listener is of ${which}, and this command of version ${version}. Its answer cannot be read: ${fault}`,
    'Restart the listener, so that it is of the version that is installed',
  );
}
