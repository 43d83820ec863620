import { closeSync, constants, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TurnLog } from '../../hooks/turn.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { liveness } from '../../system/processes.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import type { LastTransition } from '../../watch/lifecycle/reduce.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { EarlierHook, TurnProcess, WhyDropped } from '../../watch/lifecycle/turn.ts';
import {
  addLine,
  type KeptTurn,
  linesOf,
  noTurns,
  readTurns,
  type TurnLine,
  type TurnState,
} from './turn-lines.ts';

/** Persists the last transition of an engine and the progress of its hooks. No call throws. */
export interface TurnFile extends TurnLog {
  /** The turns that an earlier listener took and did not close, oldest first. */
  readonly pending: readonly KeptTurn[];
  /** Returns the last transition; undefined when none is persisted. */
  last(): LastTransition | undefined;
  /** Persists a transition whose hooks are not to be run. */
  skip(last: LastTransition): void;
  /** Persists a transition whose hooks are to be run. */
  take(last: LastTransition, transition: Transition, earlier: readonly EarlierHook[]): void;
  /** Persists that the rest of a turn is not run. A listener that ends before that is in the journal leaves it to the next. */
  drop(sequence: number, why: WhyDropped): void;
  /** Closes the file. */
  end(): void;
}

export type TurnReport =
  /** The file is unreadable or damaged: its contents from there on are ignored. */
  | { readonly kind: 'turns-unreadable'; readonly path: string; readonly error: string }
  /** It cannot be written. Reported once, until it can be written again. */
  | { readonly kind: 'turns-not-kept'; readonly path: string; readonly error: string }
  | { readonly kind: 'turns-kept-again'; readonly path: string }
  /** Another listener writes it: this one persists nothing. */
  | { readonly kind: 'turns-in-use'; readonly path: string; readonly pid: number };

export interface TurnFileOptions {
  readonly path: string;
  /** Tests pass their own. */
  readonly disk?: TurnDisk;
  /** The name of the engine. */
  readonly engine: string;
  /** The process that writes. */
  readonly owner: TurnProcess;
  readonly report: (report: TurnReport) => void;
  /** Time in which the report of a dropped turn reaches the journal, in ms. */
  readonly reportAfter?: number;
}

/** Most characters that are appended before the end of a turn has the file replaced. */
const longest = 65_536;
/** In ms. */
const defaultReportAfter = 2000;

/** Persists nothing, where no folder can be trusted. */
export const forgetfulTurns: TurnFile = {
  pending: [],
  last: () => undefined,
  skip: () => {},
  take: () => {},
  begin: () => {},
  runs: () => {},
  ended: () => {},
  drop: () => {},
  close: () => {},
  end: () => {},
};

/** Opens the turn file of one engine. Never throws: without the file hooks run all the same. */
export function openTurnFile(options: TurnFileOptions): TurnFile {
  const { path, owner, report } = options;
  const disk = options.disk ?? new FileDisk(path);
  const found = read(options, disk);
  if (isOthers(found.owner, owner)) {
    report({ kind: 'turns-in-use', path, pid: found.owner.pid });
    return forgetfulTurns;
  }
  return new OpenTurnFile(options, disk, { ...found, owner });
}

/**
 * The turn file of an engine. It survives a `kill -9` at any moment, for these reasons:
 *
 * - Each step is one line, appended by one write(2) in the very call, before the hook is started. A killed process loses
 *   nothing that it has written. Nothing is forced to the disk, because a machine that dies takes the engine's run with it.
 * - The line that takes a transition holds the last transition too, so that no kill leaves a transition without its turn,
 *   or has it reported twice.
 * - A start that is reported again has the number of the turn that it replaces: the line that takes it ends the old one.
 * - A torn last line (disk full) is ignored by the reader, and never appended to: after a failed write the file is replaced
 *   as a whole until that succeeds. Replaced by rename(2), it is the old one or the new one.
 * - A dropped turn is closed only when its report is in the journal: the next listener reports it again rather than never.
 */
class OpenTurnFile implements TurnFile {
  readonly pending: readonly KeptTurn[];
  readonly #options: TurnFileOptions;
  readonly #disk: TurnDisk;
  #state: TurnState;
  /** Characters appended since the file was replaced. */
  #size = 0;
  #failing = false;
  /** Timers that close dropped turns, by the sequence number of the turn. */
  readonly #closing = new Map<number, NodeJS.Timeout>();

  constructor(options: TurnFileOptions, disk: TurnDisk, state: TurnState) {
    this.#options = options;
    this.#disk = disk;
    this.#state = state;
    this.pending = [...state.kept.values()];
    this.#attempt(() => this.#replace());
  }

