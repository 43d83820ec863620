import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { namedContainer } from '../hooks/engine-events.ts';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { Delivery, EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import { Ledger } from './ledger.ts';
import {
  applyStep,
  emptyLedger,
  type LedgerLine,
  readLedger,
  type StepLine,
  type StoredLedger,
  type TakenLine,
} from './ledger-reader.ts';
import type { WhenFound } from './ledger-state.ts';
import { limits } from './limits.ts';
import type { EventKeeper } from './open-events.ts';
import type { EventsReport } from './report.ts';

/** The fewest bytes that are appended until the file is written anew; a larger file must double. */
const leastAppended = 1_048_576;

/** The pause before a larger file is written anew by `save`, in ms. */
const savePause = 5000;

/** An event with so many begins is given up: each of these listeners was killed while its hooks ran. */
const mostBegins = 3;

/**
 * One engine's ledger, and the file that keeps it for the next listener. Each step is appended before a hook starts,
 * because a killed listener loses what it has not written. Nothing is flushed to the disk, because a machine that dies
 * ends the engine run too. A write error is reported once, and the listener goes on without the file.
 */
export class LedgerFile implements EventKeeper {
  readonly ledger: Ledger;
  /** The deliveries that an earlier listener left open, oldest first, without those that are given up. */
  readonly pending: readonly Delivery[];
  readonly #path: string | undefined;
  readonly #report: (report: EventsReport) => void;
  /** The deliveries that are taken and not done, by number. */
  readonly #open: Map<number, TakenLine>;
  #lastNumber: number;
  #descriptor: number | undefined;
  /** The bytes that were appended since the file was last written whole. */
  #appended = 0;
  /** The length of the file when it was last written whole, in bytes. */
  #written = 0;
  #isFailing = false;
  #saveTimer: NodeJS.Timeout | undefined;

  /** @param path undefined if nothing can be kept */
  constructor(path: string | undefined, whenFound: WhenFound, report: (report: EventsReport) => void) {
    this.#path = path;
    this.#report = report;
    const stored = this.#read();
    const pending = stored.open.filter(({ begins = 0 }) => begins < mostBegins);
    for (const line of stored.open) if (!pending.includes(line)) report(givenUp(line));
    this.ledger = new Ledger(stored.state, whenFound);
    this.pending = pending.map(deliveryOf);
    this.#open = new Map(pending.map((line) => [line.number, line]));
    this.#lastNumber = stored.number;
    this.#rewrite();
  }

  #read(): StoredLedger {
    const path = this.#path;
    if (path === undefined) return emptyLedger;
    try {
      const stored = readLedger(path);
      if (stored.damaged > 0) this.#report({ kind: 'events-damaged', path, lines: stored.damaged });
      return stored;
    } catch (error) {
      this.#report({ kind: 'events-not-kept', path, error: String(error) });
      return emptyLedger;
    }
  }

  /** An event was received, and no hook is to be run for it. */
  remember(event: EngineEvent, reason: EventReason): void {
    this.#append({ kind: 'heard', event: shortened(event), reason });
  }

  /** An event was received, and its hooks are to be run. */
  take(event: EngineEvent, reason: EventReason): Delivery {
    this.#lastNumber += 1;
    const line: TakenLine = { kind: 'taken', number: this.#lastNumber, event, reason };
    this.#open.set(this.#lastNumber, line);
    this.#append(line);
    return deliveryOf(line);
  }

  begin(number: number, running?: readonly string[]): void {
    this.#step({ kind: 'begun', number, running });
  }

  cut(number: number): void {
    this.#step({ kind: 'cut', number });
  }

  left(number: number, hooks: readonly string[], begun: boolean, running?: readonly string[]): void {
    this.#step({ kind: 'left', number, hooks, begun, running });
  }

  done(number: number): void {
    this.#step({ kind: 'done', number });
  }

  /** Writes the state of the ledger: at once, or within 5 s if the file is large. */
  save(): void {
    if (this.#written <= leastAppended) this.#rewrite();
    else this.#saveTimer ??= setTimeout(() => this.#rewrite(), savePause).unref();
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    this.#rewrite();
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #step(step: StepLine): void {
    if (applyStep(this.#open, step)) this.#append(step);
  }

  #append(line: LedgerLine): void {
    if (this.#descriptor === undefined) return;
    try {
      this.#appended += writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
      if (this.#appended > Math.max(leastAppended, this.#written)) this.#rewrite();
    } catch (error) {
      this.#failed(error);
    }
  }

  #rewrite(): void {
    const path = this.#path;
    if (path === undefined) return;
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const state = this.ledger.state();
    const head: LedgerLine = { kind: 'ledger', version: 1, number: this.#lastNumber, state };
    try {
      makeFolder(dirname(path));
      const size = writeLines(`${path}.new`, [head, ...this.#open.values()]);
      renameSync(`${path}.new`, path);
      // Opened before the old one is closed: the number of a closed descriptor may soon be another file's.
      const opened = withDescriptors(() => openSync(path, 'a', 0o600));
      if (this.#descriptor !== undefined) closeSync(this.#descriptor);
      this.#descriptor = opened;
      this.#written = size;
      this.#appended = 0;
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (!this.#isFailing && this.#path !== undefined)
      this.#report({ kind: 'events-not-kept', path: this.#path, error: String(error) });
    this.#isFailing = true;
  }
}

function deliveryOf({ number, event, reason, begun, left, running: cut }: TakenLine): Delivery {
  return {
    ...{ number, event, reason, repeat: begun === true },
    ...(left === undefined ? {} : { left }),
    ...(cut === undefined ? {} : { cut }),
  };
}

/** Drops the attributes that neither the key of an event nor the end of its container needs. */
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
 * Writes a file line by line: as one text it would need as much memory again.
 * @returns its length in bytes
 * @throws Error when it gets longer than a ledger may be; system errors
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

function givenUp({ event, reason, begins = 0 }: TakenLine): EventsReport {
  const { type, action, id, name, timeNano } = event;
  return {
    kind: 'event-given-up',
    told: { type, action, id, name, timeNano, reason, repeat: true },
    begins,
  };
}
