import { readPath } from '../listener/config/readers.ts';
import { engineRows, listenerRows, logRows } from '../listener/config/rows.ts';
import { flagNames, type OptionName, type Values } from './options.ts';
import type { SettingsRequest } from './settings-request.ts';

/** A request for a listener with these settings, as `run` and `config check` read it. */
export interface RunRequest extends SettingsRequest {
  /** The file for the log of `run`; standard output where it is undefined. */
  readonly logFile: string | undefined;
  /** True for the original's call, which opens the notifier's port unless the settings say otherwise. */
  readonly opensPort: boolean;
}

/** Options that select an engine. */
export const engineOptions: readonly OptionName[] = flagNames(engineRows);

export const runOptions: readonly OptionName[] = [
  ...engineOptions,
  ...flagNames(listenerRows),
  'config',
  'dry-run',
  'log-file',
  ...flagNames(logRows),
];

export function readLogFile({ 'log-file': value }: Values): string | undefined {
  if (value === undefined) return undefined;
  return readPath({ value, from: { kind: 'flag', flag: '--log-file' } });
}
