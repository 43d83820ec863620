import type { LogFormat, Verbosity } from '../config/settings.ts';
import type { Record } from '../daemon/record.ts';
import { createLog } from './log.ts';

/** A log that keeps nobody waiting. */
export interface DeferredLog {
  /** Takes a record with the time of this call; it is worded and written behind what the program does now. */
  readonly record: (record: Record) => void;
  /** Writes what is still to be written: for the end of the program. */
  readonly flush: () => void;
}

/**
 * Words and writes at the end of each turn of the event loop what was recorded in it, with one write. Between an
 * engine's first answer and its first hook nothing is worded, and nobody who reads the log is woken up, who may
 * take the processor.
 */
export function createDeferredLog(
  write: (text: string) => void,
  format: LogFormat,
  verbosity: Verbosity,
): DeferredLog {
  let waiting: { readonly record: Record; readonly at: Date }[] = [];
  let text = '';
  let at = new Date();
  let flushing: NodeJS.Immediate | undefined;
  const log = createLog(
    (line) => {
      text += line;
    },
    format,
    verbosity,
    () => at,
  );

  function word(): void {
    const records = waiting;
    waiting = [];
    for (const { record, at: time } of records) {
      at = time;
      log(record);
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
    record(record) {
      flushing ??= setImmediate(flush);
      waiting.push({ record, at: new Date() });
      // Its bytes are there during this call only.
      if (record.kind === 'hook-output') word();
    },
    flush,
  };
}
