import { namedContainer } from '../config/event-subject.ts';
import type { EngineEvent } from '../lifecycle/engine-event.ts';
import { type Table, tableIn } from '../system/json.ts';
import { limits } from './limits.ts';

/**
 * Reads one line of the engine's stream.
 * @returns undefined for what is no event, and for one whose names are longer than any engine's
 */
export function parseEvent(json: string): EngineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { Type: type, Action: said, Actor: actor } = tableIn(value) ?? {};
  const timeNano = timeNanoIn(json);
  if (typeof type !== 'string' || typeof said !== 'string' || timeNano === undefined) return undefined;
  const { ID: id, Attributes: given } = tableIn(actor) ?? {};
  const attributes = texts(tableIn(given) ?? {});
  const { name = '', image = '' } = attributes;
  const colon = said.indexOf(':');
  const action = colon === -1 ? said : said.slice(0, colon);
  if ([type, action, id, name, image].some(isTooLong)) return undefined;
  if (!isContainerId(type === 'container' ? id : namedContainer({ type, attributes }))) return undefined;
  const exitCode = attributes.exitCode === undefined ? Number.NaN : Number(attributes.exitCode);
  return {
    type,
    action,
    ...(colon === -1 ? {} : { detail: said.slice(colon + 1).trim() }),
    id: typeof id === 'string' ? id : '',
    name,
    image: type === 'container' ? image : '',
    ...(Number.isInteger(exitCode) ? { exitCode } : {}),
    timeNano,
    attributes,
    json,
  };
}

/**
 * From the text, because a JavaScript number holds 53 bits and the engine's has 61. In a string the quotes would be
 * escaped, and an attribute of that name would have a text behind it: nothing but the field itself fits.
 */
function timeNanoIn(json: string): string | undefined {
  const at = json.lastIndexOf('"timeNano":');
  const digits = /^\d{1,19}(?=[,}\s])/.exec(json.slice(at + 11, at + 32).trimStart())?.[0];
  // A copy: a part of a text keeps the whole of it in memory, and this is kept for long.
  return at === -1 || digits === undefined ? undefined : String(BigInt(digits));
}

/** Whether a value that is a text can be the id of a container: it is remembered many times over. */
function isContainerId(value: unknown): boolean {
  return typeof value !== 'string' || value.length <= limits.containerId;
}

function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > limits.name;
}

/** Takes away what is no text, and what every object has: labels are anybody's, one may be called `constructor`. */
function texts(values: Table): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) if (typeof value === 'string') found[key] = value;
  return found;
}
