/** How much a line matters: errors and warnings are said with `--quiet` too, details only with `--verbose`. */
export type Level = 'error' | 'warning' | 'info' | 'detail';

/** What is said to a person. */
export interface Words {
  readonly level: Level;
  readonly text: string;
}

/** Words for each kind of a union of reports: none may be missing. */
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

/** A duration in ms, as people read it. */
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
