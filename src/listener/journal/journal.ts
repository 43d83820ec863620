import type { Account } from '../../system/find-account.ts';
import { identify, liveness, type ProcessIdentity } from '../../system/processes.ts';
import { type Past, readPast } from './past.ts';
import { type HookStarted, type JournalEntry, journalVersion } from './record.ts';
import { asReport, type JournalReport, prepareFolder, Unusable } from './report.ts';
import { type JournalLimits, JournalWriter } from './writer.ts';

export interface JournalOptions {
  /** Absolute path; made when it is missing. */
  readonly folder: string;
  /** The user that owns the folder, where root does not. */
  readonly account: Account;
  readonly report: (report: JournalReport) => void;
  readonly limits?: Partial<JournalLimits>;
}

/** The record of what happened, kept across restarts. */
export interface Journal {
  /**
   * Records something. Never waits, never throws: where the record is costly to make, hand in a function that
   * makes it, which is called a little later. Time and number are those of this call.
   * @returns the number; undefined when it cannot be recorded
   */
  append(entry: JournalEntry | (() => JournalEntry)): number | undefined;
  /** Hooks that were running when an earlier listener was killed; they are recorded as interrupted. */
  readonly interrupted: readonly Interrupted[];
  /** Writes what is still to be written, and ends the file; waits no longer than 2 s. */
  close(): Promise<void>;
}

export interface Interrupted {
  readonly started: HookStarted;
  /** That very process still runs: same pid, same start time. */
  readonly alive: boolean;
}

const defaultLimits: JournalLimits = { fileSize: 4_194_304, files: 8, waiting: 4_194_304 };

/** The time that the listener's end waits for the journal, in ms. */
const timeout = 2000;
/** The shortest time between two attempts to open the journal, in ms. */
const interval = 1000;

type State =
  /** It cannot be opened; so many records were lost since. */
  | { readonly phase: 'shut'; readonly triedAt: number; lost: number }
  | { readonly phase: 'opening'; lost: number }
  | { readonly phase: 'open'; readonly writer: JournalWriter; sequence: number }
  | { readonly phase: 'closed' };

/**
 * Opens the journal, and records as interrupted what an earlier listener left running. Never rejects: what
 * keeps the journal from being written is reported, and tried again; hooks do not wait for it.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, account, report } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const ourselves = identify(process.pid) ?? { pid: process.pid, startTime: '' };
  let state: State = { phase: 'opening', lost: 0 };
  let reported: string | undefined;
  let unmade: { readonly make: () => JournalEntry; readonly sequence: number; readonly time: string }[] = [];

  async function tryToOpen(): Promise<readonly Interrupted[]> {
    try {
      prepareFolder(folder, account.uid);
      const past = await readPast(folder);
      refuseSecondWriter(folder, past, ourselves);
      return begin(past);
    } catch (error) {
      const failure = asReport(folder, error);
      if (JSON.stringify(failure) !== reported) report(failure);
      reported = JSON.stringify(failure);
      if (state.phase === 'opening') state = { phase: 'shut', triedAt: performance.now(), lost: state.lost };
      return [];
    }
  }

  function begin(past: Past): readonly Interrupted[] {
    if (state.phase !== 'opening') return [];
    const { lost } = state;
    for (const { file, lines } of past.torn) report({ kind: 'journal-torn', file, lines });
    if (reported !== undefined) report({ kind: 'journal-recovered', folder, lost });
    const writer = new JournalWriter({ folder, user: account.uid, limits, report }, past.file, past.open);
    state = { phase: 'open', writer, sequence: past.sequence + lost };
    const interrupted = past.open.runs().map((started) => ({ started, alive: isAlive(started) }));
    append({ kind: 'journal-opened', process: ourselves });
    for (const { started, alive } of interrupted) {
      append({ kind: 'hook-interrupted', hook: started.hook, run: started.run, alive });
    }
    return interrupted;
  }

  function append(entry: JournalEntry | (() => JournalEntry)): number | undefined {
    switch (state.phase) {
      case 'open':
        state.sequence += 1;
        if (unmade.length === 0) setImmediate(makeAll);
        unmade.push({
          make: typeof entry === 'function' ? entry : () => entry,
          sequence: state.sequence,
          time: new Date().toISOString(),
        });
        return state.sequence;
      case 'opening':
        state.lost += 1;
        return undefined;
      case 'shut': {
        state.lost += 1;
        if (performance.now() - state.triedAt < interval) return undefined;
        state = { phase: 'opening', lost: state.lost };
        void tryToOpen();
        return undefined;
      }
      case 'closed':
        return undefined;
      default:
        return state satisfies never;
    }
  }

  /** Makes and hands over what was appended in this turn of the event loop, now that hooks were started. */
  function makeAll(): void {
    const made = unmade;
    unmade = [];
    if (state.phase !== 'open') return;
    for (const { make, sequence, time } of made) {
      state.writer.push({ version: journalVersion, sequence, time, ...make() });
    }
  }

  return {
    interrupted: await tryToOpen(),
    append,
    async close() {
      if (state.phase === 'open') {
        append({ kind: 'journal-closed' });
        makeAll();
        const { writer } = state;
        state = { phase: 'closed' };
        await writer.close(timeout);
      }
      state = { phase: 'closed' };
    },
  };
}

function isAlive({ process: recorded }: HookStarted): boolean {
  // Without a start time (no /proc) the pid may belong to another process by now.
  return recorded !== undefined && recorded.startTime !== '' && liveness(recorded) === 'alive';
}

/** @throws Unusable when another listener has the journal open, and lives */
function refuseSecondWriter(folder: string, { open }: Past, ourselves: ProcessIdentity): void {
  const writer = open.writer()?.process;
  if (writer === undefined) return;
  const isOurselves = writer.pid === ourselves.pid && writer.startTime === ourselves.startTime;
  if (isOurselves || writer.startTime === '' || liveness(writer) !== 'alive') return;
  throw new Unusable({ kind: 'journal-in-use', folder, pid: writer.pid });
}
