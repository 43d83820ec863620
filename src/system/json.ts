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
