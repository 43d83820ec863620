import { readPath } from '../listener/config/readers.ts';
import type { GivenSettings } from './given-settings.ts';
import type { OptionName, Values } from './options.ts';

/** A request for a listener with these settings, as `run` and `config check` read it. */
export interface RunRequest extends GivenSettings {
  /** The file for the log of `run`; standard output where it is undefined. */
  readonly logFile: string | undefined;
}

/** Options that select an engine. */
export const engineOptions = ['host', 'context', 'pidfile', 'heartbeat'] as const satisfies OptionName[];

export const runOptions = [
  ...engineOptions,
  'when-started',
  'state-dir',
  'control',
  'listen',
  'no-notifier',
  'trust-notifier',
  'metrics',
  'config',
  'dry-run',
  'log-file',
  'log-format',
  'verbose',
  'quiet',
] as const satisfies OptionName[];

export function readLogFile({ 'log-file': value }: Values): string | undefined {
  if (value === undefined) return undefined;
  return readPath({ value, from: { kind: 'flag', flag: '--log-file' } });
}
