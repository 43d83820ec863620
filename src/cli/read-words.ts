import { type EventWord, eventFolders, eventWord } from '../hooks/engine-events.ts';
import { hintForEvent } from '../hooks/event-hints.ts';
import { parseDuration } from '../listener/config/readers.ts';
import { nearest } from '../system/nearest.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { type OptionName, type Suggests, usage } from './options.ts';
import { calledAs } from './plugin/call.ts';

/** The one word of a command that takes an event. */
export function eventIn(command: string, [word, ...rest]: readonly string[]): LifecycleEvent {
  none(`${command} start|stop`, rest);
  if (word === undefined) throw usage(`${command} needs a word`, `${command} start or ${command} stop`);
  return eventCalled(command, word);
}

function eventCalled(where: string, word: string | undefined): LifecycleEvent {
  if (word === 'start' || word === 'stop') return word;
  if (word === undefined) throw usage(`${where} is missing`, 'Give start or stop');
  const near = nearest(word, ['start', 'stop']);
  throw usage(
    `${where}: ${JSON.stringify(word)} is no event`,
    near ? `Did you mean ${near}?` : 'start or stop',
  );
}

/** One of an engine's own events too. */
export function anyEventCalled(where: string, word: string | undefined): LifecycleEvent | EventWord {
  const event = [...eventFolders.values()].map(eventWord).find((known) => known === word);
  if (event !== undefined) return event;
  if (word === undefined || word === 'start' || word === 'stop') return eventCalled(where, word);
  const { near, also = [] } = hintForEvent(word);
  if (near === undefined) return eventCalled(where, word);
  throw usage(
    `${where}: ${JSON.stringify(word)} is no event`,
    `Did you mean ${[near, ...also].join(' or ')}?`,
  );
}

/** Rejects extra arguments; returns no member. */
export function none(command: string, [word]: readonly string[]): object {
  if (word !== undefined) throw usage(`${command} takes no more than that, not ${JSON.stringify(word)}`);
  return {};
}

/** Wrong usage of a command that knows certain words. */
export function unknownWord(command: string, word: string | undefined, known: readonly string[]) {
  if (word === undefined) return usage(`${command} needs a word`, `${calledAs()} ${command} check`);
  const near = nearest(word, known) ?? (known.length === 1 ? known[0] : undefined);
  // A folder of that name was meant, as in the original's call?
  const folder = `For a folder of that name: ./${command}`;
  return usage(
    `${command} knows no ${JSON.stringify(word)}`,
    near === undefined
      ? `It knows ${known.join(', ')}. ${folder}`
      : `Did you mean ${command} ${near}? ${folder}`,
  );
}

/** Rejects any argument. */
export function noArgument(command: string, [first]: readonly string[]): void {
  if (first !== undefined) throw usage(`${command} takes no argument: ${first}`, 'All options: --help');
}

/** Reads the one argument of a command that knows certain words. */
export function oneOf<Word extends string>(
  command: string,
  known: readonly Word[],
  [word, ...rest]: readonly string[],
): Word {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined && rest.length === 0) return found;
  const list = known.join(', ');
  if (word === undefined) throw usage(`${command} needs a word`, `One of: ${list}`);
  if (found !== undefined)
    throw usage(`${command} ${found} takes no more than that, not ${JSON.stringify(rest[0])}`);
  const near = nearest(word, known);
  throw usage(
    `${command} knows no ${JSON.stringify(word)}`,
    near === undefined ? `It knows ${list}` : `Did you mean ${command} ${near}?`,
  );
}

/** Completes the one argument of a command that takes an event. */
export function startOrStop(before: readonly string[]): Suggests {
  return before.length === 0 ? ['start', 'stop'] : [];
}

/** Reads the name of a systemd service. */
export function readUnit(unit: string): string {
  if (/^[\w:.@\\-]+\.service$/.test(unit)) return unit;
  throw usage(
    `--docker-unit: ${JSON.stringify(unit)} is no service`,
    'Give the unit that runs Docker, as docker.service',
  );
}

/** In ms. */
export function duration(option: OptionName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw usage(`--${option}: ${JSON.stringify(text)} is no duration`, 'As 500ms, 30s, 2min, 1h; or 0');
}

export function count(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= 1000) return Number(text);
  throw usage(`-n: ${JSON.stringify(text)} is no number of lines`, 'Give 0 to 1000');
}

const units: { readonly [unit: string]: number } = {
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a moment: so long ago (`30min`, `2h`, `3d`), or a date with or without a time; one without a zone is
 * this machine's own.
 * @returns ms since the epoch, none before it
 * @throws UserError with exit code 64 for what is neither
 */
export function readSince(text: string, now: Date): number {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  const at =
    number !== undefined && factor !== undefined ? now.getTime() - Number(number) * factor : dateOf(text);
  if (at !== undefined) return Math.max(0, Math.round(at));
  throw usage(
    `--since: ${JSON.stringify(text)} is no time`,
    'As 30min, 2h, 3d, 2026-11-24, or 2026-11-24T09:00',
  );
}

const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Undefined for what is none; `Date.parse` alone takes 30 February for 2 March, and much else for something. */
function dateOf(text: string): number | undefined {
  const [, date, time = '00:00', zone = ''] = pattern.exec(text.trim()) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  // By itself a date would be read as UTC.
  const at = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : at;
}

function isDay(date: string): boolean {
  const at = new Date(`${date}T00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date);
}
