import { containerOf } from '../config/event-subject.ts';
import type { EventFilter } from '../config/hook-settings.ts';
import type { EngineEvent } from '../lifecycle/engine-event.ts';

/** Whether an event is one that a hook is to be run for. */
export function fitsFilter(event: EngineEvent, filter: EventFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { action, container, name, label, image, exitCode, detail, requested } = filter;
  return (
    fits(action, (pattern) => matches(pattern, event.action)) &&
    fitsContainer(event, container) &&
    fits(name, (pattern) => matches(pattern, event.name)) &&
    fits(image, (pattern) => matches(pattern, event.image)) &&
    fits(detail, (pattern) => matches(pattern, event.detail ?? '')) &&
    fits(label, (pattern) => hasLabel(event, pattern)) &&
    fitsExitCode(event, exitCode) &&
    fitsRequest(event, requested)
  );
}

function fits(patterns: readonly string[] | undefined, is: (pattern: string) => boolean): boolean {
  if (patterns === undefined) return true;
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return (wanted.length === 0 || wanted.some(is)) && !unwanted.some(is);
}

/** Where nobody knows how it ended it may have been anything: better told than not. */
function fitsExitCode({ exitCode }: EngineEvent, patterns: readonly string[] | undefined): boolean {
  return exitCode === undefined || fits(patterns, (pattern) => Number(pattern) === exitCode);
}

/** One whose name is not known may be any: better reported than not. What is about no container fits no pattern. */
function fitsContainer(event: EngineEvent, patterns: readonly string[] | undefined): boolean {
  const found = containerOf(event);
  if (found === undefined) return patterns === undefined || fits(patterns, () => false);
  const { id, name } = found;
  if (name === undefined) return true;
  return fits(patterns, (pattern) => matches(pattern, name) || matches(pattern, id));
}

/** An end of which it is not known may have been either: better reported than not. */
function fitsRequest({ requested = 'unknown' }: EngineEvent, wanted: boolean | undefined): boolean {
  return wanted === undefined || requested === 'unknown' || (requested === 'yes') === wanted;
}

function hasLabel({ attributes }: EngineEvent, pattern: string): boolean {
  const equals = pattern.indexOf('=');
  const label = equals === -1 ? pattern : pattern.slice(0, equals);
  // Labels are anybody's: every object has a `constructor`.
  const value = Object.hasOwn(attributes, label) ? attributes[label] : undefined;
  return value !== undefined && (equals === -1 || matches(pattern.slice(equals + 1), value));
}

/** `*` is any text, also none; everything else is itself. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
