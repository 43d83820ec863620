import { usage } from './options.ts';

const units: { readonly [unit: string]: number } = {
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a moment: so long ago (`30min`, `2h`, `3d`), or a date with or without a time; one without a zone is
 * this machine's own.
 * @returns ms since the epoch, none before it
 * @throws Failure with exit code 64 for what is neither
 */
export function readSince(text: string, now: Date): number {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  const at =
    number !== undefined && factor !== undefined ? now.getTime() - Number(number) * factor : dateOf(text);
  if (at !== undefined) return Math.max(0, Math.round(at));
  throw usage(
    `--since: ${JSON.stringify(text)} is no time`,
    'As 30min, 2h, 3d, 2026-11-24, or 2026-11-24T09:00',
  );
}

const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Undefined for what is none; `Date.parse` alone takes 30 February for 2 March, and much else for something. */
function dateOf(text: string): number | undefined {
  const [, date, time = '00:00', zone = ''] = pattern.exec(text.trim()) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  // By itself a date would be read as UTC.
  const at = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : at;
}

function isDay(date: string): boolean {
  const at = new Date(`${date}T00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date);
}