  last(): LastTransition | undefined {
    return this.#state.told;
  }

  skip(last: LastTransition): void {
    this.#add({ kind: 'told', told: last });
  }

  take(last: LastTransition, transition: Transition, earlier: readonly EarlierHook[]): void {
    this.#cancelClosing(transition.sequence);
    const turn = { transition, ...(earlier.length === 0 ? {} : { earlier }) };
    this.#add({ kind: 'taken', told: last, turn });
  }

  begin(sequence: number, place: number, hooks: readonly string[]): void {
    const isListed = this.#state.kept.get(sequence)?.turn.hooks !== undefined;
    this.#add({ kind: 'begun', sequence, place, ...(isListed ? {} : { hooks }) });
  }

  runs(sequence: number, { pid, startTime }: TurnProcess): void {
    this.#add({ kind: 'runs', sequence, pid, startTime });
  }

  ended(sequence: number, failed: boolean): void {
    this.#add({ kind: 'ended', sequence, failed });
  }

  close(sequence: number): void {
    this.#add({ kind: 'closed', sequence });
  }

  drop(sequence: number, why: WhyDropped): void {
    this.#add({ kind: 'dropped', sequence, why });
    this.#cancelClosing(sequence);
    const close = () => {
      this.#closing.delete(sequence);
      this.close(sequence);
    };
    this.#closing.set(sequence, setTimeout(close, this.#options.reportAfter ?? defaultReportAfter).unref());
  }

  end(): void {
    for (const timer of this.#closing.values()) clearTimeout(timer);
    // The log and the journal are written by now.
    for (const [sequence, { dropped }] of this.#state.kept) if (dropped !== undefined) this.close(sequence);
    this.#disk.close();
  }

  #add(line: TurnLine): void {
    this.#state = addLine(this.#state, line);
    this.#attempt(() => {
      if (this.#failing) return this.#replace();
      const text = encode(line);
      this.#disk.append(text);
      this.#size += text.length;
      if (line.kind === 'closed' && this.#size > longest) this.#replace();
    });
  }

  #replace(): void {
    this.#disk.replace(linesOf(this.#state).map(encode).join(''));
    this.#size = 0;
  }

  #attempt(write: () => void): void {
    const { path, report } = this.#options;
    try {
      write();
      if (this.#failing) report({ kind: 'turns-kept-again', path });
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) report({ kind: 'turns-not-kept', path, error: String(error) });
      this.#failing = true;
    }
  }

  #cancelClosing(sequence: number): void {
    clearTimeout(this.#closing.get(sequence));
    this.#closing.delete(sequence);
  }
}

/** Reports whether another living process writes the file. Without /proc that is not known. */
function isOthers(writer: TurnProcess | undefined, owner: TurnProcess): writer is TurnProcess {
  if (writer === undefined || writer.startTime === '') return false;
  const isOurselves = writer.pid === owner.pid && writer.startTime === owner.startTime;
  return !isOurselves && liveness(writer) === 'alive';
}

function read({ path, engine, report }: TurnFileOptions, disk: TurnDisk): TurnState {
  try {
    const text = disk.read();
    if (text === undefined) return noTurns;
    const { state, isDamaged } = readTurns(text, engine);
    if (isDamaged) report({ kind: 'turns-unreadable', path, error: 'it is of another version, or damaged' });
    return state;
  } catch (error) {
    report({ kind: 'turns-unreadable', path, error: error instanceof Error ? error.message : String(error) });
    return noTurns;
  }
}

function encode(line: TurnLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** One small file of text that is appended to. Its methods throw system errors. */
export interface TurnDisk {
  /**
   * Returns the contents; undefined when there is no file.
   * @throws for an unreadable or too large file
   */
  read(): string | undefined;
  /** Replaces all of it: after a crash the file is the old one or the new one. */
  replace(text: string): void;
  /**
   * Appends; the file must have been replaced before.
   * @throws also when only a part could be written
   */
  append(text: string): void;
  close(): void;
}

/** Most bytes of a file that is read. */
const largest = 4_194_304;

class FileDisk implements TurnDisk {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  read(): string | undefined {
    const file = readSmallFile(this.#path, largest);
    if (file.kind === 'missing') return undefined;
    if (file.kind !== 'read') throw new Error(describeFileProblem(this.#path, file));
    return file.bytes.toString();
  }

  replace(text: string): void {
    makeFolder(dirname(this.#path));
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    this.close();
    const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants;
    this.#descriptor = openSync(this.#path, O_WRONLY | O_APPEND | O_NOFOLLOW);
  }

  append(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#descriptor === undefined) throw new Error('it is not open');
    const written = writeSync(this.#descriptor, bytes);
    if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
