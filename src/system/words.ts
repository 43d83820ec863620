/** The level of a log line: errors and warnings are logged with `--quiet` too, details only with `--verbose`. */
export type Level = 'error' | 'warning' | 'info' | 'detail';

/** A log line: its level and its text. */
export interface Words {
  readonly level: Level;
  readonly text: string;
}

/** A function for each kind of a union of reports, which returns its log line. */
export type WordsFor<Report extends { readonly kind: string }> = {
  readonly [Kind in Report['kind']]: (record: Extract<Report, { readonly kind: Kind }>) => Words;
};

export const error = (text: string): Words => ({ level: 'error', text });
export const warning = (text: string): Words => ({ level: 'warning', text });
export const info = (text: string): Words => ({ level: 'info', text });
export const detail = (text: string): Words => ({ level: 'detail', text });

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** Returns a duration in ms for people. */
export function seconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 120_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${Math.round(milliseconds / 60_000)} min`;
}

export function megabytes(count: number): string {
  return `${Math.round(count / 1_000_000)} MB`;
}

export function bytes(count: number): string {
  return count < 1_000_000 ? `${Math.ceil(count / 1000)} kB` : `${Math.round(count / 1_000_000)} MB`;
}

export function addressAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Returns a moment for people: the time when it is today, else with its date. */
export function clock(at: Date, now: Date): string {
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return at.toDateString() === now.toDateString() ? time : `${date} ${time}`;
}

/** Returns a long duration in ms in its two largest units: `3 h 2 min`. */
export function age(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds / 1000));
  const parts = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
