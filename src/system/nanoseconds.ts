// Times of engines: nanoseconds since the epoch, in decimal, because they do not fit into a number.

/** Nanoseconds since the epoch as RFC 3339 in UTC. */
export function isoOfNano(timeNano: string): string {
  const seconds = Number(timeNano.slice(0, -9) || '0');
  const fraction = timeNano.slice(-9).padStart(9, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** RFC 3339 with up to nine decimals, as engines write it, as nanoseconds since the epoch; undefined for no time. */
export function nanoOfIso(text: string): string | undefined {
  const [, whole, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const milliseconds = whole === undefined ? Number.NaN : Date.parse(`${whole}${zone}`);
  // Engines write the year 1 for events that never happened.
  if (!(milliseconds > 0)) return undefined;
  return `${milliseconds / 1000}${fraction.padEnd(9, '0')}`;
}

/** Nanoseconds as the engine's `since` takes them. */
export function sinceOf(timeNano: string): string {
  const padded = timeNano.padStart(10, '0');
  return `${padded.slice(0, -9)}.${padded.slice(-9)}`;
}

/** Returns whether one moment is after another; both in nanoseconds. */
export function isAfter(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length;
}

/** Returns the earliest of these moments, in nanoseconds; undefined for none. */
export function oldest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>(
    (found, time) => (found === undefined || isAfter(found, time) ? time : found),
    undefined,
  );
}

/** Returns the latest of these moments, in nanoseconds; undefined for none. */
export function newest(times: readonly string[]): string | undefined {
  return times.reduce<string | undefined>(
    (found, time) => (found === undefined || isAfter(time, found) ? time : found),
    undefined,
  );
}
