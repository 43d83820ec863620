import {
  type DebounceSettings,
  defaultAtMost,
  defaultRetryWait,
  dockerHosts,
  type EventFilter,
  type RetrySettings,
  type SingleHookSettings,
} from '../../hooks/settings.ts';
import { findAccount } from '../../system/find-account.ts';
import type { UserEnvironment } from '../../watch/endpoint/user-environment.ts';
import { readEnvironment } from './environment.ts';
import type { RawEventFilter, RawHookSettings } from './hook-rows.ts';
import { type Input, wrong } from './input.ts';
import { readChoice, readCount, readLimit } from './readers.ts';

/**
 * Reads the settings of one hook.
 * @param name with its folder
 * @throws UserError that names where the wrong value stands
 */
export function resolveHook(
  name: string,
  raw: RawHookSettings,
  { isRoot, platform }: UserEnvironment,
): SingleHookSettings {
  const retry = resolveRetry(name, raw);
  const debounce = resolveDebounce(name, raw);
  const environment = raw.environment && readEnvironment(raw.environment);
  return {
    ...(raw.timeout && { timeout: readLimit(raw.timeout) }),
    ...(raw.user && { user: readUser(raw.user, isRoot, platform) }),
    ...(environment && { environment }),
    ...(raw.dockerHost && { dockerHost: readChoice(raw.dockerHost, dockerHosts) }),
    ...(raw.stopOnFailure && { stopChainOnFailure: raw.stopOnFailure.value }),
    ...(retry && { retry }),
    ...(debounce && { debounce }),
    ...(raw.repeat && { repeat: raw.repeat.value }),
    ...(raw.when && { when: readFilter(raw.when) }),
    ...(raw.labels && { labels: raw.labels.map(({ value }) => value) }),
  };
}

function readFilter(filter: RawEventFilter): EventFilter {
  const { action, container, name, label, image, exitCode, detail, requested } = filter;
  const wrongCode = exitCode?.find(({ value }) => !/^!?\d{1,3}$/.test(value));
  if (wrongCode !== undefined) {
    throw wrong(wrongCode, 'is no exit code', 'Give a number as 137, or "!0" for any but that');
  }
  const patterns = Object.entries({ action, container, name, label, image, exitCode, detail }).flatMap(
    ([field, inputs]) => (inputs === undefined ? [] : [[field, inputs.map(({ value }) => value)] as const]),
  );
  return { ...Object.fromEntries(patterns), ...(requested && { requested: requested.value }) };
}

function readUser(input: Input, isRoot: boolean, platform: NodeJS.Platform) {
  if (!isRoot) {
    throw wrong(
      input,
      'cannot be who runs a hook: only root can hand a hook to another user',
      'Run the listener as root, or leave user out',
    );
  }
  const account = findAccount(input.value, platform);
  if (account === undefined) throw wrong(input, 'is no user of this system', `See: id ${input.value}`);
  return account;
}

const mostRetries = 100;

/**
 * Reads `retry` and `retry_wait` of one hook; undefined where it is not retried.
 * @param hook its name with its folder
 * @throws UserError for a wrong value, and for a hook that cannot be retried
 */
function resolveRetry(hook: string, { retry, retryWait }: RawHookSettings): RetrySettings | undefined {
  const input = retry ?? retryWait;
  if (input === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder !== 'on_start')
    throw wrong(input, `is for hooks in on_start, and ${hook} is in ${folder}`, whyNot(folder));
  if (retry === undefined)
    throw wrong(input, 'is a wait between retries, and there are none', 'Give retry too, as retry = 3');
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

/**
 * Reads `debounce` and `at_most` of one hook; undefined where it runs for each event.
 * @param hook its name with its folder
 * @throws UserError for a wrong value, and for a hook that collects nothing
 */
function resolveDebounce(
  hook: string,
  { debounce, atMost, stopOnFailure }: RawHookSettings,
): DebounceSettings | undefined {
  const input = debounce ?? atMost;
  if (input === undefined) return undefined;
  const folder = hook.slice(0, hook.indexOf('/'));
  if (folder === 'on_start' || folder === 'on_stop' || folder === 'while_running') {
    throw wrong(
      input,
      `is for hooks of events, and ${hook} is in ${folder}`,
      'Leave it out: Docker starts and stops once, and there is nothing to collect',
    );
  }
  if (debounce === undefined)
    throw wrong(input, 'limits a debounce, and there is none', 'Give debounce too, as debounce = "2s"');
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
