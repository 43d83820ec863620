import { wrong } from './given.ts';
import { defaultRetryWait, type RetrySettings } from './hook-settings.ts';
import type { RawHookSettings } from './raw-settings.ts';
import { readCount, readLimit } from './readers.ts';

const mostRetries = 100;

/**
 * Reads `retry` and `retry_wait` of one hook; undefined where it is not retried.
 * @param hook its name with its folder
 * @throws Failure for a wrong value, and for a hook that cannot be retried
 */
export function resolveRetry(hook: string, { retry, retryWait }: RawHookSettings): RetrySettings | undefined {
  const given = retry ?? retryWait;
  if (given === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder !== 'on_start')
    throw wrong(given, `is for hooks in on_start, and ${hook} is in ${folder}`, whyNot(folder));
  if (retry === undefined)
    throw wrong(given, 'is a wait between retries, and there are none', 'Give retry too, as retry = 3');
  if (retry.value === '0') return undefined;
  const times = readCount(retry, mostRetries);
  if (retryWait === undefined) return { times, wait: defaultRetryWait };
  const wait = readLimit(retryWait);
  if (wait === 'none') throw wrong(retryWait, 'is no wait', 'Give a number with ms, s, min or h, as 1s');
  return { times, wait };
}

function whyNot(folder: string): string {
  switch (folder) {
    case 'on_stop':
      return 'Leave it out: Docker does not wait for another attempt while it stops';
    case 'while_running':
      return 'Leave it out: a hook there is started again whenever it ends';
    default:
      return 'Leave it out, and try again in the hook itself: the next event may have made it pointless';
  }
}
