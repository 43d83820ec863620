import type { PublishedPart } from '../listener/config/settings.ts';
import { type OutcomeClass, outcomeClass } from '../listener/journal/entry.ts';
import type { HookStarted, JournalRecord } from '../listener/journal/record.ts';

/** A message of a host: a CloudEvent 1.0 in structured JSON. */
export interface FleetEvent {
  readonly specversion: '1.0';
  /** `<host>/<journal id>/<sequence>`: two messages with the same id are the same. */
  readonly id: string;
  /** `/hosts/<host>`. */
  readonly source: string;
  /** `docker-lifecycle-listener.v1.` and the kind of the data. */
  readonly type: string;
  /** The name of the engine, where it is about one. */
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: FleetData;
}

/** A record of the journal, which docs/journal.md describes; or one of two kinds that only a fleet has. */
export type FleetData =
  | Unversioned<JournalRecord>
  /** The journal has lost these records, the first and the last included. */
  | { readonly kind: 'gap'; readonly sequence: number; readonly from: number; readonly to: number }
  /** A record that is larger than the broker takes. */
  | {
      readonly kind: 'too-large';
      readonly sequence: number;
      readonly recordKind: string;
      readonly bytes: number;
    };

type Unversioned<Record> = Record extends unknown ? Omit<Record, 'version'> : never;

/** Data on its way to the broker: the ends of its subject, and its fields. */
export interface Outgoing {
  /** The kind, and for some a detail: `transition.stop`, `hook-ended.failed`. */
  readonly tail: string;
  readonly sequence: number;
  readonly time: string;
  readonly engine: string | undefined;
  readonly data: FleetData;
}

/** The most runs of hooks whose beginnings are remembered until their ends. */
const mostRuns = 10_000;

/** Makes messages of the journal's records, which have to come in order. */
export class Selection {
  readonly #parts: ReadonlySet<PublishedPart>;
  readonly #runs = new Map<string, HookStarted>();

  constructor(parts: readonly PublishedPart[]) {
    this.#parts = new Set(parts);
  }

  /** Notes what later records refer to. */
  note(record: JournalRecord): void {
    if (record.kind !== 'hook-started') return;
    this.#runs.set(record.run, record);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > mostRuns && oldest !== undefined) this.#runs.delete(oldest);
  }

  /** Returns undefined for a record that is not published. */
  outgoing(record: JournalRecord): Outgoing | undefined {
    this.note(record);
    const { sequence, time } = record;
    const part = partOf(record.kind);
    if (part === undefined || !this.#parts.has(part)) return undefined;
    const data = this.#dataOf(record);
    const transition = 'transition' in data ? data.transition : undefined;
    const engine = transition?.engine ?? ('engine' in data ? data.engine : undefined);
    return { tail: tailOf(record), sequence, time, engine, data };
  }

  #dataOf(record: JournalRecord) {
    const { version: _, ...data } = record;
    if (data.kind !== 'hook-ended' && data.kind !== 'hook-interrupted') return data;
    const { transition, told } = this.#runs.get(data.run) ?? {};
    this.#runs.delete(data.run);
    const cause = { ...(transition && { transition }), ...(told && { told }) };
    if (data.kind === 'hook-interrupted' || this.#parts.has('output')) return { ...data, ...cause };
    const { output: _output, ...rest } = data;
    return { ...rest, output: '', ...cause };
  }
}

function partOf(kind: JournalRecord['kind']): PublishedPart | undefined {
  switch (kind) {
    case 'transition':
    case 'hooks-left-out':
    case 'turn-continued':
    case 'turn-dropped':
      return 'transitions';
    case 'hook-ended':
    case 'hook-interrupted':
    case 'hook-passed':
    case 'hook-refused':
    case 'folder-refused':
    case 'hook-warned':
    case 'listener-failed':
    case 'events-gap':
    case 'event-given-up':
    case 'events-overflow-over':
      return 'outcomes';
    case 'hook-started':
    case 'journal-opened':
    case 'journal-closed':
      return undefined;
    default:
      // A file may be of a later version.
      kind satisfies never;
      return undefined;
  }
}

function tailOf(record: JournalRecord): string {
  switch (record.kind) {
    case 'transition':
      return `transition.${record.transition.event === 'start' ? 'start' : 'stop'}`;
    case 'hook-ended':
      return `hook-ended.${outcomeClass(record.outcome) satisfies OutcomeClass}`;
    default:
      return record.kind;
  }
}

/** Makes the message of a hole in the journal. */
export function gap(from: number, to: number, time: string): Outgoing {
  return {
    tail: 'gap',
    sequence: to,
    time,
    engine: undefined,
    data: { kind: 'gap', sequence: to, from, to },
  };
}

/** Makes a message in the place of one that the broker would not take. */
export function stub({ data, ...outgoing }: Outgoing, bytes: number): Outgoing {
  const { sequence } = outgoing;
  return {
    ...outgoing,
    tail: 'too-large',
    data: { kind: 'too-large', sequence, recordKind: data.kind, bytes },
  };
}

/** Returns the message as bytes. */
export function encodeEvent(host: string, id: string, { time, engine, data }: Outgoing): Uint8Array {
  const event: FleetEvent = {
    specversion: '1.0',
    id,
    source: `/hosts/${host}`,
    type: `docker-lifecycle-listener.v1.${data.kind}`,
    ...(engine === undefined ? {} : { subject: engine }),
    time,
    datacontenttype: 'application/json',
    data,
  };
  return Buffer.from(JSON.stringify(event));
}
