import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { namedContainer } from '../hooks/engine-events.ts';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { Delivery, EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import { Ledger } from './ledger.ts';
import {
  counted,
  type LedgerLine,
  type LedgerPast,
  readLedgerPast,
  reduced,
  type TakenLine,
} from './ledger-reader.ts';
import type { WhenFound } from './ledger-state.ts';
import { limits } from './limits.ts';
import type { EventsReport } from './watch.ts';

/** What was heard and what was done about it, kept on disk so that a listener that is killed goes on where it was. */
export interface LedgerFile {
  readonly ledger: Ledger;
  /** What an earlier listener had taken and not brought to its end, oldest first; not what is given up. */
  readonly pending: readonly Delivery[];
  /** Keeps that this was heard, and that nothing is to be run for it. */
  heard(event: EngineEvent, reason: EventReason): void;
  /** Keeps that this is to be acted on. */
  take(event: EngineEvent, reason: EventReason): Delivery;
  /** Keeps that the first hook is about to be started: from here on a repeat is one. */
  begin(number: number): void;
  /** Keeps that this listener's own orderly end leaves it to the next, which begins anew. */
  cut(number: number): void;
  /** Keeps that of its hooks these are left; `isBegun` when one of them runs now. */
  left(number: number, hooks: readonly string[], isBegun: boolean): void;
  /** Keeps that nothing is left to be done. */
  done(number: number): void;
  /** Keeps how the ledger stands, as after a connection was opened; within 5 s where that is much. */
  rewrite(): void;
  close(): void;
}

/** The least that is appended until the file is written anew, in bytes; then when it has doubled. */
const leastAppended = 1_048_576;

/** The pause before a file of more than that is written anew because something has changed, in ms. */
const pause = 5000;

/** An event that so many listeners have begun with and not survived is not tried again. */
const mostBegins = 3;

/**
 * Opens what is kept of one engine's events. Written at once, before a hook is started, because what only waits to
 * be written is lost with a listener that is killed; not forced to the disk, because a machine that dies takes the
 * engine's run with it. What cannot be written is reported once, and the listener goes on without.
 * @param path undefined where nothing can be kept
 */
export function openLedgerFile(
  path: string | undefined,
  whenFound: WhenFound,
  report: (report: EventsReport) => void,
): LedgerFile {
  const past = pastAt(path, report);
  const pending = past.open.filter(({ begins = 0 }) => begins < mostBegins);
  const ledger = new Ledger(past.state, whenFound);
  /** What is taken and not done, by number. */
  const open = new Map<number, TakenLine>(pending.map((line) => [line.number, line]));
  let last = past.number;
  let descriptor: number | undefined;
  /** What was appended since the file was written, and what was written then, in bytes. */
  let appended = 0;
  let written = 0;
  let failing = false;
  let later: NodeJS.Timeout | undefined;

  function failed(error: unknown): void {
    if (!failing && path !== undefined) report({ kind: 'events-not-kept', path, error: String(error) });
    failing = true;
  }

  function append(line: LedgerLine): void {
    if (descriptor === undefined) return;
    try {
      appended += writeSync(descriptor, `${JSON.stringify(line)}\n`);
      if (appended > Math.max(leastAppended, written)) rewrite();
    } catch (error) {
      failed(error);
    }
  }

  function rewrite(): void {
    if (path === undefined) return;
    clearTimeout(later);
    later = undefined;
    const head: LedgerLine = { kind: 'ledger', version: 1, number: last, state: ledger.state() };
    try {
      makeFolder(dirname(path));
      const size = writeLines(`${path}.new`, [head, ...open.values()]);
      renameSync(`${path}.new`, path);
      // Before the old one is closed: a number that is closed already may soon be another file's.
      const opened = withDescriptors(() => openSync(path, 'a', 0o600));
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = opened;
      written = size;
      appended = 0;
      failing = false;
    } catch (error) {
      failed(error);
    }
  }

  /** A file that an engine has filled is not written whole each time that its stream is opened. */
  function rewriteSoon(): void {
    if (written <= leastAppended) rewrite();
    else later ??= setTimeout(rewrite, pause).unref();
  }

  for (const line of past.open) if (!pending.includes(line)) report(givenUp(line));
  rewrite();
  return {
    ledger,
    pending: pending.map(({ number, event, reason, begun, left }) => ({
      number,
      event,
      reason,
      repeat: begun === true,
      ...(left === undefined ? {} : { left }),
    })),
    heard: (event, reason) => append({ kind: 'heard', event: shortened(event), reason }),
    take(event, reason) {
      last += 1;
      const line = { kind: 'taken', number: last, event, reason } as const;
      open.set(last, line);
      append(line);
      return { number: last, event, reason, repeat: false };
    },
    begin(number) {
      const line = open.get(number);
      if (line === undefined) return;
      open.set(number, counted(line, 1));
      append({ kind: 'begun', number });
    },
    cut(number) {
      const line = open.get(number);
      if (line === undefined) return;
      open.set(number, counted(line, -1));
      append({ kind: 'cut', number });
    },
    left(number, hooks, begun) {
      const line = open.get(number);
      if (line === undefined) return;
      open.set(number, reduced(line, { hooks, begun }));
      append({ kind: 'left', number, hooks, begun });
    },
    done(number) {
      if (open.delete(number)) append({ kind: 'done', number });
    },
    rewrite: rewriteSoon,
    close() {
      if (descriptor === undefined) return;
      rewrite();
      closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** Of what nobody acts on only that is kept which tells it from others, and what a container's end will need. */
function shortened(event: EngineEvent): EngineEvent {
  const isStart = event.type === 'container' && event.action === 'start';
  const container = namedContainer(event);
  const { signal } = event.attributes;
  const needed = {
    ...(container === undefined ? {} : { container }),
    ...(signal === undefined ? {} : { signal }),
  };
  const attributes = isStart ? event.attributes : needed;
  return { ...event, json: '', attributes };
}

/**
 * Writes a file, some lines at a time: all of it as one text would be as much memory again.
 * @returns its length in bytes
 * @throws Error when it is longer than a ledger may be; system errors
 */
function writeLines(path: string, lines: Iterable<LedgerLine>): number {
  const descriptor = withDescriptors(() => openSync(path, 'w', 0o600));
  let size = 0;
  try {
    for (const line of lines) {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      size += bytes.length;
      if (size > limits.file / 2) throw new Error(`it would have more than ${limits.file / 2} bytes`);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    }
  } finally {
    closeSync(descriptor);
  }
  return size;
}

function pastAt(path: string | undefined, report: (report: EventsReport) => void): LedgerPast {
  const nothing = { number: 0, state: undefined, open: [], damaged: 0 };
  if (path === undefined) return nothing;
  try {
    const past = readLedgerPast(path);
    if (past.damaged > 0) report({ kind: 'events-damaged', path, lines: past.damaged });
    return past;
  } catch (error) {
    report({ kind: 'events-not-kept', path, error: String(error) });
    return nothing;
  }
}

function givenUp({ event, reason, begins = 0 }: TakenLine): EventsReport {
  const { type, action, id, name, timeNano } = event;
  return {
    kind: 'event-given-up',
    told: { type, action, id, name, timeNano, reason, repeat: true },
    begins,
  };
}
