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
 * @returns ms since the epoch
 * @throws Failure with exit code 64 for what is neither
 */
export function readSince(text: string, now: Date): number {
  const [, number, unit = ''] = /^(\d{1,6}(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  if (number !== undefined && factor !== undefined)
    return Math.round(now.getTime() - Number(number) * factor);
  // By itself a date would be read as UTC.
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text.trim()) ? `${text.trim()}T00:00` : text);
  if (!Number.isNaN(at) && /^\d{4}-/.test(text.trim())) return at;
  throw usage(
    `--since: ${JSON.stringify(text)} is no time`,
    'As 30min, 2h, 3d, 2026-11-24, or 2026-11-24T09:00',
  );
}
