import type { Broker } from './broker.ts';
import { FleetFailure } from './failure.ts';
import type { FleetEvent } from './message.ts';
import { hostsBucket, keySubject, streamName } from './names.ts';
import { readPresence } from './presence.ts';
import type { FleetHostState } from './report.ts';

/** Questions that are on their way at the same time. */
const parallel = 200;
/** A host is silent when so many of its signs of life are missing. */
const missing = 3;

/**
 * Reads the state of every host, by name.
 * @throws FleetFailure
 */
export async function readHosts(broker: Broker): Promise<FleetHostState[]> {
  const info = (await broker.askObject(
    `$JS.API.STREAM.INFO.KV_${hostsBucket}`,
    JSON.stringify({ subjects_filter: '>' }),
  )) as { readonly ts?: string; readonly state?: { readonly subjects?: Readonly<Record<string, number>> } };
  requireStream(info);
  // Servers before 2.10 do not say what time it is.
  const now = Date.parse(info.ts ?? '') || Date.now();
  const prefix = keySubject(hostsBucket, '');
  const names = Object.keys(info.state?.subjects ?? {})
    .map((subject) => subject.slice(prefix.length))
    .sort();
  const hosts: FleetHostState[] = [];
  for (let at = 0; at < names.length; at += parallel) {
    const some = names.slice(at, at + parallel).map((name) => readHost(broker, name, now));
    hosts.push(...(await Promise.all(some)).flatMap((host) => host ?? []));
  }
  return hosts;
}

async function readHost(broker: Broker, host: string, now: number): Promise<FleetHostState | undefined> {
  const last = await broker.last(`KV_${hostsBucket}`, keySubject(hostsBucket, host));
  const presence = last && readPresence(last.bytes);
  if (last === undefined || presence === undefined) return undefined;
  const { version, every, labels, engines, failing } = presence;
  const isSilent = now - last.at > missing * every;
  const isUp = engines.length > 0 && engines.every(({ state }) => state === 'up');
  const isKnown = engines.length > 0 && engines.every(({ state }) => state !== 'unknown');
  return {
    host,
    state: isSilent ? 'silent' : isUp ? 'up' : isKnown ? 'down' : 'unknown',
    seen: new Date(last.at).toISOString(),
    version,
    labels,
    engines,
    failing,
  };
}

/**
 * Reads the newest messages that fit, oldest first.
 * @param fits asked for each message, from the newest on
 * @throws FleetFailure
 */
export async function readEvents(
  broker: Broker,
  fits: (event: FleetEvent) => boolean,
  { n, since }: { readonly n: number; readonly since: number | undefined },
): Promise<FleetEvent[]> {
  const info = (await broker.askObject(`$JS.API.STREAM.INFO.${streamName}`, '')) as {
    readonly state?: { readonly first_seq: number; readonly last_seq: number };
  };
  requireStream(info);
  const last = info.state?.last_seq ?? 0;
  // An empty stream begins at 0.
  const first = Math.max(1, info.state?.first_seq ?? 1);
  const found: FleetEvent[] = [];
  for (let from = last; from >= first && found.length < n; from -= parallel) {
    const numbers = Array.from({ length: Math.min(parallel, from - first + 1) }, (_, index) => from - index);
    const events = await Promise.all(numbers.map((number) => broker.stored(streamName, number)));
    let isPast = false;
    for (const stored of events) {
      if (stored === undefined) continue;
      if (since !== undefined && stored.at < since) isPast = true;
      const event = isPast ? undefined : eventIn(stored.bytes);
      if (event !== undefined && found.length < n && fits(event)) found.push(event);
    }
    if (isPast) break;
  }
  return found.reverse();
}

/** @throws FleetFailure when the answer is that there is no such stream */
function requireStream(answer: object): void {
  if ('error' in answer) throw new FleetFailure({ kind: 'not-set-up' });
}

/** Reads a message of a host; undefined for what no listener wrote. */
export function eventIn(bytes: Uint8Array): FleetEvent | undefined {
  try {
    const event = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<FleetEvent>;
    const texts = [event.id, event.source, event.type, event.time];
    const isSound =
      texts.every((text) => typeof text === 'string') &&
      typeof event.data === 'object' &&
      event.data !== null &&
      typeof event.data.kind === 'string';
    return isSound ? (event as FleetEvent) : undefined;
  } catch {
    return undefined;
  }
}
