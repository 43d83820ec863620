const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** How a duration is written, for messages. */
export const durationForm = 'a number with ms, s, min or h, as 30s; or 0';

/** Reads a duration as people write it (`500ms`, `30s`, `2min`, `1h`, `0`), in ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (/^0+$/.test(text.trim())) return 0;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  // What a timer of Node's can hold.
  const milliseconds = factor === undefined ? Number.NaN : Math.round(Number(number) * factor);
  return milliseconds >= 0 && milliseconds < 2 ** 31 ? milliseconds : undefined;
}
