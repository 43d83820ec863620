import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type Table, tableIn } from '../system/json.ts';
import { errorCode } from '../system/user-error.ts';
import type { EngineEvent, EventReason, Requested } from '../watch/lifecycle/engine-event.ts';
import { Ledger } from './ledger.ts';
import type { LedgerState, Running, StopRequestsState } from './ledger-state.ts';
import { limits } from './limits.ts';

/** A line of a ledger file. The first line sums up everything before it; each other line is one step after it. */
export type LedgerLine =
  | { readonly kind: 'ledger'; readonly version: 1; readonly number: number; readonly state: LedgerState }
  /** Received; no hook is to be run for it. */
  | { readonly kind: 'heard'; readonly event: EngineEvent; readonly reason: EventReason }
  | TakenLine
  | StepLine;

/** Received; its hooks are to be run. */
export interface TakenLine {
  readonly kind: 'taken';
  readonly number: number;
  readonly event: EngineEvent;
  readonly reason: EventReason;
  /** A listener has begun its hooks. */
  readonly begun?: true;
  /** The number of listeners that began its hooks and were killed. */
  readonly begins?: number;
  /** The names of the hooks that are left; missing for all of them. */
  readonly left?: readonly string[];
  /** The names of the hooks that run, where hooks with `repeat = false` need it. */
  readonly running?: readonly string[] | undefined;
}

/** A step of a taken event. */
export type StepLine =
  /** `cut`: the orderly end of a listener cut its hooks off, which takes back a begin. */
  | { readonly kind: 'cut' | 'done'; readonly number: number }
  | { readonly kind: 'begun'; readonly number: number; readonly running?: readonly string[] | undefined }
  /** These hooks are left; `begun` while one of them runs. */
  | {
      readonly kind: 'left';
      readonly number: number;
      readonly hooks: readonly string[];
      readonly begun: boolean;
      readonly running?: readonly string[] | undefined;
    };

/** The content of a ledger file. */
export interface StoredLedger {
  /** The highest number of a taken event. */
  readonly number: number;
  readonly state: LedgerState | undefined;
  /** The events that are taken and not done, oldest first. */
  readonly open: readonly TakenLine[];
  /** The number of damaged lines, which are left out. */
  readonly damaged: number;
}

export const emptyLedger: StoredLedger = { number: 0, state: undefined, open: [], damaged: 0 };

const lineEnd = 0x0a;

/**
 * Reads a ledger file. Damaged lines are left out.
 * @returns an empty ledger for a missing file
 * @throws Error if it cannot be read, is too long, or does not begin as a ledger does
 */
export function readLedger(path: string): StoredLedger {
  const bytes = readBounded(path);
  return bytes === undefined ? emptyLedger : decodeLedger(bytes);
}

/** Returns the events whose hooks had begun when the listener that wrote a ledger ended; none of a file that is unreadable. */
export function begunEvents(path: string): readonly EngineEvent[] {
  try {
    return readLedger(path).open.flatMap(({ event, begun }) => (begun === true ? [event] : []));
  } catch {
    return [];
  }
}

function readBounded(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // O_NONBLOCK: a FIFO at this path must not block the listener.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > limits.file) throw new Error(`it has ${stat.size} bytes, more than a ledger has`);
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, length);
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function decodeLedger(bytes: Buffer): StoredLedger {
  const headEnd = bytes.indexOf(lineEnd);
  const head = headEnd === -1 ? undefined : decodeLine(bytes.toString('utf8', 0, headEnd));
  if (head?.kind !== 'ledger') throw new Error('it is of another version, or damaged');
  const ledger = new Ledger(head.state, 'never');
  const open = new Map<number, TakenLine>();
  let { number } = head;
  let damaged = 0;
  // A killed listener may leave a last line without its end: it is ignored.
  let from = headEnd + 1;
  for (let end = bytes.indexOf(lineEnd, from); end !== -1; end = bytes.indexOf(lineEnd, from)) {
    const line = end - from > limits.ledgerLine ? undefined : decodeLine(bytes.toString('utf8', from, end));
    from = end + 1;
    if (line === undefined || line.kind === 'ledger') damaged += 1;
    else if (line.kind === 'heard') ledger.remember(line.event, line.reason);
    else if (line.kind === 'taken') {
      // The state in the head includes the open events that follow it.
      if (line.number > head.number) ledger.remember(line.event, line.reason);
      open.set(line.number, line);
      number = Math.max(number, line.number);
    } else applyStep(open, line);
  }
  return { number, state: ledger.state(), open: [...open.values()], damaged };
}

/**
 * Applies a step to the open events.
 * @returns whether it is a step of one of them
 */
export function applyStep(open: Map<number, TakenLine>, step: StepLine): boolean {
  const taken = open.get(step.number);
  if (taken === undefined) return false;
  const { begins = 0 } = taken;
  switch (step.kind) {
    case 'begun':
      open.set(step.number, { ...taken, begun: true, begins: begins + 1, running: step.running });
      break;
    case 'cut':
      open.set(step.number, { ...taken, begun: true, begins: Math.max(0, begins - 1) });
      break;
    case 'left': {
      // The hooks that had begun have ended, unless one of the others runs.
      const { begun: _, begins: __, ...fresh } = taken;
      const { hooks: left, running } = step;
      open.set(step.number, { ...(step.begun ? taken : fresh), left, running });
      break;
    }
    case 'done':
      open.delete(step.number);
      break;
    default:
      return step satisfies never;
  }
  return true;
}

