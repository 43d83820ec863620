import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type Table, tableIn } from '../system/json.ts';
import { errorCode } from '../system/user-error.ts';
import type { EngineEvent, EventReason, Requested } from '../watch/lifecycle/engine-event.ts';
import { Ledger } from './ledger.ts';
import type { LedgerState, Running, StopRequestsState } from './ledger-state.ts';
import { limits } from './limits.ts';

/** How an earlier listener left an engine's events. */
export interface LedgerPast {
  /** The highest number that an event was taken with. */
  readonly number: number;
  readonly state: LedgerState | undefined;
  /** What was taken and not done, oldest first. */
  readonly open: readonly TakenLine[];
  /** How many lines were left out, because they are damaged. */
  readonly damaged: number;
}

const empty: LedgerPast = { number: 0, state: undefined, open: [], damaged: 0 };

const lineEnd = 0x0a;

/**
 * Reads a ledger's file; a line that is damaged is left out, and the rest counts.
 * @throws Error when it cannot be read, is too long, or does not begin as a ledger does
 */
export function readLedgerPast(path: string): LedgerPast {
  const bytes = readBounded(path);
  return bytes === undefined ? empty : putTogether(bytes);
}

function readBounded(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // A FIFO in its place must not hold up the listener.
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

function putTogether(bytes: Buffer): LedgerPast {
  const headEnd = bytes.indexOf(lineEnd);
  const head = headEnd === -1 ? undefined : decodeLine(bytes.toString('utf8', 0, headEnd));
  if (head?.kind !== 'ledger') throw new Error('it is of another version, or damaged');
  const ledger = new Ledger(head.state, 'never');
  const open = new Map<number, TakenLine>();
  let { number } = head;
  let damaged = 0;
  // What has no end of line was cut off with the listener that wrote it.
  let from = headEnd + 1;
  for (let end = bytes.indexOf(lineEnd, from); end !== -1; end = bytes.indexOf(lineEnd, from)) {
    const line = end - from > limits.ledgerLine ? undefined : decodeLine(bytes.toString('utf8', from, end));
    if (line === undefined || line.kind === 'ledger') damaged += 1;
    else number = Math.max(number, apply(line, ledger, open, head.number));
    from = end + 1;
  }
  return { number, state: ledger.state(), open: [...open.values()], damaged };
}

/** @returns the number of an event that was taken; 0 for anything else */
function apply(
  line: Exclude<LedgerLine, { kind: 'ledger' }>,
  ledger: Ledger,
  open: Map<number, TakenLine>,
  headNumber: number,
): number {
  switch (line.kind) {
    case 'heard':
      ledger.remember(line.event, line.reason);
      return 0;
    case 'taken':
      // What stands right behind the head was heard before it was written.
      if (line.number > headNumber) ledger.remember(line.event, line.reason);
      open.set(line.number, line);
      return line.number;
    case 'begun':
    case 'cut': {
      const taken = open.get(line.number);
      if (taken !== undefined) open.set(line.number, counted(taken, line.kind === 'begun' ? 1 : -1));
      return 0;
    }
    case 'left': {
      const taken = open.get(line.number);
      if (taken !== undefined) open.set(line.number, reduced(taken, line));
      return 0;
    }
    case 'done':
      open.delete(line.number);
      return 0;
    default:
      return line satisfies never;
  }
}

/** Leaves some of an event's hooks: what was begun before has ended. */
export function reduced(taken: TakenLine, { hooks, begun }: Omit<LeftLine, 'kind' | 'number'>): TakenLine {
  if (begun) return { ...taken, left: hooks };
  const { kind, number, event, reason } = taken;
  return { kind, number, event, reason, left: hooks };
}

/** Adds to how often an event was begun; whatever the count, it may have been run before. */
export function counted(taken: TakenLine, change: 1 | -1): TakenLine {
  return { ...taken, begun: true, begins: Math.max(0, (taken.begins ?? 0) + change) };
}

/**
 * A line of the ledger's file. The first holds what all before it came to; each of the others one thing that
 * happened since.
 */
export type LedgerLine =
  | { readonly kind: 'ledger'; readonly version: 1; readonly number: number; readonly state: LedgerState }
  /** Heard, and nothing is to be run for it. */
  | { readonly kind: 'heard'; readonly event: EngineEvent; readonly reason: EventReason }
  | TakenLine
  /** `cut`: the listener's own orderly end left it undone, which does not count as a begin. */
  | { readonly kind: 'begun' | 'cut' | 'done'; readonly number: number }
  | LeftLine;

/** Some hooks of an event are done; these are left, and `begun` where one of them runs. */
interface LeftLine {
  readonly kind: 'left';
  readonly number: number;
  readonly hooks: readonly string[];
  readonly begun: boolean;
}

/** To be acted on. */
export interface TakenLine {
  readonly kind: 'taken';
  readonly number: number;
  readonly event: EngineEvent;
  readonly reason: EventReason;
  /** A listener has begun with it. */
  readonly begun?: true;
  /** How many listeners have begun with it and ended otherwise than in order. */
  readonly begins?: number;
  /** The names of the hooks that are left; missing for all of them. */
  readonly left?: readonly string[];
}

/**
 * Reads one line of a ledger's file. The file may have been edited, or be damaged: each member is checked.
 * @returns undefined for what is no line of it; what is wrong within a ledger's state is left out of it
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
      };
    case 'left':
      if (!isCount(number) || !Array.isArray(hooks)) return undefined;
      return { kind, number, hooks: hooks.filter(isShort), begun: begun === true };
    case 'begun':
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
  const { run, names, heard, compared, unsettled, requests, running } = state;
  return {
    ...(isShort(run) ? { run } : {}),
    names: listIn(names).flatMap((pair) => {
      const [word, since] = listIn(pair);
      return isShort(word) && isNano(since) ? [[word, since] as const] : [];
    }),
    heard: listIn(heard).filter(isKey),
    ...(isNano(compared) ? { compared } : {}),
    ...(unsettled === true ? { unsettled } : {}),
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

/** A key begins with a time, by which it is ordered; see `keyOf`. */
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
