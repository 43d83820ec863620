import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { parseJson, type Table, tableIn } from '../../system/json.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import type { LastTransition } from '../../watch/lifecycle/reduce.ts';

/** The last transition of each engine, kept across restarts of the listener. */
export interface EngineMemory {
  recall(engine: string): LastTransition | undefined;
  /** Remembers; on disk as soon as the event loop comes round. Never throws. */
  keep(engine: string, last: LastTransition): void;
  /** Writes what is not written yet. */
  flush(): void;
}

export type MemoryReport =
  /** The file cannot be read: the listener starts as if for the first time. */
  | { readonly kind: 'memory-unreadable'; readonly path: string; readonly error: string }
  /** The entries of these engines are damaged: the listener sees these alone as if for the first time. */
  | { readonly kind: 'memory-damaged'; readonly path: string; readonly engines: readonly string[] }
  /** It cannot be written, as on a disk that is full. Said once, until it can be written again. */
  | { readonly kind: 'memory-not-kept'; readonly path: string; readonly error: string }
  | { readonly kind: 'memory-kept-again'; readonly path: string };

const defaultRetryAfter = 10_000;

interface MemoryFile {
  readonly version: 1;
  readonly engines: { readonly [engine: string]: LastTransition };
}

/** A memory that lasts as long as the program, where there is no folder to trust with it. */
export const forgetful: EngineMemory = { recall: () => undefined, keep: () => {}, flush: () => {} };

/**
 * Opens the memory in a folder that the caller has found to be trusted, and makes the folder when it is
 * missing. The file is replaced as a whole, so a crash leaves the old one or the new one.
 * @param retryAfter when to try again what could not be written, in ms
 */
export function openEngineMemory(
  folder: string,
  report: (report: MemoryReport) => void,
  retryAfter = defaultRetryAfter,
): EngineMemory {
  const path = join(folder, 'engines.json');
  const engines = new Map<string, LastTransition>(readMemory(path, report));
  let writing: NodeJS.Immediate | undefined;
  let retrying: NodeJS.Timeout | undefined;
  let failing = false;

  function write(): void {
    writing = undefined;
    clearTimeout(retrying);
    retrying = undefined;
    const content: MemoryFile = { version: 1, engines: Object.fromEntries(engines) };
    const draft = `${path}.new`;
    try {
      makeFolder(folder);
      withDescriptors(() => writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 }));
      renameSync(draft, path);
      if (failing) report({ kind: 'memory-kept-again', path });
      failing = false;
    } catch (error) {
      if (!failing) report({ kind: 'memory-not-kept', path, error: String(error) });
      failing = true;
      // The file is out of date until then, which does not keep the process alive.
      retrying = setTimeout(write, retryAfter).unref();
    }
  }

  return {
    recall: (engine) => engines.get(engine),
    keep(engine, last) {
      engines.set(engine, last);
      // Many engines that start at one time cost one write.
      writing ??= setImmediate(write);
    },
    flush() {
      if (writing === undefined && retrying === undefined) return;
      clearImmediate(writing);
      write();
    },
  };
}

/** The file has some 200 bytes for each engine. */
const longestFile = 4 * 1024 * 1024;

function readMemory(
  path: string,
  report: (report: MemoryReport) => void,
): [engine: string, last: LastTransition][] {
  const file = readSmallFile(path, longestFile);
  if (file.kind === 'missing') return [];
  const unreadable = (error: string) => {
    report({ kind: 'memory-unreadable', path, error });
    return [];
  };
  if (file.kind !== 'read') return unreadable(describeFileProblem(path, file));
  let content: Table | undefined;
  try {
    content = tableIn(parseJson(file.bytes.toString('utf8')));
  } catch (error) {
    return unreadable(String(error));
  }
  const engines = tableIn(content?.engines);
  if (content?.version !== 1 || engines === undefined)
    return unreadable('it is of another version, or damaged');
  const all = Object.entries(engines);
  const sound = all.filter((entry): entry is [string, LastTransition] => isLastTransition(entry[1]));
  const damaged = all.filter(([, last]) => !isLastTransition(last)).map(([engine]) => engine);
  if (damaged.length > 0) report({ kind: 'memory-damaged', path, engines: damaged });
  return sound;
}

/** Returns whether a value read from a file is a last transition. */
export function isLastTransition(value: unknown): value is LastTransition {
  if (typeof value !== 'object' || value === null) return false;
  const { event, sequence, run, leaving } = value as { readonly [key in keyof LastTransition]?: unknown };
  return (
    (event === 'start' || event === 'stop') &&
    Number.isSafeInteger(sequence) &&
    Number(sequence) > 0 &&
    (run === undefined || typeof run === 'string') &&
    (leaving === undefined || (event === 'stop' && typeof leaving === 'number'))
  );
}