/**
 * Decodes a line of a ledger file. The file may be edited or damaged, so each member is checked. Wrong members of a state
 * are left out of it.
 * @returns undefined for a wrong line
 */
function decodeLine(text: string): LedgerLine | undefined {
  let line: Table | undefined;
  try {
    line = tableIn(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (line === undefined) return undefined;
  const { kind, number, event, reason, begun, begins, left, hooks } = line;
  const running = Array.isArray(line.running) ? { running: line.running.filter(isShort) } : {};
  switch (kind) {
    case 'ledger': {
      const state = stateIn(line.state);
      const isOurs = line.version === 1 && isCount(number) && state !== undefined;
      return isOurs ? { kind, version: 1, number, state } : undefined;
    }
    case 'heard':
      return isEvent(event) && isReason(reason) ? { kind, event, reason } : undefined;
    case 'taken':
      if (!isEvent(event) || !isReason(reason) || !isCount(number)) return undefined;
      return {
        kind,
        number,
        event,
        reason,
        ...(begun === true ? { begun, begins: isCount(begins) ? begins : 1 } : {}),
        ...(Array.isArray(left) ? { left: left.filter(isShort) } : {}),
        ...running,
      };
    case 'left':
      if (!isCount(number) || !Array.isArray(hooks)) return undefined;
      return { kind, number, hooks: hooks.filter(isShort), begun: begun === true, ...running };
    case 'begun':
      return isCount(number) ? { kind, number, ...running } : undefined;
    case 'cut':
    case 'done':
      return isCount(number) ? { kind, number } : undefined;
    default:
      return undefined;
  }
}

function stateIn(value: unknown): LedgerState | undefined {
  const state = tableIn(value);
  if (state === undefined) return undefined;
  const { run, kind, names, heard, compared, unsettled, takingOver, requests, running } = state;
  return {
    ...(isShort(run) ? { run } : {}),
    ...(kind === 'podman' ? { kind } : {}),
    names: listIn(names).flatMap((pair) => {
      const [word, since] = listIn(pair);
      return isShort(word) && isNano(since) ? [[word, since] as const] : [];
    }),
    heard: listIn(heard).filter(isKey),
    ...(isNano(compared) ? { compared } : {}),
    ...(unsettled === true ? { unsettled } : {}),
    ...(takingOver === true ? { takingOver } : {}),
    ...(tableIn(requests) === undefined ? {} : { requests: requestsIn(requests) }),
    running: listIn(running).flatMap((pair) => {
      const [id, one] = listIn(pair);
      const known = runningIn(one);
      return isContainerId(id) && known !== undefined ? [[id, known] as const] : [];
    }),
  };
}

function requestsIn(value: unknown): StopRequestsState {
  const { blind, asked } = tableIn(value) ?? {};
  return {
    ...(isNano(blind) ? { blind } : {}),
    asked: listIn(asked).flatMap((pair) => {
      const [id, request] = listIn(pair);
      const { at, ends } = tableIn(request) ?? {};
      return isContainerId(id) && isNano(at) && typeof ends === 'boolean'
        ? [[id, { at, ends }] as const]
        : [];
    }),
  };
}

function runningIn(value: unknown): Running | undefined {
  const { since, attributes } = tableIn(value) ?? {};
  return isNano(since) && areTexts(attributes) ? { since, attributes } : undefined;
}

function isEvent(value: unknown): value is EngineEvent {
  const event = tableIn(value);
  if (event === undefined) return false;
  const {
    type,
    action,
    detail,
    id,
    name,
    image,
    exitCode,
    requested,
    containerName,
    timeNano,
    attributes,
    json,
  } = event;
  return (
    [type, action, id, name, image].every(isShort) &&
    (type !== 'container' || isContainerId(id)) &&
    (detail === undefined || typeof detail === 'string') &&
    (exitCode === undefined || Number.isInteger(exitCode)) &&
    (requested === undefined || isRequested(requested)) &&
    (containerName === undefined || isShort(containerName)) &&
    isNano(timeNano) &&
    areTexts(attributes) &&
    typeof json === 'string'
  );
}

function isRequested(value: unknown): value is Requested {
  return value === 'yes' || value === 'no' || value === 'unknown';
}

function isReason(value: unknown): value is EventReason {
  return value === 'event' || value === 'reconciled' || value === 'listener-started';
}

/** A key begins with a time; see `ReceivedEvents`. */
function isKey(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 4 * limits.name && /^\d{1,21} /.test(value);
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.name;
}

function isContainerId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.containerId;
}

function isNano(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,21}$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function areTexts(value: unknown): value is Readonly<Record<string, string>> {
  const table = tableIn(value);
  return table !== undefined && Object.values(table).every((one) => typeof one === 'string');
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
