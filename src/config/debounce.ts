import { wrong } from './given.ts';
import { type DebounceSettings, defaultAtMost } from './hook-settings.ts';
import type { RawHookSettings } from './raw-settings.ts';
import { readLimit } from './readers.ts';

/**
 * Reads `debounce` and `at_most` of one hook; undefined where it runs for each event.
 * @param hook its name with its folder
 * @throws Failure for a wrong value, and for a hook that collects nothing
 */
export function resolveDebounce(
  hook: string,
  { debounce, atMost, stopOnFailure }: RawHookSettings,
): DebounceSettings | undefined {
  const given = debounce ?? atMost;
  if (given === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder === 'on_start' || folder === 'on_stop' || folder === 'while_running') {
    throw wrong(
      given,
      `is for hooks of events, and ${hook} is in ${folder}`,
      'Leave it out: Docker starts and stops once, and there is nothing to collect',
    );
  }
  if (debounce === undefined)
    throw wrong(given, 'limits a debounce, and there is none', 'Give debounce too, as debounce = "2s"');
  const quiet = readLimit(debounce);
  if (quiet === 'none')
    throw wrong(debounce, 'is no time to wait for further events', 'Leave debounce out, or give it as "2s"');
  const limit = atMost === undefined ? Math.max(defaultAtMost, quiet) : readLimit(atMost);
  if (limit === 'none' || limit < quiet) {
    throw wrong(
      atMost ?? debounce,
      limit === 'none' ? 'is no limit' : 'is less than debounce',
      `Give at least ${debounce.value}`,
    );
  }
  if (stopOnFailure?.value === true) {
    throw wrong(
      stopOnFailure,
      'as stop_on_failure does not go with debounce: no other hook waits for one that collects events',
      'Leave one of the two out',
    );
  }
  return { quiet, atMost: limit };
}
