/** One row of what `doctor` says. */
export interface Finding {
  /** The subject of the check. */
  readonly check: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** The fix; a wrong finding always has one. */
  readonly cure?: string;
}

/** `note`: worth knowing, and nothing that has to be mended. */
export type Verdict = 'ok' | 'note' | 'wrong';

export const ok = (check: string, found: string): Finding => ({ check, verdict: 'ok', found });
export const note = (check: string, found: string, cure?: string): Finding => ({
  check,
  verdict: 'note',
  found,
  ...(cure !== undefined && { cure }),
});
export const wrong = (check: string, found: string, cure: string): Finding => ({
  check,
  verdict: 'wrong',
  found,
  cure,
});
