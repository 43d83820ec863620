import type { FolderPlan } from '../hooks/plan.ts';
import type { StreamedEvent } from './event-stream.ts';
import type { HistoryEntry } from './journal/entry.ts';
import type { Status } from './status.ts';
import type { TriggerLine } from './trigger-lines.ts';

/*
 * The answers of a listener, and of the commands with `--json`. scripts/schemas.js makes a JSON Schema of each in schemas/.
 */

interface Versioned {
  readonly version: 1;
}

/** One event: docker-lifecycle-listener events --json, GET /v1/events */
export type EventLine = Versioned & StreamedEvent;

/** The history: docker-lifecycle-listener history --json, GET /v1/history */
export interface HistoryAnswer extends Versioned {
  readonly entries: readonly HistoryEntry[];
}

/** One entry of the history: docker-lifecycle-listener history show N --json, GET /v1/history/N */
export interface HistoryEntryAnswer extends Versioned {
  readonly entry: HistoryEntry;
}

/** The state of the listener and its engines: docker-lifecycle-listener status --json, GET /v1/status */
export interface StatusAnswer extends Versioned, Omit<Status, 'listener'> {
  /** Null if no listener runs. */
  readonly listener: Status['listener'] | null;
}

/** The hooks of each folder: docker-lifecycle-listener hooks --json, GET /v1/hooks */
export interface HooksAnswer extends Versioned {
  readonly folders: readonly FolderPlan[];
}

/** One line of the progress of requested hooks: docker-lifecycle-listener trigger --json, POST /v1/trigger */
export type TriggerAnswer = Versioned & TriggerLine;
