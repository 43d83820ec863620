import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after a time in ms, or at once when `signal` is aborted. Never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
