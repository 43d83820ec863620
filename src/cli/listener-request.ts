import { type GivenSettings, givenSettings } from './given-settings.ts';
import type { OptionName, Values } from './options.ts';

/** A request that goes to a listener. */
export interface ListenerRequest extends GivenSettings {
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
  return { ...givenSettings(values), json, noColor };
}
