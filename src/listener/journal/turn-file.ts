import { liveness } from '../../system/processes.ts';
import type { LastTransition } from '../../watch/lifecycle/reduce.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { EarlierHook, TurnProcess, WhyDropped } from '../../watch/lifecycle/turn.ts';
import type { TurnDisk } from './turn-disk.ts';
import {
  addLine,
  type KeptTurn,
  linesOf,
  noTurns,
  readTurns,
  type TurnLine,
  type TurnState,
} from './turn-lines.ts';

/** How far the hooks of an engine's transitions are, kept so that a listener that is cut off is gone on from. */
export interface TurnFile {
  /** The last transition; undefined when none is kept. */
  told(): LastTransition | undefined;
  /** What an earlier listener had taken and not closed, oldest first. */
  readonly pending: readonly KeptTurn[];
  /** Keeps a transition whose hooks are not to be run. */
  tell(told: LastTransition): void;
  /** Keeps a transition whose hooks are to be run. */
  take(told: LastTransition, transition: Transition, earlier: readonly EarlierHook[]): void;
  /** Keeps that the hook at `place` of `hooks` (file names) is about to be started. */
  begin(sequence: number, place: number, hooks: readonly string[]): void;
  /** Keeps which process the hook that began last is. */
  runs(sequence: number, process: TurnProcess): void;
  /** Keeps that the hook that began last came to its end. */
  ended(sequence: number, failed: boolean): void;
  /** Keeps that the rest is not run; reported again in the next life unless this one lives on for a moment. */
  drop(sequence: number, why: WhyDropped): void;
  /** Keeps that nothing is left to be done. */
  close(sequence: number): void;
  /** Closes the file. */
  end(): void;
}

export type TurnReport =
  /** The file cannot be read, or is damaged: what it says from there on is not believed. */
  | { readonly kind: 'turns-unreadable'; readonly path: string; readonly error: string }
  /** It cannot be written. Reported once, until it can be written again. */
  | { readonly kind: 'turns-not-kept'; readonly path: string; readonly error: string }
  | { readonly kind: 'turns-kept-again'; readonly path: string }
  /** Another listener writes it: this one keeps nothing. */
  | { readonly kind: 'turns-in-use'; readonly path: string; readonly pid: number };

export interface TurnFileOptions {
  readonly path: string;
  readonly disk: TurnDisk;
  /** Whose turns they are. */
  readonly engine: string;
  /** The process that writes. */
  readonly owner: TurnProcess;
  readonly report: (report: TurnReport) => void;
  /** How long the report of a dropped turn takes to reach the journal, in ms. */
  readonly reportAfter?: number;
}

/** So much is appended until a turn's end has the file written anew, in characters. */
const longest = 65_536;
/** In ms. */
const defaultReportAfter = 2000;

/** Keeps nothing, where there is no folder to trust. */
export const forgetfulTurns: TurnFile = {
  told: () => undefined,
  pending: [],
  tell: () => {},
  take: () => {},
  begin: () => {},
  runs: () => {},
  ended: () => {},
  drop: () => {},
  close: () => {},
  end: () => {},
};

/**
 * Opens the turn file of one engine. Each change is appended in the very call, before a hook is started: what only waits
 * to be written is lost with a listener that is killed. Never throws: without the file hooks run all the same.
 */
export function openTurnFile(options: TurnFileOptions): TurnFile {
  const { path, disk, owner, report, reportAfter = defaultReportAfter } = options;
  const found = read(options);
  if (isOthers(found.owner, owner)) {
    report({ kind: 'turns-in-use', path, pid: found.owner.pid });
    return forgetfulTurns;
  }
  let state: TurnState = { ...found, owner };
  const pending = [...state.kept.values()];
  let size = 0;
  let failing = false;
  /** By the sequence number of the turn. */
  const closing = new Map<number, NodeJS.Timeout>();

  function rewrite(): void {
    const text = linesOf(state).map(encode).join('');
    disk.replace(text);
    size = 0;
  }

  function add(line: TurnLine): void {
    state = addLine(state, line);
    attempt(() => {
      if (failing) return rewrite();
      const text = encode(line);
      disk.append(text);
      size += text.length;
      if (line.kind === 'closed' && size > longest) rewrite();
    });
  }

  function attempt(write: () => void): void {
    try {
      write();
      if (failing) report({ kind: 'turns-kept-again', path });
      failing = false;
    } catch (error) {
      // The last line may be torn: from here on the file is written anew.
      if (!failing) report({ kind: 'turns-not-kept', path, error: String(error) });
      failing = true;
    }
  }

  function cancelClosing(sequence: number): void {
    clearTimeout(closing.get(sequence));
    closing.delete(sequence);
  }

  attempt(rewrite);
  return {
    told: () => state.told,
    pending,
    tell: (told) => add({ kind: 'told', told }),
    take(told, transition, earlier) {
      // A start that is reported again has the number of the turn that it replaces.
      cancelClosing(transition.sequence);
      const turn = { transition, ...(earlier.length === 0 ? {} : { earlier }) };
      add({ kind: 'taken', told, turn });
    },
    begin(sequence, place, hooks) {
      const isListed = state.kept.get(sequence)?.turn.hooks !== undefined;
      add({ kind: 'begun', sequence, place, ...(isListed ? {} : { hooks }) });
    },
    runs: (sequence, { pid, startTime }) => add({ kind: 'runs', sequence, pid, startTime }),
    ended: (sequence, failed) => add({ kind: 'ended', sequence, failed }),
    drop(sequence, why) {
      add({ kind: 'dropped', sequence, why });
      cancelClosing(sequence);
      const timer = setTimeout(() => {
        closing.delete(sequence);
        add({ kind: 'closed', sequence });
      }, reportAfter).unref();
      closing.set(sequence, timer);
    },
    close: (sequence) => add({ kind: 'closed', sequence }),
    end() {
      for (const timer of closing.values()) clearTimeout(timer);
      for (const [sequence, { dropped }] of state.kept) {
        // The log and the journal are written by now.
        if (dropped !== undefined) add({ kind: 'closed', sequence });
      }
      disk.close();
    },
  };
}

/** Whether the file is written by another process that lives. Without /proc that is not known. */
function isOthers(writer: TurnProcess | undefined, owner: TurnProcess): writer is TurnProcess {
  if (writer === undefined || writer.startTime === '') return false;
  const isOurselves = writer.pid === owner.pid && writer.startTime === owner.startTime;
  return !isOurselves && liveness(writer) === 'alive';
}

function read({ path, disk, engine, report }: TurnFileOptions): TurnState {
  try {
    const text = disk.read();
    if (text === undefined) return noTurns;
    const { state, isDamaged } = readTurns(text, engine);
    if (isDamaged) report({ kind: 'turns-unreadable', path, error: 'it is of another version, or damaged' });
    return state;
  } catch (error) {
    report({ kind: 'turns-unreadable', path, error: String(error) });
    return noTurns;
  }
}

function encode(line: TurnLine): string {
  return `${JSON.stringify(line)}\n`;
}
