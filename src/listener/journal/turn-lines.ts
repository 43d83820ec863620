import { type Table, tableIn } from '../../system/json.ts';
import type { LastTransition } from '../../watch/lifecycle/reduce.ts';
import type { Reason, Source, Transition } from '../../watch/lifecycle/transition.ts';
import type { EarlierHook, OpenTurn, Reached, TurnProcess, WhyDropped } from '../../watch/lifecycle/turn.ts';
import { isLastTransition } from './engine-memory.ts';

/** A line of the turn file: the head, then one line for each step since. */
export type TurnLine =
  | {
      readonly kind: 'turns';
      readonly version: 1;
      readonly told?: LastTransition;
      /** The listener that writes. */
      readonly owner?: TurnProcess;
    }
  /** A transition whose hooks are not to be run. */
  | { readonly kind: 'told'; readonly told: LastTransition }
  /** A transition whose hooks are to be run; or, behind the head, a turn as it stood then. */
  | {
      readonly kind: 'taken';
      readonly told?: LastTransition;
      readonly turn: OpenTurn;
      readonly dropped?: WhyDropped;
    }
  /** A hook is about to be started; `hooks` with the first of them. */
  | {
      readonly kind: 'begun';
      readonly sequence: number;
      readonly place: number;
      readonly hooks?: readonly string[];
    }
  | ({ readonly kind: 'runs'; readonly sequence: number } & TurnProcess)
  | { readonly kind: 'ended'; readonly sequence: number; readonly failed: boolean }
  /** The rest is not run; the report of that follows. */
  | { readonly kind: 'dropped'; readonly sequence: number; readonly why: WhyDropped }
  | { readonly kind: 'closed'; readonly sequence: number };

/** A turn that is not closed. `dropped`: the rest is not run; the report of that may not have been written. */
export interface KeptTurn {
  readonly turn: OpenTurn;
  readonly dropped?: WhyDropped;
}

/** The contents of a turn file. */
export interface TurnState {
  readonly owner?: TurnProcess | undefined;
  /** The last transition. */
  readonly told?: LastTransition | undefined;
  /** By the sequence number of its transition, oldest first. */
  readonly kept: ReadonlyMap<number, KeptTurn>;
}

export const noTurns: TurnState = { kept: new Map() };

/** Returns the state after a line. A line about a turn that is closed changes nothing. */
export function addLine(state: TurnState, line: TurnLine): TurnState {
  switch (line.kind) {
    case 'turns':
      return { owner: line.owner, told: line.told, kept: new Map() };
    case 'told':
      return { ...state, told: line.told };
    case 'taken': {
      const { turn, dropped, told = state.told } = line;
      const kept = { turn, ...(dropped === undefined ? {} : { dropped }) };
      return { ...state, told, kept: new Map(state.kept).set(turn.transition.sequence, kept) };
    }
    case 'begun':
      return changeTurn(state, line.sequence, (turn) => begin(turn, line.place, line.hooks));
    case 'runs': {
      const { pid, startTime } = line;
      return changeReached(state, line.sequence, { kind: 'running', process: { pid, startTime } });
    }
    case 'ended':
      return changeReached(state, line.sequence, { kind: 'ended', failed: line.failed });
    case 'dropped': {
      const { sequence, why } = line;
      const found = state.kept.get(sequence);
      if (found === undefined) return state;
      return { ...state, kept: new Map(state.kept).set(sequence, { ...found, dropped: why }) };
    }
    case 'closed': {
      const kept = new Map(state.kept);
      kept.delete(line.sequence);
      return { ...state, kept };
    }
    default:
      return line satisfies never;
  }
}

function changeTurn(state: TurnState, sequence: number, change: (turn: OpenTurn) => OpenTurn): TurnState {
  const found = state.kept.get(sequence);
  if (found === undefined) return state;
  return { ...state, kept: new Map(state.kept).set(sequence, { ...found, turn: change(found.turn) }) };
}

function begin(turn: OpenTurn, place: number, hooks = turn.hooks ?? []): OpenTurn {
  const times = turn.reached?.place === place ? turn.reached.times + 1 : 1;
  return { ...turn, hooks, reached: { place, times, state: { kind: 'running' } } };
}

function changeReached(state: TurnState, sequence: number, to: Reached['state']): TurnState {
  return changeTurn(state, sequence, (turn) =>
    turn.reached === undefined ? turn : { ...turn, reached: { ...turn.reached, state: to } },
  );
}

/** Returns the lines of a file that is written anew in this state. */
export function linesOf({ owner, told, kept }: TurnState): readonly TurnLine[] {
  const writer = owner === undefined ? {} : { owner };
  return [
    { kind: 'turns', version: 1, ...writer, ...(told === undefined ? {} : { told }) },
    ...[...kept.values()].map((one): TurnLine => ({ kind: 'taken', ...one })),
  ];
}

