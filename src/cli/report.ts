import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { mostEntries } from '../listener/control/protocol.ts';
import { type HistoryEntry, isFailure, type RunEntry } from '../listener/journal/entry.ts';
import { type HistoryFilter, readHistory } from '../listener/journal/history.ts';
import { pageHtml } from '../listener/page-html.ts';
import type { Status } from '../listener/status.ts';
import { codeOf, errorCode, exitCode, UserError } from '../system/user-error.ts';
import { entriesIn, statusIn } from './answers.ts';
import { askForJournal, inJournal } from './find-journal.ts';
import type { EngineRequest } from './listener-request.ts';
import { print, remark } from './print.ts';
import { engineCalled } from './which-engine.ts';

export interface ReportRequest extends EngineRequest {
  /** `-` for standard output. */
  readonly file: string;
  /** In ms since the epoch. */
  readonly since: number | undefined;
  readonly n: number | undefined;
}

/**
 * Writes what happened as a page for a browser, from the journal.
 * @returns the exit code
 * @throws UserError when the journal cannot be read, or the file cannot be written
 */
export async function writeReport(request: ReportRequest): Promise<number> {
  const { file, since, n = mostEntries } = request;
  const status = await statusOf(request);
  const engine =
    request.engine && (engineCalled(request.engine, status?.engines ?? [])?.name ?? request.engine);
  const filter = { since, engine, n, outputs: true };
  const own =
    status === undefined ? undefined : await inFolder(join(status.listener.stateDir, 'journal'), filter);
  const hasOutputs = status === undefined || own !== undefined;
  const entries =
    status === undefined
      ? ((await inJournal(request, (folder) => readHistory(folder, filter))) ?? [])
      : (own ?? (await withoutOutputs(request, filter)));
  const html = pageHtml({
    kind: 'report',
    machine: hostname(),
    made: new Date().toISOString(),
    entries: fitOutputs(entries),
    engines: (status?.engines ?? [])
      .filter(({ name }) => engine === undefined || name === engine)
      .map(({ name, url }) => ({ name, url })),
  });
  if (file === '-') {
    print(html);
    return exitCode.done;
  }
  refuseSpecial(file);
  write(file, html);
  const count = `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
  const outputs = hasOutputs
    ? 'What hooks printed is in it'
    : 'For what hooks printed too, run this with sudo';
  remark(`Wrote ${file}: ${count}. ${outputs}\n`);
  return exitCode.done;
}

/** Returns undefined where this user may ask the listener but not read its journal. */
async function inFolder(folder: string, filter: HistoryFilter): Promise<HistoryEntry[] | undefined> {
  try {
    return await readHistory(folder, filter);
  } catch (error) {
    if (errorCode(error) === 'EACCES') return undefined;
    throw error;
  }
}

async function withoutOutputs(
  request: ReportRequest,
  { n, since, engine }: HistoryFilter,
): Promise<readonly HistoryEntry[]> {
  const query = new URLSearchParams({ n: String(n) });
  if (since !== undefined) query.set('since', String(since));
  if (engine !== undefined) query.set('engine', engine);
  const answer = await askForJournal(request, `/v1/history?${query}`);
  return answer === undefined ? [] : entriesIn(answer);
}

async function statusOf(request: ReportRequest): Promise<Status | undefined> {
  const answer = await askForJournal(request, '/v1/status');
  return answer && statusIn(answer);
}

/**
 * Refuses to replace a device: root would take /dev/null, or the link /dev/stdout, from the whole machine.
 * @throws UserError for it
 */
function refuseSpecial(file: string): void {
  if (!isSpecial(file)) return;
  throw new UserError(
    exitCode.failed,
    `Will not put a file in the place of ${file}`,
    'For standard output: --html -',
  );
}

function isSpecial(file: string): boolean {
  try {
    if (realpathSync(dirname(file)) === '/dev') return true;
    const found = statSync(file);
    return !found.isFile() && !found.isDirectory();
  } catch {
    // Nothing is there, or writing fails with the reason.
    return false;
  }
}

/**
 * Writes the file as a whole or not at all, readable by its owner alone. A link of that name is replaced and not followed:
 * root may write where others can.
 */
function write(file: string, text: string): void {
  const beside = join(dirname(file), `.${randomBytes(8).toString('hex')}.html`);
  try {
    const descriptor = openSync(beside, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      const owner = whoAsks();
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new UserError(
      exitCode.failed,
      `Cannot write ${file} (${codeOf(error)})`,
      'Give a file in a folder where you may write',
    );
  }
}

/** Under sudo, the user who is to open the file. */
function whoAsks(): { uid: number; gid: number } | undefined {
  const { SUDO_UID = '', SUDO_GID = '' } = process.env;
  if (process.geteuid?.() !== 0 || !/^\d{1,10}$/.test(SUDO_UID) || !/^\d{1,10}$/.test(SUDO_GID))
    return undefined;
  return { uid: Number(SUDO_UID), gid: Number(SUDO_GID) };
}

/** The most output in a report, in bytes: so that it opens at once, on a phone too. */
interface Room {
  /** For all runs together. */
  readonly all: number;
  /** For the end of a run that succeeded. */
  readonly each: number;
}

const defaultRoom: Room = { all: 4_194_304, each: 4096 };

/** Entries with their outputs as far as there is room: the newest first, and what went wrong before all else. */
export function fitOutputs(
  entries: readonly HistoryEntry[],
  { all, each }: Room = defaultRoom,
): HistoryEntry[] {
  let left = all;
  const kept = new Map<number, string>();
  const take = (entry: RunEntry & { number: number }, most: number) => {
    const output = entry.end?.output ?? '';
    const part = output.length > most ? output.slice(output.indexOf('\n', output.length - most) + 1) : output;
    if (part.length > left) return;
    left -= part.length;
    kept.set(entry.number, part);
  };
  const runs = entries.filter((entry) => entry.kind === 'run').reverse();
  const failed = runs.filter(({ end }) => end !== undefined && isFailure(end.outcome));
  for (const run of failed) take(run, Number.POSITIVE_INFINITY);
  for (const run of runs) if (!kept.has(run.number)) take(run, each);
  return entries.map((entry) => {
    if (entry.kind !== 'run' || entry.end === undefined) return entry;
    const { output: _, ...end } = entry.end;
    const output = kept.get(entry.number);
    return { ...entry, end: output === undefined ? end : { ...end, output } };
  });
}
