import { type HistoryEntry, hasFailed, isFailure, type RunEntry } from '../listener/journal/entry.ts';
import { describeEvent, troubleWords } from '../listener/words/events.ts';
import { aboutIt } from '../listener/words/failure.ts';
import { describeEnd } from '../listener/words/hooks.ts';
import { describeListenerFailed } from '../listener/words/listener.ts';
import { describeRefusal } from '../listener/words/refusal.ts';
import { describeLeftOut, describeTransition } from '../listener/words/transitions.ts';
import { describeTurn } from '../listener/words/turns.ts';
import { describeWarning } from '../listener/words/warnings.ts';
import { isoOfNano } from '../system/nanoseconds.ts';
import { printableText } from '../system/printable.ts';
import { bytes, seconds } from '../system/words.ts';
import { localTime } from './log.ts';
import { calledAs } from './plugin/call.ts';
import type { Style } from './style.ts';

/** Above the rows of a history. */
export const historyHead = row('N', 'TIME', 'EVENT', 'WHAT');

/**
 * One entry of the history as a row. On a terminal it is cut to fit, and what mends it is whole below it, to be copied.
 * @param width how wide the terminal is; undefined for no limit
 */
export function historyRow(entry: HistoryEntry, style: Style, width: number | undefined): string {
  const time = localTime(new Date(entry.time)).slice(0, 19).replace('T', ' ');
  const { event, text, kind, fix } = contentOf(entry);
  const number = entry.number === 0 ? '' : String(entry.number);
  const what = printableText(fix === undefined || width !== undefined ? text : `${text}. ${fix}`);
  const line = cut(row(number, time, event, what), width);
  const below = fix === undefined || width === undefined ? '' : `\n${' '.repeat(7)}${printableText(fix)}`;
  if (kind === 'bad') return `${style.bad(line)}${below}`;
  return kind === 'transition' ? style.strong(line) : line;
}

function row(number: string, time: string, event: string, what: string): string {
  return `${number.padStart(5)}  ${time.padEnd(19)}  ${event.padEnd(5)}  ${what}`;
}

/** Cut to the terminal, so that a row is one line. */
function cut(line: string, width: number | undefined): string {
  return width === undefined || line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}

function contentOf(entry: HistoryEntry): {
  event: string;
  text: string;
  kind: 'transition' | 'good' | 'bad';
  fix?: string;
} {
  switch (entry.kind) {
    case 'transition':
      return {
        event: entry.transition.event,
        text: describeTransition(entry.transition),
        kind: 'transition',
      };
    case 'left-out':
      return {
        event: entry.transition.reason === 'requested' ? 'asked' : '',
        text: describeLeftOut(entry.transition, entry.why),
        kind: 'good',
      };
    case 'refusal': {
      const { found, fix } = describeRefusal(entry);
      return { event: '', text: `${entry.name} refused: ${aboutIt(found, entry)}`, kind: 'bad', fix };
    }
    case 'listener-failed':
      return { event: '', text: describeListenerFailed(entry), kind: 'bad' };
    case 'warning': {
      const { found, fix } = describeWarning(entry.name, entry.warning);
      return { event: '', text: found, kind: 'bad', fix: fix };
    }
    case 'run':
      return contentOfRun(entry);
    case 'turn':
      return {
        event: '',
        text: describeTurn(entry.turn),
        kind: hasFailed(entry) ? 'bad' : 'good',
      };
    case 'trouble':
      return {
        event: '',
        text: troubleWords(entry.trouble).log.text,
        kind: hasFailed(entry) ? 'bad' : 'good',
      };
    default:
      return entry satisfies never;
  }
}

function contentOfRun(entry: RunEntry) {
  const { hook: name, end, interrupted, transition, told, attempt = 1 } = entry;
  const event = transition.reason === 'requested' ? 'asked' : '';
  const why = told === undefined ? '' : ` (${describeEvent(told)})`;
  const hook = `${name}${why}${attempt === 1 ? '' : `, attempt ${attempt},`}`;
  if (interrupted) return { event, text: `${hook} ran when the listener was killed`, kind: 'bad' as const };
  if (end === undefined) return { event, text: `${hook} has not ended`, kind: 'good' as const };
  const kind = isFailure(end.outcome) ? ('bad' as const) : ('good' as const);
  return { event, text: describeEnd(hook, end.outcome, end.durationMs).text, kind };
}

/** One entry with all that is known of it, for a person. */
export function describeEntry(entry: HistoryEntry, now: Date): string {
  const { text, fix } = contentOf(entry);
  const at = new Date(entry.time);
  const lines = [
    printableText(text),
    ...(fix === undefined ? [] : [`  ${printableText(fix)}`]),
    `  number    ${entry.number}`,
    `  at        ${localTime(at)}`,
  ];
  if (entry.kind === 'run') {
    const { event, reason, engine, sequence } = entry.transition;
    const because = `${event} ${sequence} of ${printableText(engine)} (${reason})`;
    if (entry.told === undefined) lines.push(`  because   ${because}`);
    else {
      const { told } = entry;
      lines.push(
        `  because   ${describeEvent(told)}, at ${isoOfNano(told.timeNano)}, id ${printableText(told.id)}`,
      );
      lines.push(`  in        the run of Docker that began with ${because}`);
    }
    const { end } = entry;
    if (end === undefined) lines.push(`  since     ${seconds(now.getTime() - at.getTime())}`);
    else lines.push(`  took      ${seconds(end.durationMs)}`, `  printed   ${printed(end, entry.number)}`);
    // Made safe line by line when it was recorded.
    if (end?.output) lines.push('', end.output.replace(/\n$/, ''));
  }
  return `${lines.join('\n')}\n`;
}

function printed({ output, outputBytes }: NonNullable<RunEntry['end']>, number: number): string {
  if (outputBytes === 0) return 'nothing';
  // A reader's answer leaves it out.
  if (output === undefined)
    return `${bytes(outputBytes)}, shown to root: sudo ${calledAs()} history show ${number}`;
  // The journal keeps the end of a long output.
  const isCut = Buffer.byteLength(output) < outputBytes;
  return isCut ? `${bytes(outputBytes)}, of which the last is` : `${outputBytes} bytes:`;
}