/**
 * Returns the state after all lines of a file, and whether it is damaged. A last line without its end was cut off with
 * the listener that wrote it, and is ignored. From the first line on that is invalid, all lines are.
 */
export function readTurns(text: string, engine: string): { state: TurnState; isDamaged: boolean } {
  let state = noTurns;
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const read = readLine(line, engine);
    if (read === undefined || (read.kind === 'turns') !== (index === 0)) return { state, isDamaged: true };
    state = addLine(state, read);
  }
  return { state, isDamaged: false };
}

function readLine(text: string, engine: string): TurnLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value, engine) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** More hooks than a folder has. */
const mostHooks = 10_000;
/** In characters: of a file's name, and of other texts. */
const longestName = 255;
const longestText = 4096;
/** In ms since the epoch: beyond it there is no date (ECMAScript, 21.4.1.1). */
const latest = 8.64e15;

function isLine(line: unknown, engine: string): line is TurnLine {
  if (!isObject(line)) return false;
  const isToldOrMissing = line.told === undefined || isLastTransition(line.told);
  switch (line.kind) {
    case 'turns':
      return line.version === 1 && isToldOrMissing && isMissingOr(line.owner, isWriter);
    case 'told':
      return isLastTransition(line.told);
    case 'taken':
      return isToldOrMissing && isTurn(line.turn, engine) && isMissingOr(line.dropped, isWhy);
    case 'begun':
      return isCount(line.sequence) && isPlace(line.place) && isMissingOr(line.hooks, areNames);
    case 'runs':
      return isCount(line.sequence) && isProcess(line);
    case 'ended':
      return isCount(line.sequence) && typeof line.failed === 'boolean';
    case 'dropped':
      return isCount(line.sequence) && isWhy(line.why);
    case 'closed':
      return isCount(line.sequence);
    default:
      return false;
  }
}

function isTurn(turn: unknown, engine: string): turn is OpenTurn {
  if (!isObject(turn) || !isTransition(turn.transition, engine)) return false;
  if (!isMissingOr(turn.hooks, areNames) || !isMissingOr(turn.earlier, areEarlier)) return false;
  return turn.reached === undefined || (turn.hooks !== undefined && isReached(turn.reached));
}

function isReached(reached: unknown): reached is Reached {
  if (!isObject(reached) || !isPlace(reached.place) || !isCount(reached.times)) return false;
  const { state } = reached;
  if (!isObject(state)) return false;
  return state.kind === 'ended'
    ? typeof state.failed === 'boolean'
    : state.kind === 'running' && isMissingOr(state.process, isProcess);
}

function isTransition(value: unknown, engine: string): value is Transition {
  if (!isObject(value)) return false;
  const { event, reason, source, at, sequence, run, software, again } = value;
  return (
    (event === 'start' || event === 'stop') &&
    isKeyOf(reasons, reason) &&
    isKeyOf(sources, source) &&
    value.engine === engine &&
    Number.isSafeInteger(at) &&
    Math.abs(Number(at)) <= latest &&
    isCount(sequence) &&
    isMissingOr(run, isText) &&
    (software === undefined || software === 'podman') &&
    (again === undefined || again === true)
  );
}

const reasons: { readonly [reason in Reason]: true } = {
  'listener-started': true,
  'engine-started': true,
  shutdown: true,
  crash: true,
  unreachable: true,
  unseen: true,
  requested: true,
};
const sources: { readonly [source in Source]: true } = {
  engine: true,
  notifier: true,
  companion: true,
  request: true,
};
const whys: { readonly [why in WhyDropped]: true } = {
  'engine-stopped': true,
  'another-run': true,
  'not-repeated': true,
  'not-kept': true,
};

function isWhy(why: unknown): why is WhyDropped {
  return isKeyOf(whys, why);
}

/** A hook is never process 1 or below: a signal to those would reach others. */
function isProcess(value: unknown): value is TurnProcess {
  return isWriter(value) && value.pid > 1;
}

/** A listener can be process 1, in a container. */
function isWriter(value: unknown): value is TurnProcess {
  if (!isObject(value)) return false;
  const { pid, startTime } = value;
  return isCount(pid) && typeof startTime === 'string' && /^\d{0,20}$/.test(startTime);
}

function areEarlier(value: unknown): value is readonly EarlierHook[] {
  if (!Array.isArray(value) || value.length > mostHooks) return false;
  return value.every((one: unknown) => isObject(one) && isName(one.hook) && isPlace(one.cuts));
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= mostHooks && value.every(isName);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestName && !/[/\0]/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < mostHooks;
}

function isMissingOr<Value>(value: unknown, is: (value: unknown) => value is Value): boolean {
  return value === undefined || is(value);
}

function isKeyOf<Word extends string>(
  words: { readonly [word in Word]: true },
  value: unknown,
): value is Word {
  return typeof value === 'string' && Object.hasOwn(words, value);
}

function isObject(value: unknown): value is Table {
  return tableIn(value) !== undefined;
}
