/** A JSON object whose members are still to be checked. */
export interface Table {
  readonly [member: string]: unknown;
}

/** Returns a JSON object as a table, and undefined for anything else: lists and null are no objects here. */
export function tableIn(value: unknown): Table | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : undefined;
}

/** Names the JSON type of a value for a message: `null`, `a list`, `a number`; `missing` for undefined. */
export function jsonTypeOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}

/**
 * Reads JSON out of a file that may hold secrets. The error that JavaScript throws quotes the text around the fault and
 * ends up in logs; this one never does.
 *
 * @throws NotJson
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NotJson(text, error instanceof Error ? error.message : '');
  }
}

/** A text that is not JSON; `line` is the line of the fault, counted from 1, where the parser names the position. */
export class NotJson extends Error {
  override readonly name = 'NotJson';
  readonly line: number | undefined;

  constructor(text: string, message: string) {
    const position = /at position (\d+)/.exec(message)?.[1];
    const atEnd = message.startsWith('Unexpected end of JSON input');
    const before = position === undefined ? undefined : text.slice(0, Number(position));
    const line = (atEnd ? text : before)?.split('\n').length;
    super(line === undefined ? 'is not valid JSON' : `is not valid JSON, at line ${line}`);
    this.line = line;
  }
}
