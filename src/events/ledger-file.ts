import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EngineEvent, EventReason, ToldEvent } from '../lifecycle/engine-event.ts';
import { errorCode } from '../system/failure.ts';
import { makeFolder } from '../system/make-folder.ts';
import { Ledger } from './ledger.ts';
import type { LedgerState, WhenFound } from './ledger-state.ts';
import type { EventsReport } from './report.ts';

/**
 * A line of the file. The first holds what all before it came to; each of the others one thing that happened since.
 */
type Line =
  | { readonly kind: 'ledger'; readonly version: 1; readonly number: number; readonly state: LedgerState }
  /** Heard, and nothing is to be run for it. */
  | { readonly kind: 'heard'; readonly event: EngineEvent; readonly reason: EventReason }
  /** To be acted on. */
  | {
      readonly kind: 'taken';
      readonly number: number;
      readonly event: EngineEvent;
      readonly reason: EventReason;
      /** An earlier life has begun with it. */
      readonly begun?: true;
    }
  | { readonly kind: 'begun' | 'done'; readonly number: number };

/** What was heard and what was done about it, kept on disk so that a listener that is killed goes on where it was. */
export interface LedgerFile {
  readonly ledger: Ledger;
  /** What an earlier listener had taken and not brought to its end, oldest first. */
  readonly pending: readonly ToldEvent[];
  /** Keeps that this was heard, and that nothing is to be run for it. */
  heard(event: EngineEvent, reason: EventReason): void;
  /** Keeps that this is to be acted on. */
  take(event: EngineEvent, reason: EventReason): ToldEvent;
  /** Keeps that the first hook is about to be started: from here on a repeat is one. */
  begin(number: number): void;
  /** Keeps that nothing is left to be done. */
  done(number: number): void;
  /** Keeps how the ledger stands, as after a connection was opened. */
  rewrite(): void;
  close(): void;
}

/** So much is appended until the file is written anew, in bytes. */
const longest = 1_048_576;

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
  const past = path === undefined ? empty : read(path, report);
  const ledger = new Ledger(past.state, whenFound);
  /** What is taken and not done, by number. */
  const open = new Map<number, Extract<Line, { kind: 'taken' }>>(
    past.open.map((line) => [line.number, line]),
  );
  let last = past.number;
  let descriptor: number | undefined;
  let size = 0;
  let failing = false;

  function failed(error: unknown): void {
    if (!failing && path !== undefined) report({ kind: 'events-not-kept', path, error: String(error) });
    failing = true;
  }

  function append(line: Line): void {
    if (descriptor === undefined) return;
    try {
      size += writeSync(descriptor, `${JSON.stringify(line)}\n`);
      if (size > longest) rewrite();
    } catch (error) {
      failed(error);
    }
  }

  function rewrite(): void {
    if (path === undefined) return;
    const head: Line = { kind: 'ledger', version: 1, number: last, state: ledger.state() };
    const text = [head, ...open.values()].map((line) => `${JSON.stringify(line)}\n`).join('');
    try {
      makeFolder(dirname(path));
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = openSync(path, 'a', 0o600);
      size = 0;
      failing = false;
    } catch (error) {
      failed(error);
    }
  }

  rewrite();
  return {
    ledger,
    pending: past.open.map(({ number, event, reason, begun }) => ({
      number,
      event,
      reason,
      repeat: begun === true,
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
      if (line === undefined || line.begun) return;
      open.set(number, { ...line, begun: true });
      append({ kind: 'begun', number });
    },
    done(number) {
      if (open.delete(number)) append({ kind: 'done', number });
    },
    rewrite,
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
  const { container } = event.attributes;
  const attributes = isStart ? event.attributes : container === undefined ? {} : { container };
  return { ...event, json: '', attributes };
}

interface Past {
  readonly number: number;
  readonly state: LedgerState | undefined;
  readonly open: readonly Extract<Line, { kind: 'taken' }>[];
}

const empty: Past = { number: 0, state: undefined, open: [] };

function read(path: string, report: (report: EventsReport) => void): Past {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') report({ kind: 'events-not-kept', path, error: String(error) });
    return empty;
  }
  try {
    // What has no end of line was cut off with the listener that wrote it.
    return add(
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    );
  } catch (error) {
    report({ kind: 'events-not-kept', path, error: String(error) });
    return empty;
  }
}

function add([head, ...lines]: readonly Line[]): Past {
  if (head?.kind !== 'ledger' || head.version !== 1) throw new Error('it is of another version, or damaged');
  const ledger = new Ledger(head.state, 'never');
  const open = new Map<number, Extract<Line, { kind: 'taken' }>>();
  let { number } = head;
  for (const line of lines) {
    switch (line.kind) {
      case 'heard':
      case 'taken':
        // What stands right behind the head was heard before it was written.
        if (line.kind === 'heard' || line.number > head.number) ledger.remember(line.event, line.reason);
        if (line.kind === 'taken') {
          open.set(line.number, line);
          number = Math.max(number, line.number);
        }
        break;
      case 'begun': {
        const taken = open.get(line.number);
        if (taken !== undefined) open.set(line.number, { ...taken, begun: true });
        break;
      }
      case 'done':
        open.delete(line.number);
        break;
      case 'ledger':
        throw new Error('it is damaged');
      default:
        line satisfies never;
    }
  }
  return { number, state: ledger.state(), open: [...open.values()] };
}
