import { dirname } from 'node:path';
import type { HookRefusalCause } from '../hooks/admit.ts';
import type { Outcome } from '../hooks/run.ts';
import { printable } from '../system/printable.ts';
import type { ListenerEvent } from './events.ts';
import { isFailure } from './journal/entry.ts';
import type { Timestamp } from './journal/record.ts';
import { type Warned, Warnings } from './warnings.ts';

/** Something that went wrong and has not gone well since. */
export type Failure = Warned | HookFailure;

type HookFailure = {
  readonly engine: string;
  /** A hook, or a folder of hooks. */
  readonly name: string;
  readonly time: Timestamp;
} & (
  | {
      readonly kind: 'failed';
      readonly run: string;
      readonly outcome: Outcome;
      readonly durationMs: number;
      /** The last line that it printed, safe to show; empty when it printed nothing. */
      readonly lastLine: string;
    }
  | { readonly kind: 'refused'; readonly path: string; readonly cause: HookRefusalCause }
);

/** The last failure of each hook, until it succeeds. */
export interface Failures {
  /** Takes anything that happens. */
  note(event: ListenerEvent): void;
  /** By age. Forgets first the hooks and folders that are not there any more. */
  list(): readonly Failure[];
}

/** The most failures kept. */
const most = 20;
/** In bytes. */
const longestLine = 300;

/**
 * @param isThere whether a failing hook or folder can still be run: asked in `list` alone, so nothing is polled
 */
export function createFailures(
  isThere: (name: string) => boolean = () => true,
  now: () => Date = () => new Date(),
): Failures {
  const failures = new Map<string, HookFailure>();
  const warnings = new Warnings(now);

  function settle(engine: string, name: string, failure: HookFailure | undefined): void {
    const key = `${engine} ${name}`;
    failures.delete(key);
    if (failure === undefined) return;
    failures.set(key, failure);
    const [oldest] = failures.keys();
    if (failures.size > most && oldest !== undefined) failures.delete(oldest);
  }

  /** A hook that runs shows that its folder is not refused. */
  function settleFolderOf(engine: string, hook: string): void {
    for (const { kind, engine: whose, name } of failures.values()) {
      const isItsFolder = kind === 'refused' && whose === engine && name.endsWith(`/${dirname(hook)}`);
      if (isItsFolder) settle(engine, name, undefined);
    }
  }

  return {
    note(event) {
      warnings.note(event);
      switch (event.kind) {
        case 'hook-ended': {
          const { engine, hook: name, run, outcome, durationMs } = event;
          const time = now().toISOString();
          const failure = (): HookFailure => {
            const lastLine = lastLineOf(event.output.last());
            return { kind: 'failed', engine, name, time, run, outcome, durationMs, lastLine };
          };
          return settle(engine, name, isFailure(outcome) ? failure() : undefined);
        }
        case 'hook-refused': {
          const { engine, hook: name } = event;
          const { path, cause } = event.admission;
          return settle(engine, name, {
            kind: 'refused',
            engine,
            name,
            time: now().toISOString(),
            path,
            cause,
          });
        }
        case 'folder-refused': {
          const { engine, folder: name } = event;
          const { path, cause } = event.refusal;
          return settle(engine, name, {
            kind: 'refused',
            engine,
            name,
            time: now().toISOString(),
            path,
            cause,
          });
        }
        // The user switched it off.
        case 'hook-left-out':
          return settle(event.engine, event.hook, undefined);
        case 'hooks-found':
        case 'folder-missing':
          return settle(event.engine, event.folder, undefined);
        // Only the folders of a start and a stop report that they may be used.
        case 'hook-started':
          return settleFolderOf(event.engine, event.hook);
      }
    },
    list() {
      for (const [key, { name }] of failures) if (!isThere(name)) failures.delete(key);
      warnings.forget((name) => !isThere(name));
      return [...failures.values(), ...warnings.list()].sort((one, other) =>
        one.time.localeCompare(other.time),
      );
    },
  };
}

function lastLineOf(output: Buffer): string {
  const end = output
    .subarray(-2 * longestLine)
    .toString('latin1')
    .trimEnd();
  const line = end.slice(end.lastIndexOf('\n') + 1);
  return printable(Buffer.from(line, 'latin1'), longestLine);
}
