import type { EngineEvent } from '../lifecycle/engine-event.ts';

/**
 * Reads one line of the engine's stream.
 * @returns undefined for what is no event
 */
export function parseEvent(json: string): EngineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { Type: type, Action: said, Actor: actor } = asObject(value);
  const timeNano = timeNanoIn(json);
  if (typeof type !== 'string' || typeof said !== 'string' || timeNano === undefined) return undefined;
  const { ID: id, Attributes: given } = asObject(actor);
  const attributes = texts(asObject(given));
  const colon = said.indexOf(':');
  const exitCode = attributes.exitCode === undefined ? Number.NaN : Number(attributes.exitCode);
  return {
    type,
    action: colon === -1 ? said : said.slice(0, colon),
    ...(colon === -1 ? {} : { detail: said.slice(colon + 1).trim() }),
    id: typeof id === 'string' ? id : '',
    name: attributes.name ?? '',
    image: type === 'container' ? (attributes.image ?? '') : '',
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
  return at === -1 ? undefined : /^\d{1,19}(?=[,}\s])/.exec(json.slice(at + 11, at + 32).trimStart())?.[0];
}

function asObject(value: unknown): { [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : {};
}

/** Takes away what is no text, and what every object has: labels are anybody's, one may be called `constructor`. */
function texts(values: { [key: string]: unknown }): Record<string, string> {
  for (const key in values) if (typeof values[key] !== 'string') delete values[key];
  return Object.setPrototypeOf(values, null) as Record<string, string>;
}
