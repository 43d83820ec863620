import type { OptionName, Values } from './options.ts';
import { readSettingsRequest, type SettingsRequest } from './settings-request.ts';

/** A request that goes to a listener. */
export interface ListenerRequest extends SettingsRequest {
  readonly json: boolean;
  readonly noColor: boolean;
}

/** A request that one engine alone may answer. */
export interface EngineRequest extends ListenerRequest {
  /** Its name or URL; never empty. */
  readonly engine: string | undefined;
}

/** Options of every command that asks a listener. */
export const listenerOptions = ['control', 'config', 'json', 'no-color'] as const satisfies OptionName[];

export function readListenerRequest(values: Values): ListenerRequest {
  const { json = false, 'no-color': noColor = false } = values;
  return { ...readSettingsRequest(values), json, noColor };
}
