import type { LogFormat, LogSettings, Verbosity } from '../listener/config/settings.ts';
import { describe } from '../listener/event-kinds.ts';
import type { ListenerEvent } from '../listener/events.ts';
import { journalPriorities } from '../system/journal-stream.ts';
import { printable, printableText } from '../system/printable.ts';
import type { Level } from '../system/words.ts';

/**
 * Writes events as they come, one line each: a path with a line's end or an escape sequence in it makes no
 * second line, and moves no cursor.
 * @param isForJournal true where systemd's journal takes the lines: each begins with its priority, and the journal has the time
 */
export function createLog(
  write: (line: string) => void,
  format: LogFormat,
  verbosity: Verbosity,
  now: () => Date = () => new Date(),
  isForJournal = false,
): (event: ListenerEvent) => void {
  return (event) => {
    const { level, text } = describe(event);
    if (!shown[verbosity].includes(level)) return;
    const time = localTime(now());
    const message = printableText(text);
    const line =
      format === 'json'
        ? asJson(time, level, message, event)
        : `${isForJournal ? '' : `${time} `}${marks[level]}${message}`;
    write(`${isForJournal ? journalPriorities[level] : ''}${line}\n`);
  };
}

const shown: { readonly [verbosity in Verbosity]: readonly Level[] } = {
  quiet: ['error', 'warning'],
  normal: ['error', 'warning', 'info'],
  verbose: ['error', 'warning', 'info', 'detail'],
};

const marks: { readonly [level in Level]: string } = {
  error: 'ERROR ',
  warning: 'WARNING ',
  info: '',
  detail: '',
};

/** The event's own fields behind time, level and message; bytes from outside as safely shown text. */
function asJson(time: string, level: Level, message: string, event: ListenerEvent): string {
  const fields = Object.entries(event).map(([key, value]: [string, unknown]) => [
    key,
    value instanceof Uint8Array ? printable(value) : value,
  ]);
  return JSON.stringify({ time, level, message, ...Object.fromEntries(fields) });
}

/** Local time with its zone, as in RFC 3339: `2026-11-24T09:28:01.123+01:00`. */
export function localTime(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  const sign = minutes < 0 ? '-' : '+';
  const zone = `${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${local}${sign}${zone}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** A log that delays no caller. */
export interface DeferredLog {
  /** Takes an event with the time of this call; it is formatted and written at the end of this turn of the event loop. */
  readonly record: (event: ListenerEvent) => void;
  /** Writes what is still to be written: for the end of the program. */
  readonly flush: () => void;
  /** Gives later events another form and another number of lines. */
  readonly configure: (settings: LogSettings) => void;
}

/**
 * Formats and writes the events of a turn of the event loop at its end, with one write. Between an engine's first
 * answer and its first hook nothing is formatted, and no reader of the log is woken up, who could take the processor.
 */
export function createDeferredLog(
  write: (text: string) => void,
  settings: LogSettings,
  isForJournal = false,
): DeferredLog {
  let waiting: { readonly event: ListenerEvent; readonly at: Date }[] = [];
  let text = '';
  let at = new Date();
  let flushing: NodeJS.Immediate | undefined;
  let log = logOf(settings);

  function logOf({ format, verbosity }: LogSettings) {
    return createLog(
      (line) => {
        text += line;
      },
      format,
      verbosity,
      () => at,
      isForJournal,
    );
  }

  function word(): void {
    const events = waiting;
    waiting = [];
    for (const { event, at: time } of events) {
      at = time;
      log(event);
    }
  }

  function flush(): void {
    clearImmediate(flushing);
    flushing = undefined;
    word();
    if (text !== '') write(text);
    text = '';
  }

  return {
    record(event) {
      flushing ??= setImmediate(flush);
      waiting.push({ event, at: new Date() });
      // Its bytes are there during this call only.
      if (event.kind === 'hook-output') word();
    },
    flush,
    configure(changed) {
      word();
      log = logOf(changed);
    },
  };
}
