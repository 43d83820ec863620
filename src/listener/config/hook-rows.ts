import type { Inputs, Setting } from './setting.ts';

type Rows = { readonly [name: string]: Pick<Setting, 'key' | 'form'> };

/** Settings of one hook. `resolve-hook.ts` reads them: some depend on each other, and on the folder. */
export const hookRows = {
  timeout: { key: 'timeout', form: 'number' },
  user: { key: 'user', form: 'text' },
  dockerHost: { key: 'docker_host', form: 'text' },
  stopOnFailure: { key: 'stop_on_failure', form: 'boolean' },
  retry: { key: 'retry', form: 'number' },
  retryWait: { key: 'retry_wait', form: 'number' },
  debounce: { key: 'debounce', form: 'number' },
  atMost: { key: 'at_most', form: 'number' },
  environment: { key: 'environment', form: 'texts' },
} as const satisfies Rows;

/** The same of a hook that the next listener repeats where the end of this one cut it off: not in `while_running`. */
export const repeatRows = { repeat: { key: 'repeat', form: 'boolean' } } as const satisfies Rows;

/** The same of a hook of an event alone. */
export const eventRows = { labels: { key: 'labels', form: 'list' } } as const satisfies Rows;

/** The table `when` of a hook of an event. */
export const filterRows = {
  action: { key: 'action', form: 'patterns' },
  container: { key: 'container', form: 'patterns' },
  name: { key: 'name', form: 'patterns' },
  label: { key: 'label', form: 'patterns' },
  image: { key: 'image', form: 'patterns' },
  exitCode: { key: 'exit_code', form: 'patterns' },
  detail: { key: 'detail', form: 'patterns' },
  requested: { key: 'requested', form: 'boolean' },
} as const satisfies Rows;

export type RawEventFilter = Inputs<typeof filterRows>;

/** Settings of one hook, before they are read. */
export interface RawHookSettings
  extends Inputs<typeof hookRows>,
    Inputs<typeof repeatRows>,
    Inputs<typeof eventRows> {
  readonly when?: RawEventFilter | undefined;
}
